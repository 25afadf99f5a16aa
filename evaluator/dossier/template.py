"""The .xlsx form that a clerk fills in, empty or pre-filled from a profile.

One row a field, grouped; closed choices are drop-down lists with Chinese labels; each key of a
closed record has a row; a record with free keys has a sheet of its own. What is written here,
``read_dossiers`` reads back to the same profile.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.dossier.sheets import COLUMNS, ITEM_COLUMNS, sheet_title
from evaluator.dossier.values import Item, Value
from evaluator.problems.source import display_width
from evaluator.values.numbers import exact_text, terminates
from evaluator.values.units import ONE, Unit, writable

WIDTHS = (34, 30, 14, 46, 22, 34, 28)
ITEM_WIDTHS = (34, 20, 26)
ITEM_ROWS = 40
HEADER_ROW = 3
VALUE_COLUMN = 2
GUIDE = (
    "只填浅黄色的“填写内容”一列。带 * 的三项必填；其余不清楚的留空，留空就是“未知”，不要填 0 或“无”。",
    "数按“单位”一列填写，也可以把单位写在数后面，如“1.2 亿元”“18 公顷”“60%”，系统会准确换算。",
    "有下拉箭头的格子从列表中选。不要删行、改“字段名”一列；可以用公式，但保存前要算出结果。",
)

_LINE = Side(style="thin", color="BFBFBF")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEADER = PatternFill("solid", fgColor="1F4E79")
_GROUP = PatternFill("solid", fgColor="DDEBF7")
_INPUT = PatternFill("solid", fgColor="FFF9E5")
_MISSING = PatternFill("solid", bgColor="F8CBAD")
_WRAP = Alignment(vertical="center", wrap_text=True)
_GREY = Font(color="7F7F7F", size=9)


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the form: a field, or one key of a closed record."""

    name: str
    label: str
    field: Field
    value: Value | None


def allowed_text(field: Field) -> str:
    """What may be written for a field, in a few words."""
    if field.type is FieldType.ENUM:
        return "、".join(field.values.values())
    if field.type is FieldType.RECORD and not field.keys:
        return f"填在工作表“{sheet_title(field)}”里，一行一项"
    if field.numeric or field.type is FieldType.RECORD:
        kind = "整数" if field.type is FieldType.INT else "数"
        low, high = field.minimum, field.maximum
        if low is not None and high is not None:
            return f"{exact_text(low)} 至 {exact_text(high)} 的{kind}"
        if low is not None:
            return f"不小于 {exact_text(low)} 的{kind}"
        return f"不大于 {exact_text(high)} 的{kind}" if high is not None else kind
    return {
        FieldType.BOOL: "是、否",
        FieldType.DATE: "日期，如 2024-01-01",
        FieldType.CODES: "代码，多个用顿号隔开",
    }.get(field.type, "文字")


def write_template(
    registry: Registry,
    target: str | os.PathLike[str] | BinaryIO,
    profile: Profile | None = None,
) -> None:
    """Write the form to a path or an open binary file, pre-filled where a profile is given."""
    book = Workbook()
    form = book.active
    assert isinstance(form, Worksheet)
    form.title = "项目申报表"
    book.properties.title = "项目准入申报表"
    book.properties.creator = "项目准入评估器"
    lists = _Lists(book.create_sheet("选项"))
    values = profile.values if profile else {}
    _heading(form)
    row = HEADER_ROW
    for group, label in registry.groups.items():
        fields = [f for f in registry.fields.values() if f.group == group]
        if not fields:
            continue
        row += 1
        _group(form, row, label)
        for line in (line for f in fields for line in _lines(f, values)):
            row += 1
            _form_row(form, row, line, registry, lists)
    _finish(form, row)
    for field in registry.fields.values():
        if field.type is FieldType.RECORD and not field.keys:
            _item_sheet(book, field, values.get(field.name))
    lists.sheet.sheet_state = "hidden"
    book.move_sheet(lists.sheet, len(book.sheetnames))
    book.save(os.fspath(target) if isinstance(target, (str, os.PathLike)) else target)


def _lines(field: Field, values: Any) -> Iterator[_Line]:
    if not field.keys:
        yield _Line(field.name, field.label, field, values.get(field.name))
    for key, label in field.keys.items():
        name = f"{field.name}.{key}"
        yield _Line(name, f"{field.label}（{label}）", field, values.get(name))


def _heading(form: Worksheet) -> None:
    last = get_column_letter(len(COLUMNS))
    form.merge_cells(f"A1:{last}1")
    form["A1"].value = "项目准入申报表"
    form["A1"].font = Font(bold=True, size=16)
    form["A1"].alignment = Alignment(horizontal="center", vertical="center")
    form.row_dimensions[1].height = 32
    form.merge_cells(f"A2:{last}2")
    form["A2"].value = "\n".join(GUIDE)
    form["A2"].alignment = _WRAP
    form.row_dimensions[2].height = 54
    for column, (text, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True), 1):
        _header_cell(form, HEADER_ROW, column, text, width)
    form.row_dimensions[HEADER_ROW].height = 22


def _header_cell(sheet: Worksheet, row: int, column: int, text: str, width: int) -> None:
    cell = sheet.cell(row, column, text)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = _HEADER
    cell.border = _BOX
    cell.alignment = Alignment(horizontal="center", vertical="center")
    sheet.column_dimensions[get_column_letter(column)].width = width


def _group(form: Worksheet, row: int, label: str) -> None:
    for column in range(1, len(COLUMNS) + 1):
        cell = form.cell(row, column)
        cell.fill = _GROUP
        cell.border = _BOX
    form.cell(row, 1, label).font = Font(bold=True, size=12)
    form.row_dimensions[row].height = 22


def _form_row(form: Worksheet, row: int, line: _Line, registry: Registry, lists: _Lists) -> None:
    field = line.field
    elsewhere = field.type is FieldType.RECORD and not field.keys
    unit = "" if field.unit in (None, ONE) else field.unit.name
    supplier = registry.department(field.supplied_by) if field.supplied_by else ""
    texts = (
        f"{line.label} *" if field.required else line.label,
        None,
        unit,
        allowed_text(field),
        supplier,
        field.note or "",
        line.name,
    )
    lines = max(
        -(-display_width(text or "") // (width - 2))
        for text, width in zip(texts, WIDTHS, strict=True)
    )
    form.row_dimensions[row].height = 18 if lines <= 1 else 14 * lines + 4
    for column, text in enumerate(texts, 1):
        cell = form.cell(row, column)
        assert isinstance(cell, Cell)
        cell.border = _BOX
        cell.alignment = _WRAP
        if text:
            _put_text(cell, text)
        if column > VALUE_COLUMN + 1:
            cell.font = _GREY
        if column == VALUE_COLUMN and not elsewhere:
            cell.fill = _INPUT
            _style_value(cell, field)
            _put_value(cell, field, line.value)
    if not elsewhere:
        lists.attach(form, row, field)


def _style_value(cell: Cell, field: Field) -> None:
    if field.type in (FieldType.STR, FieldType.CODES):
        cell.number_format = "@"  # Else 0123 loses its zero and a long code its last digits.
    elif field.type is FieldType.DATE:
        cell.number_format = "yyyy-mm-dd"
    if field.numeric or field.type is FieldType.RECORD:
        cell.alignment = Alignment(horizontal="right", vertical="center")
    else:
        cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True)


def _put_text(cell: Cell, text: str) -> None:
    cell.value = text
    cell.data_type = "s"  # A text that begins with "=" is no formula.


def _put_number(cell: Cell, value: Fraction, unit: Unit | None) -> None:
    """As a number where a spreadsheet keeps every digit of it, else as text."""
    text = writable(value, unit or ONE)
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    if terminates(value) and len(digits) <= 15 and (not value or abs(value) >= Fraction(1, 10**9)):
        cell.value = Decimal(text)
    else:
        cell.number_format = "@"
        _put_text(cell, text)


def _put_value(cell: Cell, field: Field, value: Value | None) -> None:
    if value is None:
        return
    if isinstance(value, Fraction):
        _put_number(cell, value, field.unit)
    elif isinstance(value, bool):
        _put_text(cell, "是" if value else "否")
    elif isinstance(value, str):
        _put_text(cell, field.values.get(value, value))
    elif isinstance(value, tuple):
        _put_text(cell, "、".join(code for code in value if isinstance(code, str)))
    else:
        cell.value = value


class _Lists:
    """Drop-down lists: their words stand on a hidden sheet, since a formula holds only 255 characters."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self.ranges: dict[tuple[str, ...], DataValidation] = {}

    def attach(self, form: Worksheet, row: int, field: Field) -> None:
        """Give the value cell of a row its list, or its check for a date."""
        if field.type is FieldType.ENUM:
            rule = self._list(form, tuple(field.values.values()))
        elif field.type is FieldType.BOOL:
            rule = self._list(form, ("是", "否"))
        elif field.type is FieldType.DATE:
            rule = self._date(form)
        else:
            return
        rule.add(form.cell(row, VALUE_COLUMN).coordinate)

    def _list(self, form: Worksheet, words: tuple[str, ...]) -> DataValidation:
        if words not in self.ranges:
            column = len(self.ranges) + 1
            letter = get_column_letter(column)
            for row, word in enumerate(words, 1):
                cell = self.sheet.cell(row, column)
                assert isinstance(cell, Cell)
                _put_text(cell, word)
            source = f"'{self.sheet.title}'!${letter}$1:${letter}${len(words)}"
            rule = DataValidation(type="list", formula1=source, allow_blank=True)
            self.ranges[words] = _strict(form, rule, "请从下拉列表中选择，不清楚的留空。")
        return self.ranges[words]

    def _date(self, form: Worksheet) -> DataValidation:
        key = ("", "date")
        if key not in self.ranges:
            rule = DataValidation(
                type="date",
                operator="between",
                formula1="DATE(1900,1,1)",
                formula2="DATE(2200,12,31)",
                allow_blank=True,
            )
            self.ranges[key] = _strict(form, rule, "请填日期，如 2024-01-01。")
        return self.ranges[key]


def _strict(form: Worksheet, rule: DataValidation, message: str) -> DataValidation:
    rule.showErrorMessage = True
    rule.errorTitle = "填写有误"
    rule.error = message
    form.add_data_validation(rule)
    return rule


def _finish(form: Worksheet, last_row: int) -> None:
    first = HEADER_ROW + 1
    formula = f'AND(RIGHT($A{first},1)="*",$B{first}="")'
    empty = Rule(type="expression", formula=[formula], dxf=DifferentialStyle(fill=_MISSING))
    form.conditional_formatting.add(f"B{first}:B{last_row}", empty)
    form.freeze_panes = f"B{first}"
    form.print_area = f"A1:{get_column_letter(len(COLUMNS) - 1)}{last_row}"
    form.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    form.page_setup.orientation = "landscape"
    _fit_page(form)


def _fit_page(sheet: Worksheet) -> None:
    sheet.page_setup.paperSize = "9"  # A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.75)
    footer = sheet.oddFooter
    if footer is not None and footer.center is not None:
        footer.center.text = "第 &P 页，共 &N 页"


def _item_sheet(book: Workbook, field: Field, value: Value | None) -> None:
    sheet = book.create_sheet(sheet_title(field))
    assert isinstance(sheet, Worksheet)
    last = get_column_letter(len(ITEM_COLUMNS))
    sheet.merge_cells(f"A1:{last}1")
    guide = f"{field.label}：一行一项，三栏都要填；没有的不填。{field.note or ''}"
    sheet["A1"].value = guide
    sheet["A1"].alignment = _WRAP
    sheet.row_dimensions[1].height = 36
    for column, (text, width) in enumerate(zip(ITEM_COLUMNS, ITEM_WIDTHS, strict=True), 1):
        _header_cell(sheet, 2, column, text, width)
    items = [v for v in value if isinstance(v, Item)] if isinstance(value, tuple) else []
    for number in range(max(ITEM_ROWS, len(items) + 5)):
        cells = [sheet.cell(number + 3, column) for column in (1, 2, 3)]
        name, amount, unit = (c for c in cells if isinstance(c, Cell))
        for cell in (name, amount, unit):
            cell.fill = _INPUT
            cell.border = _BOX
        name.number_format = unit.number_format = "@"
        if number < len(items):
            item = items[number]
            _put_text(name, item.key)
            _put_number(amount, item.number, item.unit)
            _put_text(unit, item.unit.name)
    sheet.freeze_panes = "A3"
    _fit_page(sheet)
