"""Comparing products of more than 38 digits, exactly, with 38 digits.

Each side is A · B. A is cut at 10**k into A = H · 10**k + L, so that the difference of the sides is
E · 10**k + F with E out of the H and F out of the L. Where |E| is so large that F cannot turn the
sign, E may as well be smaller: it is clamped to a bound T, and T · 10**k + F fits.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import ibis

from evaluator.engine.columnar.exact import (
    MAX_DIGITS,
    Dec,
    TooWide,
    add,
    constant,
    exactly,
    floor_of,
    multiply,
)

Sides = tuple[Dec, Dec]


def difference(left: tuple[Dec, ...], right: tuple[Dec, ...]) -> Any:
    """A decimal with the sign of the product of ``left`` minus that of ``right``.

    Raises TooWide where no cut makes all parts fit.
    """
    for first in _pairs(left):
        for second in _pairs(right):
            for k in range(1, MAX_DIGITS):
                try:
                    return _cut(first, second, k)
                except TooWide:
                    continue
    raise TooWide(f"比较要用的位数太多，用数据库的 {MAX_DIGITS} 位数不能精确计算")


def _pairs(factors: tuple[Dec, ...]) -> list[Sides]:
    """Ways to write a product as A · B, few digits of B first."""
    pairs: list[Sides] = []
    for size in range(len(factors) + 1):
        for chosen in combinations(range(len(factors)), size):
            try:
                a = _all([f for i, f in enumerate(factors) if i not in chosen])
                b = _all([f for i, f in enumerate(factors) if i in chosen])
            except TooWide:
                continue
            pairs.append((a, b))
    return sorted(pairs, key=lambda pair: pair[1].digits)


def _all(factors: list[Dec]) -> Dec:
    product: Dec | None = None
    for factor in factors:
        product = multiply(product, factor)
    return (product or constant(1)).narrowed()


def _split(a: Dec, k: int) -> Sides:
    """High and low part of ``a`` at 10**k; the low part is not negative."""
    whole = a.digits - a.scale
    if a.digits + k + 1 > MAX_DIGITS:
        raise TooWide("")
    # A factor of 10**-k as a decimal moves the point without dividing.
    shift = exactly(ibis.literal("0." + "0" * (k - 1) + "1"), k, k)
    size = max(whole - k, 0) + 1
    high = Dec(floor_of(a.expr * shift, size), size, 0, size, a.nonnegative)
    digits = max(whole, k + 1) + a.scale + 1
    if digits > MAX_DIGITS:
        raise TooWide("")
    back = multiply(high, constant(10**k))
    assert back is not None
    rest = exactly(a.expr, digits, a.scale) - exactly(back.expr, digits, a.scale)
    low = k + a.scale
    return high, Dec(exactly(rest, low, a.scale), low, a.scale, low, True)


def _cut(first: Sides, second: Sides, k: int) -> Any:
    high1, low1 = _split(first[0], k)
    high2, low2 = _split(second[0], k)
    e = _minus(high1, first[1], high2, second[1])
    f = _minus(low1, first[1], low2, second[1])
    bound = constant(10 ** max(f.digits - f.scale - k + 1, 1))
    digits = max(e.digits - e.scale, bound.digits) + e.scale
    if digits > MAX_DIGITS:
        raise TooWide("")
    top = exactly(bound.expr, digits, e.scale)
    clamped = ibis.least(ibis.greatest(exactly(e.expr, digits, e.scale), -top), top)
    small = bound.digits + e.scale
    moved = multiply(Dec(exactly(clamped, small, e.scale), small, e.scale, small), constant(10**k))
    assert moved is not None
    return add(moved, f).expr


def _minus(a: Dec, b: Dec, c: Dec, d: Dec) -> Dec:
    left, right = multiply(a, b), multiply(c, d)
    assert left is not None
    assert right is not None
    negative = replace(right, expr=-right.expr, nonnegative=False, positive=False)
    return add(left, negative)
