"""Conditions and formulas of the rule language as expressions over one table.

Unknown is NULL: SQL's logic is Kleene's, so ``all``, ``any`` and ``not`` are AND, OR and NOT.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import ceil, floor
from operator import and_, or_
from typing import Any, Protocol

import ibis

from evaluator.dossier.fields import FieldType
from evaluator.engine.columnar.choosing import choose_amount, extreme
from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.exact import Amount, Dec, exactly, nothing
from evaluator.engine.columnar.layout import SEPARATOR, kind_of
from evaluator.engine.columnar.lookups import Lookups, Scope
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Period, Row

DAY_DIGITS = 7
SUM_DIGITS = 4  # A record has fewer than 10,000 items.


def unknown() -> Any:
    """A truth that is never known."""
    return ibis.null("boolean")


def has_name(field: str) -> str:
    """The column that says whether an open record has items."""
    return f"has__{field}"


def sum_name(field: str) -> str:
    """The column with the total of an open record, in base units."""
    return f"sum__{field}"


def each_name(leaf: ast.Each) -> str:
    """The column with the truth of ``leaf`` over an open record."""
    return f"each__{leaf.field}__{leaf.op}__{leaf.criterion}"


class Score(Protocol):
    """The points of one card, as its comparisons ask for them."""

    def holds(self, op: ast.Op, right: Amount) -> Any: ...
    def value(self) -> Amount: ...


class Conditions:
    """Conditions of one ruleset in one scope; every metric is made once."""

    def __init__(self, ruleset: ast.Ruleset, scope: Scope) -> None:
        self.ruleset = ruleset
        self.registry = ruleset.registry
        self.scope = scope
        self.lookups = Lookups(ruleset.criteria, scope)
        self.metrics: dict[str, Amount] = {}
        # What a layer below has worked out: conditions by identity, and scores by card.
        self.truths: dict[int, Any] = {}
        self.scores: dict[str, Score] = {}

    # --- conditions ----------------------------------------------------------------------------

    def condition(self, condition: ast.Condition) -> Any:
        """The truth of a condition, NULL for unknown. Raises TooWide."""
        known = self.truths.get(id(condition))
        if known is not None:
            return known
        match condition:
            case ast.AllOf(items=items):
                return reduce(and_, [self.condition(i) for i in items])
            case ast.AnyOf(items=items):
                return reduce(or_, [self.condition(i) for i in items])
            case ast.NotOf(item=item):
                return ~self.condition(item)
            case ast.Compare():
                return self.compare(condition)
            case ast.Member():
                return self.member(condition)
            case ast.Known(field=name):
                return self.known(name)
            case ast.Each():
                return self.each(condition)

    def compare(self, leaf: ast.Compare) -> Any:
        """A comparison by full value, or by the rounded value where the criterion asks for it."""
        if isinstance(leaf.left, ast.ScoreRef):
            right = self.amount(leaf.right)
            score = self.scores.get(leaf.left.card)
            return unknown() if score is None else score.holds(leaf.op, right)
        left = self.amount(leaf.left)
        if leaf.rounded is not None and isinstance(leaf.right, ast.CriterionRef):
            return self._rounded(left, leaf, leaf.right, leaf.rounded)
        return compare(left, leaf.op, self.amount(leaf.right))

    def _rounded(self, left: Amount, leaf: ast.Compare, ref: ast.CriterionRef, digits: int) -> Any:
        # Rounding half to even, then comparing with t, is comparing with a half step near t: the
        # rounded value is at least m where the value is above m - 1/2, or equal and m even.
        step = Fraction(10) ** digits

        def target(row: Row) -> int:
            at = self._value(ref, row) * step
            return {
                ast.Op.AT_LEAST: ceil(at),
                ast.Op.EQUALS: floor(at),
                ast.Op.AT_MOST: floor(at),
                ast.Op.MORE_THAN: floor(at) + 1,
                ast.Op.LESS_THAN: ceil(at) - 1,
            }[leaf.op]

        purpose = f"rounded {leaf.op} {digits}"
        even = self.lookups.flag(
            ref.id, ref.keys, f"{purpose} even", lambda row: target(row) % 2 == 0
        )

        def side(half: int, strict: ast.Op) -> Any:
            bound = self.lookups.integer(
                ref.id,
                ref.keys,
                f"{purpose} {half}",
                lambda row: (target(row) + Fraction(half, 2)) / step,
            )
            return compare(left, strict, bound) | (even & compare(left, ast.Op.EQUALS, bound))

        if leaf.op.direction > 0:
            return side(-1, ast.Op.MORE_THAN)
        if leaf.op.direction < 0:
            return side(1, ast.Op.LESS_THAN)
        whole = self.lookups.flag(
            ref.id,
            ref.keys,
            f"{purpose} whole",
            lambda row: (self._value(ref, row) * step).denominator == 1,
        )
        near = side(-1, ast.Op.MORE_THAN) & side(1, ast.Op.LESS_THAN)
        # Where nothing can round to the target, a value that is missing is still unknown.
        return ibis.ifelse(near.isnull(), unknown(), near & whole)

    def member(self, leaf: ast.Member) -> Any:
        """Whether a word, or one of several, is among the options."""
        if leaf.criterion is None:
            return self._among(leaf.field, leaf.options, leaf.prefix)
        criterion = self.ruleset.criteria[leaf.criterion]

        def codes(period: Period) -> Any:
            return self._among(leaf.field, period.codes, leaf.prefix)

        return self.lookups.dated(criterion, codes, unknown())

    def _among(self, name: str, options: tuple[str | bool, ...], prefix: bool) -> Any:
        if name == "industry_code" and name in self.scope.layout.present:
            words = [str(o) for o in options]

            def make(code: Any) -> Any:
                return _words(code, words, prefix)

            column = self.scope.codes.name(("member", options, prefix), make)
            return unknown() if self.scope.table is None else self.scope.table[column]
        column = self.scope.column(name)
        if column is None:
            return unknown()
        match self.registry.references[name].type:
            case FieldType.BOOL:
                if prefix:
                    return _words(column.ifelse("True", "False"), [str(o) for o in options], True)
                return _any([column == o for o in options if isinstance(o, bool)], column)
            case FieldType.CODES:
                end = "" if prefix else SEPARATOR
                tests = [column.contains(f"{SEPARATOR}{o}{end}") for o in options if _is_text(o)]
                return _any(tests, column)
            case _:
                return _words(column, [o for o in options if isinstance(o, str)], prefix)

    def known(self, name: str) -> Any:
        """Whether a field is filled in; a record is where any of its items is."""
        field = self.registry.references[name]
        if field.type is not FieldType.RECORD:
            column = self.scope.column(name)
            return ibis.literal(False) if column is None else column.notnull()
        if field.keys:
            filled = [c.notnull() for k in field.keys if (c := self._key(name, k)) is not None]
            return reduce(or_, filled) if filled else ibis.literal(False)
        column = self._made(has_name(name))
        return ibis.literal(False) if column is None else column.notnull()

    def each(self, leaf: ast.Each) -> Any:
        """A comparison of every item of a record with the row for its key."""
        field = self.registry.fields[leaf.field]
        if not field.keys:
            column = self._made(each_name(leaf))
            return unknown() if column is None else column
        unit = field.unit
        truths = []
        for key in field.keys:
            amount = self.scope.amount(f"{leaf.field}.{key}")

            def bound(row: Row) -> Fraction | None:
                if row.unit is None or unit is None or not row.unit.same_kind(unit):
                    return None
                return row.value * row.unit.factor_to(unit)

            keys = ((field.key or "key", key),)
            right = self.lookups.integer(leaf.criterion, keys, "each", bound)
            if amount is not None and amount.num is not None:
                truth = compare(amount, leaf.op, right)
                truths.append(amount.num.expr.isnull() | truth)
        if not truths:
            return unknown()
        return ibis.ifelse(self.known(leaf.field), reduce(and_, truths), unknown())

    def _key(self, record: str, key: str) -> Any:
        return self.scope.column(f"{record}.{key}")

    def _made(self, name: str) -> Any:
        table = self.scope.table
        return table[name] if table is not None and name in table.columns else None

    # --- formulas ------------------------------------------------------------------------------

    def amount(self, expr: ast.Expr) -> Amount:
        """A formula as an exact amount, NULL where unknown. Raises TooWide."""
        match expr:
            case ast.Number(value=value):
                return Amount(value)
            case ast.FieldRef(name=name):
                return self.scope.amount(name) or Amount(Fraction(1), nothing())
            case ast.MetricRef(id=id):
                if id not in self.metrics:
                    self.metrics[id] = self.amount(self.ruleset.metrics[id].formula)
                return self.metrics[id]
            case ast.CriterionRef():
                return self.lookups.integer(
                    expr.id, expr.keys, "value", lambda row: self._value(expr, row)
                )
            case ast.Scale(expr=inner, factor=factor):
                return self.amount(inner).scaled(factor)
            case ast.Sum(field=name):
                return self._sum(name)
            case ast.Days(start=start, end=end):
                return self._days(start, end)
            case ast.Arith(op=op, args=args):
                return reduce(ast.OPERATIONS[op], map(self.amount, args))
            case ast.Extreme(most=most, args=args):
                return reduce(lambda a, b: extreme(a, b, most), map(self.amount, args))
            case ast.Choose(cases=cases, otherwise=otherwise):
                chosen = [(self.condition(c), self.amount(e)) for c, e in cases]
                return choose_amount(chosen, self.amount(otherwise))
            case ast.ScoreRef(card=card):
                score = self.scores.get(card)
                return Amount(Fraction(1), nothing()) if score is None else score.value()

    def _value(self, ref: ast.CriterionRef, row: Row) -> Fraction:
        return row.value if row.unit is None else row.value * row.unit.factor_to(ref.unit)

    def _days(self, start: str, end: str) -> Amount:
        first, last = self.scope.column(start), self.scope.column(end)
        if first is None or last is None:
            return Amount(Fraction(1), nothing())
        days = exactly(last.delta(first, unit="day"), DAY_DIGITS, 0)
        return Amount(Fraction(1), Dec(days, DAY_DIGITS, 0, DAY_DIGITS))

    def _sum(self, name: str) -> Amount:
        field = self.registry.fields[name]
        if not field.keys:
            column, unit = self._made(sum_name(name)), field.unit
            if column is None or unit is None:
                return Amount(Fraction(1), nothing())
            held = self.scope.layout.item_number
            digits = held.digits + SUM_DIGITS
            dec = Dec(exactly(column, digits, held.scale), digits, held.scale, digits)
            return Amount(1 / (held.times * unit.factor), dec)
        total: Amount | None = None
        for key in field.keys:
            amount = self.scope.amount(f"{name}.{key}")
            if amount is None or amount.num is None:
                continue
            dec = amount.num
            filled = replace(dec, expr=dec.expr.fill_null(0), positive=False)
            part = Amount(amount.factor, filled)
            total = part if total is None else total + part
        if total is None or total.num is None:
            return Amount(Fraction(1), nothing())
        dec = total.num
        present = ibis.ifelse(self.known(name), dec.expr, nothing().expr)
        return Amount(total.factor, replace(dec, expr=present))


def _is_text(option: str | bool) -> bool:
    return isinstance(option, str)


def _any(truths: list[Any], column: Any) -> Any:
    """Any of the truths; with none, false where the column is known."""
    if truths:
        return reduce(or_, truths)
    return ibis.ifelse(column.notnull(), ibis.literal(False), unknown())


def _words(column: Any, words: list[str], prefix: bool) -> Any:
    if not words:
        return _any([], column)
    if prefix:
        return reduce(or_, [column.startswith(w) for w in words])
    return column.isin(words) if len(words) > 1 else column == words[0]


def item_bounds(lookups: Lookups, leaf: ast.Each) -> tuple[Amount, Any]:
    """For items of an open record: the bound in base units, and the dimension of its unit."""

    def bound(row: Row) -> Fraction | None:
        return None if row.unit is None else row.value * row.unit.factor

    def kind(row: Row) -> str | None:
        return None if row.unit is None else kind_of(row.unit)

    return (
        lookups.integer(leaf.criterion, (), "item bound", bound),
        lookups.text(leaf.criterion, (), "item kind", kind),
    )
