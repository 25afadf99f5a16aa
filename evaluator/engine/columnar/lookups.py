"""Criterion lookups as expressions, with the industry code decided once for each distinct code.

A table by industry costs a chain of prefix tests. It is asked of the distinct codes only (some
hundreds), as columns of a small table joined back to the dossiers; ``CodeColumns`` collects these
columns first, so that lookups can then name them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

import ibis
import ibis.expr.types as ir

from evaluator.dossier.fields import FieldType
from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.exact import (
    MAX_DIGITS,
    NARROW,
    WIDEST,
    Amount,
    Dec,
    TooWide,
    exactly,
)
from evaluator.engine.columnar.layout import Days, Layout, column_of, digits_of
from evaluator.engine.columnar.tables import Leaf, Split, Tree, tree_of
from evaluator.rulebook.ast import Op
from evaluator.rulebook.criteria import INDUSTRY, Criterion, Period, Row, key_number

CODES_KEY = "industry_code"


def choose(cases: list[tuple[Any, Any]], otherwise: Any) -> Any:
    """CASE WHEN … END, or just ``otherwise`` without cases."""
    return ibis.cases(*cases, else_=otherwise) if cases else otherwise


def whole_number(number: int | None, digits: int) -> Any:
    """An integer of at most ``digits`` digits, or an unknown one."""
    kind = "int64" if digits <= NARROW else WIDEST
    if number is None:
        return ibis.null(kind)
    return ibis.literal(number if digits <= NARROW else Decimal(number), kind)


@dataclass
class CodeColumns:
    """Columns computed once for each distinct industry code, by name."""

    makers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    names: dict[object, str] = field(default_factory=dict)

    def name(self, key: object, make: Callable[[Any], Any]) -> str:
        """The column of that key, added where it is new."""
        name = self.names.get(key)
        if name is None:
            name = self.names[key] = f"code_{len(self.names)}"
            self.makers[name] = make
        return name

    def joined(self, table: ir.Table) -> ir.Table:
        """The table with these columns, one row for each of its rows."""
        if not self.makers:
            return table
        codes = table.select(CODES_KEY).distinct()
        codes = codes.filter(codes[CODES_KEY].notnull())
        side = codes.select(
            **{
                "code": codes[CODES_KEY],
                **{n: make(codes[CODES_KEY]) for n, make in self.makers.items()},
            }
        )
        return table.left_join(side, table[CODES_KEY] == side["code"]).drop("code")


@dataclass(frozen=True)
class Scope:
    """Where a lookup reads its dimensions: a table, and columns that stand for item keys.

    ``table`` is None while the industry columns are still being collected.
    """

    table: ir.Table | None
    layout: Layout
    codes: CodeColumns
    special: Mapping[str, str] = field(default_factory=dict)

    def on(self, table: ir.Table) -> Scope:
        """The same over a table with more columns."""
        return replace(self, table=table)

    def column(self, name: str) -> Any:
        """The column of a field, None where the source has none."""
        if self.table is None:
            return None
        if name in self.special:
            return self.table[self.special[name]]
        column = column_of(name)
        return self.table[column] if column in self.table.columns else None

    def amount(self, name: str) -> Amount | None:
        """A numeric field, None where the source has none."""
        column = self.column(name)
        if column is None:
            return None
        held = self.layout.number(name)
        f = self.layout.registry.references[name]
        nonnegative = f.minimum is not None and f.minimum >= 0
        digits = held.digits
        if nonnegative and f.maximum is not None:
            top = digits_of(int(f.maximum * held.times * 10**held.scale))
            digits = min(digits, max(top, held.scale, 1))
        dec = Dec(
            column, digits, held.scale, held.digits, nonnegative or held.positive, held.positive
        )
        return Amount(Fraction(1, held.times), dec)


class Lookups:
    """Criteria of one ruleset, read in one scope."""

    def __init__(self, criteria: Mapping[str, Criterion], scope: Scope) -> None:
        self.criteria = criteria
        self.scope = scope

    # --- dates ---------------------------------------------------------------------------------

    def dated(self, criterion: Criterion, value: Callable[[Period], Any], nothing: Any) -> Any:
        """``value`` of the period that judges each row; ``nothing`` where none does, or a gap."""
        made = {p.start: value(p) if p.gap is None else nothing for p in criterion.periods}
        if self.scope.table is None:
            return nothing
        as_of, submitted = self.scope.table["as_of"], self.scope.column("submitted_on")
        earlier = ibis.least(as_of, submitted) if submitted is not None else as_of

        def on(day: Any, days: Days, transitions: bool) -> Any:
            cases: list[tuple[Any, Any]] = []
            for p in criterion.periods:
                current = covers(p.start, p.end, day, days)
                if current is False:
                    continue
                chosen = made[p.start]
                if transitions and p.accepted_before and submitted is not None:
                    before = submitted < ibis.literal(p.accepted_before)
                    day_before = ibis.least(earlier, ibis.literal(p.former))
                    chosen = ibis.ifelse(before, on(day_before, None, False), chosen)
                if current is True:
                    return choose(cases, chosen)
                cases.append((current, chosen))
            return choose(cases, nothing)

        return on(as_of, self.scope.layout.as_of, True)

    # --- values --------------------------------------------------------------------------------

    def integer(
        self,
        criterion_id: str,
        keys: tuple[tuple[str, str], ...],
        purpose: str,
        leaf: Callable[[Row], Fraction | None],
    ) -> Amount:
        """A number for each row of a table, exact: ``leaf`` of the row taken, NULL on a miss."""
        criterion = self.criteria[criterion_id]
        values = [v for p in criterion.periods for r in p.rows if (v := leaf(r)) is not None]
        base = lcm(*(v.denominator for v in values))
        nonnegative = all(v >= 0 for v in values)

        def column(what: str, part: Callable[[Fraction], int]) -> tuple[Any, int]:
            digits = max((digits_of(part(v)) for v in values), default=1)
            if digits > MAX_DIGITS:
                raise TooWide(f"“{criterion.title}”的数值要用 {digits} 位数，最多 {MAX_DIGITS} 位")

            def literal(row: Row | None) -> Any:
                value = leaf(row) if row is not None else None
                return whole_number(None if value is None else part(value), digits)

            def finish(expr: Any) -> Any:
                return exactly(expr, digits, 0)

            return self._by_row(criterion, dict(keys), what, literal, finish), digits

        if all(digits_of(int(v * base)) <= MAX_DIGITS for v in values):
            expr, digits = column(purpose, lambda v: int(v * base))
            return Amount(Fraction(1, base), Dec(expr, digits, 0, digits, nonnegative))
        # One row in billions beside one in billionths: each row then brings its own denominator.
        top, digits = column(f"{purpose} top", lambda v: v.numerator)
        bottom, below = column(f"{purpose} bottom", lambda v: v.denominator)
        return Amount(
            Fraction(1),
            Dec(top, digits, 0, digits, nonnegative),
            Dec(bottom, below, 0, below, True, True),
        )

    def by_period(self, criterion: Criterion, values: Mapping[dt.date, Fraction | None]) -> Amount:
        """A constant for each period, by its start; NULL where it is None, or none is in force."""
        base = lcm(*(v.denominator for v in values.values() if v is not None))
        numbers = {k: None if v is None else int(v * base) for k, v in values.items()}
        digits = max((digits_of(n) for n in numbers.values() if n is not None), default=1)
        if digits > MAX_DIGITS:
            raise TooWide(f"“{criterion.title}”的数值要用 {digits} 位数，最多 {MAX_DIGITS} 位")

        def value(period: Period) -> Any:
            return exactly(whole_number(numbers.get(period.start), digits), digits, 0)

        expr = self.dated(criterion, value, exactly(whole_number(None, digits), digits, 0))
        return Amount(Fraction(1, base), Dec(expr, digits, 0, digits))

    def flag(
        self,
        criterion_id: str,
        keys: tuple[tuple[str, str], ...],
        purpose: str,
        leaf: Callable[[Row], bool],
    ) -> Any:
        """A truth for each row of a table, NULL on a miss."""

        def literal(row: Row | None) -> Any:
            return ibis.null("boolean") if row is None else ibis.literal(leaf(row))

        return self._by_row(self.criteria[criterion_id], dict(keys), purpose, literal, lambda e: e)

    def text(
        self,
        criterion_id: str,
        keys: tuple[tuple[str, str], ...],
        purpose: str,
        leaf: Callable[[Row], str | None],
    ) -> Any:
        """A text for each row of a table, NULL on a miss."""

        def literal(row: Row | None) -> Any:
            value = leaf(row) if row is not None else None
            return ibis.null("string") if value is None else ibis.literal(value)

        return self._by_row(self.criteria[criterion_id], dict(keys), purpose, literal, lambda e: e)

    def _by_row(
        self,
        criterion: Criterion,
        fixed: Mapping[str, str],
        purpose: str,
        literal: Callable[[Row | None], Any],
        finish: Callable[[Any], Any],
    ) -> Any:
        item = frozenset(self.scope.special)

        def value(period: Period) -> Any:
            key = (criterion.id, tuple(sorted(fixed.items())), item, purpose, period.start)
            tree = tree_of(period.rows, criterion.by, fixed)
            return self._tree(tree, key, literal, finish)

        return self.dated(criterion, value, finish(literal(None)))

    def _tree(
        self,
        tree: Tree,
        key: tuple[object, ...],
        literal: Callable[[Row | None], Any],
        finish: Callable[[Any], Any],
    ) -> Any:
        if isinstance(tree, Leaf):
            return finish(literal(tree.row))
        children = [
            self._tree(child, (*key, i), literal, finish)
            for i, child in enumerate((*(c for _, c in tree.cases), tree.otherwise))
        ]
        if tree.dimension == INDUSTRY and INDUSTRY not in self.scope.special:
            return self._industry(tree, key, children, literal, finish)
        column = self.scope.column(tree.dimension)
        if column is None:
            return finish(literal(None))
        tests = [self._equals(tree.dimension, column, word) for word, _ in tree.cases]
        cases = [(column.isnull(), finish(literal(None)))]
        cases += [(t, c) for t, c in zip(tests, children, strict=False) if t is not None]
        return choose(cases, children[-1])

    def _industry(
        self,
        tree: Split,
        key: tuple[object, ...],
        children: list[Any],
        literal: Callable[[Row | None], Any],
        finish: Callable[[Any], Any],
    ) -> Any:
        if INDUSTRY not in self.scope.layout.present:
            return finish(literal(None))
        nodes = (*(c for _, c in tree.cases), tree.otherwise)
        flat = all(isinstance(n, Leaf) for n in nodes)

        def row(i: int) -> Any:
            node = nodes[i]
            assert isinstance(node, Leaf)
            return literal(node.row)

        def make(code: Any) -> Any:
            pick = row if flat else (lambda i: ibis.literal(i, "int64"))
            cases = [(code.startswith(w), pick(i)) for i, (w, _) in enumerate(tree.cases)]
            chosen = choose(cases, pick(len(nodes) - 1))
            return finish(chosen) if flat else chosen

        name = self.scope.codes.name(key, make)
        if self.scope.table is None:
            return finish(literal(None))
        column = self.scope.table[name]
        if flat:
            return column
        cases = [(column == i, child) for i, child in enumerate(children)]
        return choose(cases, finish(literal(None)))

    def _equals(self, dimension: str, column: Any, word: str) -> Any:
        """Whether the value of a dimension reads as ``word``; None where it never can."""
        if dimension in self.scope.special:
            return column == word
        field_ = self.scope.layout.registry.fields[dimension]
        match field_.type:
            case FieldType.STR | FieldType.ENUM:
                return column == word
            case FieldType.BOOL:
                return column == (word == "True") if word in ("True", "False") else None
            case FieldType.DATE:
                day = _date(word)
                return column == ibis.literal(day) if day else None
            case FieldType.INT | FieldType.DECIMAL:
                number = key_number(word)
                amount = self.scope.amount(dimension)
                if number is None or amount is None:
                    return None
                return compare(amount, Op.EQUALS, Amount(number))
            case _:
                raise TooWide(f"“{field_.label}”有多个值，批量引擎不能按它分档")


def covers(start: dt.date | None, end: dt.date | None, day: Any, days: Days) -> Any:
    """Whether ``day`` is within a period, both ends included.

    True or False itself where that holds for all ``days`` that may come.
    """
    if days is not None:
        if (start is not None and days[1] < start) or (end is not None and end < days[0]):
            return False
        start = None if start is not None and start <= days[0] else start
        end = None if end is not None and days[1] <= end else end
    if start is None:
        return True if end is None else day <= ibis.literal(end)
    after = day >= ibis.literal(start)
    return after if end is None else after & (day <= ibis.literal(end))


def _date(word: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(word)
    except ValueError:
        return None
    return day if day.isoformat() == word else None
