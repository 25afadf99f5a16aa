"""Cells of an .xls workbook (BIFF, up to Excel 2003)."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

import xlrd

from evaluator.problems.source import SourceText
from evaluator.reading import cells
from evaluator.reading.cells import CellValue
from evaluator.reading.sheet import Bounds, Filling, Sheet, refused


def read_xls(source: SourceText, data: bytes, bounds: Bounds) -> list[Sheet]:
    """All worksheets. Raises DossierError, or whatever a damaged file makes xlrd raise."""
    try:
        book = xlrd.open_workbook(
            file_contents=data, formatting_info=True, on_demand=True, logfile=io.StringIO()
        )
    except xlrd.XLRDError as error:
        said = str(error)
        if "encrypted" in said or "find workbook" in said:
            raise refused(source, "工作簿有密码", "去掉密码，另存为 .xlsx") from None
        raise
    formats = [_format(book, xf) for xf in book.xf_list]
    return [_sheet(source, book, formats, i, bounds) for i in range(book.nsheets)]


def _format(book: Any, xf: Any) -> str:
    known = book.format_map.get(xf.format_key)
    return known.format_str if known and known.format_str else "General"


def _sheet(source: SourceText, book: Any, formats: list[str], index: int, bounds: Bounds) -> Sheet:
    sheet = book.sheet_by_index(index)
    filling = Filling(source, sheet.name, sheet.visibility == 0, bounds)
    for row in range(sheet.nrows):
        filling.pass_over(sheet.row_len(row) + 1)
        for column in range(sheet.row_len(row)):
            kind = sheet.cell_type(row, column)
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            value = sheet.cell_value(row, column)
            code = formats[sheet.cell_xf_index(row, column)]
            meant = partial(_meaning, kind, value, code, book.datemode)
            filling.put(row + 1, column + 1, meant)
    merged = tuple((r1 + 1, c1 + 1, r2, c2) for r1, r2, c1, c2 in sheet.merged_cells)
    book.unload_sheet(index)
    return filling.done(merged)


def _meaning(kind: int, value: Any, code: str, datemode: int) -> CellValue | None:
    if kind == xlrd.XL_CELL_ERROR:
        cells.error(xlrd.error_text_from_code.get(value, "#N/A"))
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_DATE:
        moment = xlrd.xldate_as_datetime(value, datemode)
        return cells.day(moment.time() if value < 1 else moment)
    if kind == xlrd.XL_CELL_TEXT and value == "":
        # Only a formula leaves such a cell; it looks the same where it has not been calculated.
        cells.no_value("，或算出的是空文字")
    return cells.meaning(value, code)
