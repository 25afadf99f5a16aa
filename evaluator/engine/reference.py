"""The reference engine: a plain interpreter over exact fractions. Its answers are the semantics.

It evaluates every leaf, also where the outcome is already decided, so that each finding can be
explained in full: value, required value, the table row, what was missing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.criteria import Hit, Miss, Period, lookup, period_or_miss
from evaluator.dossier import Item, Profile
from evaluator.kleene import Truth, all_of, any_of, negate
from evaluator.numbers import round_half_even
from evaluator.rulebook.ast import (
    All,
    Any,
    Arith,
    Compare,
    Condition,
    CriterionRef,
    Days,
    Each,
    Expr,
    FieldRef,
    Known,
    Leaf,
    Member,
    MetricRef,
    Not,
    Number,
    Rule,
    Ruleset,
    Scale,
    Sum,
)
from evaluator.verdict import Status, status_of

__all__ = ["Amount", "Assessment", "ItemTrace", "LeafTrace", "ReferenceEngine", "RuleTrace", "Unknown"]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known: the fields that are missing, or reasons of another kind."""

    missing: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    def joined(self, other: Amount) -> Unknown:
        """Both causes together."""
        if not isinstance(other, Unknown):
            return self
        return Unknown(
            tuple(dict.fromkeys(self.missing + other.missing)),
            tuple(dict.fromkeys(self.reasons + other.reasons)),
        )


Amount = Fraction | Unknown
NOTHING = Unknown(())


@dataclass(frozen=True, slots=True)
class ItemTrace:
    """One item of a record against its row; values in the unit of the row."""

    item: Item
    truth: Truth
    value: Fraction | None
    hit: Hit | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LeafTrace:
    """One leaf: ``left`` and ``right`` for a comparison, ``hit`` the row of its criterion."""

    leaf: Leaf
    truth: Truth
    left: Amount | None = None
    right: Amount | None = None
    hit: Hit | None = None
    period: Period | None = None
    unknown: Unknown = NOTHING
    items: tuple[ItemTrace, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule: the truth of both halves and every leaf, in reading order."""

    rule: Rule
    applies: Truth
    required: Truth
    status: Status
    applies_leaves: tuple[LeafTrace, ...]
    require_leaves: tuple[LeafTrace, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """All rules in force on one dossier, with the metric values that were computed."""

    traces: Mapping[str, RuleTrace]
    metrics: Mapping[str, Amount]


class ReferenceEngine:
    """The engine of record for one ruleset; holds no state between dossiers."""

    name = "reference"

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset

    def assess(self, profile: Profile, as_of: dt.date) -> Assessment:
        """Judge every rule in force on ``as_of``, with its trace."""
        run = _Run(self.ruleset, profile, as_of)
        traces = {rule.id: run.rule(rule) for rule in self.ruleset.in_force(as_of)}
        return Assessment(traces, run.metrics)

    def assess_rules(
        self, rules: Iterable[Rule], profile: Profile, as_of: dt.date
    ) -> tuple[RuleTrace, ...]:
        """Judge some rules only, whatever their dates."""
        run = _Run(self.ruleset, profile, as_of)
        return tuple(run.rule(rule) for rule in rules)

    def value(self, expr: Expr, profile: Profile, as_of: dt.date) -> Fraction | None:
        """The value of one expression; None where it is unknown."""
        found = _Run(self.ruleset, profile, as_of).expr(expr)
        return found if isinstance(found, Fraction) else None

    def item_limit(
        self, leaf: Each, item: Item, profile: Profile, as_of: dt.date
    ) -> Fraction | None:
        """The row's value in the item's unit where the item fails its comparison, else None."""
        trace = _Run(self.ruleset, profile, as_of).item(leaf, item)
        if trace.truth is not False or trace.hit is None or trace.hit.row.unit is None:
            return None
        return trace.hit.row.value * trace.hit.row.unit.factor_to(item.unit)

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force."""
        return {i: t.status for i, t in self.assess(profile, as_of).traces.items()}


class _Run:
    """One dossier as of one date; metrics and table lookups are computed once."""

    def __init__(self, ruleset: Ruleset, profile: Profile, as_of: dt.date) -> None:
        self.ruleset = ruleset
        self.values = profile.values
        self.as_of = as_of
        self.submitted_on = profile.submitted_on
        self.metrics: dict[str, Amount] = {}
        self.hits: dict[tuple[str, tuple[tuple[str, str], ...]], Hit | Miss] = {}

    # --- rules ---------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> RuleTrace:
        applies_leaves: list[LeafTrace] = []
        require_leaves: list[LeafTrace] = []
        applies: Truth = True
        if rule.applies_when is not None:
            applies = self.condition(rule.applies_when, applies_leaves)
        required = self.condition(rule.require, require_leaves)
        status = status_of(applies, required)
        return RuleTrace(
            rule, applies, required, status, tuple(applies_leaves), tuple(require_leaves)
        )

    def condition(self, condition: Condition, out: list[LeafTrace]) -> Truth:
        kind = type(condition)
        if kind is All:
            return all_of([self.condition(i, out) for i in condition.items])  # type: ignore[union-attr]
        if kind is Any:
            return any_of([self.condition(i, out) for i in condition.items])  # type: ignore[union-attr]
        if kind is Not:
            return negate(self.condition(condition.item, out))  # type: ignore[union-attr]
        trace = _LEAVES[kind](self, condition)
        out.append(trace)
        return trace.truth

    # --- leaves --------------------------------------------------------------------------------

    def compare(self, leaf: Compare) -> LeafTrace:
        left, right = self.expr(leaf.left), self.expr(leaf.right)
        hit = None
        if isinstance(leaf.right, CriterionRef):
            found = self.lookup(leaf.right.id, leaf.right.keys)
            hit = found if isinstance(found, Hit) else None
        if isinstance(left, Unknown):
            return LeafTrace(leaf, None, left, right, hit, unknown=left.joined(right))
        if isinstance(right, Unknown):
            return LeafTrace(leaf, None, left, right, hit, unknown=right)
        compared = left if leaf.rounded is None else round_half_even(left, leaf.rounded)
        sign = (compared > right) - (compared < right)
        return LeafTrace(leaf, leaf.op.holds(sign), left, right, hit)

    def member(self, leaf: Member) -> LeafTrace:
        options: tuple[str | bool, ...] | frozenset[str] = leaf.options
        period = None
        if leaf.criterion is not None:
            criterion = self.ruleset.criteria[leaf.criterion]
            found = period_or_miss(criterion, self.as_of, self.submitted_on)
            if isinstance(found, Miss):
                return LeafTrace(leaf, None, unknown=Unknown((), (found.reason,)))
            period = found
            options = found.codes
        value = self.values.get(leaf.field)
        if value is None:
            return LeafTrace(leaf, None, period=period, unknown=Unknown((leaf.field,)))
        words = value if isinstance(value, tuple) else (value,)
        if leaf.prefix:
            truth = any(str(w).startswith(str(o)) for w in words for o in options)
        else:
            truth = any(w == o for w in words for o in options)
        return LeafTrace(leaf, truth, period=period)

    def known(self, leaf: Known) -> LeafTrace:
        return LeafTrace(leaf, leaf.field in self.values)

    def each(self, leaf: Each) -> LeafTrace:
        items = self.values.get(leaf.field)
        if not isinstance(items, tuple):
            return LeafTrace(leaf, None, unknown=Unknown((leaf.field,)))
        traces = tuple(self.item(leaf, i) for i in items if isinstance(i, Item))
        truth = all_of(t.truth for t in traces)
        reasons = tuple(t.reason for t in traces if t.reason) if truth is None else ()
        return LeafTrace(leaf, truth, unknown=Unknown((), reasons), items=traces)

    def item(self, leaf: Each, item: Item) -> ItemTrace:
        dimension = self.ruleset.registry.fields[leaf.field].key or "key"
        hit = self.lookup(leaf.criterion, ((dimension, item.key),))
        if isinstance(hit, Miss):
            return ItemTrace(item, None, None, None, hit.reason)
        unit = hit.row.unit
        if unit is None or not item.unit.same_kind(unit):
            wanted = unit.name if unit else "无"
            reason = f"“{item.key}”的单位是“{item.unit.name}”，标准的单位是“{wanted}”，不能比较"
            return ItemTrace(item, None, None, hit, reason)
        value = item.number * item.unit.factor_to(unit)
        sign = (value > hit.row.value) - (value < hit.row.value)
        return ItemTrace(item, leaf.op.holds(sign), value, hit, None)

    def lookup(self, criterion_id: str, keys: tuple[tuple[str, str], ...] = ()) -> Hit | Miss:
        found = self.hits.get((criterion_id, keys))
        if found is None:
            criterion = self.ruleset.criteria[criterion_id]
            found = lookup(criterion, self.values, self.as_of, self.submitted_on, dict(keys))
            self.hits[criterion_id, keys] = found
        return found

    # --- expressions ---------------------------------------------------------------------------

    def expr(self, expr: Expr) -> Amount:
        return _EXPRS[type(expr)](self, expr)

    def field(self, expr: FieldRef) -> Amount:
        value = self.values.get(expr.name)
        return value if isinstance(value, Fraction) else Unknown((expr.name,))

    def metric(self, expr: MetricRef) -> Amount:
        found = self.metrics.get(expr.id)
        if found is None:
            found = self.metrics[expr.id] = self.expr(self.ruleset.metrics[expr.id].formula)
        return found

    def number(self, expr: Number) -> Amount:
        return expr.value

    def criterion(self, expr: CriterionRef) -> Amount:
        hit = self.lookup(expr.id, expr.keys)
        if isinstance(hit, Miss):
            return Unknown(hit.missing, () if hit.missing else (hit.reason,))
        unit = hit.row.unit
        if unit is None or unit is expr.unit or unit == expr.unit:
            return hit.row.value
        return hit.row.value * unit.factor_to(expr.unit)

    def scale(self, expr: Scale) -> Amount:
        value = self.expr(expr.expr)
        return value if isinstance(value, Unknown) else value * expr.factor

    def sum(self, expr: Sum) -> Amount:
        items = self.values.get(expr.field)
        if not isinstance(items, tuple):
            return Unknown((expr.field,))
        return sum((i.number for i in items if isinstance(i, Item)), Fraction(0))

    def days(self, expr: Days) -> Amount:
        start, end = self.values.get(expr.start), self.values.get(expr.end)
        if isinstance(start, dt.date) and isinstance(end, dt.date):
            return Fraction((end - start).days)
        pairs = ((expr.start, start), (expr.end, end))
        return Unknown(tuple(name for name, value in pairs if value is None))

    def arith(self, expr: Arith) -> Amount:
        values = [self.expr(a) for a in expr.args]
        unknown = [v for v in values if isinstance(v, Unknown)]
        if unknown:
            joined = unknown[0]
            for other in unknown[1:]:
                joined = joined.joined(other)
            return joined
        result = values[0]
        for arg, value in zip(expr.args[1:], values[1:], strict=True):
            assert isinstance(result, Fraction)
            assert isinstance(value, Fraction)
            if expr.op == "add":
                result = result + value
            elif expr.op == "subtract":
                result = result - value
            elif expr.op == "multiply":
                result = result * value
            elif value == 0:
                return Unknown((), (f"除数为零（{self.describe(arg)}为 0）",))
            else:
                result = result / value
        return result

    def describe(self, expr: Expr) -> str:
        """The name of a divisor, for the reason that it is zero."""
        if isinstance(expr, FieldRef):
            return self.ruleset.registry.label(expr.name)
        if isinstance(expr, MetricRef):
            return self.ruleset.metrics[expr.id].title
        return "除数"


_LEAVES: dict[type, Callable[..., LeafTrace]] = {
    Compare: _Run.compare,
    Member: _Run.member,
    Known: _Run.known,
    Each: _Run.each,
}
_EXPRS: dict[type, Callable[..., Amount]] = {
    FieldRef: _Run.field,
    MetricRef: _Run.metric,
    Number: _Run.number,
    CriterionRef: _Run.criterion,
    Scale: _Run.scale,
    Sum: _Run.sum,
    Days: _Run.days,
    Arith: _Run.arith,
}
