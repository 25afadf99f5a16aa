"""Exact numbers as pairs of integers: not reduced, with a positive denominator.

Ratios are compared by multiplying crosswise, without ever looking for common divisors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

Pair = tuple[int, int]


def _divide(a: Pair, b: Pair) -> Pair:
    top, bottom = a[0] * b[1], a[1] * b[0]
    return (top, bottom) if bottom > 0 else (-top, -bottom)


OPERATIONS: Mapping[str, Callable[[Pair, Pair], Pair]] = {
    "add": lambda a, b: (a[0] * b[1] + b[0] * a[1], a[1] * b[1]),
    "subtract": lambda a, b: (a[0] * b[1] - b[0] * a[1], a[1] * b[1]),
    "multiply": lambda a, b: (a[0] * b[0], a[1] * b[1]),
    "divide": _divide,
}


@lru_cache(maxsize=4096)
def fraction(pair: Pair) -> Fraction:
    """A pair as a fraction; kept, as thresholds come again and reducing is slow."""
    return Fraction(*pair)


def pair(value: Fraction) -> Pair:
    """A fraction as a pair."""
    return value.as_integer_ratio()
