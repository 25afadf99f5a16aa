"""Ends of intervals as exact amounts: NULL, or None where it is so for every row, is unbounded.

An amount of here has a denominator that is never NULL, so that amounts over the same denominator
keep it, whatever is chosen among them: a sum of shares of one area is one fraction of that area.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import lcm
from operator import or_
from typing import Any

import ibis

from evaluator.engine.columnar.exact import (
    MAX_DIGITS,
    Amount,
    Dec,
    add,
    constant,
    exactly,
    fit,
    multiply,
    nothing,
    times,
)
from evaluator.engine.columnar.layout import digits_of

End = Amount | None
Case = tuple[Any, End]


def value_of(end: End) -> Fraction | None:
    """The constant that an end is, if it is one."""
    if end is None or end.den is not None or (end.num is not None and end.factor != 0):
        return None
    return end.factor if end.num is None else None


def number(value: Fraction | int) -> Amount:
    """A constant."""
    return Amount(Fraction(value))


def end_of(value: Fraction | None) -> End:
    """A constant, or no end."""
    return None if value is None else Amount(value)


def bounded(a: Amount) -> Amount:
    """The same with a denominator that is never NULL: where it was, the numerator is."""
    if a.den is None:
        return a
    top = a.num or constant(1)
    den = replace(a.den, digits=max(a.den.digits, a.den.scale + 1))
    one = exactly(ibis.literal(1, "int8"), den.digits, den.scale)
    held = exactly(den.expr, den.digits, den.scale)
    below = Dec(held.fill_null(one), den.digits, den.scale, den.digits, True, True)
    kept = exactly(top.expr, top.digits, top.scale)
    none = exactly(nothing().expr, top.digits, top.scale)
    above = ibis.ifelse(a.den.expr.isnull(), none, kept)
    return Amount(
        a.factor,
        Dec(above, top.digits, top.scale, top.digits, top.nonnegative, top.positive),
        below,
    )


def is_null(end: End) -> Any:
    """Whether there is no end."""
    if end is None:
        return ibis.literal(True)
    return ibis.literal(False) if end.num is None else end.num.expr.isnull()


def same(a: Dec | None, b: Dec | None) -> bool:
    """Whether two denominators are one expression."""
    if a is None or b is None:
        return a is b
    return a is b or a.expr.op() == b.expr.op()


def whole(a: Dec | None, factor: int) -> Dec:
    return constant(factor) if a is None else (times(a, factor) or a)


def over(amounts: Sequence[Amount]) -> tuple[int, list[Dec], Dec | None] | None:
    """Numerators over one denominator and one base; None where they have several denominators."""
    base = lcm(*(a.factor.denominator for a in amounts))
    den = next((a.den for a in amounts if a.den is not None), None)
    if any(a.den is not None and not same(a.den, den) for a in amounts):
        return None
    tops = []
    for a in amounts:
        top = whole(a.num, int(a.factor * base))
        if den is not None and a.den is None:
            top = multiply(top, den) or top
        tops.append(top)
    return base, tops, den


def typed(decs: Sequence[Dec]) -> tuple[list[Any], int, int]:
    """The expressions in one type that holds all."""
    scale = max(d.scale for d in decs)
    digits = fit(max(d.digits - d.scale for d in decs) + scale)
    return [exactly(d.expr, digits, scale) for d in decs], digits, scale


def _cases(conditions: Sequence[Any], decs: Sequence[Dec]) -> Dec:
    values, digits, scale = typed(decs)
    expr = ibis.cases(*zip(conditions, values, strict=False), else_=values[-1])
    nonnegative, positive = (all(getattr(d, w) for d in decs) for w in ("nonnegative", "positive"))
    return Dec(exactly(expr, digits, scale), digits, scale, digits, nonnegative, positive)


def pick(cases: Sequence[Case], otherwise: End) -> End:
    """The end of the first case that is true, as CASE picks it."""
    if not cases:
        return otherwise
    ends = [*(e for _, e in cases), otherwise]
    if all(e is None for e in ends):
        return None
    # Nothing is NULL over whatever denominator the others have.
    amounts = [Amount(Fraction(1), nothing()) if e is None else e for e in ends]
    conditions = [c for c, _ in cases]
    shared = over(amounts)
    if shared is not None:
        base, tops, den = shared
        return Amount(Fraction(1, base), _cases(conditions, tops), den)
    base = lcm(*(a.factor.denominator for a in amounts))
    tops = [whole(a.num, int(a.factor * base)) for a in amounts]
    dens = [whole(a.den, 1) for a in amounts]
    return Amount(Fraction(1, base), _cases(conditions, tops), _cases(conditions, dens))


def coalesce(first: Amount, second: End) -> End:
    """``first``, or where it is NULL ``second``; ``first`` has a denominator that is not NULL."""
    if first.num is None:
        return first
    return first if second is None else pick([(first.num.expr.notnull(), first)], second)


def plus(a: Amount, b: Amount) -> Amount:
    """The sum, over the denominator that both have where it is one."""
    x, y = value_of(a), value_of(b)
    if x == 0:
        return b
    if y == 0:
        return a
    if x is not None and y is not None:
        return number(x + y)
    shared = over([a, b])
    if shared is None:
        return a + b
    base, (left, right), den = shared
    return Amount(Fraction(1, base), add(left, right), den)


# --- least and greatest ------------------------------------------------------------------------


def common(amounts: Sequence[Amount]) -> tuple[int, list[Dec], Dec | None]:
    """Numerators over the product of all denominators that differ, and one base."""
    base = lcm(*(a.factor.denominator for a in amounts))
    dens: list[Dec] = []
    for a in amounts:
        if a.den is not None and not any(same(a.den, d) for d in dens):
            dens.append(a.den)
    tops: list[Dec] = []
    for a in amounts:
        top = whole(a.num, int(a.factor * base))
        for den in dens:
            if a.den is None or not same(a.den, den):
                top = multiply(top, den) or top
        tops.append(top)
    product: Dec | None = None
    for den in dens:
        product = multiply(product, den)
    return base, tops, product


def least(ends: Sequence[End]) -> End:
    """The least; unbounded where one is."""
    return _every(ends, True)


def greatest(ends: Sequence[End]) -> End:
    """The greatest; unbounded where one is."""
    return _every(ends, False)


def _every(ends: Sequence[End], lowest: bool) -> End:
    if any(e is None for e in ends):
        return None
    none = [is_null(e) for e in ends if e is not None and e.num is not None]
    found = least_bound(ends) if lowest else greatest_bound(ends)
    return pick([(any_of(none), None)], found) if none and len(ends) > 1 else found


def least_bound(ends: Sequence[End]) -> End:
    """The least of the ends that there are."""
    return _outermost(ends, ibis.least, min)


def greatest_bound(ends: Sequence[End]) -> End:
    """The greatest of the ends that there are."""
    return _outermost(ends, ibis.greatest, max)


def _outermost(
    ends: Sequence[End], pick_of: Callable[..., Any], choose: Callable[..., Fraction]
) -> End:
    """LEAST and GREATEST leave out what is NULL, in all three databases."""
    fixed = [v for e in ends if (v := value_of(e)) is not None]
    moving = [e for e in ends if e is not None and value_of(e) is None]
    amounts = [*moving, *([number(choose(fixed))] if fixed else [])]
    if len(amounts) < 2:
        return amounts[0] if amounts else None
    base, tops, den = common(amounts)
    values, digits, scale = typed(tops)
    nonnegative = all(t.nonnegative for t in tops)
    found = Dec(exactly(pick_of(*values), digits, scale), digits, scale, digits, nonnegative)
    return Amount(Fraction(1, base), found, den)


def between(a: End, low: Fraction, high: Fraction, missing: Fraction) -> Amount:
    """The end within constants; ``missing`` where there is none. Never NULL."""
    fixed = value_of(a)
    if a is None or fixed is not None:
        return number(missing if fixed is None else min(max(fixed, low), high))
    shared = over([a, number(low), number(high), number(missing)])
    assert shared is not None
    base, tops, den = shared
    values, digits, scale = typed(tops)
    at, least_, most, rest = values
    expr = ibis.cases((at.isnull(), rest), (at < least_, least_), (at > most, most), else_=at)
    top = max(abs(low), abs(high), abs(missing)) * base
    return Amount(
        Fraction(1, base), narrowed(expr, digits, scale, top, den, low >= 0 and missing >= 0), den
    )


def narrowed(
    expr: Any, digits: int, scale: int, most: Fraction, den: Dec | None, nonnegative: bool
) -> Dec:
    """A numerator of which it is known that it is at most ``most`` times its denominator."""
    room = digits_of(int(most) + 1) + (0 if den is None else den.digits - den.scale)
    digits = min(digits, min(room + scale, MAX_DIGITS))
    return Dec(exactly(expr, digits, scale), digits, scale, digits, nonnegative)


def any_of(truths: Sequence[Any]) -> Any:
    """Any of several truths that are never NULL."""
    return reduce(or_, truths) if truths else ibis.literal(False)
