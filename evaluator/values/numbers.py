"""Exact numbers as text: for snapshots, for reading, and rounded without contradicting a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

MAX_SHOWN_DIGITS = 60


def odd_part(value: Fraction) -> int:
    """What the denominator has besides 2 and 5."""
    return _decimals(value)[1]


def scale_of(value: Fraction) -> int:
    """How many decimals the value has, where it terminates."""
    return _decimals(value)[0]


def terminates(value: Fraction) -> bool:
    """Whether the value has a finite decimal form."""
    return odd_part(value) == 1


class Exact(str):
    """A number in the program's own notation: the text of a ratio ("2000/3").

    What a person writes is never one: 3/5 may be a share, 24/12 a range of months.
    """

    __slots__ = ()


_RATIO = re.compile(r"[+-]?[0-9]{1,60}/[1-9][0-9]{0,59}")


def exact_data(value: Fraction) -> str:
    """``exact_text`` for data that the program reads back."""
    text = exact_text(value)
    return Exact(text) if "/" in text else text


def stored(data: Any) -> Any:
    """JSON data of a snapshot, its ratios known as such. For what the program itself has written."""
    if isinstance(data, str):
        return Exact(data) if "/" in data and _RATIO.fullmatch(data) else data
    if isinstance(data, Mapping):
        return {key: stored(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [stored(value) for value in data]
    return data


def exact_text(value: Fraction) -> str:
    """The value without loss: ``"18.2"``, or ``"2000/3"`` where no decimal ends."""
    if value.denominator == 1:
        return str(value.numerator)
    digits, odd = _decimals(value)
    if odd != 1:
        return f"{value.numerator}/{value.denominator}"
    return _point(value.numerator * 10**digits // value.denominator, digits)


def _decimals(value: Fraction) -> tuple[int, int]:
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives), rest


def _scaled(top: int, bottom: int, digits: int) -> int:
    """``top / bottom`` times 10^digits, rounded with ties to even: GB/T 8170-2008 3.2."""
    power: int = 10**digits
    quotient, rest = divmod(top * power, bottom)
    twice = 2 * rest - bottom
    up = twice > 0 or (twice == 0 and quotient % 2 == 1)
    return quotient + 1 if up else quotient


def round_half_even(value: Fraction, digits: int) -> Fraction:
    """Rounded to ``digits`` decimals, ties to even."""
    return Fraction(_scaled(value.numerator, value.denominator, digits), 10**digits)


@dataclass(frozen=True, slots=True)
class Rounding:
    """To so many decimals, and how: one of ``ROUNDINGS``."""

    digits: int
    mode: str

    def of(self, value: Fraction) -> Fraction:
        """The value rounded; never changes the order of two values."""
        step: int = 10**self.digits
        at = value * step
        match self.mode:
            case "half_up":
                # Away from zero, as on paper.
                half = Fraction(1, 2)
                whole = floor(at + half) if at >= 0 else ceil(at - half)
            case "half_even":
                whole = round(at)
            case "down":
                whole = floor(at)
            case _:
                whole = ceil(at)
        return Fraction(whole, step)


ROUNDINGS = {
    "half_up": "四舍五入",
    "half_even": "四舍六入五成双",
    "down": "舍去",
    "up": "进一",
}


def _point(scaled: int, digits: int) -> str:
    """An integer of 10^-digits as a decimal text, all digits kept."""
    if not digits:
        return str(scaled)
    sign = "-" if scaled < 0 else ""
    text = str(abs(scaled)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}"


def _trimmed(scaled: int, digits: int) -> str:
    whole, rest = divmod(scaled, 10**digits)
    return _point(scaled, digits).rstrip("0") if rest else str(whole)


def shown(value: Fraction, digits: int = 2) -> str:
    """The value for reading: at most ``digits`` decimals, no trailing zeros."""
    return _trimmed(_scaled(value.numerator, value.denominator, digits), digits)


def shown_nonzero(top: int, bottom: int, digits: int = 2) -> str:
    """``top / bottom`` for reading, with as many digits as it takes not to look like zero."""
    scaled = _scaled(top, bottom, digits)
    while not scaled and top and digits < MAX_SHOWN_DIGITS:
        digits += 1
        scaled = _scaled(top, bottom, digits)
    return _trimmed(scaled, digits)


def shown_apart(value: Fraction, other: Fraction, digits: int = 2) -> tuple[str, str]:
    """Both values for reading, with as many digits as it takes to keep their order visible.

    19.9999999999 beside 20 is never shown as 20.
    """
    top, bottom = value.numerator, value.denominator
    other_top, other_bottom = other.numerator, other.denominator
    left, right = top * other_bottom, other_top * bottom
    while True:
        a, b = _scaled(top, bottom, digits), _scaled(other_top, other_bottom, digits)
        same_order = (a > b) == (left > right) and (a < b) == (left < right)
        if same_order or digits >= MAX_SHOWN_DIGITS:
            return _trimmed(a, digits), _trimmed(b, digits)
        digits += 1
