"""GB/T 4754-2017: the whole table, and nothing that is not in it."""

from __future__ import annotations

import csv
from collections import Counter
from importlib import resources
from io import StringIO

import pytest

from evaluator.values.industries import (
    industries,
    industry_label,
    industry_name,
    level,
    not_in_table,
    search_industries,
)
from evaluator.values.national_codes import INDUSTRY_SECTIONS, BadCode, industry_code

TABLE = "gbt4754_2017"
# Held against two further transcriptions of the standard, and against the EIA catalogue of 2021.
CHECKED = {
    "C1372": "食用菌加工",
    "C1512": "白酒制造",
    "C1713": "棉印染精加工",
    "C2221": "机制纸及纸板制造",
    "C2511": "原油加工及石油制品制造",
    "C2521": "炼焦",
    "C2612": "无机碱制造",
    "C2613": "无机盐制造",
    "C2614": "有机化学原料制造",
    "C2710": "化学药品原料药制造",
    "C2822": "涤纶纤维制造",
    "C3011": "水泥制造",
    "C3041": "平板玻璃制造",
    "C3073": "特种陶瓷制品制造",
    "C3140": "铁合金冶炼",
    "C3216": "铝冶炼",
    "C3562": "半导体器件专用设备制造",
    "C3741": "飞机制造",
    "C3825": "光伏设备及元器件制造",
    "C3985": "电子专用材料制造",
}


def test_the_table_is_whole() -> None:
    counts = Counter(level(code) for code in industries())
    assert counts == {"门类": 20, "大类": 97, "中类": 473, "小类": 1381}
    text = resources.files("evaluator.data").joinpath("gbt4754_2017.csv").read_text("utf-8")
    assert all(
        int(r["level"]) == max(len(r["code"]) - 1, 1) for r in csv.DictReader(StringIO(text))
    )
    divisions = {c for c in industries() if level(c) == "大类"}
    assert divisions == {
        f"{s}{n:02}" for s, (a, b) in INDUSTRY_SECTIONS.items() for n in range(a, b + 1)
    }
    # Every class lies in a group of the table, every group in a division.
    assert all(code[:-1] in industries() for code in industries() if len(code) > 3)


@pytest.mark.parametrize(("code", "name"), CHECKED.items())
def test_names(code: str, name: str) -> None:
    assert industry_name(code) == name
    assert industry_label(code) == f"{code} {name}"


@pytest.mark.parametrize("code", ["B0710", "C3999", "C3991", "C2520", "C1799", "A0110"])
def test_what_is_not_in_the_table_is_refused_with_what_is(code: str) -> None:
    # The older field files name no table, so that what was read under them is read again.
    assert industry_code(code) == code
    with pytest.raises(BadCode) as error:
        industry_code(code, TABLE)
    assert error.value.hint == not_in_table(code)
    assert "之下有" in error.value.hint


def test_hints_and_labels() -> None:
    hint = not_in_table("B0710")
    assert hint == "B071 石油开采之下有 B0711 陆地石油开采、B0712 海洋石油开采"
    assert not_in_table("C3011") is None
    assert industry_name(None) is None
    assert industry_label("X99") == "X99"
    with pytest.raises(BadCode, match="GB/T 4754"):
        industry_code("B13", TABLE)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("炼焦", "C2521"),
        ("水泥制造", "C3011"),
        ("锂离子 电池", "C3841"),
        ("c3011", "C3011"),
        ("3011", "C3011"),
        ("飞机", "C3741"),
    ],
)
def test_search(words: str, first: str) -> None:
    assert search_industries(words)[0][0] == first


def test_search_ends_and_finds_nothing() -> None:
    assert len(search_industries("制造", 7)) == 7
    assert search_industries("飞毯") == search_industries("  ") == ()
