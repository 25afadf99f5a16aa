"""Exact numbers as text: for snapshots, for reading, and rounded without contradicting a verdict."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["exact_text", "round_half_even", "shown", "shown_apart", "terminates"]

MAX_SHOWN_DIGITS = 60


def terminates(value: Fraction) -> bool:
    """Whether the value has a finite decimal form."""
    d = value.denominator
    for p in (2, 5):
        while d % p == 0:
            d //= p
    return d == 1


def exact_text(value: Fraction) -> str:
    """The value without loss: ``"18.2"``, or ``"2000/3"`` where no decimal ends."""
    scaled, d = value.numerator, value.denominator
    if d == 1:
        return str(scaled)
    twos = fives = 0
    while d % 2 == 0:
        d, twos = d // 2, twos + 1
    while d % 5 == 0:
        d, fives = d // 5, fives + 1
    if d != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = max(twos, fives)
    return _point(scaled * 10**digits // value.denominator, digits)


def round_half_even(value: Fraction, digits: int) -> Fraction:
    """Rounded to ``digits`` decimals, ties to even: the rule of GB/T 8170-2008 3.2."""
    return round(value, digits) if digits else Fraction(round(value))


def _fixed(value: Fraction, digits: int) -> str:
    scaled = round(value * 10**digits)
    return _point(scaled, digits) if digits else str(scaled)


def _point(scaled: int, digits: int) -> str:
    sign = "-" if scaled < 0 else ""
    text = str(abs(scaled)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}"


def shown(value: Fraction, digits: int = 2) -> str:
    """The value for reading: at most ``digits`` decimals, no trailing zeros."""
    text = _fixed(round_half_even(value, digits), digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_apart(value: Fraction, other: Fraction, digits: int = 2) -> tuple[str, str]:
    """Both values for reading, with as many digits as it takes to keep their order visible.

    19.9999999999 beside 20 is never shown as 20.
    """
    if value == other:
        text = shown(value, digits)
        return text, shown(other, digits)
    while True:
        a, b = round_half_even(value, digits), round_half_even(other, digits)
        if ((a < b) == (value < other) and a != b) or digits >= MAX_SHOWN_DIGITS:
            return shown(value, digits), shown(other, digits)
        digits += 1
