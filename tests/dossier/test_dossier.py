"""Reading one dossier: every kind of value, exactly, or a problem that says what is allowed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evaluator.dossier.dossier import dossier_schema, make_profile
from evaluator.dossier.fields import base_registry
from evaluator.dossier.values import Item
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.values.units import (
    parse_unit,
)

REQUIRED = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def read(name: str, raw: Any) -> Any:
    return make_profile(base_registry(), **REQUIRED, **{name: raw}).values.get(name)


def problems(**values: Any) -> list[Problem]:
    with pytest.raises(DossierError) as caught:
        make_profile(base_registry(), **{**REQUIRED, **values})
    return list(caught.value.problems)


def short(value: Any) -> str:
    return "huge" if isinstance(value, int) and value > 10**50 else ascii(value)[:40]


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("land_area", 18, 18),
        ("land_area", "18 公顷", 270),
        ("land_area", Decimal("0.1"), Fraction(1, 10)),
        ("land_area", 0.1, Fraction(1, 10)),
        ("land_area", Fraction(1, 3), Fraction(1, 3)),
        ("land_area", "", None),
        ("land_area", " \u3000", None),
        ("land_area", None, None),
        ("employees", "270 人", 270),
        ("employees", "0.01 万人", 100),
        ("employees", Decimal("270.0"), 270),
        ("annual_profit", "-3.5 万元", Fraction(-7, 2)),
        ("debt_ratio", "38%", 38),
        ("two_high", True, True),
        ("two_high", " 否 ", False),
        ("two_high", "true", True),
        ("enterprise_founded_on", "2024-02-29", dt.date(2024, 2, 29)),
        ("enterprise_founded_on", "2024年2月9日", dt.date(2024, 2, 9)),
        ("enterprise_founded_on", "2024/2/9", dt.date(2024, 2, 9)),
        ("enterprise_founded_on", "2024.2.9", dt.date(2024, 2, 9)),
        ("enterprise_founded_on", dt.date(2024, 2, 9), dt.date(2024, 2, 9)),
        ("enterprise_founded_on", dt.datetime(2024, 2, 9, 23, 59), dt.date(2024, 2, 9)),
        ("land_use_mode", "leased_plant", "leased_plant"),
        ("land_use_mode", " 租用厂房 ", "leased_plant"),
        ("zone", 12, "12"),
        ("zone", Decimal("1.10"), "1.10"),
        ("zone", " 一\r\n二 ", "一\n二"),
        ("industry_code", "c3985", "C3985"),
        ("industry_code", "Ｃ398５", "C3985"),
        ("industry_code", "C39", "C39"),
        ("unified_social_credit_code", "91990000MA0DEM0138", "91990000MA0DEM0138"),
        ("unified_social_credit_code", "91990000 ma0dem0138", "91990000MA0DEM0138"),
        ("product_codes", ["356201", "356299"], ("356201", "356299")),
        ("product_codes", "356201、356299；356300，3", ("356201", "356299", "356300", "3")),
        ("product_codes", 356201, ("356201",)),
        ("product_codes", ["1 2", None, ""], ("1", "2")),
        ("product_codes", [], None),
        ("product_codes", (), None),
        ("emissions", (), None),
    ],
)
def test_value(name: str, raw: Any, expected: Any) -> None:
    assert read(name, raw) == expected


@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("land_area", True, "D103"),
        ("land_area", float("nan"), "D103"),
        ("land_area", float("inf"), "D103"),
        ("land_area", Decimal("NaN"), "D103"),
        ("land_area", Decimal("1e400"), "D103"),
        ("land_area", Decimal("1e-400"), "D103"),
        ("land_area", Decimal("0e999999"), "D103"),
        ("land_area", Decimal("0." + "1" * 100_000), "D103"),
        ("land_area", 10**5000, "D103"),
        ("land_area", Fraction(1, 3**200), "D103"),
        ("land_area", [1], "D103"),
        ("land_area", dt.date(2024, 1, 1), "D103"),
        ("land_area", "一百", "D103"),
        ("land_area", "1 元", "D104"),
        ("land_area", -1, "D105"),
        ("land_area", "-0.000000001", "D105"),
        ("local_supply_share", "100.0000001", "D105"),
        ("local_supply_share", Fraction(301, 3), "D105"),
        ("land_class", 0, "D105"),
        ("employees", "12.5", "D103"),
        ("two_high", 1, "D103"),
        ("two_high", "yes", "D103"),
        ("two_high", "TRUE", "D103"),
        ("enterprise_founded_on", 20240101, "D103"),
        ("enterprise_founded_on", "20240101", "D103"),
        ("enterprise_founded_on", "2024-W01-1", "D103"),
        ("enterprise_founded_on", "2023-02-29", "D103"),
        ("enterprise_founded_on", "2024年1月1", "D103"),
        ("enterprise_founded_on", "2024-1/1", "D103"),
        ("enterprise_founded_on", "1024-01-01", "D105"),
        ("land_use_mode", "Leased_plant", "D106"),
        ("land_use_mode", True, "D106"),
        ("land_use_mode", 3, "D106"),
        ("zone", True, "D103"),
        ("zone", 0.5, "D103"),
        ("zone", Decimal("1e30"), "D103"),
        ("zone", {"a": 1}, "D103"),
        ("zone", "字" * 2001, "D103"),
        ("zone", "a\x00b", "D103"),
        ("zone", "a\u202eb", "D103"),
        ("zone", "\ud800", "D103"),
        ("zone", "a\uffff", "D103"),
        ("industry_code", "Z3985", "D107"),
        ("industry_code", "A3985", "D107"),
        ("industry_code", "C3", "D107"),
        ("industry_code", "C00", "D107"),
        ("unified_social_credit_code", "91990000MA0DEM0139", "D107"),
        ("unified_social_credit_code", "123", "D107"),
        ("product_codes", ["1", "1"], "D108"),
        ("product_codes", [["1"]], "D103"),
        ("product_codes", [str(n) for n in range(201)], "D103"),
        ("emissions", "COD 3 吨", "D103"),
        ("emissions", {"COD": 3}, "D103"),
        ("emissions", [{"key": "COD", "value": 1}] * 201, "D103"),
        ("nothing", 1, "D101"),
        ("项目名称", 1, "D101"),
        ("emissions.COD", 1, "D101"),
    ],
    ids=short,
)
def test_refused(name: str, raw: Any, code: str) -> None:
    found = problems(**{name: raw})
    assert {p.code for p in found} == {code}
    assert all(
        p.place.pointer == f"/{name}" or p.place.pointer.startswith(f"/{name}/")
        for p in found
        if p.place.pointer
    )
    for p in found:
        p.render().encode()  # Printable whatever was written.
        assert len(p.message) < 200


def test_every_problem_at_once() -> None:
    found = problems(
        project_id="", land_area="x", two_high=3, extra=1, emissions=[{}, {"key": "COD"}]
    )
    assert [p.code for p in found] == ["D109", "D103", "D103", "D101", "D103", "D103"]


@pytest.mark.parametrize("raw", [None, 3, "text", [1], [["project_id", "A"]]])
def test_no_mapping(raw: Any) -> None:
    from evaluator.dossier.dossier import parse_dossier
    from evaluator.problems.source import Place, SourceText

    found = Problems()
    assert parse_dossier(raw, base_registry(), lambda _: Place(SourceText("x", "")), found) is None
    assert [p.code for p in found] == ["D102"]


@pytest.mark.parametrize("name", ["project_id", "project_name", "submitted_on"])
@pytest.mark.parametrize("how", ["absent", None, "", " "])
def test_required(name: str, how: Any) -> None:
    values = dict(REQUIRED)
    if how == "absent":
        del values[name]
    else:
        values[name] = how
    with pytest.raises(DossierError) as caught:
        make_profile(base_registry(), **values)
    assert [p.code for p in caught.value.problems] == ["D109"]


# --- records ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"pollutant": "COD", "value": 1}, 1),
        ({"key": "COD", "value": "1"}, 1),
        ({"pollutant": "化学需氧量", "value": "500 千克"}, Fraction(1, 2)),
        # A unit beside a number written as text counts as much as beside a number.
        ({"pollutant": "COD", "value": "500", "unit": "千克/年"}, Fraction(1, 2)),
        ({"pollutant": "COD", "value": 500, "unit": "千克"}, Fraction(1, 2)),
        ({"pollutant": "COD", "value": "500 千克/年", "unit": "吨/年"}, Fraction(1, 2)),
        ({"pollutant": "COD", "value": "1/3", "unit": "千克/年"}, Fraction(1, 3000)),
        ({"pollutant": "COD", "value": Fraction(1, 3), "unit": "千克/年"}, Fraction(1, 3000)),
        ({"pollutant": "COD", "key": "COD", "value": 1, "unit": None}, 1),
    ],
)
def test_closed_record(entry: dict[str, Any], expected: Fraction | int) -> None:
    profile = make_profile(base_registry(), **REQUIRED, emissions=[entry])
    assert profile.values["emissions.COD"] == expected
    assert profile.values["emissions"] == (Item("COD", Fraction(expected), parse_unit("吨/年")),)


@pytest.mark.parametrize(
    ("entry", "code", "pointer"),
    [
        ({"pollutant": "CO2", "value": 1}, "D106", "/emissions/0/pollutant"),
        ({"pollutant": "COD", "key": "TN", "value": 1}, "D103", "/emissions/0"),
        ({"pollutant": "COD", "value": 1, "unit": "万元"}, "D104", "/emissions/0/value"),
        ({"pollutant": "COD", "value": "1 万元", "unit": "吨/年"}, "D104", "/emissions/0/value"),
        ({"pollutant": "COD", "value": "1 吨", "unit": "万元"}, "D104", "/emissions/0/value"),
        ({"pollutant": "COD", "value": 1, "unit": 3}, "D104", "/emissions/0/unit"),
        ({"pollutant": "COD", "value": -1}, "D105", "/emissions/0/value"),
        ({"pollutant": "COD", "value": True}, "D103", "/emissions/0/value"),
        ({"pollutant": "COD"}, "D103", "/emissions/0"),
        ({"value": 1}, "D103", "/emissions/0"),
        ({"pollutant": "COD", "valeu": 1}, "D101", "/emissions/0/valeu"),
        ({"pollutant": ["COD"], "value": 1}, "D103", "/emissions/0"),
        ({"pollutant": {}, "value": 1}, "D103", "/emissions/0"),
        ({"pollutant": "COD", "value": [1]}, "D103", "/emissions/0/value"),
        ({"pollutant": "COD", "value": 1, ("a",): 1}, "D101", "/emissions/0/('a',)"),
        (3, "D103", "/emissions/0"),
    ],
)
def test_closed_record_refused(entry: Any, code: str, pointer: str) -> None:
    (found,) = problems(emissions=[entry])
    assert (found.code, found.place.pointer) == (code, pointer)


def test_record_names_one_key_twice() -> None:
    (found,) = problems(emissions=[{"key": "COD", "value": 1}, {"key": "化学需氧量", "value": 2}])
    assert (found.code, found.place.pointer) == ("D108", "/emissions/1")


@pytest.mark.parametrize(
    ("entry", "number", "unit"),
    [
        ({"product": "水泥熟料", "value": 100, "unit": "千克标准煤/吨"}, 100, "千克标准煤/吨"),
        ({"product": "水泥熟料", "value": "100 千克标准煤/吨"}, 100, "千克标准煤/吨"),
        (
            {"product": " 水泥熟料 ", "value": "0.1 吨标准煤/吨", "unit": "千克标准煤/吨"},
            100,
            "千克标准煤/吨",
        ),
    ],
)
def test_free_record(entry: dict[str, Any], number: int, unit: str) -> None:
    assert read("product_energy", [entry]) == (
        Item("水泥熟料", Fraction(number), parse_unit(unit)),
    )


def test_free_record_needs_a_unit() -> None:
    (found,) = problems(product_energy=[{"product": "熟料", "value": 100}])
    assert found.code == "D104"


def test_order_of_entries_never_matters() -> None:
    entries = [{"key": k, "value": i} for i, k in enumerate(("VOCs", "COD", "TN"))]
    registry = base_registry()
    assert make_profile(registry, **REQUIRED, emissions=entries) == make_profile(
        registry, emissions=entries[::-1], **dict(reversed(REQUIRED.items()))
    )


# --- profiles -----------------------------------------------------------------------------------


def test_with_value_keeps_a_record_and_its_keys_together() -> None:
    registry = base_registry()
    profile = make_profile(registry, **REQUIRED, emissions=[{"key": "VOCs", "value": 1}])
    changed = profile.with_value("emissions.COD", Fraction(2))
    assert changed == make_profile(
        registry, **REQUIRED, emissions=[{"key": "COD", "value": 2}, {"key": "VOCs", "value": 1}]
    )
    assert changed.with_value("emissions.COD", None) == profile
    assert profile.with_value("emissions", None).to_dict(registry) == REQUIRED
    assert profile.with_value("emissions.VOCs", None).to_dict(registry) == REQUIRED


def test_the_schema_says_the_same() -> None:
    registry = base_registry()
    schema = dossier_schema(registry)
    assert set(schema["properties"]) == set(registry.fields)
    assert set(schema["required"]) == set(REQUIRED)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({**REQUIRED, "land_area": "18 公顷", "emissions": None})
    wrong = {**REQUIRED, "land_area": -1, "two_high": "x", "extra": 1}
    told = {e.json_path: e.validator for e in validator.iter_errors(wrong)}
    assert told == {"$": "additionalProperties", "$.land_area": "anyOf", "$.two_high": "anyOf"}
