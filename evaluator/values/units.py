"""A closed table of units with exact factors, and numbers written with a unit.

A unit is a quotient of known names （"万元/亩/年"）. Two units can be compared when their dimensions
are equal; the factor between them is a Fraction, so 万元/公顷 to 万元/亩 （1 公顷 = 15 亩） is exact.
Calendar 年/月 are one dimension （1 年 = 12 月）； 日 is another, since a year has no fixed days.
Energy by coal equivalent, by oil and by electricity are three dimensions: the factors between them
are policy (a criterion), not measurement.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from evaluator.values.numbers import Exact, exact_text, terminates

Dimension = tuple[tuple[str, int], ...]


class UnitError(ValueError):
    """A text that is no unit, or a unit of the wrong dimension; the message is for people."""


class NotANumber(UnitError):
    """A text that is not one number, with or without a unit."""


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` converts one of this unit to the base units of its ``dimension``."""

    name: str
    dimension: Dimension
    factor: Fraction

    def __hash__(self) -> int:
        return hash(self.name)

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


_define("", {"1": 1, "%": Fraction(1, 100), "‰": Fraction(1, 1000), "倍": 1, "分": 1})
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


# Full-width forms of ASCII ("１２．５％", "万元／亩") mean the same as what they stand for.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


# A factor grows with every part, so an endless unit would take endless time.
MAX_PARTS = 6


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit:
    """Read ``"万元/亩/年"``. Raises UnitError naming the part that is not known."""
    parts = [part.strip() for part in text.translate(_NARROW).split("/")]
    if len(parts) > MAX_PARTS:
        raise UnitError(f"单位“{text[:40]}…”由 {len(parts)} 个单位组成，最多 {MAX_PARTS} 个")
    pairs: list[tuple[str, int]] = []
    factor = Fraction(1)
    for i, part in enumerate(parts):
        if part not in _ATOMS:
            raise UnitError(f"不认识的单位“{(part or text)[:40]}”")
        dimension, unit_factor = _ATOMS[part]
        sign = -1 if i else 1
        pairs.extend((n, sign * p) for n, p in dimension)
        factor *= unit_factor**sign
    return Unit("/".join(parts), _dimension(pairs), factor)


def unit_hint(text: str) -> str:
    """How the unit should be written, where that can be told, and the units there are."""
    how = f'用“/”连接，如 万元/亩、吨标准煤/万元；没有单位写 "1"。基本单位：{"、".join(_ATOMS)}'
    meant = _meant(text)
    return f"应写 {meant}；{how}" if meant else how


def _meant(text: str) -> str | None:
    parts = text.translate(_NARROW).replace("每", "/").replace("//", "/").strip("“”\"' ").split("/")
    near = [
        next(iter(difflib.get_close_matches(p, _ATOMS, 1, 0.6)), p)
        if p not in _ATOMS and len(p) > 1
        else p
        for p in (part.strip() for part in parts)
    ]
    try:
        return parse_unit("/".join(near)).name
    except UnitError:
        return None


@lru_cache(maxsize=256)
def alternatives(unit: Unit) -> tuple[str, ...]:
    """Names that a quantity of ``unit`` may carry: 元/年、万元/年… for 万元/年."""
    head, slash, tail = unit.name.partition("/")
    if head not in _ATOMS:
        return (unit.name,)
    kind = _ATOMS[head][0]
    return tuple(f"{name}{slash}{tail}" for name, (d, _) in _ATOMS.items() if d == kind)


@lru_cache(maxsize=4096)
def conversion(name: str, unit: Unit) -> Fraction:
    """How many of ``unit`` make one of the unit written as ``name``. Raises UnitError.

    A yearly unit may leave out the "/年" （"亿元" for 万元/年）, as publications do; money may leave out
    the 元 ("1.2亿"), and a ratio may be written as one to one ("1.25:1").
    """
    if name == ":1":
        name = "1"
    elif name in BARE and ("money", 1) in unit.dimension:
        name += "元"
    given = parse_unit(name)
    if not given.same_kind(unit) and unit.name.endswith("/年"):
        yearly = given.per(parse_unit("年"))
        given = yearly if yearly.same_kind(unit) else given
    return given.factor_to(unit)


# What people write for 万元 and 亿元.
BARE = frozenset({"万", "百万", "千万", "亿"})
_NUMBER = r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*([^\s0-9.,/+-].*)?")
# How a snapshot writes a value that no decimal can ("2000/3" 平方米, out of 1 亩): see numbers.Exact.
_RATIO = re.compile(r"([+-]?[0-9]{1,60})/([1-9][0-9]{0,59})")
MAX_DIGITS = 30
MAX_LENGTH = 200
_RATIO_LIMIT: int = 10**60


def fits(value: Fraction) -> bool:
    """Whether the exact text of the value is short enough to be read back.

    That is MAX_DIGITS for a decimal, and 60 digits to each side of a ratio.
    """
    n, d = abs(value.numerator), value.denominator
    if n < 10**15 and d <= 10**4:  # at most 13 decimal places
        return True
    if n >= _RATIO_LIMIT or d >= _RATIO_LIMIT:
        return False
    return not terminates(value) or sum(map(str.isdigit, exact_text(value))) <= MAX_DIGITS


def split_quantity(text: str) -> tuple[Fraction, str]:
    """The number and the unit as written ("" where there is none) of ``"18 公顷"``.

    A ratio is a number only as ``Exact``. Raises NotANumber where the text is not one number, or the number is longer than MAX_DIGITS.
    """
    if len(text) > MAX_LENGTH:
        raise NotANumber(f"“{text[:40]}…”不是数")
    plain = text.strip()
    match = _QUANTITY.fullmatch(plain)
    if not match or (match[2] and ord(match[2][0]) in _NARROW):
        plain = text.translate(_NARROW).strip()
        match = _QUANTITY.fullmatch(plain)
    if match:
        digits = match[1].replace(",", "")
        if len(digits) > MAX_DIGITS and sum(map(str.isdigit, digits)) > MAX_DIGITS:
            raise NotANumber(f"数“{digits[:40]}”过长，最多 {MAX_DIGITS} 位")
        return Fraction(Decimal(digits) if "." in digits else int(digits)), match[2] or ""
    ratio = _RATIO.fullmatch(plain) if isinstance(text, Exact) else None
    if ratio:
        value = Fraction(int(ratio[1]), int(ratio[2]))
        if fits(value):
            return value, ""
    raise NotANumber(f"“{text[:40]}{'…' if len(text) > 40 else ''}”不是数")


def writable(value: Fraction, unit: Unit) -> str:
    """A number of ``unit`` as a person can write it: in another unit ("1 亩") where no decimal ends."""
    if not terminates(value):
        for name in alternatives(unit):
            other = value / conversion(name, unit)
            if terminates(other):
                return f"{exact_text(other)} {name}"
    return exact_text(value)


def parse_quantity(text: str, unit: Unit) -> Fraction:
    """Read ``"18 公顷"`` or ``"18"`` as a number of ``unit``, exactly.

    Raises UnitError where the text is no number or its unit is of another dimension. See
    ``conversion`` for what a yearly unit may leave out.
    """
    number, name = split_quantity(text)
    if not name or name == unit.name:
        return number
    value = number * conversion(name, unit)
    if not fits(value):
        raise UnitError(f"“{text}”换算为“{unit.name}”后位数过多")
    return value
