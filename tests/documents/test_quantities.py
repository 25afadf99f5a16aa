"""Numbers in all their forms, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.documents.quantities import chinese_number, quantities
from evaluator.documents.text import folded


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("12.5 亿元", 12_5000_0000, "元"),
        ("十二亿五千万元", 12_5000_0000, "元"),
        ("1,250万", 1250_0000, "?"),
        ("１４２４４．４９万元", Fraction("142444900"), "元"),
        ("贰仟万元整", 2000_0000, "元"),
        ("人民币陆亿捌仟万元", 6_8000_0000, "元"),
        ("270 亩", 270, "亩"),
        ("3.37万平方米", 33700, "平方米"),
        ("210,500㎡", 210500, "平方米"),
        ("86万度/年", 860000, "千瓦时/年"),
        ("三百一十二万千瓦时", 312_0000, "千瓦时"),
        ("0.0862万吨标煤", 862, "吨标准煤"),
        ("七成以上", 70, "%"),
        ("百分之四十", 40, "%"),
        ("1.25:1", Fraction("1.25"), ""),
        ("500万美元", 500_0000, "美元"),
        ("10余亿元", 10_0000_0000, "元"),
        ("378个", 378, "个"),
    ],
)
def test_forms_of_numbers(text: str, number: Fraction | int, unit: str) -> None:
    found = quantities(folded(text))
    assert [(q.number, q.unit.replace("度", "千瓦时")) for q in found] == [(number, unit)]


def test_a_range_has_two_ends() -> None:
    (found,) = quantities(folded("固定资产投资3.6—4亿元"))
    assert (found.number, found.high) == (3_6000_0000, 4_0000_0000)


@pytest.mark.parametrize(
    "text", ["2024年5月20日", "二〇二三年八月", "2022年", "第三章", "5月10日前"]
)
def test_dates_and_chapters_are_no_numbers(text: str) -> None:
    assert quantities(folded(text)) == []


def test_ten_thousand_pieces_are_not_money() -> None:
    (found,) = quantities(folded("年产80万台"))
    assert not found.known


_DIGITS = "零一二三四五六七八九"


def _written(n: int) -> str:
    """A number below 10^8 in Chinese characters, by the book."""
    if n >= 10_000:
        high, low = divmod(n, 10_000)
        gap = "零" if low and low < 1000 else ""
        return _written(high) + "万" + gap + (_written(low) if low else "")
    out, zero = "", False
    for power, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = n // power % 10
        if digit:
            out += ("零" if zero and out else "") + _DIGITS[digit] + name
            zero = False
        else:
            zero = True
    return out


@given(st.integers(1, 99_999_999).filter(lambda n: n > 9))
def test_chinese_numbers_come_back(n: int) -> None:
    assert chinese_number(_written(n)) == n
