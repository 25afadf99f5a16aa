"""Dossiers in workbooks: the form, tables, and the traps of spreadsheets. Real .xlsx files throughout."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.fields import base_registry, parse_registry
from evaluator.dossier.files import read_dossiers
from evaluator.dossier.template import write_template
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.reading.numberformat import FormatError, displayed
from tests.dossier.test_files import profiles
from tests.support import ROOT

REGISTRY = base_registry()
A = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def saved(book: Workbook) -> bytes:
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def read(data: bytes) -> list[Profile]:
    return read_dossiers(("x.xlsx", data), REGISTRY)


def problems(data: bytes) -> list[Problem]:
    with pytest.raises(DossierError) as caught:
        read(data)
    str(caught.value).encode()
    return list(caught.value.problems)


def table(*rows: list[Any], edit: Callable[[Worksheet], None] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    if edit:
        edit(sheet)
    return saved(book)


HEAD = ["项目编号", "项目名称", "受理日期"]
FIRST = ["A", "甲", dt.date(2024, 6, 3)]


def one(header: str, value: Any, number_format: str | None = None) -> bytes:
    def edit(sheet: Worksheet) -> None:
        sheet["D2"].value = value
        if number_format:
            sheet["D2"].number_format = number_format

    return table([*HEAD, header], FIRST, edit=edit)


def form(edit: Callable[[Workbook, dict[str, int]], None], profile: Profile | None = None) -> bytes:
    """The template with something changed; ``edit`` gets the row of each field."""
    out = BytesIO()
    write_template(REGISTRY, out, profile or make_profile(REGISTRY, **A))
    book = load_workbook(BytesIO(out.getvalue()))
    sheet = book["项目申报表"]
    rows = {str(sheet.cell(r, 7).value): r for r in range(1, sheet.max_row + 1)}
    edit(book, rows)
    return saved(book)


# --- the form -----------------------------------------------------------------------------------


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
    assert registry is not None and not found  # noqa: PT018
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


# --- tables -------------------------------------------------------------------------------------


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


# --- what a number shows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value", "number_format", "expected"),
    [
        ("资产负债率", 0.6, "0%", 60),
        ("资产负债率", 0.57, "0.00%", 57),
        ("资产负债率", 0.07, "0%", 7),
        ("资产负债率", 60, "General", 60),
        ("资产负债率", 60, '0"%"', 60),
        ("资产负债率", 0.6, "General", Fraction(3, 5)),
        ("资产负债率（‰）", 0.6, "0%", 60),
        ("容积率", 1.25, "0%", Fraction(5, 4)),
        ("总投资", 5, '0.0"亿元"', 50000),
        ("总投资", 5, "0亿元", 50000),
        ("总投资（亿元）", 5, '0"万元"', 5),
        ("总投资", 1234.5, "#,##0.00", Fraction(2469, 2)),
        ("总投资", 1234.5, '"\u00a5"#,##0.00', Fraction(2469, 2)),
        ("总投资", 1234.5, "[$\u00a5-804]#,##0.00;[Red]-#,##0.00", Fraction(2469, 2)),
        ("总投资", 1234.5, '_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ ', Fraction(2469, 2)),
        ("总投资", 1234.5, "0.00E+00", Fraction(2469, 2)),
        # Shown as 20.00; judged by the full value.
        ("总投资", 19.996, "0.00", Fraction(19996, 1000)),
        ("总投资", 0.1 + 0.2, "General", Fraction(3, 10)),
        ("总投资", 8.3, "General", Fraction(83, 10)),
        ("总投资", 1e-7, "General", Fraction(1, 10**7)),
        ("总投资", "1,234.5", "@", Fraction(2469, 2)),
        ("就业人数", 270.0, "0", 270),
        ("项目名称（x）", None, None, None),
        ("主要产品代码", 123, "000000", ("000123",)),
        ("拟落户片区", 12, "General", "12"),
        ("成立日期", 45000, "yyyy-mm-dd", dt.date(2023, 3, 15)),
        ("成立日期", dt.datetime(2023, 3, 15, 13, 30), "yyyy-mm-dd hh:mm", dt.date(2023, 3, 15)),
    ],
)
def test_number_format(header: str, value: Any, number_format: str | None, expected: Any) -> None:
    if value is None:
        assert problems(one(header, value))[0].code == "D104"
        return
    (profile,) = read(one(header, value, number_format))
    assert list(profile.values.values())[3] == expected


@pytest.mark.parametrize(
    ("header", "value", "number_format", "code"),
    [
        ("总投资", 0.6, "0%", "D104"),
        ("就业人数", 0.6, "0%", "D104"),
        ("总投资", 5, '0"套"', "D104"),
        ("总投资", 5, '"约"0', "D103"),
        ("总投资", 120000, "0,", "D120"),
        ("总投资", 120000, "0.0,,", "D120"),
        ("总投资", 120000, "0\\.0,", "D120"),
        ("总投资", 5, '0"点"0', "D120"),
        ("总投资", 45000, "yyyy-mm-dd", "D103"),
        ("总投资", 0.5, "hh:mm", "D120"),
        ("总投资", 0.5, "[h]:mm", "D120"),
        ("成立日期", -5, "yyyy-mm-dd", "D105"),
        ("成立日期", 45000, "General", "D103"),
        ("两高项目", 1, "General", "D103"),
        ("拟落户片区", 123456789012345678, "General", "D120"),
        ("拟落户片区", 0.5, "General", None),
        ("总投资", 1e300, "General", "D120"),
        ("总投资", "#DIV/0!", None, "D120"),
        ("总投资", "=A1", None, "D120"),
    ],
)
def test_number_format_refused(
    header: str, value: Any, number_format: str | None, code: str | None
) -> None:
    data = one(header, value, number_format)
    if code is None:
        assert read(data)[0].values["zone"] == "0.5"
        return
    (found,) = problems(data)
    assert (found.code, found.place.cell) == (code, "Sheet!D2")


@pytest.mark.parametrize("code", ["0;0%", "0.0#", "# ?/?", "[>100]0;0.0", "0_);(0)", ""])
def test_plain_formats_change_nothing(code: str) -> None:
    assert displayed(Decimal("0.6"), code) == Decimal("0.6")


def test_two_percent_signs() -> None:
    with pytest.raises(FormatError):
        displayed(Decimal("0.6"), "0%%")


def edit_part(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with the XML of one part changed, as another program might have written it."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info)
            new.writestr(
                info, change(content.decode()).encode() if info.filename == part else content
            )
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("cell_xml", "expected"),
    [
        ('<c r="D2"><f>1+2</f><v>3</v></c>', 3),
        ('<c r="D2"><f>0.1+0.2</f><v>0.30000000000000004</v></c>', Fraction(3, 10)),
        ('<c r="D2" t="str"><f>"18 "&amp;"公顷"</f><v>18 公顷</v></c>', 270),
        ('<c r="D2" t="str"><f>IF(1,"","")</f><v></v></c>', None),
        ('<c r="D2" t="inlineStr"><is><t>18 公顷</t></is></c>', 270),
        ('<c r="D2"><v>1.8E1</v></c>', 18),
    ],
)
def test_cells_as_other_programs_write_them(cell_xml: str, expected: Any) -> None:
    data = edit_part(
        one("用地面积", 7), SHEET, lambda xml: xml.replace('<c r="D2" t="n"><v>7</v></c>', cell_xml)
    )
    (profile,) = read(data)
    assert profile.values.get("land_area") == expected


@pytest.mark.parametrize(
    "cell_xml",
    [
        '<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
        '<c r="D2"><f>1+2</f></c>',
        '<c r="D2"><f>1+2</f><v></v></c>',
    ],
)
def test_formulas_without_a_value(cell_xml: str) -> None:
    data = edit_part(
        one("用地面积", 7), SHEET, lambda xml: xml.replace('<c r="D2" t="n"><v>7</v></c>', cell_xml)
    )
    (found,) = problems(data)
    assert (found.code, found.place.cell) == ("D120", "Sheet!D2")


def test_dates_of_the_1904_system() -> None:
    book = load_workbook(BytesIO(one("成立日期", 45000, "yyyy-mm-dd")))
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0]["C2"].value = "2024-06-03"
    book.worksheets[0]["D2"].value = 45000
    assert read(saved(book))[0].values["enterprise_founded_on"] == dt.date(2027, 3, 16)


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
