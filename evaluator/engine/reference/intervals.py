"""Expressions over missing answers: the interval in which every possible answer leaves the value.

An end is a fraction, or None where nothing bounds it. What is known is one point. What can never
be known (a divisor that may be zero, a table without a row) is bounded by nothing. Every operation
is inclusion monotone: a narrower argument never gives a wider result, so that an answer only
narrows a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from evaluator.engine.reference.meaning import Meaning
from evaluator.engine.reference.state import State
from evaluator.engine.reference.traces import Unknown
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Miss, possible_values

End = Fraction | None


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included; None is unbounded."""

    low: End
    high: End

    @property
    def point(self) -> Fraction | None:
        """The number, where it is only one."""
        return self.low if self.low is not None and self.low == self.high else None


ANY = Interval(None, None)


def point(value: Fraction) -> Interval:
    """One number."""
    return Interval(value, value)


def hull(parts: Iterable[Interval]) -> Interval:
    """The least interval around all of at least one."""
    lows, highs = zip(*parts, strict=True)
    return Interval(None if None in lows else min(lows), None if None in highs else max(highs))


class Intervals:
    """The intervals of one ruleset's expressions, from the meaning that they have."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.ruleset = meaning.ruleset

    def of(self, node: ast.Expr, state: State) -> Interval:
        """Where the value of an expression can lie."""
        value = self.meaning.expr(node)(state)
        if not isinstance(value, Unknown):
            return point(Fraction(*value))
        return self._open(node, state)

    def _open(self, node: ast.Expr, state: State) -> Interval:
        match node:
            case ast.FieldRef(name=name):
                field = self.ruleset.registry.references[name]
                return Interval(field.minimum, field.maximum)
            case ast.MetricRef(id=id_):
                return self.of(self.ruleset.metrics[id_].formula, state)
            case ast.CriterionRef():
                return self._rows(node, state)
            case ast.Scale(expr=inner, factor=factor):
                return _times(self.of(inner, state), point(factor))
            case ast.Arith(op=op, args=args):
                result = self.of(args[0], state)
                for arg in args[1:]:
                    result = _OPERATIONS[op](result, self.of(arg, state))
                return result
            case ast.Extreme(most=most, args=args):
                return _extreme(most, [self.of(arg, state) for arg in args])
            case ast.Choose(cases=cases, otherwise=otherwise):
                return hull(self._cases(cases, otherwise, state))
            case ast.Sum(field=name):
                declared = self.ruleset.registry.fields[name].minimum
                none_below = declared is not None and declared >= 0
                return Interval(Fraction(0) if none_below else None, None)
            case ast.Number() | ast.Days() | ast.ScoreRef():
                return ANY

    def _cases(
        self,
        cases: tuple[tuple[ast.Condition, ast.Expr], ...],
        otherwise: ast.Expr,
        state: State,
    ) -> Iterable[Interval]:
        """The values of every case that can still be the first that holds."""
        for condition, value in cases:
            truth = self.meaning.condition(condition)(state)
            if truth is not False:
                yield self.of(value, state)
            if truth is True:
                return
        yield self.of(otherwise, state)

    def _rows(self, node: ast.CriterionRef, state: State) -> Interval:
        """A table of which a key is missing: every row that an answer could lead to."""
        period = self.meaning.period(node.id, state)
        if isinstance(period, Miss):
            return ANY
        criterion = self.ruleset.criteria[node.id]
        fixed = dict(node.keys)
        if all(d in fixed or state.values.get(d) is not None for d in criterion.by):
            return ANY
        values = possible_values(criterion, period, node.unit, fixed, self.ruleset.registry)
        return ANY if values is None else Interval(min(values), max(values))


# --- operations --------------------------------------------------------------------------------


def _add(a: Interval, b: Interval) -> Interval:
    return Interval(
        None if a.low is None or b.low is None else a.low + b.low,
        None if a.high is None or b.high is None else a.high + b.high,
    )


def _negative(a: Interval) -> Interval:
    return Interval(
        None if a.high is None else -a.high,
        None if a.low is None else -a.low,
    )


def _subtract(a: Interval, b: Interval) -> Interval:
    return _add(a, _negative(b))


def _times(a: Interval, b: Interval) -> Interval:
    if b.point is None:
        a, b = b, a
    factor = b.point
    if factor is not None:
        if factor == 0:
            # Nothing times zero is still not known where it may not be a number at all.
            return ANY if a == ANY else point(Fraction(0))
        low = None if a.low is None else a.low * factor
        high = None if a.high is None else a.high * factor
        return Interval(low, high) if factor > 0 else Interval(high, low)
    if a.low is None or b.low is None or a.low < 0 or b.low < 0:
        return ANY
    none = a.high is None or b.high is None
    return Interval(a.low * b.low, None if none else a.high * b.high)  # type: ignore[operator]


def _divide(a: Interval, b: Interval) -> Interval:
    """By what may be zero or less, unless it is one number, anything."""
    divisor = b.point
    if divisor is not None:
        return ANY if divisor == 0 else _times(a, point(1 / divisor))
    if b.low is None or b.low <= 0:
        return ANY
    return Interval(_end(a.low, b, low=True), _end(a.high, b, low=False))


def _end(end: End, b: Interval, *, low: bool) -> End:
    """The low or high end of a quotient by a positive interval."""
    if end is None:
        return None
    assert b.low is not None
    # The least of what is not negative comes of the greatest divisor.
    greatest = (end >= 0) is low
    if not greatest:
        return end / b.low
    return Fraction(0) if b.high is None else end / b.high


def _extreme(most: bool, parts: list[Interval]) -> Interval:
    if most:
        flipped = _extreme(False, [_negative(p) for p in parts])
        return _negative(flipped)
    lows = [p.low for p in parts]
    highs = [p.high for p in parts if p.high is not None]
    low = None if None in lows else min(e for e in lows if e is not None)
    return Interval(low, min(highs) if highs else None)


_OPERATIONS: dict[str, Callable[[Interval, Interval], Interval]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _times,
    "divide": _divide,
}
