"""What an item gives, from the least to the most: ``reference/scoring.py`` in columns."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

import ibis

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.ends import (
    Case,
    End,
    any_of,
    between,
    bounded,
    greatest,
    greatest_bound,
    is_null,
    least,
    least_bound,
    number,
    pick,
    plus,
    value_of,
)
from evaluator.engine.columnar.exact import Amount, Dec, TooWide, exactly
from evaluator.engine.columnar.layers import Passes
from evaluator.engine.columnar.rounding import whole_part
from evaluator.engine.columnar.spans import Span, Spans, is_point, outer
from evaluator.rulebook import ast
from evaluator.rulebook.ast import Op
from evaluator.rulebook.cards import Band, Bands, Item, Step

ZERO = number(0)
LEVELS = 6  # Of columns, below those of what an item gives.


class Edge(NamedTuple):
    """An end of a stretch of the number line; an open one does not itself belong to it."""

    at: End
    open: Any = False


def points(item: Item, spans: Spans, passes: Passes) -> Span:
    """What the points of an item come to, within its least and most; both ends are always there."""
    if isinstance(item.points, Bands):
        found = Banded(item, spans, passes).span(item.points)
    else:
        found = spans.of(item.points)
    return Span(
        between(found.low, item.low, item.high, item.low),
        between(found.high, item.low, item.high, item.high),
    )


@dataclass
class Banded:
    """The bands of one item. What one number gives is picked, an interval is held to every band."""

    item: Item
    spans: Spans
    passes: Passes

    def span(self, bands: Bands) -> Span:
        """The least and the most that it gives; no end where a bound or a number is not known."""
        measured = self.spans.of(bands.of)
        bounds = [None if r.bound is None else self._number(r.bound) for r in bands.rows]
        low, high = self._stretches(bands, measured, bounds)
        low, high = self.passes.hold(6, low), self.passes.hold(6, high)
        if measured.low is not None and measured.known is not None:
            one = self._picked(bands, Edge(measured.low), bounds)
            low = pick([(measured.known, one.low)], low)
            high = pick([(measured.known, one.high)], high)
        lost = [is_null(b) for b in bounds if b is not None and value_of(b) is None]
        if not lost:
            return Span(low, high)
        return Span(pick([(any_of(lost), None)], low), pick([(any_of(lost), None)], high))

    def _number(self, expr: ast.Expr) -> Amount:
        """A number of a band; NULL where it is not one."""
        found = self.spans.of(expr)
        if found.fixed is not None:
            return number(found.fixed)
        sure = found.known if found.known is not None else is_point(found)
        return pick([(sure, found.low)], None) or Amount(Fraction(1), bounded_nothing())

    def _picked(self, bands: Bands, at: Edge, bounds: list[Amount | None]) -> Span:
        """What one number gives: the first band that it reaches."""
        assert at.at is not None
        cases: list[tuple[Any, Span]] = []
        for row, bound in zip(bands.rows, bounds, strict=True):
            given = self._held(self._given(row, at, at))
            if bound is None:
                break
            op = Op.MORE_THAN if row.strict else Op.AT_LEAST
            cases.append((compare(at.at, op, bound), given))
        return Span(
            pick([(c, g.low) for c, g in cases], given.low),
            pick([(c, g.high) for c, g in cases], given.high),
        )

    def _stretches(
        self, bands: Bands, measured: Span, bounds: list[Amount | None]
    ) -> tuple[End, End]:
        """What an interval gives: all that it has in each band."""
        top = Edge(None)
        lows: list[Case] = []
        highs: list[Case] = []
        for row, bound in zip(bands.rows, bounds, strict=True):
            below = Edge(bound, row.strict)
            there = _and(
                _meets(measured.low, top),
                _meets(bound, top, row.strict),
                _from(measured.high, below),
            )
            if there is not False:
                edges = _inner(measured.low, below, True), _inner(measured.high, top, False)
                given = self._held(self._given(row, *edges))
                met = ibis.literal(True) if there is True else there
                lows.append((met, given.low))
                highs.append((met, given.high))
            if bound is not None:
                top = _lower(top, Edge(bound, not row.strict))
        return outer(lows, True), outer(highs, False)

    def _held(self, given: Span) -> Span:
        return Span(self.passes.hold(5, given.low), self.passes.hold(5, given.high))

    # --- what a band gives ---------------------------------------------------------------------

    def _given(self, row: Band, low: Edge, high: Edge) -> Span:
        start = self._number(row.points)
        numbers = [start]
        span = Span(start, start)
        if row.step is not None:
            worth, size, origin = (
                self._number(e) for e in (row.step.points, row.step.size, row.step.origin)
            )
            numbers += [worth, size, origin]
            steps = (row.step, worth, size, origin)
            span = self._stepped(steps, start, self._saturated(row), low, high)
            if (fixed := value_of(size)) is None:
                numbers.append(_none_where(size, compare(size, Op.AT_MOST, ZERO)))
            elif fixed <= 0:
                return Span(None, None)
        for expr, lift in ((row.least, True), (row.most, False)):
            if expr is None:
                continue
            limit = self._number(expr)
            numbers.append(limit)
            if lift:
                span = Span(greatest_bound([span.low, limit]), greatest([span.high, limit]))
            else:
                span = Span(least([span.low, limit]), least_bound([span.high, limit]))
        lost = [is_null(n) for n in numbers if value_of(n) is None]
        if not lost:
            return span
        return Span(pick([(any_of(lost), None)], span.low), pick([(any_of(lost), None)], span.high))

    def _stepped(
        self,
        steps: tuple[Step, Amount, Amount, Amount],
        start: Amount,
        most: int,
        low: Edge,
        high: Edge,
    ) -> Span:
        step, worth, size, origin = steps
        first, last = (high, low) if step.below else (low, high)
        near = self._count(Edge(first.at), origin, size, step, most)
        far = near if first is last else self._count(last, origin, size, step, most)
        a = start if near is None else plus(start, near * worth)
        if near is not None and value_of(near) is None:
            # Without an end on the side of the origin no step is taken for sure.
            a = pick([(is_null(first.at), start)], a) or start
        if near is far and near is not None:
            return Span(a, a)
        b = None if far is None else plus(start, far * worth)
        sign = value_of(worth)
        if sign is not None:
            if sign == 0:
                return Span(start, start)
            return Span(a, b) if sign > 0 else Span(b, a)
        more, less = (compare(worth, op, ZERO) for op in (Op.MORE_THAN, Op.LESS_THAN))
        return Span(pick([(more, a), (less, b)], start), pick([(more, b), (less, a)], start))

    def _count(
        self, edge: Edge, origin: Amount, size: Amount, step: Step, most: int
    ) -> Amount | None:
        """How many steps it is to an edge, never fewer than none; None: without end."""
        if edge.at is None:
            return None
        far = plus(edge.at, origin.scaled(Fraction(-1)))
        far = far.scaled(Fraction(-1)) if step.below else far
        steps = bounded(far / size) if value_of(size) is None else far.scaled(_inverse(size))
        if not step.whole:
            fixed = value_of(steps)
            if fixed is not None:
                return number(max(fixed, Fraction(0)))
            return greatest([steps, ZERO])
        fixed = value_of(steps)
        if fixed is not None and isinstance(edge.open, bool):
            count = max(fixed.__floor__(), 0)
            return number(count - 1 if edge.open and count and fixed == count else count)
        steps = self.passes.hold(1, steps) or steps
        count_ = whole_part(steps, most, self.passes, 2)
        if edge.open is not False:
            exact = compare(steps, Op.EQUALS, Amount(Fraction(1), count_))
            open_ = ibis.literal(True) if edge.open is True else edge.open
            one = exactly(ibis.literal(1, "int8"), count_.digits, 0)
            less = ibis.ifelse(open_ & exact & (count_.expr > 0), count_.expr - one, count_.expr)
            count_ = Dec(exactly(less, count_.digits, 0), count_.digits, 0, count_.digits, True)
        return self.passes.hold(4, Amount(Fraction(1), count_))

    def _saturated(self, row: Band) -> int:
        """A number of steps from which on one more changes nothing within the item's marks."""
        assert row.step is not None
        worths, starts = self._values(row.step.points), self._values(row.points)
        widest = max(
            (abs(end - s) for s in starts for end in (self.item.low, self.item.high)),
            default=Fraction(0),
        )
        least_worth = min((abs(w) for w in worths if w), default=Fraction(1))
        return ceil(widest / least_worth) + 1

    def _values(self, expr: ast.Expr) -> list[Fraction]:
        """All that a number of a band can be. Raises TooWide where it is no constant or criterion."""
        match expr:
            case ast.Number(value=value):
                return [value]
            case ast.Scale(expr=inner, factor=factor):
                return [v * factor for v in self._values(inner)]
            case ast.CriterionRef(id=id_, unit=unit):
                rows = [r for p in self.spans.ruleset.criteria[id_].periods for r in p.rows]
                return [
                    r.value if r.unit is None else r.value * r.unit.factor_to(unit) for r in rows
                ]
            case _:
                raise TooWide("按步给分的分值是算出来的，数据库里不能精确计算")


def bounded_nothing() -> Dec:
    """A number that is never known."""
    return Dec(exactly(ibis.null("int8"), 1, 0), 1, 0, 1, True)


def _none_where(a: Amount, condition: Any) -> Amount:
    return pick([(condition, None)], a) or a


def _inverse(size: Amount) -> Fraction:
    value = value_of(size)
    return Fraction(1) / value if value else Fraction(1)


# --- stretches ---------------------------------------------------------------------------------


def _and(*truths: Any) -> Any:
    """All of them; True and False themselves where that is so for every row."""
    if any(t is False for t in truths):
        return False
    found: Any = True
    for truth in truths:
        if truth is not True:
            found = truth if found is True else found & truth
    return found


def _holds(a: End, op: Op, b: End) -> Any:
    """A comparison; true where there is no such end."""
    if a is None or b is None:
        return True
    x, y = value_of(a), value_of(b)
    if x is not None and y is not None:
        return op.holds((x > y) - (x < y))
    return compare(a, op, b).fill_null(True)


def _either(open_: Any, strict: Any, loose: Any) -> Any:
    if isinstance(open_, bool):
        return strict if open_ else loose
    strict, loose = (ibis.literal(t) if isinstance(t, bool) else t for t in (strict, loose))
    return ibis.ifelse(open_, strict, loose)


def _meets(low: End, top: Edge, strict: bool = False) -> Any:
    """Whether something from ``low`` on is below ``top``."""
    less = _holds(low, Op.LESS_THAN, top.at)
    return less if strict else _either(top.open, less, _holds(low, Op.AT_MOST, top.at))


def _from(high: End, bound: Edge) -> Any:
    """Whether something up to ``high`` reaches a bound."""
    return _holds(high, Op.MORE_THAN if bound.open else Op.AT_LEAST, bound.at)


def _inner(end: End, edge: Edge, low: bool) -> Edge:
    """The narrower of an end of the interval and an edge of the band; the edge where both are one."""
    if edge.at is None:
        return Edge(end)
    if end is None:
        return edge
    op = Op.AT_LEAST if low else Op.AT_MOST
    edged = _holds(edge.at, op, end)
    if isinstance(edged, bool):
        return edge if edged else Edge(end)
    edged = is_null(end) | edged
    if edge.open is False:
        return Edge(pick([(edged, edge.at)], end))
    open_ = edged if edge.open is True else edged & edge.open
    return Edge(pick([(edged, edge.at)], end), open_)


def _lower(top: Edge, bound: Edge) -> Edge:
    """The lower of two upper edges."""
    if top.at is None:
        return bound
    lower = _holds(bound.at, Op.LESS_THAN, top.at)
    if isinstance(lower, bool):
        return bound if lower else top
    if top.open == bound.open and isinstance(top.open, bool):
        open_: Any = top.open
    else:
        open_ = (
            _either(lower, bound.open, top.open)
            if isinstance(lower, bool)
            else ibis.ifelse(
                lower,
                *(ibis.literal(o) if isinstance(o, bool) else o for o in (bound.open, top.open)),
            )
        )
    return Edge(pick([(lower, bound.at)], top.at), open_)
