"""Whole parts of exact quotients, by multiplication: a database divides decimals inexactly.

A double says nearly which integer it is; one comparison to each side then decides exactly.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import ibis

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.ends import number, plus, whole
from evaluator.engine.columnar.exact import Amount, Dec, TooWide, constant, exactly, multiply
from evaluator.engine.columnar.layers import Passes
from evaluator.engine.columnar.layout import digits_of
from evaluator.rulebook.ast import Op
from evaluator.values.numbers import Rounding

LEVELS = 2  # Of columns that a whole part takes, from its own level on.
MAX_QUOTIENT = 10**14  # A double still tells an integer of that size from the next.


def whole_part(a: Amount, most: int, passes: Passes, level: int) -> Dec:
    """The greatest integer that is not above ``a``, within 0 and ``most``; NULL where ``a`` is."""
    if most > MAX_QUOTIENT:
        raise TooWide("按步给分的步数太多，用数据库不能精确计算")
    top = whole(a.num, a.factor.numerator)
    bottom = whole(a.den, a.factor.denominator)
    digits = digits_of(most + 1)
    about = (top.expr.cast("float64") / bottom.expr.cast("float64")).floor()
    limited = ibis.least(ibis.greatest(about, ibis.literal(-1.0)), ibis.literal(float(most + 1)))
    guess = passes.dec(level, Dec(exactly(limited.cast("int64"), digits, 0), digits, 0, digits))
    near = guess.expr

    def reaches(more: int) -> Any:
        """Whether ``a`` is at least the guess and so many."""
        step = Dec(exactly(near + more, digits + 1, 0), digits + 1, 0, digits + 1)
        return _at_least(top, multiply(step if more else guess, bottom))

    one = exactly(ibis.literal(1, "int8"), digits, 0)
    fixed = ibis.cases((~reaches(0), near - one), (reaches(1), near + one), else_=near)
    held = passes.dec(level + 1, Dec(exactly(fixed, digits + 1, 0), digits + 1, 0, digits + 1)).expr
    low = exactly(ibis.literal(0, "int8"), digits + 1, 0)
    high = exactly(ibis.literal(most, "int64"), digits + 1, 0)
    kept = ibis.cases(
        (top.expr.isnull(), exactly(ibis.null("int8"), digits + 1, 0)),
        (held < low, low),
        (held > high, high),
        else_=held,
    )
    return Dec(exactly(kept, digits, 0), digits, 0, digits, True)


def _at_least(top: Dec, product: Dec | None) -> Any:
    assert product is not None
    return compare(Amount(Fraction(1), top), Op.AT_LEAST, Amount(Fraction(1), product))


def rounded(a: Amount, rounding: Rounding, most: Fraction, passes: Passes) -> Amount:
    """``a``, which is within ``most`` of zero and never NULL, rounded."""
    step = 10**rounding.digits
    if a.num is None:
        return number(rounding.of(a.factor))
    top = int(most * step) + 2
    match rounding.mode:
        case "half_up":
            half = _shifted(_size(a), step, Fraction(1, 2))
            size = whole_part(half, top, passes, 1)
            below = a.num.expr < 0 if a.factor > 0 else a.num.expr > 0
            sign = ibis.ifelse(below, ibis.literal(-1, "int8"), ibis.literal(1, "int8"))
            whole_ = multiply(size, Dec(exactly(sign, 1, 0), 1, 0, 1))
        case "half_even":
            whole_ = _even(a, step, top, passes)
        case "down":
            whole_ = _moved(whole_part(_shifted(a, step, Fraction(top)), 2 * top, passes, 1), -top)
        case _:
            up = _moved(
                whole_part(
                    _shifted(a.scaled(Fraction(-1)), step, Fraction(top)), 2 * top, passes, 1
                ),
                -top,
            )
            whole_ = multiply(up, constant(-1))
    return Amount(Fraction(1, step), whole_)


def _even(a: Amount, step: int, top: int, passes: Passes) -> Dec:
    moved = _shifted(a, step, Fraction(1, 2) + 2 * top)
    size = whole_part(moved, 4 * top, passes, 1)
    # Just between two integers, the even one of them.
    exact = compare(moved, Op.EQUALS, Amount(Fraction(1), size))
    odd = size.expr.cast("int64") % 2 == 1
    one = exactly(ibis.literal(1, "int8"), size.digits, 0)
    even = ibis.ifelse(exact & odd, size.expr - one, size.expr)
    return _moved(Dec(exactly(even, size.digits, 0), size.digits, 0, size.digits, True), -2 * top)


def _size(a: Amount) -> Amount:
    assert a.num is not None
    size = Dec(a.num.expr.abs(), a.num.digits, a.num.scale, a.num.width, True, False, a.num.least)
    return Amount(abs(a.factor), size, a.den)


def _shifted(a: Amount, step: int, more: Fraction) -> Amount:
    """``a · step + more`` over the same denominator."""
    return plus(a.scaled(Fraction(step)), number(more))


def _moved(a: Dec, by: int) -> Dec:
    digits = max(a.digits, digits_of(by)) + 1
    expr = exactly(a.expr, digits, 0) + exactly(ibis.literal(by, "int64"), digits, 0)
    return Dec(exactly(expr, digits, 0), digits, 0, digits)
