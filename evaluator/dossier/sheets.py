"""Dossiers in tables: the form of our template, or one dossier in each row.

A form has the columns 填写内容 and 字段名, one field a row; fields with free keys stand on a sheet of
their own. A table's header (see ``heads``) has field names or labels, and a label may name another
unit （"总投资（亿元）"）. The unit that a person sees beside a number is the unit it is read in. Hidden
sheets are not read: nobody has seen what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evaluator.dossier.columns import Column, Headings, Row, plain_label
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.heads import HEADER_ROWS, Table, no_dossier, read_table_head
from evaluator.dossier.scalars import Path, quoted
from evaluator.problems.source import Place, SourceText
from evaluator.reading.sheet import Sheet

# Headings of the form and of a sheet of free entries; the template is written with them.
COLUMNS = ("字段", "填写内容", "单位", "可填内容", "由谁提供", "说明", "字段名")
ITEM_COLUMNS = ("名称", "数值", "单位")
HELP_SHEETS = ("填写说明", "选项", "说明")

_Found = tuple[int, dict[str, int]]


@dataclass
class Book:
    """What a file of tables holds. ``hidden`` sheets were not read; ``unused`` headings name no field;
    ``lacking`` are required fields without a column, by sheet; ``said`` is how the file was read.

    ``asked`` names columns that hold no field but are wanted.
    """

    rows: list[Row] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    lacking: dict[str, list[Field]] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    said: str = ""
    sheets: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """How the file was read, where somebody should know."""
        out = [self.said] if self.said else []
        if self.hidden:
            out.append(f"没有读隐藏的工作表：{'、'.join(self.hidden)}")
        sheets = self.sheets or list(dict.fromkeys(map(_sheet_of, self.rows)))
        if len(sheets) > 1:
            out.append(f"读了 {len(sheets)} 张工作表：{'、'.join(sheets)}")
        return out


def _sheet_of(row: Row) -> str:
    return (row.start.cell or "").rpartition("!")[0]


def sheet_title(field: Field) -> str:
    """The name of the sheet that holds a record with free keys."""
    return "".join(c for c in field.label if c not in "[]:*?/\\'")[:31]


def read_tables(
    name: str, sheets: Sequence[Sheet], headings: Headings, book: Book | None = None
) -> Book:
    """The dossiers of sheets, raw, into ``book``. Problems of headings are appended."""
    book = book or Book()
    registry, problems = headings.registry, headings.problems
    records = {sheet_title(f): f for f in registry.fields.values() if _is_free(f)}
    forms: list[Row] = []
    rows: list[Row] = []
    items: list[tuple[Sheet, Field, _Found]] = []
    for sheet in sheets:
        if not sheet.rows or sheet.name in HELP_SHEETS:
            continue
        if not sheet.visible:
            book.hidden.append(sheet.name)
            continue
        record = records.get(sheet.name)
        if record and (headed := _header(sheet, set(ITEM_COLUMNS[:2]))):
            items.append((sheet, record, headed))
        elif headed := _header(sheet, {"填写内容", "字段名"}):
            forms.append(_form(sheet, headed, headings))
        elif table := read_table_head(sheet, headings, book.asked):
            book.lacking[sheet.name] = table.lacking(registry)
            rows += _table(sheet, table)
        else:
            first = min(sheet.rows)
            hint = (
                "用申报表模板；或每行一个项目，首行写字段名，其中要有“项目编号”；"
                "说明文字放在名为“说明”的工作表里"
            )
            message = f"看不出{_named(sheet)}里填的是什么"
            headings.report("D119", message, sheet.place(first, min(sheet.rows[first])), hint)
    for sheet, record, headed in items:
        if len(forms) == 1:
            _items(sheet, record, headed, forms[0])
        elif max(sheet.rows) > headed[0]:
            message = f"文件里有 {len(forms)} 张申报表，不知道“{sheet.name}”属于哪一张"
            headings.report("D119", message, sheet.place(headed[0], 1), "一个文件只放一张申报表")
    book.rows = forms + rows
    if headings.unused:
        book.unused = list(dict.fromkeys(headings.unused))
    if not book.rows and not problems:
        headings.report("D113", "文件里没有申报材料", Place(SourceText(name, "")), _nothing(book))
    return book


def _named(sheet: Sheet) -> str:
    return f"工作表“{sheet.name}”" if sheet.name else "文件"


def _nothing(book: Book) -> str:
    if book.hidden:
        return f"填在看得见的工作表里；隐藏的没有读：{'、'.join(book.hidden)}"
    return "填在看得见的工作表里，从模板开始最省事"


def _is_free(field: Field) -> bool:
    return field.type is FieldType.RECORD and not field.keys


def _header(sheet: Sheet, wanted: set[str]) -> _Found | None:
    """The row that holds all wanted headings, and the column of each heading."""
    for number in sorted(sheet.rows)[:HEADER_ROWS]:
        columns = {plain_label(cell.text): c for c, cell in sheet.rows[number].items()}
        if wanted <= columns.keys():
            return number, columns
    return None


def _form(sheet: Sheet, headed: _Found, headings: Headings) -> Row:
    header, at = headed
    out = Row(sheet.place(header, at["填写内容"]), header)
    seen: dict[Path, Place] = {}
    for number in sorted(n for n in sheet.rows if n > header):
        cells = sheet.rows[number]
        name, value = cells.get(at["字段名"]), cells.get(at["填写内容"])
        place = sheet.place(number, at["填写内容"])
        if name is None:
            if value is not None:
                hint = "照模板填回“字段名”一列，或清空这一格"
                headings.report("D119", "这一行没有字段名，不知道填的是什么", place, hint)
            continue
        path = headings.targets.get(plain_label(name.text))
        if path is None:
            # A form is ours: a name that nobody knows is never just not used.
            Headings(headings.registry, headings.problems).read(name.text, name.place)
        elif path in seen:
            notes = (("第一处", seen[path]),)
            message = f"字段{quoted(name.text)}有两行"
            headings.report("D108", message, name.place, "只保留一处", notes)
        elif value is not None or not (
            len(path) == 1 and _is_free(headings.registry.fields[str(path[0])])
        ):
            unit = cells.get(at.get("单位", 0))
            column = headings.column(path, plain_label(unit.text) if unit else "", place)
            if column is not None:
                column.put(out, value, place)
        if path is not None:
            seen.setdefault(path, name.place)
    return out


def _table(sheet: Sheet, table: Table) -> list[Row]:
    out: list[Row] = []
    first = min(table.columns, default=1)
    covered = table.covered()
    for number in sorted(n for n in sheet.rows if n > table.last):
        cells = sheet.rows[number]
        hidden = covered.get(number, {})
        if not any(n in table.columns for n in cells) and not hidden:
            continue
        row = Row(sheet.place(number, first), number)
        if said := no_dossier(cells, table):
            row.problems.report("D119", said, row.start, "不是项目的行请删去")
            row.void = True
            out.append(row)
            continue
        for n, column in table.columns.items():
            if n in hidden:
                message = f"{column.label()}：和 {hidden[n]} 合并成一格，看不出这一行填的是什么"
                row.problems.report("D120", message, sheet.place(number, n), "取消合并，每行都填")
                row.put(column.path, None, sheet.place(number, n))
            elif n in cells or column.field.required:
                column.put(row, cells.get(n), sheet.place(number, n))
        row.others = {name: cells[n] for n, name in table.others.items() if n in cells}
        out.append(row)
    return out


def _items(sheet: Sheet, record: Field, headed: _Found, row: Row) -> None:
    header, at = headed
    parts: Mapping[str, str] = dict(zip(ITEM_COLUMNS, ("key", "value", "unit"), strict=True))
    column = Column((record.name,), record)
    for number in sorted(n for n in sheet.rows if n > header):
        cells = sheet.rows[number]
        filled = {part: cells[at[h]] for h, part in parts.items() if at.get(h) in cells}
        faulty = [cell for cell in filled.values() if cell.fault]
        for cell in faulty:
            row.problems.report("D120", f"{column.label()}：{cell.fault}", cell.place, cell.hint)
        if filled and not faulty:
            entry: dict[str, Any] = {
                part: cell.value if part == "value" else cell.text for part, cell in filled.items()
            }
            row.put((record.name, number), entry, sheet.place(number, at["名称"]))
