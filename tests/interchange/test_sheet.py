"""Decision tables in .xlsx: what people fill in becomes a criterion, or is refused at its cell."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from evaluator.interchange.criterion_text import criterion_yaml
from evaluator.interchange.sheet import criteria_from_sheets
from evaluator.problems.errors import RulebookError
from tests.support import CRITERIA, ruleset_of

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
