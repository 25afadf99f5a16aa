"""Cells of an .xlsx workbook, exactly as a person sees them, within fixed bounds.

Numbers come as Decimal with the 15 significant digits that a spreadsheet keeps and shows; dates as
dates; percentages and units in the number format as text ("60%"). What cannot be taken (a formula
without a value, an error, a scaled display) is a fault of its cell, reported by whoever needs it.
Knows nothing of dossiers.
"""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from evaluator.problems.errors import DossierError, Problem
from evaluator.problems.source import Place, SourceText
from evaluator.reading.numberformat import FormatError, displayed

MAX_PARTS = 2000
MAX_UNPACKED = 300_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_CELLS = 2_000_000
PIECE = 1 << 20
_DAMAGED = "打不开：文件已损坏，或不是 .xlsx"
_RESAVE = "用 Excel 或 WPS 打开后另存为 .xlsx"

CellValue = Decimal | str | bool | dt.date


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell. ``fault`` is a sentence on why ``value`` cannot be taken."""

    value: CellValue
    place: Place
    fault: str | None = None
    hint: str | None = None

    @property
    def text(self) -> str:
        """The value as one line of text, for headers."""
        return " ".join(str(self.value).split())


@dataclass(frozen=True, slots=True)
class Sheet:
    """Filled cells by row and column, both 1-based."""

    name: str
    source: SourceText
    visible: bool
    rows: Mapping[int, Mapping[int, Cell]]

    def place(self, row: int, column: int) -> Place:
        """The place of a cell, filled or not."""
        return Place(self.source, cell=f"{self.name}!{get_column_letter(column)}{row}")


def _refuse(source: SourceText, message: str, hint: str | None = None) -> DossierError:
    return DossierError([Problem("D118", message, Place(source), hint)])


def read_sheets(name: str, data: bytes) -> list[Sheet]:
    """All worksheets. Raises DossierError where the workbook cannot be opened or is too large."""
    source = SourceText(name, "")
    _check_archive(source, data)
    # openpyxl warns of extensions that it drops; none of them holds a value.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read_book(source, data)
        except DossierError:
            raise
        except Exception:
            # A damaged workbook makes openpyxl fail in a dozen ways, at once or only while rows are
            # read; none of them tells a clerk more than this.
            raise _refuse(source, _DAMAGED, _RESAVE) from None


def _read_book(source: SourceText, data: bytes) -> list[Sheet]:
    book = _open(data, cached=False)
    raw = {s.title: _scan(source, s) for s in book.worksheets}
    values: dict[str, dict[tuple[int, int], Any]] = {}
    if any(c.data_type == "f" for cells in raw.values() for c in cells.values()):
        values = {s.title: _scan(source, s) for s in _open(data, cached=True).worksheets}
    return [_sheet(source, s, raw[s.title], values.get(s.title, {})) for s in book.worksheets]


def _check_archive(source: SourceText, data: bytes) -> None:
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(source, "这是旧版 .xls 或有密码的工作簿", "去掉密码，另存为 .xlsx")
    if not data:
        raise _refuse(source, "文件是空的")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                size = MAX_UNPACKED // 1_000_000
                raise _refuse(source, f"工作簿解开后超过 {size} MB", "删去多余的工作表、图片和空行")
            cells = 0
            for part in parts:
                # INVARIANT: no document type, so no entity that could expand or reach outside.
                with archive.open(part) as stream:
                    head = stream.read(2000)
                    if b"<!DOCTYPE" in head:
                        raise _refuse(source, "工作簿里有不允许的内容（DOCTYPE）")
                    if part.filename.startswith("xl/worksheets/"):
                        # Counted as bytes, in a hundredth of the time that reading them takes.
                        cells += head.count(b"<c ")
                        while cells <= MAX_CELLS and (piece := stream.read(PIECE)):
                            cells += piece.count(b"<c ")
                if cells > MAX_CELLS:
                    limit = f"工作簿的单元格超过 {MAX_CELLS} 个"
                    raise _refuse(source, limit, "删去空行空列，或分成几个文件")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError):
        raise _refuse(source, _DAMAGED, _RESAVE) from None


def _open(data: bytes, *, cached: bool) -> Workbook:
    return load_workbook(BytesIO(data), read_only=True, data_only=cached, keep_links=False)


def _scan(source: SourceText, sheet: Any) -> dict[tuple[int, int], Any]:
    """openpyxl's cells that hold something, by (row, column)."""
    out: dict[tuple[int, int], Any] = {}
    sheet.reset_dimensions()  # What the file claims its size to be would pad every row.
    seen = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        seen += len(row) + 1
        if seen > MAX_CELLS:
            raise _refuse(source, f"工作表“{sheet.title}”过大", "删去空行空列，或分成几个文件")
        for column, cell in enumerate(row, 1):
            # A formula that gives an empty text has the type "str" and no value.
            if cell.value is None and cell.data_type not in ("f", "str"):
                continue
            if number > MAX_ROWS or column > MAX_COLUMNS:
                limit = f"{MAX_ROWS} 行、{MAX_COLUMNS} 列"
                at = f"{get_column_letter(column)}{number}"
                message = f"工作表“{sheet.title}”的 {at} 超出 {limit}"
                raise _refuse(source, message, "删去远处的内容")
            out[number, column] = cell
    return out


def _sheet(
    source: SourceText,
    sheet: Any,
    raw: dict[tuple[int, int], Any],
    computed: dict[tuple[int, int], Any],
) -> Sheet:
    out = Sheet(sheet.title, source, sheet.sheet_state == "visible", {})
    rows: dict[int, dict[int, Cell]] = {}
    for (row, column), cell in raw.items():
        place = out.place(row, column)
        if cell.data_type == "f":
            cell = computed.get((row, column))
        if cell is None:
            hint = "打开文件重算并保存，或直接填数"
            read: Cell | None = Cell("", place, "公式没有算出的值", hint)
        else:
            read = _cell(cell, place)
        if read is not None:
            rows.setdefault(row, {})[column] = read
    return Sheet(out.name, source, out.visible, rows)


def _cell(cell: Any, place: Place) -> Cell | None:
    value = cell.value
    if cell.data_type == "e":
        return Cell(str(value), place, f"单元格出错（{value}）", "改正公式，或直接填数")
    if value is None or isinstance(value, str):
        return Cell(value, place) if value and value.strip() else None
    if isinstance(value, bool):
        return Cell(value, place)
    if isinstance(value, dt.datetime):
        return Cell(value.date(), place)
    if isinstance(value, (int, float)):
        return _number(value, cell.number_format, place)
    return Cell("", place, "单元格是时刻，不是数或日期", "把单元格格式改为“常规”，再重新填写")


def _number(value: float, code: str, place: Place) -> Cell:
    # INVARIANT: no more than 15 significant digits: what a spreadsheet keeps of a typed number and
    # shows of a computed one (0.1+0.2 is stored as 0.30000000000000004 and means 0.3).
    if abs(value) >= 10**15:
        hint = "把单元格格式设为“文本”，再重新填写"
        return Cell("", place, "数字超过 15 位，表格软件已丢掉后面的几位", hint)
    number = Decimal(f"{value:.15g}")
    try:
        return Cell(displayed(number, code), place)
    except FormatError as error:
        return Cell(number, place, str(error), "把单元格格式改为“常规”，核对后重填")
