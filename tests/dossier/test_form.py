"""The form as a workbook: read back, filled in wrongly, changed by hand. Real .xlsx files throughout."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from openpyxl import Workbook, load_workbook

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.fields import parse_registry
from evaluator.dossier.files import read_dossiers
from evaluator.dossier.template import write_template
from evaluator.problems.errors import Problems
from tests.dossier.profiles import profiles
from tests.dossier.workbooks import (
    REGISTRY,
    A,
    form,
    problems,
    read,
)
from tests.support import ROOT


@settings(max_examples=25, deadline=None)
@given(profiles())
def test_form_reads_back(profile: Profile) -> None:
    out = BytesIO()
    write_template(REGISTRY, out, profile)
    assert read(out.getvalue()) == [profile]


def test_examples_through_the_form(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples").glob("d*.yaml")):
        (profile,) = read_dossiers(path, REGISTRY)
        write_template(REGISTRY, tmp_path / "x.xlsx", profile)
        assert read_dossiers(tmp_path / "x.xlsx", REGISTRY) == [profile]


def test_empty_form_lacks_only_what_is_required() -> None:
    out = BytesIO()
    write_template(REGISTRY, out)
    assert [(p.code, p.place.cell) for p in problems(out.getvalue())] == [
        ("D109", "项目申报表\u0021B5"),
        ("D109", "项目申报表\u0021B6"),
        ("D109", "项目申报表\u0021B7"),
    ]


def test_form_helps_the_clerk() -> None:
    out = BytesIO()
    write_template(REGISTRY, out)
    book = load_workbook(BytesIO(out.getvalue()))
    sheet = book["项目申报表"]
    assert sheet.freeze_panes == "B4"
    assert book["选项"].sheet_state == "hidden"
    assert book.sheetnames[0] == "项目申报表"
    names = [
        str(sheet.cell(r, 7).value) for r in range(4, sheet.max_row + 1) if sheet.cell(r, 7).value
    ]
    expected = [
        name
        for f in REGISTRY.fields.values()
        for name in ([f"{f.name}.{k}" for k in f.keys] or [f.name])
    ]
    assert names == expected
    for row in range(4, sheet.max_row + 1):
        name = sheet.cell(row, 7).value
        field = REGISTRY.references.get(str(name))
        if field is None:
            continue
        lists = [
            v
            for v in sheet.data_validations.dataValidation
            if f"B{row}" in v.cells and v.type == "list"
        ]
        assert bool(lists) == (field.type in ("enum", "bool")), name
        if field.values:
            words = [
                c[0].value
                for c in book["选项"][str(lists[0].formula1).partition("!")[2].replace("$", "")]
            ]
            assert words == list(field.values.values())
        assert str(sheet.cell(row, 1).value).endswith(" *") == field.required


def test_form_for_a_longer_field_list() -> None:
    """Fields that a rulebook adds: a long choice, an open record with a name no sheet can have."""
    text = (
        "fields:\n"
        f"  - {{name: extra, label: 附加选项, type: enum, group: market, values: {{{', '.join(f'v{i}: 很长很长的选项名称第{i}号' for i in range(60))}}}}}\n"
        "  - {name: inputs, label: '原料/辅料[主要]及其年消耗量等等等等等等等等等等等等等等等等等等等等', type: record, group: market, key: material}\n"
    )
    found = Problems()
    registry = parse_registry("fields.yaml", text, found, REGISTRY)
    assert registry is not None
    assert not found
    inputs = [{"key": f"料{i}", "value": i, "unit": "吨/年"} for i in range(60)]
    profile = make_profile(registry, **A, extra="v59", inputs=inputs, product_energy=inputs)
    out = BytesIO()
    write_template(registry, out, profile)
    assert read_dossiers(("x.xlsx", out.getvalue()), registry) == [profile]


def set_unit(book: Workbook, rows: dict[str, int]) -> None:
    book["项目申报表"].cell(rows["total_investment"], 3).value = "亿元"
    book["项目申报表"].cell(rows["total_investment"], 2).value = 1.2
    book["项目申报表"].cell(rows["land_area"], 3).value = "公顷"
    book["项目申报表"].cell(rows["land_area"], 2).value = "18"
    book["项目申报表"].cell(rows["floor_area"], 3).value = "公顷"
    book["项目申报表"].cell(rows["floor_area"], 2).value = "18 平方米"
    book["项目申报表"].cell(rows["emissions.COD"], 3).value = "千克/年"
    book["项目申报表"].cell(rows["emissions.COD"], 2).value = 500


def test_a_changed_unit_is_the_unit() -> None:
    (profile,) = read(form(set_unit))
    assert profile.values["total_investment"] == 12000
    assert profile.values["land_area"] == 270
    assert profile.values["floor_area"] == 18
    assert profile.values["emissions.COD"] == Fraction(1, 2)


def cell(name: str, value: Any, column: int = 2) -> Callable[[Workbook, dict[str, int]], None]:
    def edit(book: Workbook, rows: dict[str, int]) -> None:
        book["项目申报表"].cell(rows[name], column).value = value

    return edit


def rename_sheet(book: Workbook, _rows: dict[str, int]) -> None:
    book["单位产品能耗"]["A3"].value = "熟料"
    book["单位产品能耗"]["B3"].value = 100


def copied_form(book: Workbook, _rows: dict[str, int]) -> None:
    rename_sheet(book, _rows)
    book.copy_worksheet(book["项目申报表"]).title = "第二个项目"


def doubled_row(book: Workbook, rows: dict[str, int]) -> None:
    book["项目申报表"].cell(rows["employees"], 7).value = "land_area"
    book["项目申报表"].cell(rows["employees"], 2).value = 3


def note_below(book: Workbook, rows: dict[str, int]) -> None:
    book["项目申报表"].cell(max(rows.values()) + 2, 2).value = "补充材料另附"


@pytest.mark.parametrize(
    ("edit", "code", "where", "says"),
    [
        (cell("land_area", "x"), "D103", "B{land_area}", "不是数"),
        (cell("land_area", "3 元"), "D104", "B{land_area}", "不能换算"),
        (cell("land_area", "斤", 3), "D104", "B{land_area}", "不认识的单位“斤”"),
        (cell("two_high", "也许"), "D103", "B{two_high}", "是”或“否"),
        (cell("two_high", 1), "D103", "B{two_high}", "是”或“否"),
        (cell("investor_kind", "私企"), "D106", "B{investor_kind}", "不能填“私企”"),
        (cell("land_area", "=1/0"), "D120", "B{land_area}", "公式没有算出的值"),
        (cell("land_area", "=SUM(B1:B2)"), "D120", "B{land_area}", "公式没有算出的值"),
        (cell("land_area", True), "D103", "B{land_area}", "应是数"),
        (cell("land_area", dt.datetime(2024, 1, 1)), "D103", "B{land_area}", "应是数"),
        (cell("emissions.TN", -1), "D105", "B{emissions.TN}", "不可能"),
        (cell("product_energy", "100 千克标准煤/吨"), "D119", "B{product_energy}", "填在工作表"),
        (cell("land_area", "land_aera", 7), "D101", "G{land_area}", "land_aera"),
        (doubled_row, "D108", "G{employees}", "有两行"),
        (note_below, "D119", None, "没有字段名"),
        (rename_sheet, "D104", None, "缺少单位"),
    ],
)
def test_form_refused(
    edit: Callable[[Workbook, dict[str, int]], None], code: str, where: str | None, says: str
) -> None:
    out = BytesIO()
    write_template(REGISTRY, out)
    sheet = load_workbook(BytesIO(out.getvalue()))["项目申报表"]
    rows = {str(sheet.cell(r, 7).value): r for r in range(1, sheet.max_row + 1)}
    (found,) = problems(form(edit))
    assert found.code == code
    assert says in found.message + (found.hint or "")
    if where:
        column, _, name = where[:-1].partition("{")
        assert found.place.cell == f"项目申报表\u0021{column}{rows[name]}"


def test_two_forms() -> None:
    found = problems(form(copied_form))
    assert {p.code for p in found} == {"D119", "D110"}
