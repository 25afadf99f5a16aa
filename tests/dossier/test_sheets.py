"""Dossiers in workbooks: tables, and the traps of spreadsheets. Real .xlsx files throughout."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.files import read_dossiers
from evaluator.problems.errors import DossierError
from tests.dossier.workbooks import (
    FIRST,
    HEAD,
    REGISTRY,
    SHEET,
    edit_part,
    one,
    problems,
    read,
    saved,
    table,
)


def test_table() -> None:
    data = table(
        ["二〇二四年六月项目汇总"],
        [
            "序号",
            "项目编号*",
            "project_name",
            "受理日期",
            "总投资（亿元）",
            "用地面积",
            "emissions.COD",
            "主要污染物年排放量（总氮）（千克/年）",
            "两高项目",
            "备注",
        ],
        [1, "A", "甲", dt.date(2024, 6, 3), 1.2, "18 公顷", 0.5, 500, "是", "x"],
        [],
        [2, 20240001, "乙", "2024年6月4日", "5000 万元", None, None, None, None, None],
        [3],
    )
    a, b = read(data)
    assert a.values["total_investment"] == 12000
    assert a.values["land_area"] == 270
    assert (a.values["emissions.COD"], a.values["emissions.TN"]) == (Fraction(1, 2), Fraction(1, 2))
    assert a.values["two_high"] is True
    assert b.to_dict(REGISTRY) == {
        "project_id": "20240001",
        "project_name": "乙",
        "submitted_on": "2024-06-04",
        "total_investment": "5000",
    }


@pytest.mark.parametrize(
    ("rows", "code", "where"),
    [
        (([*HEAD, "用地面积"], ["A", "甲", None, 3]), "D109", "C2"),
        (([*HEAD, "用地面积"], [*FIRST, "三"]), "D103", "D2"),
        (([*HEAD, "用地面积（万元）"], [*FIRST, 3]), "D104", "D1"),
        (([*HEAD, "用地面积（斤）"], [*FIRST, 3]), "D104", "D1"),
        (([*HEAD, "行业代码（四位）"], [*FIRST, "C3985"]), "D104", "D1"),
        (([*HEAD, "用地"], [*FIRST, 3]), "D101", "D1"),
        (([*HEAD, "land_area", "用地面积"], [*FIRST, 3, 4]), "D108", "E1"),
        (([*HEAD, "主要污染物年排放量"], [*FIRST, 3]), "D119", "D2"),
        (([*HEAD, "单位产品能耗"], [*FIRST, 3]), "D119", "D2"),
        ((HEAD, [*FIRST, None, "旁注"]), "D119", "E2"),
        ((HEAD, FIRST, FIRST), "D110", "A3"),
        ((["名称", "日期"], ["甲", 1]), "D119", "A1"),
        ((HEAD,), "D113", None),
        ((), "D113", None),
    ],
)
def test_table_refused(rows: tuple[list[Any], ...], code: str, where: str | None) -> None:
    (found,) = problems(table(*rows))
    assert (found.code, found.place.cell) == (code, where and f"Sheet!{where}")


def test_every_bad_cell_of_a_table() -> None:
    found = problems(table([*HEAD, "用地面积", "xx"], [*FIRST, -1, 1], ["B", None, "x", "y", 1]))
    assert [p.place.cell for p in found] == [
        "Sheet!E1",
        "Sheet!D2",
        "Sheet!B3",
        "Sheet!C3",
        "Sheet!D3",
    ]


def test_other_sheets() -> None:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(HEAD)
    sheet.append(FIRST)
    book.create_sheet("说明").append(["随便写"])
    hidden = book.create_sheet("旧数据")
    hidden.append(HEAD)
    hidden.append(["B", "乙", "x"])
    hidden.sheet_state = "hidden"
    assert [p.id for p in read(saved(book))] == ["A"]
    hidden.sheet_state = "visible"
    assert [p.place.cell for p in problems(saved(book))] == ["旧数据\u0021C2"]
    book.create_sheet("草稿").append(["随便写"])
    assert [p.code for p in problems(saved(book))] == ["D119", "D103"]


# --- bounds -------------------------------------------------------------------------------------


def test_zip_bomb() -> None:
    out = BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sheet.xml", "w") as part,
    ):
        for _ in range(301):
            part.write(b"0" * 1_000_000)
    (found,) = problems(out.getvalue())
    assert (found.code, "MB" in found.message) == ("D118", True)


def test_entity_bomb() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet'
    (found,) = problems(
        edit_part(one("用地面积", 7), SHEET, lambda xml: xml.replace("<worksheet", bomb, 1))
    )
    assert (found.code, "DOCTYPE" in found.message) == ("D118", True)


@pytest.mark.parametrize(
    ("row", "column", "cell_xml"),
    [
        ("1048576", "A", '<c r="A1048576"><v>1</v></c>'),
        ("99999999999", "A", '<c r="A99999999999"><v>1</v></c>'),
        ("3", "XFD", '<c r="XFD3"><v>1</v></c>'),
        ("3", "", '<c r="?"><v>1</v></c>'),
        ("x", "", '<c r="A3"><v>1</v></c>'),
        ("3", "", '<c r="A3" t="s"><v>99</v></c>'),
        ("3", "", '<c r="A3"><v>nan</v></c>'),
    ],
)
def test_far_and_broken_cells(row: str, column: str, cell_xml: str) -> None:
    far = f'<row r="{row}">{cell_xml}</row></sheetData>'
    (found,) = problems(
        edit_part(one("用地面积", 7), SHEET, lambda xml: xml.replace("</sheetData>", far))
    )
    assert found.code == "D118", column


def test_wide_empty_rows_are_no_matter() -> None:
    styled = '<row r="3"><c r="XFD3" s="0"/></row></sheetData>'
    data = edit_part(one("用地面积", 7), SHEET, lambda xml: xml.replace("</sheetData>", styled))
    assert [p.id for p in read(data)] == ["A"]
    many = (
        "".join(f'<row r="{n}"><c r="XFD{n}" s="0"/></row>' for n in range(3, 400)) + "</sheetData>"
    )
    (found,) = problems(
        edit_part(one("用地面积", 7), SHEET, lambda xml: xml.replace("</sheetData>", many))
    )
    assert "过大" in found.message


def test_claimed_size_is_not_believed() -> None:
    data = edit_part(
        one("用地面积", 7), SHEET, lambda xml: xml.replace('ref="A1:D2"', 'ref="A1:XFD1048576"')
    )
    assert [p.id for p in read(data)] == ["A"]


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", SHEET, "[Content_Types].xml"])
@pytest.mark.parametrize(
    "change", [lambda _: "", lambda xml: xml[: len(xml) // 2], lambda _: "<x/>"]
)
def test_damaged_workbook(part: str, change: Callable[[str], str]) -> None:
    data = edit_part(one("用地面积", 7), part, change)
    found: set[str] = set()
    read_ids: list[str] = []
    try:
        read_ids = [p.id for p in read(data)]
    except DossierError as error:
        found = {p.code for p in error.problems}
    assert read_ids == ["A"] or found & {"D118", "D113", "D119"}


def test_other_zip_files() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    for data in (out.getvalue(), out.getvalue()[:-30], b"\xd0\xcf\x11\xe0" + b"\0" * 600):
        (found,) = problems(data)
        assert found.code == "D118"


def test_how_a_file_was_read_is_said() -> None:
    book = Workbook()
    first, old, second = book.active, book.create_sheet("旧表"), book.create_sheet("二批")
    assert isinstance(first, Worksheet)
    first.title = "一批"
    old.sheet_state = "hidden"
    for n, sheet in enumerate((first, old, second)):
        sheet.append(["项目编号", "项目名称", "受理日期"])
        sheet.append([f"B{n}", "甲", "2024-06-03"])
    notes: list[str] = []
    assert [p.id for p in read_dossiers(("a.xlsx", saved(book)), REGISTRY, notes)] == ["B0", "B2"]
    assert notes == ["没有读隐藏的工作表：旧表", "读了 2 张工作表：一批、二批"]
    text = "一季度汇总\n项目编号;项目名称;受理日期\nA1;甲;2024-06-03\n".encode("gbk")
    notes.clear()
    read_dossiers(("a.csv", text), REGISTRY, notes)
    assert notes == ["按 GBK（GB18030）编码读，按分号分列，表头在第 2 行"]
