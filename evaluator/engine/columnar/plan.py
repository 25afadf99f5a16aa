"""A ruleset compiled for a layout: Ibis expressions over unbound tables.

The same expression runs on DuckDB, Spark and PostgreSQL. Compiling takes two passes: the first
only collects what is to be decided once a distinct industry code or once an item of an open
record; the second, over a table joined with these columns, makes the truths of the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import ibis
import ibis.expr.types as ir

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.conditions import (
    Conditions,
    each_name,
    has_name,
    item_bounds,
    sum_name,
    unknown,
)
from evaluator.engine.columnar.exact import Amount, Dec
from evaluator.engine.columnar.layout import Layout
from evaluator.engine.columnar.lookups import CodeColumns, Scope, covers
from evaluator.engine.columnar.outputs import Plan
from evaluator.engine.columnar.scores import Scores, Shown, asked, shown
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.due import find_stage, not_due


def compile_ruleset(
    ruleset: ast.Ruleset,
    layout: Layout,
    keep: tuple[str, ...] = ("project_id", "industry_code"),
    stage: str | None = None,
    scores: bool = False,
) -> Plan:
    """Compile all rules of a ruleset; each row is judged as of its own ``as_of``.

    ``keep`` names columns of the main table to carry into every output. Raises TooWide where a
    rule cannot be judged exactly within the digits of this layout. ``stage`` is an id or a title; all
    are judged at it, at the last where there is none. ``scores`` adds the columns of
    ``scores.score_columns`` to the results.
    """
    rules = tuple(ruleset.rules.values())
    waiting = not_due(ruleset, find_stage(ruleset, stage))
    later = frozenset(n for n, rule in enumerate(rules) if rule.id in waiting)
    main = layout.main()
    codes = CodeColumns()
    first = Conditions(ruleset, Scope(None, layout, codes))
    for rule in rules:
        _truths(first, rule)
        for leaf in walk.leaves(rule.require):
            # A finding shows the value itself, which a comparison by rounding does not look up.
            if isinstance(leaf, ast.Compare) and leaf.rounded is not None:
                first.amount(leaf.right)
    cards = _cards(ruleset, rules, scores)
    asked(first, cards)
    items = _Items(ruleset, layout, codes, rules, cards)
    items.collect()
    base = items.joined(codes.joined(main))
    conditions = Conditions(ruleset, Scope(base, layout, codes))
    told: tuple[Shown, ...] = ()
    if cards:
        scored = Scores(conditions, cards)
        base = scored.joined()
        if scores:
            base, told = shown(scored, conditions)
        conditions = Conditions(ruleset, conditions.scope.on(base))
        scored.read(conditions)
    scopes: dict[Any, int] = {}
    applies: list[Any] = []
    groups: list[int | None] = []
    required: list[Any] = []
    for rule in rules:
        where, what = _truths(conditions, rule)
        required.append(what)
        if where is None:
            groups.append(None)
            continue
        groups.append(scopes.setdefault(where.op(), len(applies)))
        if groups[-1] == len(applies):
            applies.append(where)
    kept = tuple(k for k in keep if k in main.columns)
    return Plan(
        ruleset,
        rules,
        conditions,
        base,
        tuple(applies),
        tuple(groups),
        tuple(required),
        kept,
        later,
        told,
    )


def _cards(ruleset: ast.Ruleset, rules: tuple[ast.Rule, ...], every: bool) -> tuple[Scorecard, ...]:
    """The cards whose score a rule compares, or all."""
    roots = [half for rule in rules for half in rule.halves]
    named = set(walk.named("scorecard", *roots, metrics=ruleset.metrics))
    return tuple(c for c in ruleset.scorecards.values() if every or c.id in named)


def _truths(conditions: Conditions, rule: ast.Rule) -> tuple[Any, Any]:
    """Whether a rule is in force and applies (None: always), and whether what it requires holds."""
    required = conditions.condition(rule.require)
    table = conditions.scope.table
    applies: Any = None
    if rule.applies_when is not None:
        applies = conditions.condition(rule.applies_when)
    if table is not None:
        current = covers(rule.start, rule.end, table["as_of"], conditions.scope.layout.as_of)
        if current is not True:
            current = ibis.literal(False) if current is False else current
            applies = current if applies is None else current & applies
    return applies, required


class _Items:
    """What rules ask of records without closed keys, one row a dossier."""

    def __init__(
        self,
        ruleset: ast.Ruleset,
        layout: Layout,
        codes: CodeColumns,
        rules: tuple[ast.Rule, ...],
        cards: tuple[Scorecard, ...],
    ) -> None:
        self.ruleset = ruleset
        self.layout = layout
        self.codes = codes
        fields = ruleset.registry.fields
        self.eaches: dict[str, ast.Each] = {}
        self.fields: dict[str, None] = {}
        for name, leaf in _asked(ruleset, rules, cards):
            if layout.items and name in fields and fields[name].key and not fields[name].keys:
                self.fields[name] = None
                if leaf is not None:
                    self.eaches[each_name(leaf)] = leaf

    def _conditions(self, table: ir.Table | None, field: str) -> Conditions:
        key = self.ruleset.registry.fields[field].key or "key"
        scope = Scope(table, self.layout, self.codes, {key: "item_key"})
        return Conditions(self.ruleset, scope)

    def collect(self) -> None:
        """The first pass: industry columns that the tables of items need."""
        for leaf in self.eaches.values():
            item_bounds(self._conditions(None, leaf.field).lookups, leaf)

    def joined(self, base: ir.Table) -> ir.Table:
        """The table with a presence, a total and the truths of each open record."""
        for field in self.fields:
            items = self.layout.item_table()
            items = items.filter(items["field"] == field).select(
                item_row="row_id", item_key="key", item_kind="kind", item_number="number"
            )
            wide = items.join(base, items["item_row"] == base["row_id"])
            judged = wide.select("item_row", "item_number", **self._item_truths(wide, field))
            grouped = judged.group_by("item_row").aggregate(
                **{
                    has_name(field): judged.count(),
                    sum_name(field): judged["item_number"].sum(),
                    **{n: _all(judged[n]) for n in judged.columns[2:]},
                }
            )
            base = base.left_join(grouped, base["row_id"] == grouped["item_row"]).drop("item_row")
        return base

    def _item_truths(self, wide: ir.Table, field: str) -> dict[str, Any]:
        lookups = self._conditions(wide, field).lookups
        held = self.layout.item_number
        number = Amount(
            Fraction(1, held.times), Dec(wide["item_number"], held.digits, held.scale, held.digits)
        )
        out: dict[str, Any] = {}
        for name, leaf in self.eaches.items():
            if leaf.field == field:
                bound, kind = item_bounds(lookups, leaf)
                same = wide["item_kind"] == kind
                out[name] = ibis.ifelse(same, compare(number, leaf.op, bound), unknown())
        return out


def _all(truth: Any) -> Any:
    """Kleene's AND over a group."""
    return ibis.cases(
        ((~truth).fill_null(False).any(), ibis.literal(False)),
        (truth.isnull().any(), unknown()),
        else_=ibis.literal(True),
    )


def _asked(
    ruleset: ast.Ruleset, rules: tuple[ast.Rule, ...], cards: tuple[Scorecard, ...]
) -> Iterator[tuple[str, ast.Each | None]]:
    """Record fields that rules name, with the comparison of each item where there is one."""
    halves = [half for rule in rules for half in rule.halves]
    roots = [root for card in cards for root in card.roots()]
    for node in walk.nodes(*halves, *roots, metrics=ruleset.metrics):
        match node:
            case ast.Each(field=field):
                yield field, node
            case ast.Known(field=field) | ast.Sum(field=field):
                yield field, None
