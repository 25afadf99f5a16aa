"""Dossiers in a workbook: the form of our template, or a table with one dossier in each row.

A form has the columns 填写内容 and 字段名, one field a row; fields with free keys stand on a sheet of
their own. A table's header row has field names or labels, and a label may name another unit
（"总投资（亿元）"）. The unit that a person sees beside a number is the unit it is read in. Hidden
sheets are not read: nobody has seen what they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluator.dossier.columns import Column, Headings, Row, plain_label
from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.dossier.scalars import Path, quoted
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.spreadsheet import Sheet, read_sheets

# Headings of the form and of a sheet of free entries; the template is written with them.
COLUMNS = ("字段", "填写内容", "单位", "可填内容", "由谁提供", "说明", "字段名")
ITEM_COLUMNS = ("名称", "数值", "单位")
HELP_SHEETS = ("填写说明", "选项", "说明")
IGNORED = ("序号", "备注", "来源", "说明", "source")
HEADER_ROWS = 20

_Found = tuple[int, dict[str, int]]


def sheet_title(field: Field) -> str:
    """The name of the sheet that holds a record with free keys."""
    return "".join(c for c in field.label if c not in "[]:*?/\\'")[:31]


def read_workbook(name: str, data: bytes, registry: Registry, problems: Problems) -> list[Row]:
    """The dossiers of an .xlsx file, raw. Problems of cells and headings are appended.

    Raises DossierError where the workbook cannot be opened at all.
    """
    headings = Headings(registry, problems)
    records = {sheet_title(f): f for f in registry.fields.values() if _is_free(f)}
    forms: list[Row] = []
    rows: list[Row] = []
    items: list[tuple[Sheet, Field, _Found]] = []
    sheets = read_sheets(name, data)
    for sheet in sheets:
        if not sheet.rows or not sheet.visible or sheet.name in HELP_SHEETS:
            continue
        record = records.get(sheet.name)
        if record and (headed := _header(sheet, set(ITEM_COLUMNS[:2]))):
            items.append((sheet, record, headed))
        elif headed := _header(sheet, {"填写内容", "字段名"}):
            forms.append(_form(sheet, headed, headings))
        elif header := _table_header(sheet):
            rows += _table(sheet, header, headings)
        else:
            first = min(sheet.rows)
            hint = (
                "用申报表模板；或每行一个项目，首行写字段名，其中要有“项目编号”；"
                "说明文字放在名为“说明”的工作表里"
            )
            message = f"看不出工作表“{sheet.name}”里填的是什么"
            headings.report("D119", message, sheet.place(first, min(sheet.rows[first])), hint)
    for sheet, record, headed in items:
        if len(forms) == 1:
            _items(sheet, record, headed, forms[0], problems)
        elif max(sheet.rows) > headed[0]:
            message = f"文件里有 {len(forms)} 张申报表，不知道“{sheet.name}”属于哪一张"
            headings.report("D119", message, sheet.place(headed[0], 1), "一个文件只放一张申报表")
    if not forms and not rows and not problems:
        place = Place(SourceText(name, ""))
        headings.report(
            "D113", "工作簿里没有申报材料", place, "填在看得见的工作表里，从模板开始最省事"
        )
    return forms + rows


def _is_free(field: Field) -> bool:
    return field.type is FieldType.RECORD and not field.keys


def _header(sheet: Sheet, wanted: set[str]) -> _Found | None:
    """The row that holds all wanted headings, and the column of each heading."""
    for number in sorted(sheet.rows)[:HEADER_ROWS]:
        columns = {plain_label(cell.text): c for c, cell in sheet.rows[number].items()}
        if wanted <= columns.keys():
            return number, columns
    return None


def _table_header(sheet: Sheet) -> int | None:
    for number in sorted(sheet.rows)[:HEADER_ROWS]:
        texts = {plain_label(cell.text).partition("(")[0] for cell in sheet.rows[number].values()}
        if texts & {"project_id", "项目编号"}:
            return number
    return None


def _form(sheet: Sheet, headed: _Found, headings: Headings) -> Row:
    header, at = headed
    out = Row(sheet.place(header, at["填写内容"]))
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
            headings.read(name)
        elif path in seen:
            _twice(headings, f"字段{quoted(name.text)}有两行", name.place, seen[path])
        elif value is not None or not (
            len(path) == 1 and _is_free(headings.registry.fields[str(path[0])])
        ):
            unit = cells.get(at.get("单位", 0))
            column = headings.column(path, plain_label(unit.text) if unit else "", place)
            if column is not None:
                column.put(out, value, place, headings.problems)
        if path is not None:
            seen.setdefault(path, name.place)
    return out


def _twice(headings: Headings, message: str, place: Place, first: Place) -> None:
    notes = (("第一处", first),)
    headings.report("D108", message, place, "只保留一处", notes)


def _table(sheet: Sheet, header: int, headings: Headings) -> list[Row]:
    columns: dict[int, Column | None] = {}
    seen: dict[Path, Place] = {}
    for number, cell in sorted(sheet.rows[header].items()):
        column = None if cell.text in IGNORED else headings.read(cell)
        if column is not None and column.path in seen:
            _twice(headings, f"列{quoted(cell.text)}有两个", cell.place, seen[column.path])
            column = None
        if column is not None:
            seen[column.path] = cell.place
        columns[number] = column
    used = {n: c for n, c in columns.items() if c is not None}
    out: list[Row] = []
    for number in sorted(n for n in sheet.rows if n > header):
        cells = sheet.rows[number]
        for stray in [n for n in cells if n not in columns]:
            hint = "写上字段名，或删去这一列"
            headings.report("D119", "这一格所在的列没有表头", cells[stray].place, hint)
            columns[stray] = None
        if any(n in used for n in cells):
            row = Row(sheet.place(number, min(used)))
            for n, column in used.items():
                if n in cells or column.field.required:
                    column.put(row, cells.get(n), sheet.place(number, n), headings.problems)
            out.append(row)
    return out


def _items(sheet: Sheet, record: Field, headed: _Found, row: Row, problems: Problems) -> None:
    header, at = headed
    parts: Mapping[str, str] = dict(zip(ITEM_COLUMNS, ("key", "value", "unit"), strict=True))
    column = Column((record.name,), record)
    for number in sorted(n for n in sheet.rows if n > header):
        cells = sheet.rows[number]
        filled = {part: cells[at[h]] for h, part in parts.items() if at.get(h) in cells}
        faulty = [cell for cell in filled.values() if cell.fault]
        for cell in faulty:
            problems.report("D120", f"{column.label()}：{cell.fault}", cell.place, cell.hint)
        if filled and not faulty:
            entry: dict[str, Any] = {
                part: cell.value if part == "value" else cell.text for part, cell in filled.items()
            }
            row.put((record.name, number), entry, sheet.place(number, at["名称"]))
