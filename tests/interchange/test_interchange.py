"""Interchange: what leaves the rulebook says the same elsewhere; what comes in is exact."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping
from fractions import Fraction
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from evaluator.cases.book import DossierCase, RuleCase, read_cases
from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Item
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.interchange.criterion_text import criterion_yaml
from evaluator.interchange.dmn import NAMESPACE, dmn
from evaluator.interchange.formula import ExportError
from evaluator.interchange.jdm import jdm, jdm_context
from evaluator.interchange.sheet import criteria_from_sheets
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import Problems, RulebookError
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.load import load_directory
from tests.draws import draws
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import CRITERIA, ROOT, ruleset_of


def run_jdm(ruleset: Ruleset, decision: Any, profile: Profile) -> tuple[str, Mapping[str, str]]:
    """Verdict and statuses by zen-engine."""
    result = decision.evaluate(jdm_context(profile, ruleset))["result"]
    return result["verdict"], {k.replace("__", "."): v for k, v in result["findings"].items()}


def test_jdm_gives_the_same_verdicts_on_the_corpus() -> None:
    """Every case of the shipped rulebook, run by zen-engine: each finding and the verdict."""
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    assert not problems
    engine, reference = zen.ZenEngine(), ReferenceEngine(ruleset)
    models: dict[dt.date, Any] = {}
    everything: list[RuleCase | DossierCase] = [*cases.rules, *cases.dossiers]
    for case in everything:
        if case.as_of not in models:
            models[case.as_of] = engine.create_decision(json.dumps(jdm(ruleset, case.as_of)))
            models[case.as_of].validate()
        expected = reference.statuses(case.profile, case.as_of)
        verdict, findings = run_jdm(ruleset, models[case.as_of], case.profile)
        assert findings == {k: v.value for k, v in expected.items()}, case.name
        assert verdict == combine(ruleset, expected).value, case.name


def short(number: Fraction) -> Fraction:
    """Six digits before and after the point: what a form holds."""
    return Fraction(round(number * 10**6) % 10**12, 10**6)


def decimal(profile: Profile) -> Profile:
    """The dossier in decimals of a length that zen-engine can multiply."""
    for name, value in profile.values.items():
        if isinstance(value, Fraction) and "." not in name:
            profile = profile.with_value(name, short(value))
        elif isinstance(value, tuple):
            items = [Item(i.key, short(i.number), i.unit) for i in value if isinstance(i, Item)]
            profile = profile.with_value(name, tuple(items) or value)
    return profile


def exportable(ruleset: Ruleset, as_of: dt.date) -> Ruleset:
    """The ruleset without the rules that JDM cannot say exactly."""
    kept: dict[str, Rule] = {}
    for rule in ruleset.rules.values():
        one = dataclasses.replace(ruleset, rules={rule.id: rule})
        with contextlib.suppress(ExportError):
            jdm(one, as_of)
            kept[rule.id] = rule
    return dataclasses.replace(ruleset, rules=kept)


@draws(30, 60)
@given(st.data())
def test_jdm_agrees_on_random_rulesets(data: st.DataObject) -> None:
    """Whatever can be exported says the same; what cannot is refused, never approximated."""
    ruleset = data.draw(rulesets())
    profile = decimal(data.draw(dossiers(ruleset)))
    as_of = max(data.draw(as_of_dates(ruleset)), profile.submitted_on)
    ruleset = exportable(ruleset, as_of)
    decision = zen.ZenEngine().create_decision(json.dumps(jdm(ruleset, as_of)))
    try:
        found = run_jdm(ruleset, decision, profile)
    except ExportError:
        return  # A number of the dossier, converted to the table's unit, is no decimal.
    except RuntimeError as error:
        if "overflow" not in str(error):
            raise
        return  # More than 28 digits: zen-engine says so.
    expected = ReferenceEngine(ruleset).statuses(profile, as_of)
    assert found[1] == {k: v.value for k, v in expected.items()}
    assert found[0] == combine(ruleset, expected).value


# --- DMN ---------------------------------------------------------------------------------------


def test_dmn_is_whole() -> None:
    """Ids are unique, every reference leads somewhere, tables are rectangular."""
    ruleset = load_directory(ROOT)
    as_of = dt.date(2026, 1, 1)
    root = ET.fromstring(dmn(ruleset, as_of))
    tag = f"{{{NAMESPACE}}}"
    assert root.tag == f"{tag}definitions"
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for reference in root.iter():
        href = reference.get("href")
        assert href is None or href.removeprefix("#") in ids
    decisions = {d.get("name") for d in root.iter(f"{tag}decision")}
    assert {r.id.replace(".", "_") for r in ruleset.in_force(as_of)} | {"verdict"} <= decisions
    for table in root.iter(f"{tag}decisionTable"):
        width = len(table.findall(f"{tag}input")), len(table.findall(f"{tag}output"))
        for rule in table.findall(f"{tag}rule"):
            cells = len(rule.findall(f"{tag}inputEntry")), len(rule.findall(f"{tag}outputEntry"))
            assert cells == width


def test_dmn_says_a_rule_in_feel() -> None:
    text = dmn(ruleset_of(), dt.date(2024, 6, 3))
    assert "then null else annual_tax - land_area * tax_floor &gt;= 0" in text
    assert 'starts with(industry_code, "C25") or starts with(industry_code, "C2614")' in text


def test_what_cannot_be_exact_is_refused() -> None:
    rounded = ruleset_of(
        criteria=CRITERIA.replace(
            "    kind: floor\n    unit: 万元/亩/年\n",
            "    kind: floor\n    unit: 万元/亩/年\n    compare: {rounded: 2}\n",
        )
    )
    for export in (jdm, dmn):
        with pytest.raises(ExportError, match="修约"):
            export(rounded, dt.date(2024, 6, 3))


# --- decision tables in .xlsx ------------------------------------------------------------------

HEAD: list[list[Any]] = [
    ["标准编号", "sheet_floor"],
    ["名称", "测试下限"],
    ["性质", "下限"],
    ["单位", "万元/亩"],
    ["起始日期", dt.date(2026, 1, 1)],
    ["依据", "law"],
    ["条款", "表二"],
    ["已核对", "是"],
]
TABLE: list[list[Any]] = [
    [],
    ["行业代码", "土地等别", "标准值", "备注"],
    ["C39、C40", "1，2", 300.5, "沿海"],
    ["C39", None, 250],
    ["默认", None, 200],
]


def workbook(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "投资强度"
    for row in rows:
        sheet.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_sheet_becomes_a_criterion_and_goes_into_the_file() -> None:
    ruleset = ruleset_of()
    (found,) = criteria_from_sheets("表.xlsx", workbook(HEAD + TABLE), ruleset)
    assert (found.id, found.kind.value, found.by) == (
        "sheet_floor",
        "floor",
        ("industry_code", "land_class"),
    )
    (period,) = found.periods
    assert period.start == dt.date(2026, 1, 1)
    assert [dict(r.keys) for r in period.rows] == [
        {"industry_code": ("C39", "C40"), "land_class": ("1", "2")},
        {"industry_code": ("C39",)},
        {},
    ]
    assert [r.value for r in period.rows] == [Fraction("300.5"), 250, 200]
    assert period.rows[0].provenance.note == "沿海"
    assert period.rows[1].place.cell == "投资强度!A12"
    again = ruleset_of(criteria=CRITERIA + criterion_yaml(found)).criteria["sheet_floor"]
    assert [(dict(r.keys), r.value, r.unit) for r in again.periods[0].rows] == [
        (dict(r.keys), r.value, r.unit) for r in period.rows
    ]
    assert again.periods[0].provenance == period.provenance


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in HEAD + TABLE]
    rows[row - 1][column - 1] = value
    return rows


BAD: list[tuple[list[list[Any]], str, str]] = [
    (changed(11, 3, "三百"), "E202", "C11"),
    (changed(11, 1, "Z39"), "", "A11"),
    (changed(11, 2, "16"), "", "B11"),
    (changed(10, 1, "行业代号"), "E301", "A10"),
    (changed(10, 2, "行业代码"), "E102", "B10"),
    (changed(4, 2, "万元每亩"), "E401", "B4"),
    (changed(3, 2, "下界"), "E203", "B3"),
    (changed(6, 2, "lwa"), "E305", "B6"),
    (changed(2, 1, "名子"), "E204", "A2"),
    (changed(5, 2, "明年"), "E202", "B5"),
    ([r for r in HEAD + TABLE if "标准值" not in r], "E201", "A1"),
    (changed(13, 3, None), "E201", "A13"),
    (changed(11, 3, "300 万元/亩"), "E202", "C11"),
    (changed(11, 3, "35%"), "E202", "C11"),
    (changed(11, 3, "=1+1"), "E202", "C11"),
    (changed(11, 3, "#N/A"), "E202", "C11"),
    (changed(13, 1, "C39"), "E209", "A13"),
    (changed(12, 1, None), "E209", "A13"),
    (changed(8, 2, "对"), "E202", "B8"),
    (changed(3, 2, "list"), "E203", "B3"),
    (changed(7, 1, "名称"), "E102", "A7"),
    (HEAD[1:] + TABLE, "E201", "A1"),
    ([*HEAD, ["截止日期", "2025-12-31"], *TABLE], "E502", "B9"),
    ([[*HEAD[0], "多余"], *HEAD[1:], *TABLE], "E204", "C1"),
    ([*HEAD, *TABLE[:2]], "E201", "A10"),
    ([[*r, None, "x"] if r == TABLE[3] else r for r in HEAD + TABLE], "E204", "E12"),
    ([*HEAD, [], ["行业代码", "标准值", "单位"], ["C39", 3, "吨"]], "E402", "C11"),
    ([*HEAD, [], ["用地面积", "标准值"], ["30", 3]], "E306", "A10"),
]


@pytest.mark.parametrize(("rows", "code", "cell"), BAD)
def test_every_mistake_is_told_at_its_cell(rows: list[list[Any]], code: str, cell: str) -> None:
    with pytest.raises(RulebookError) as caught:
        criteria_from_sheets("表.xlsx", workbook(rows), ruleset_of())
    found = [(p.code, p.place.cell) for p in caught.value.problems]
    assert any(c == f"投资强度!{cell}" and k.startswith(code) for k, c in found), found
    assert len(set(found)) == len(found)
    said = "".join(p.message + (p.hint or "") for p in caught.value.problems)
    assert not re.search(r"None|\b(value|unit|kind|source|verified|title|rows|from|until)\b", said)


def test_a_table_as_people_fill_it() -> None:
    """Merged cells, options by their labels, full-width text, a number kept as text."""
    rows = [list(r) for r in HEAD] + [
        [],
        ["行业代码", "用地方式", "标准值"],
        ["Ｃ３９，C40", "新增工业用地", "300.50"],
        [None, "盘活存量用地、own_land", 250],
        ["默认", None, 200],
    ]
    book = load_workbook(BytesIO(workbook(rows)))
    book["投资强度"].merge_cells("A11:A12")
    stream = BytesIO()
    book.save(stream)
    ruleset = ruleset_of()
    labels = ruleset.registry.fields["land_use_mode"].values
    assert labels["new_industrial_land"] == "新增工业用地"
    (found,) = criteria_from_sheets("表.xlsx", stream.getvalue(), ruleset)
    assert [(dict(r.keys), r.value) for r in found.periods[0].rows] == [
        (
            {"industry_code": ("C39", "C40"), "land_use_mode": ("new_industrial_land",)},
            Fraction("300.5"),
        ),
        ({"industry_code": ("C39", "C40"), "land_use_mode": ("stock_land", "own_land")}, 250),
        ({}, 200),
    ]


def test_a_percentage_is_taken_where_the_unit_says_so() -> None:
    rows = changed(4, 2, "%")
    rows[10][2] = "35.5%"
    (found,) = criteria_from_sheets("表.xlsx", workbook(rows), ruleset_of())
    assert found.periods[0].rows[0].value == Fraction("35.5")


def test_two_sheets_of_one_name() -> None:
    book = load_workbook(BytesIO(workbook(HEAD + TABLE)))
    book.copy_worksheet(book["投资强度"]).title = "又一张"
    stream = BytesIO()
    book.save(stream)
    with pytest.raises(RulebookError) as caught:
        criteria_from_sheets("表.xlsx", stream.getvalue(), ruleset_of())
    assert [p.place.cell for p in caught.value.problems] == ["又一张!B1"]
