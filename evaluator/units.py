"""A closed table of units with exact factors, and numbers written with a unit.

A unit is a quotient of known names （"万元/亩/年"）. Two units can be compared when their dimensions
are equal; the factor between them is a Fraction, so 万元/公顷 to 万元/亩 （1 公顷 = 15 亩） is exact.
Calendar 年/月 are one dimension （1 年 = 12 月）； 日 is another, since a year has no fixed days.
Energy by coal equivalent, by oil and by electricity are three dimensions: the factors between them
are policy (a criterion), not measurement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

__all__ = ["ONE", "Unit", "UnitError", "atoms", "parse_quantity", "parse_unit"]

Dimension = tuple[tuple[str, int], ...]


class UnitError(ValueError):
    """A text that is no unit, or a unit of the wrong dimension; the message is for people."""


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` converts one of this unit to the base units of its ``dimension``."""

    name: str
    dimension: Dimension
    factor: Fraction

    def same_kind(self, other: Unit) -> bool:
        """Whether values of both can be added and compared."""
        return self.dimension == other.dimension

    def factor_to(self, other: Unit) -> Fraction:
        """How many of ``other`` make one of this. Raises UnitError for another dimension."""
        if not self.same_kind(other):
            raise UnitError(f"单位“{self.name}”不能换算为“{other.name}”")
        return self.factor / other.factor

    def times(self, other: Unit) -> Unit:
        """The unit of a product."""
        return _combine(self, other, 1)

    def per(self, other: Unit) -> Unit:
        """The unit of a quotient."""
        return _combine(self, other, -1)


def _dimension(pairs: Iterable[tuple[str, int]]) -> Dimension:
    powers: dict[str, int] = {}
    for name, power in pairs:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted((n, p) for n, p in powers.items() if p))


def _combine(a: Unit, b: Unit, sign: int) -> Unit:
    dimension = _dimension([*a.dimension, *((n, sign * p) for n, p in b.dimension)])
    factor = a.factor * b.factor if sign > 0 else a.factor / b.factor
    if not b.dimension and b.factor == 1:
        name = a.name
    elif sign > 0:
        name = b.name if a.name == "1" else f"{a.name}·{b.name}"
    else:
        name = f"{a.name}/{b.name}"
    return Unit(name, dimension, factor)


_ATOMS: dict[str, tuple[Dimension, Fraction]] = {}


def _define(dimension: str, names: dict[str, int | Fraction], power: int = 1) -> None:
    for name, factor in names.items():
        _ATOMS[name] = ((((dimension, power),) if dimension else ()), Fraction(factor))


_define("", {"1": 1, "%": Fraction(1, 100), "‰": Fraction(1, 1000), "倍": 1})
_define("money", {"元": 1, "万元": 10**4, "百万元": 10**6, "千万元": 10**7, "亿元": 10**8})
_define(
    "length",
    {
        "平方米": 1,
        "㎡": 1,
        "万平方米": 10**4,
        "亩": Fraction(2000, 3),
        "公顷": 10**4,
        "平方公里": 10**6,
    },
    power=2,
)
_define("length", {"立方米": 1, "万立方米": 10**4, "亿立方米": 10**8}, power=3)
_define("time", {"月": 1, "个月": 1, "年": 12})
_define("day", {"日": 1, "天": 1})
_define("person", {"人": 1, "万人": 10**4})
_define("item", {"件": 1, "项": 1})
_define("mass", {"千克": Fraction(1, 1000), "吨": 1, "万吨": 10**4})
_define(
    "coal_equivalent",
    {"千克标准煤": Fraction(1, 1000), "吨标准煤": 1, "万吨标准煤": 10**4},
)
_define("oil_equivalent", {"千克标准油": Fraction(1, 1000), "吨标准油": 1})
_define("electricity", {"千瓦时": 1, "度": 1, "万千瓦时": 10**4, "亿千瓦时": 10**8})

ONE = Unit("1", (), Fraction(1))


def atoms() -> tuple[str, ...]:
    """Names of all single units, for messages and documentation."""
    return tuple(_ATOMS)


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """Read ``"万元/亩/年"``. Raises UnitError naming the part that is not known."""
    name = text.strip().replace("\uff0f", "/").replace("\uff05", "%")
    pairs: list[tuple[str, int]] = []
    factor = Fraction(1)
    for i, part in enumerate(name.split("/")):
        part = part.strip()
        if part not in _ATOMS:
            raise UnitError(f"不认识的单位“{part or text}”")
        dimension, unit_factor = _ATOMS[part]
        sign = -1 if i else 1
        pairs.extend((n, sign * p) for n, p in dimension)
        factor *= unit_factor**sign
    return Unit(name, _dimension(pairs), factor)


_NUMBER = "[+-]?(?:\\d{1,3}(?:[,\uff0c]\\d{3})+|\\d+)(?:\\.\\d+)?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*([^\d\s.,+-].*?)?\s*")
# How a snapshot writes a value that no decimal can ("2000/3" 平方米, out of 1 亩).
_RATIO = re.compile(r"([+-]?\d{1,60})/([1-9]\d{0,60})")
MAX_DIGITS = 30


def _exact(text: str) -> Fraction:
    plain = text.replace(",", "").replace("\uff0c", "")
    if sum(c.isdigit() for c in plain) > MAX_DIGITS:
        raise UnitError(f"数“{text[:40]}”过长，最多 {MAX_DIGITS} 位")
    return Fraction(Decimal(plain))


def parse_quantity(text: str, unit: Unit) -> Fraction:
    """Read ``"18 公顷"`` or ``"18"`` as a number of ``unit``, exactly.

    Raises UnitError where the text is no number or its unit is of another dimension. A quantity
    of a yearly unit may leave out the "/年" （"1.2 亿元" for 万元/年）, as publications do.
    """
    ratio = _RATIO.fullmatch(text)
    if ratio:
        return Fraction(int(ratio[1]), int(ratio[2]))
    match = _QUANTITY.fullmatch(text)
    if not match:
        raise UnitError(f"“{text}”不是数，应写作如“12.5”或“12.5 {unit.name}”")
    number = _exact(match[1])
    if not match[2]:
        return number
    given = parse_unit(match[2])
    if not given.same_kind(unit):
        yearly = given.per(parse_unit("年"))
        if unit.name.endswith("/年") and yearly.same_kind(unit):
            given = yearly
        else:
            raise UnitError(f"单位“{match[2]}”不能换算为“{unit.name}”")
    return number * given.factor_to(unit)
