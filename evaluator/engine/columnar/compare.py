"""Comparing exact amounts in three-valued logic, by multiplying out."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

import ibis

from evaluator.engine.columnar.exact import (
    MAX_DIGITS,
    Amount,
    Dec,
    TooWide,
    constant,
    exactly,
    fit,
    multiply,
)
from evaluator.engine.columnar.layout import digits_of
from evaluator.engine.columnar.wide import difference
from evaluator.rulebook.ast import COMPARISONS, Op


def compare(left: Amount, op: Op, right: Amount) -> Any:
    """``left op right`` in three-valued logic. Raises TooWide."""
    for one, sign, other in ((left, op, right), (right, op.mirrored, left)):
        plain = one.num is not None and one.den is None and one.factor != 0
        if plain and other.num is None and other.den is None:
            assert one.num is not None
            if one.num.digits < MAX_DIGITS:
                sign = sign if one.factor > 0 else sign.mirrored
                return _against(one.num, sign, other.factor / one.factor)
    base = lcm(left.factor.denominator, right.factor.denominator)
    a, b = int(left.factor * base), int(right.factor * base)
    common = gcd(a, b) or 1
    first = _present(left.num, right.den, constant(a // common) if a != common else None)
    second = _present(right.num, left.den, constant(b // common) if b != common else None)
    try:
        x, y = _product(first), _product(second)
        fit(max(x.digits - x.scale, y.digits - y.scale) + max(x.scale, y.scale))
    except TooWide:
        return COMPARISONS[op](difference(first, second), ibis.literal(0, "int8"))
    if max(x.width - x.scale, y.width - y.scale) + max(x.scale, y.scale) > MAX_DIGITS:
        x, y = x.narrowed(), y.narrowed()
    return COMPARISONS[op](x.expr, y.expr)


def _against(a: Dec, op: Op, number: Fraction) -> Any:
    """``a op number`` without multiplying: the number is moved to the next one with ``a``'s decimals.

    Nothing that ``a`` can be lies between the two, so the truth stays the same.
    """
    at = number * 10**a.scale
    if op is Op.EQUALS and at.denominator != 1:
        return ibis.ifelse(a.expr.notnull(), ibis.literal(False), ibis.null("boolean"))
    top = 10**a.digits
    whole = max(-top, min(top, ceil(at) if op in (Op.AT_LEAST, Op.LESS_THAN) else floor(at)))
    digits = max(digits_of(whole), a.scale + 1)
    literal = ibis.literal(f"{Decimal(whole).scaleb(-a.scale):f}")
    return COMPARISONS[op](a.expr, exactly(literal, digits, a.scale))


def _present(*factors: Dec | None) -> tuple[Dec, ...]:
    return tuple(f for f in factors if f is not None)


def _product(factors: tuple[Dec, ...]) -> Dec:
    product: Dec | None = None
    for factor in factors:
        product = multiply(product, factor)
    return product or constant(1)
