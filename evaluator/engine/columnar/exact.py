"""Exact numbers inside a database: decimals whose digits are counted before the query runs.

A ``Dec`` is a decimal column with a bound on its digits, an ``Amount`` a rational of two of them
and a constant factor. Nothing divides and nothing rounds: quotients are compared by multiplying
out, and where a product could need more than 38 digits the compilation is refused (TooWide).

Ibis infers one type for the two operands of an operator and refuses two different decimals, so
its decimals carry no precision here; precision and scale are kept in ``Dec`` and written out by
``exactly``. Two traps of the databases are why they are: DuckDB keeps a product of two 18-digit
decimals in 18 digits and fails on overflow, Spark takes decimals off a product wider than 38.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir

from evaluator.engine.columnar.layout import digits_of
from evaluator.problems.errors import AdmissionError

MAX_DIGITS = 38
NARROW = 18  # What DuckDB keeps in 64 bits.
WIDEST = dt.Decimal(MAX_DIGITS, 0)


class TooWide(AdmissionError):
    """An exact comparison would need more digits than a database has."""


class Cast(ops.Cast):  # type: ignore[misc]
    """A cast that names its decimal type in SQL and stays a plain decimal to Ibis.

    The name matters: Ibis compiles an operation by the name of its class.
    """

    dtype = dt.Decimal(None, None)


@lru_cache
def _floor_to(digits: int) -> type[ops.Floor]:
    class Floor(ops.Floor):  # type: ignore[misc]
        """Ibis casts a floor to its type, so the type must be the right one; named as in Cast."""

        dtype = dt.Decimal(digits, 0)

    return Floor


def floor_of(expr: Any, digits: int) -> Any:
    """The floor of a decimal, as DECIMAL(digits, 0)."""
    return exactly(_floor_to(digits)(expr).to_expr(), digits, 0)


def exactly(expr: ir.Value, digits: int, scale: int) -> Any:
    """``expr`` as DECIMAL(digits, scale)."""
    return Cast(expr, to=dt.Decimal(digits, scale)).to_expr()


@dataclass(frozen=True, slots=True, eq=False)
class Dec:
    """A decimal expression with |expr| · 10**scale < 10**digits.

    Its SQL type has at most ``width`` digits, and at least ``least`` (None: ``width`` exactly):
    databases do not agree on the type of a product.
    """

    expr: Any
    digits: int
    scale: int
    width: int
    nonnegative: bool = False
    positive: bool = False
    least: int | None = None

    @property
    def narrow(self) -> bool:
        """Whether some database may hold this in 64 bits."""
        return (self.width if self.least is None else self.least) <= NARROW

    def narrowed(self) -> Dec:
        """The same with a SQL type no wider than its digits."""
        if self.width == self.digits:
            return self
        typed = exactly(self.expr, self.digits, self.scale)
        return Dec(typed, self.digits, self.scale, self.digits, self.nonnegative, self.positive)


def constant(number: int) -> Dec:
    """An integer constant."""
    digits = digits_of(number)
    small = digits <= NARROW
    literal = ibis.literal(number if small else Decimal(number), "int64" if small else WIDEST)
    return Dec(exactly(literal, digits, 0), digits, 0, digits, number >= 0, number > 0)


def nothing() -> Dec:
    """A value that is never known."""
    return Dec(exactly(ibis.null("int8"), 1, 0), 1, 0, 1, True)


def fit(digits: int) -> int:
    if digits > MAX_DIGITS:
        raise TooWide(f"比较要用 {digits} 位数，超过数据库的 {MAX_DIGITS} 位")
    return digits


def multiply(a: Dec | None, b: Dec | None) -> Dec | None:
    """The product; None stands for 1."""
    if a is None or b is None:
        return a or b
    digits = fit(a.digits + b.digits + 1) - 1
    if a.width + b.width + 1 > MAX_DIGITS:
        a, b = a.narrowed(), b.narrowed()
    left, width, narrow = a.expr, a.width, a.narrow and b.narrow
    if digits > NARROW and narrow:
        width, narrow = max(width, NARROW + 1), False
        left = exactly(left, width, a.scale)
    return Dec(
        left * b.expr,
        digits,
        a.scale + b.scale,
        width + b.width + 1,
        a.nonnegative and b.nonnegative,
        a.positive and b.positive,
        1 if narrow else NARROW + 1,
    )


def times(a: Dec | None, factor: int) -> Dec | None:
    """``a`` times an integer constant."""
    return a if factor == 1 else multiply(a, constant(factor))


def add(a: Dec, b: Dec) -> Dec:
    """The sum, both sides first brought to one type that holds it."""
    scale = max(a.scale, b.scale)
    digits = fit(max(a.digits - a.scale, b.digits - b.scale) + scale + 1)
    left, right = exactly(a.expr, digits, scale), exactly(b.expr, digits, scale)
    width = min(digits + 1, MAX_DIGITS)
    return Dec(left + right, digits, scale, width, a.nonnegative and b.nonnegative, least=digits)


@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """``factor · num / den``; None is 1. ``den`` is positive, or NULL where it was zero."""

    factor: Fraction
    num: Dec | None = None
    den: Dec | None = None

    def scaled(self, factor: Fraction) -> Amount:
        """This times a constant."""
        return Amount(self.factor * factor, self.num, self.den)

    def __mul__(self, other: Amount) -> Amount:
        num, den = multiply(self.num, other.num), multiply(self.den, other.den)
        return Amount(self.factor * other.factor, num, den)

    def __truediv__(self, other: Amount) -> Amount:
        if other.factor == 0:
            return Amount(Fraction(1), multiply(self.num, nothing()), self.den)
        num, divisor = multiply(self.num, other.den), other.num
        if divisor is not None and not divisor.nonnegative:
            sign = ibis.ifelse(divisor.expr < 0, ibis.literal(-1, "int8"), ibis.literal(1, "int8"))
            num = multiply(num, Dec(exactly(sign, 1, 0), 1, 0, 1))
            divisor = replace(divisor, expr=divisor.expr.abs(), nonnegative=True)
        if divisor is not None and not divisor.positive:
            divisor = replace(divisor, expr=divisor.expr.nullif(0))
        return Amount(self.factor / other.factor, num, multiply(self.den, divisor))

    def __add__(self, other: Amount) -> Amount:
        base = lcm(self.factor.denominator, other.factor.denominator)
        a, b = int(self.factor * base), int(other.factor * base)
        left, right, den = self.num, other.num, self.den
        if self.den is not other.den:
            left, right = multiply(left, other.den), multiply(right, self.den)
            den = multiply(self.den, other.den)
        first, second = _whole(left, a), _whole(right, b)
        return Amount(Fraction(1, base), add(first, second), den)

    def __sub__(self, other: Amount) -> Amount:
        return self + other.scaled(Fraction(-1))

    def text(self) -> Any:
        """The exact value as text, "36000/60"; NULL where unknown."""
        top = _whole(self.num, self.factor.numerator)
        bottom = None if self.den is None and self.factor.denominator == 1 else self.den
        if bottom is None and self.factor.denominator == 1:
            return top.expr.cast("string")
        below = _whole(bottom, self.factor.denominator)
        return top.expr.cast("string") + "/" + below.expr.cast("string")

    def approximate(self) -> Any:
        """The value as a double, for reading only."""
        top = _whole(self.num, self.factor.numerator).expr.cast("float64")
        return top / _whole(self.den, self.factor.denominator).expr.cast("float64")


def _whole(a: Dec | None, factor: int) -> Dec:
    return constant(factor) if a is None else (times(a, factor) or a)
