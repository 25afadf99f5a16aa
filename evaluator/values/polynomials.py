"""Polynomials over named quantities with exact coefficients, and quotients of them.

A formula such as 固定资产投资 ÷ 用地面积 compared with 300 becomes the linear question
``investment − 300·land ≥ 0`` once the positive denominator is multiplied out. Keeping numerator and
denominator as polynomials, and cancelling what they share, keeps almost every question linear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

Monomial = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Poly:
    """Sum of ``terms``: sorted variable names (repeated for powers) to a non-zero coefficient."""

    terms: Mapping[Monomial, Fraction]

    def __add__(self, other: Poly) -> Poly:
        out = dict(self.terms)
        for monomial, factor in other.terms.items():
            out[monomial] = out.get(monomial, Fraction(0)) + factor
        return Poly({m: c for m, c in out.items() if c})

    def __neg__(self) -> Poly:
        return self.scaled(Fraction(-1))

    def __sub__(self, other: Poly) -> Poly:
        return self + -other

    def __mul__(self, other: Poly) -> Poly:
        out: dict[Monomial, Fraction] = {}
        for m1, c1 in self.terms.items():
            for m2, c2 in other.terms.items():
                monomial = tuple(sorted(m1 + m2))
                out[monomial] = out.get(monomial, Fraction(0)) + c1 * c2
        return Poly({m: c for m, c in out.items() if c})

    def scaled(self, factor: Fraction) -> Poly:
        """The polynomial times a constant."""
        return Poly({m: c * factor for m, c in self.terms.items() if factor})

    @property
    def value(self) -> Fraction | None:
        """The value of a constant polynomial, else None."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    def sign(self, nonnegative: Callable[[str], bool]) -> int | None:
        """1 or -1 where it can never be of the other sign (zero is possible), None if not known."""
        for wanted in (1, -1):
            if all(c * wanted > 0 and _even_or(m, nonnegative) for m, c in self.terms.items()):
                return wanted
        return None


def _even_or(monomial: Monomial, nonnegative: Callable[[str], bool]) -> bool:
    return all(nonnegative(v) or monomial.count(v) % 2 == 0 for v in monomial)


def constant(value: Fraction) -> Poly:
    """A constant."""
    return Poly({(): value} if value else {})


def variable(name: str) -> Poly:
    """One quantity."""
    return Poly({(name,): Fraction(1)})


ONE = constant(Fraction(1))


@dataclass(frozen=True, slots=True)
class Quotient:
    """``num / den``. Nothing is cancelled on the way, so that the value of ``den`` may be zero."""

    num: Poly
    den: Poly = ONE

    def __add__(self, other: Quotient) -> Quotient:
        return Quotient(self.num * other.den + other.num * self.den, self.den * other.den)

    def __neg__(self) -> Quotient:
        return self.scaled(Fraction(-1))

    def __sub__(self, other: Quotient) -> Quotient:
        return self + -other

    def __mul__(self, other: Quotient) -> Quotient:
        return Quotient(self.num * other.num, self.den * other.den)

    def __truediv__(self, other: Quotient) -> Quotient:
        return Quotient(self.num * other.den, self.den * other.num)

    def scaled(self, factor: Fraction) -> Quotient:
        """The quotient times a constant."""
        return Quotient(self.num.scaled(factor), self.den)

    def cancelled(self, nonnegative: Callable[[str], bool]) -> Quotient:
        """Without the variables that divide every term of both parts.

        Sound where ``den`` is positive: such a variable is then not zero, and being never negative
        it is positive.
        """
        num, den = self.num, self.den
        if not num.terms:
            return Quotient(num)
        for name in sorted({v for m in den.terms for v in m}):
            while nonnegative(name) and all(name in m for p in (num, den) for m in p.terms):
                num, den = _without(num, name), _without(den, name)
        return Quotient(num, den)


def _without(poly: Poly, name: str) -> Poly:
    out: dict[Monomial, Fraction] = {}
    for monomial, factor in poly.terms.items():
        at = monomial.index(name)
        out[monomial[:at] + monomial[at + 1 :]] = factor
    return Poly(out)
