"""Quantities as they are written, read exactly; units that fit each other and those that do not."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.values.numbers import Exact, exact_data
from evaluator.values.units import (
    ONE,
    UnitError,
    alternatives,
    atoms,
    conversion,
    fits,
    parse_quantity,
    parse_unit,
)


def short(value: Any) -> str:
    return "huge" if isinstance(value, int) and value > 10**50 else ascii(value)[:40]


def third(n: int) -> Fraction:
    return Fraction(n, 3)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1 万元/公顷", "万元/亩", Fraction(1, 15)),
        ("15 万元/公顷", "万元/亩", 1),
        ("1 万元/亩", "元/平方米", 15),
        ("1 公顷", "亩", 15),
        ("18 公顷", "亩", 270),
        ("1 亩", "平方米", third(2000)),
        ("1 平方公里", "亩", 1500),
        ("982184.97 平方米", "亩", Fraction(98218497, 100) * Fraction(3, 2000)),
        ("1.2 亿元", "万元", 12000),
        ("1.2 亿元", "万元/年", 12000),
        ("100 万元/月", "万元/年", 1200),
        ("1 年", "月", 12),
        ("18 个月", "月", 18),
        ("60%", "%", 60),
        ("0.6 倍", "%", 60),
        ("60%", "1", Fraction(3, 5)),
        ("5‰", "%", Fraction(1, 2)),
        ("1 吨标准煤/万元", "千克标准煤/万元", 1000),
        ("820 万千瓦时", "万千瓦时/年", 820),
        ("8200000 度/年", "万千瓦时/年", 820),
        ("1,234.5 万元", "万元", Fraction(2469, 2)),
        ("１２．５％", "%", Fraction(25, 2)),
        ("１，２３４ 万元／年", "万元/年", 1234),
        ("  18  公顷 ", "亩", 270),
        ("-3 万元", "元", -30000),
        ("+3", "元", 3),
        (Exact("2000/3"), "平方米", third(2000)),
        (Exact("-1/3"), "亩", Fraction(-1, 3)),
        (Exact("2000/3"), "1", third(2000)),
        ("007", "1", 7),
        ("1.2亿", "万元", 12000),
        ("5000 万", "万元/年", 5000),
        ("1，200", "万元", 1200),
        ("1，200 万", "万元", 1200),
        ("1.25:1", "1", Fraction(5, 4)),
        ("1.25：1", "%", 125),
    ],
)
def test_quantity(text: str, unit: str, expected: Fraction | int) -> None:
    assert parse_quantity(text, parse_unit(unit)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "亩",
        "1,23",
        "1,2345",
        "1e5",
        "0x10",
        "1_000",
        "1..2",
        ".5",
        "5.",
        "--1",
        "3-5",
        "约3",
        "3亿5000万",
        "一亿",
        "1 417 亩",
        "1/0",
        "1/-3",
        "1/3 亩",
        "∞",
        "NaN",
        "½",
        "²",
        "1 2",
        "9" * 31,
        "0." + "1" * 30,
        "1/" + "9" * 61,
        "9" * 5000,
        " " * 100_000 + "x",
        "1 " + "x" * 100_000,
    ],
    ids=short,
)
def test_quantity_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, parse_unit("亩"))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("1 元", "亩"),
        ("1 日", "月"),
        ("1 人", "1"),
        ("1 吨标准煤", "吨"),
        ("1 立方米", "平方米"),
        ("1 万元/亩", "万元/年"),
        ("1 亿元/年/年", "万元/年"),
        ("1 /年", "万元/年"),
        ("1 万元/", "万元"),
    ],
)
def test_other_dimension(text: str, unit: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, parse_unit(unit))


def test_unit_names_are_normal() -> None:
    assert parse_unit(" 万元 / 亩 ") == parse_unit("万元／亩")
    assert hash(parse_unit("万元/ 亩")) == hash(parse_unit("万元/亩"))


@given(st.sampled_from(atoms()))
def test_alternatives_convert(name: str) -> None:
    unit = parse_unit(name)
    for other in alternatives(unit):
        assert conversion(other, unit) * conversion(name, parse_unit(other)) == 1


@given(st.fractions())
def test_what_fits_is_read_back(value: Fraction) -> None:
    text = exact_data(value)
    if fits(value):
        assert parse_quantity(text, ONE) == value
    else:
        with pytest.raises(UnitError):
            parse_quantity(text, ONE)


NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, places=8, min_value=0, max_value=10**12
)
AREAS = ("平方米", "万平方米", "亩", "公顷", "平方公里")


@given(NUMBERS, st.sampled_from(AREAS), st.sampled_from(AREAS))
def test_conversion_is_exact_both_ways(number: Decimal, a: str, b: str) -> None:
    there = parse_quantity(f"{number:f} {a}", parse_unit(b))
    assert there * conversion(b, parse_unit(a)) == Fraction(number)
