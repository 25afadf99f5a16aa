"""JSON Lines are accepted, refused and read exactly as a single dossier is."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.dossier.fields import base_registry
from evaluator.portfolio.errors import PortfolioError
from tests.portfolio.intake.bodies import BASE, Read, line_of, same, single

BEYOND = "超出批量评估的范围"
ODD_LINES = [
    b"{",
    b"[1]",
    b'"x"',
    b"5",
    b"null",
    b"{}",
    b'{"a":1,}',
    b'{"dossier": {}}',
    line_of()[:-1] + b',"project_name":"twice"}',
    line_of()[:-1] + b",}",
    line_of(nothing=1),
    line_of(dossier={}),
    line_of(emissions=[{"pollutant": "X", "value": 1}]),
    line_of(
        emissions=[{"pollutant": "COD", "value": 1.5}, {"pollutant": "PM", "value": "0.5 千克/年"}]
    ),
    line_of(emissions=[{"pollutant": "COD", "value": 1}, {"pollutant": "COD", "value": 1}]),
    line_of(emissions=[{"pollutant": "COD", "value": None}]),
    line_of(emissions=[None]),
    line_of(emissions=[5]),
    line_of(emissions=[{"pollutant": 5, "value": 1}]),
    line_of(emissions=[{"pollutant": "COD", "value": -1}]),
    line_of()[:-1] + b',"emissions":[{"pollutant":"COD","value":1,"value":2}]}',
    line_of(product_codes=["3562", "356201"]),
    line_of(product_codes="3562,356201"),
    line_of(product_codes=[3562, 356201.5]),
    line_of(product_codes=[]),
    line_of(product_codes=5),
    line_of(project_name=5),
    line_of(project_name=[]),
    line_of(project_name={"a": 1}),
    line_of(project_name=["x"]),
    line_of(project_name=True),
    line_of(project_name=None),
    line_of(zone=[]),
    line_of(zone=" \t"),
    line_of(zone="　东片区　"),
    line_of(zone="东\n区"),
    line_of(zone="a" * 2001),
    line_of(zone="a" * 2000),
    line_of(zone="东\u202e区"),
    line_of(zone=1e6),
    line_of()[:-1] + b',"zone":1.50}',
    line_of()[:-1] + rb',"zone":"\ud800"}',
    line_of()[:-1] + rb',"zone":"\ud83d\ude00"}',
    line_of()[:-1] + rb',"zone":"\u0000"}',
    line_of()[:-1] + b',"zone":"a\tb"}',
    line_of()[:-1] + b',"zone":"a\x01b"}',
    line_of(zone="a\x7fb"),
    line_of(zone="\u2028x"),
    line_of(zone="x\ufeff"),
    b"\xef\xbb\xbf" + line_of(),
    b"\xff" + line_of(),
    line_of(zone="\xff").replace("\xff".encode(), b"\xff"),
    *(
        line_of(land_area=v)
        for v in (
            1,
            1.5,
            -0.0,
            -1,
            1e-7,
            1e5,
            1e15,
            123456789012345,
            True,
            False,
            None,
            [],
            {},
            [1],
            "",
            " ",
            "1e5",
            "1E5",
            "+5",
            "007",
            "1,234.5",
            "1.",
            ".5",
            "18 公顷",
            "18 头",
            "18亩",
            "1/3",
            "2000/3 ",
            "１２",
            "一百",
            "1 000",
            "5%",
            "NaN",
            "inf",
            "-0",
            "1_000",
            "1 平方米",
            "333.3333333 平方米",
            "0.1 亩",
        )
    ),
    *(
        line_of()[:-1] + b',"land_area":' + v + b"}"
        for v in (
            b"0.1234567890123456789",
            b"12345678901234567890",
            b"1234567890.12345678",
            b"1e400",
            b"1e-400",
            b"NaN",
            b"-Infinity",
            b"inf",
            b"1.0000000000000000000",
            b"0.100000000000000000001",
            b"1" * 101,
            b"01",
            b"1.50",
            b"100000.000001",
            b"1" * 5000,
            b"1.23456789012345e5",
            b" 18.2 ",
            b"0.30000000000000004",
            b"9007199254740993",
        )
    ),
    *(line_of(employees=v) for v in (5, 5.0, 5.5, "5", "5.0", "5 人", "0.5 万人", -1, True, 1e3)),
    *(line_of(land_class=v) for v in (0, 1, 15, 16, "7")),
    *(
        line_of(two_high=v)
        for v in (True, "true", "是", " 否", "TRUE", 1, 0, "1", "也许", [], [True])
    ),
    *(
        line_of(land_use_mode=v)
        for v in ("new_industrial_land", "新增工业用地", " 租用厂房", "x", 1, True, {}, [])
    ),
    *(
        line_of(enterprise_founded_on=v)
        for v in (
            "2020-01-01",
            "2020/1/1",
            "2020年1月1日",
            "2020年1月1",
            "2020-02-30",
            "20200101",
            20200101,
            "0001-01-01",
            "2201-01-01",
            "2020-1-1 ",
            "2020-01-01T00:00:00",
            " 2020-01-01",
            True,
        )
    ),
    *(line_of(submitted_on=v) for v in (None, "", "2024-13-01", "2024年6月3日", "1899-12-31")),
    *(
        line_of(industry_code=v)
        for v in ("C3985", "c3985", "3985", 3985, "C9985", "C39", "C", " C3985")
    ),
    line_of(unified_social_credit_code="91330100799655058B"),
    line_of(unified_social_credit_code="91330100799655058X"),
    line_of(product_energy=[{"product": "水泥熟料", "value": 100.5, "unit": "千克标准煤/吨"}]),
    line_of(product_energy=[{"product": "水泥熟料", "value": 100}]),
    line_of(product_energy="[]"),
    line_of(product_energy={"product": "x"}),
    line_of(emissions=5),
    b"{" + b'"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    line_of()[:-1] + b',"emissions":' + b"[" * 5000 + b"]" * 5000 + b"}",
]


def test_every_odd_line_is_taken_as_a_single_dossier_is() -> None:
    registry = base_registry()
    body = b"\n".join(ODD_LINES)
    read = Read(body)
    assert read.loaded.total == len(ODD_LINES)
    taken = 0
    for row, raw in enumerate(ODD_LINES, 1):
        profile = single(raw.removeprefix(b"\xef\xbb\xbf") if row == 1 else raw, registry)
        if row in read.reasons:
            beyond = BEYOND in read.reasons[row]
            assert profile is None or beyond, (raw, read.reasons[row])
            assert read.reasons[row], raw
        else:
            assert profile is not None, raw
            same(read, row, profile, registry)
            taken += 1
    assert taken > 50
    assert len(read.reasons) > 50


def test_an_odd_record_alone_is_taken_as_in_a_single_dossier() -> None:
    # One line alone has columns of its own types; beside others its columns may be texts.
    registry = base_registry()
    for raw in ODD_LINES:
        if b"emissions" not in raw:
            continue
        read, profile = Read(raw), single(raw, registry)
        if read.reasons:
            assert profile is None or BEYOND in read.reasons[1], (raw, read.reasons)
        else:
            assert profile is not None, raw
            same(read, 1, profile, registry)


def test_what_is_wrong_is_said_once_and_whole() -> None:
    read = Read(
        b"\n".join(
            [b"{", line_of(nothing=1), line_of(dossier={}), line_of(land_area="18 头"), b"\xff"]
        )
    )
    assert read.reasons[1].startswith("JSON 写法有误")
    assert read.reasons[2] == "没有这些字段：nothing"
    assert "不要再套一层" in read.reasons[3]
    assert "用地面积（land_area）" in read.reasons[4]
    assert read.reasons[5] == "不是 UTF-8 文本（第 1 字节）"


def test_the_date_may_be_a_key_of_its_own() -> None:
    given: list[dict[str, Any]] = [
        {"day": "2023-01-05"},
        {},
        {"day": None},
        {"day": "yesterday"},
        {"day": 20230105},
        {"day": "2023-01-05", "land_area": 1e5},
    ]
    read = Read(b"\n".join(line_of(**g) for g in given), "day")
    first, accepted = dt.date(2023, 1, 5), dt.date(2024, 6, 3)
    assert {n: r["as_of"] for n, r in read.rows.items()} == {
        1: first,
        2: accepted,
        3: accepted,
        6: first,
    }
    assert list(read.reasons) == [4, 5]
    with pytest.raises(PortfolioError, match="没有一行写了“date”"):
        Read(line_of(), "date")
    with pytest.raises(PortfolioError, match="它不是日期"):
        Read(line_of(), "land_area")


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(),
        st.decimals(-(10**6), 10**6, places=3).map(str),
        st.text(max_size=6),
        st.sampled_from(
            [
                "18 公顷",
                "1e3",
                "2024-06-03",
                "2024年6月3日",
                "是",
                "C3985",
                "1/3",
                " 5 ",
                "新建",
                "COD",
            ]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["pollutant", "value", "unit", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)
PLAIN = st.one_of(
    st.integers(0, 10**6),
    st.integers(0, 10**8).map(lambda n: n / 1000),
    st.integers(0, 10**12 - 1).map(lambda n: f"{Decimal(n).scaleb(-6):f}"),
)
ENTRY = st.fixed_dictionaries(
    {"pollutant": st.sampled_from(["COD", "NOx", "SO2"]), "value": PLAIN},
    optional={"unit": st.just("吨/年")},
).flatmap(lambda entry: st.permutations(list(entry.items())).map(dict))
REGULAR = st.fixed_dictionaries(
    {},
    optional={
        "land_area": PLAIN,
        "total_investment": PLAIN,
        "employees": st.integers(0, 999_999_999),
        "two_high": st.booleans(),
        "land_use_mode": st.sampled_from(["own_land", "none"]),
        "emissions": st.lists(ENTRY, max_size=3, unique_by=lambda e: e["pollutant"]),
    },
)


@settings(max_examples=25)
@given(st.lists(REGULAR, min_size=1, max_size=6))
def test_regular_lines_become_columns_of_decimals(made: list[dict[str, Any]]) -> None:
    registry = base_registry()
    raws = [line_of(**m) for m in made]
    read = Read(b"\n".join(raws))
    assert read.reasons == {}
    for name in ("land_area", "total_investment", "employees", "two_high", "emissions"):
        assert f"t_{name}" not in read.loaded.main
    for row, raw in enumerate(raws, 1):
        profile = single(raw, registry)
        assert profile is not None
        same(read, row, profile, registry)


@settings(max_examples=30)
@given(st.data())
def test_any_line_is_taken_as_a_single_dossier_is(data: st.DataObject) -> None:
    registry = base_registry()
    names = st.sampled_from([*registry.fields, *registry.fields, "nothing"])
    made = data.draw(st.lists(st.dictionaries(names, VALUES, max_size=4), min_size=1, max_size=12))
    raws = [
        json.dumps({**BASE, **m}, ensure_ascii=data.draw(st.booleans())).encode(
            "utf-8", "surrogatepass"
        )
        for m in made
    ]
    read = Read(b"\n".join(raws))
    for row, raw in enumerate(raws, 1):
        profile = single(raw, registry)
        if row in read.reasons:
            assert profile is None or BEYOND in read.reasons[row], (raw, read.reasons[row])
        else:
            assert profile is not None, raw
            same(read, row, profile, registry)
