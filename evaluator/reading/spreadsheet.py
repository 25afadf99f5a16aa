"""Workbooks, exactly as a person sees them, within fixed bounds: .xlsx, .xls, .ods.

Which of the three a file is, its content says; an .xlsx must be one. What a cell means is decided in
``cells``; what cannot be taken is a fault of its cell, reported by whoever needs it. Knows nothing
of dossiers.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from functools import partial
from io import BytesIO
from pathlib import PurePath
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries
from openpyxl.workbook import Workbook

from evaluator.problems.errors import DossierError
from evaluator.problems.source import SourceText
from evaluator.reading import cells
from evaluator.reading.cells import CellValue
from evaluator.reading.sheet import SINGLE, Bounds, Filling, Range, Sheet, refused

PIECE = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0"
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')


def read_sheets(name: str, data: bytes, bounds: Bounds = SINGLE) -> list[Sheet]:
    """All worksheets. Raises DossierError where the workbook cannot be opened or is too large."""
    source = SourceText(name, "")
    suffix = PurePath(name).suffix.lower() or ".xlsx"
    if not data:
        raise refused(source, "文件是空的")
    old = data.startswith(_OLE)
    if suffix not in (".xls", ".ods"):
        if old:
            raise refused(source, "这是旧版 .xls 或有密码的工作簿", "去掉密码，另存为 .xlsx")
    elif not old and not data.startswith(b"PK"):
        markup = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        what = "内容是网页或 XML" if markup else "内容不是工作簿"
        raise refused(source, f"{what}，与后缀 {suffix} 不符", _RESAVE)
    try:
        if old:
            from evaluator.reading.xls import read_xls

            return read_xls(source, data, bounds)
        _check_archive(source, data, bounds)
        if _is_open_document(data):
            from evaluator.reading.ods import read_ods

            return read_ods(source, data, bounds)
        # openpyxl warns of extensions that it drops; none of them holds a value.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read_book(source, data, bounds)
    except DossierError:
        raise
    except Exception:
        # A damaged workbook makes its reader fail in a dozen ways, at once or only while rows are
        # read; none of them tells a clerk more than this.
        raise refused(source, _damaged(suffix), _RESAVE) from None


_RESAVE = "用 Excel 或 WPS 打开后另存为 .xlsx"


def _damaged(suffix: str) -> str:
    return f"打不开：文件已损坏，或不是 {suffix}"


def _check_archive(source: SourceText, data: bytes, bounds: Bounds) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > bounds.parts or sum(p.file_size for p in parts) > bounds.unpacked:
                size = bounds.unpacked // 1_000_000
                raise refused(source, f"工作簿解开后超过 {size} MB", "删去多余的工作表、图片和空行")
            count = 0
            for part in parts:
                # INVARIANT: no document type, so no entity that could expand or reach outside.
                with archive.open(part) as stream:
                    head = stream.read(2000)
                    if b"<!DOCTYPE" in head:
                        raise refused(source, "工作簿里有不允许的内容（DOCTYPE）")
                    if part.filename.startswith("xl/worksheets/"):
                        # Counted as bytes, in a hundredth of the time that reading them takes.
                        count += head.count(b"<c ")
                        while count <= bounds.cells and (piece := stream.read(PIECE)):
                            count += piece.count(b"<c ")
                if count > bounds.cells:
                    limit = f"工作簿的单元格超过 {bounds.cells} 个"
                    raise refused(source, limit, "删去空行空列，或分成几个文件")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError):
        suffix = PurePath(source.name).suffix.lower() or ".xlsx"
        raise refused(source, _damaged(suffix), _RESAVE) from None


def _is_open_document(data: bytes) -> bool:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return "content.xml" in archive.namelist() and "xl/workbook.xml" not in archive.namelist()


# --- .xlsx ---------------------------------------------------------------------------------------


def _read_book(source: SourceText, data: bytes, bounds: Bounds) -> list[Sheet]:
    book = _open(data, cached=False)
    computed: Workbook | None = None
    out: list[Sheet] = []
    for sheet in book.worksheets:
        filling = Filling(source, sheet.title, sheet.sheet_state == "visible", bounds)
        formulas = _scan(filling, sheet)
        if formulas:
            computed = computed or _open(data, cached=True)
            _results(filling, computed[sheet.title], formulas)
        out.append(filling.done(_merged(data, sheet)))
    return out


def _open(data: bytes, *, cached: bool) -> Workbook:
    return load_workbook(BytesIO(data), read_only=True, data_only=cached, keep_links=False)


def _scan(filling: Filling, sheet: Any) -> set[tuple[int, int]]:
    """Take every cell but formulas; where those stand."""
    formulas: set[tuple[int, int]] = set()
    sheet.reset_dimensions()  # What the file claims its size to be would pad every row.
    for number, row in enumerate(sheet.iter_rows(), 1):
        filling.pass_over(len(row) + 1)
        for column, cell in enumerate(row, 1):
            if cell.data_type == "f":
                formulas.add((number, column))
                filling.put(number, column, cells.no_value)
            elif cell.value is not None:
                filling.put(number, column, partial(_meaning, cell))
    return formulas


def _results(filling: Filling, sheet: Any, formulas: set[tuple[int, int]]) -> None:
    """What the formulas gave when the file was saved; one without a value keeps its fault."""
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), 1):
        for column, cell in enumerate(row, 1):
            # A formula that gives an empty text has the type "str" and no value.
            if (number, column) in formulas and (cell.value is not None or cell.data_type == "str"):
                del filling.rows[number][column]
                filling.put(number, column, partial(_meaning, cell))
                if not filling.rows.get(number, True):
                    del filling.rows[number]


def _meaning(cell: Any) -> CellValue | None:
    if cell.data_type == "e":
        cells.error(str(cell.value))
    return cells.meaning(cell.value, getattr(cell, "number_format", None) or "General")


def _merged(data: bytes, sheet: Any) -> tuple[Range, ...]:
    """The merged ranges, which openpyxl does not tell while it streams."""
    with zipfile.ZipFile(BytesIO(data)) as archive, archive.open(sheet._worksheet_path) as part:
        tail, found = b"", []
        while chunk := part.read(1 << 20):
            text = tail + chunk
            if b"mergeCell " in text:
                found += _MERGED.findall(text)
            tail = text[-200:] if len(chunk) == 1 << 20 else b""
    ranges = dict.fromkeys(ref.decode() for ref in found)
    out = []
    for ref in ranges:
        left, top, right, bottom = (n or 1 for n in range_boundaries(ref))
        out.append((top, left, bottom, right))
    return tuple(out)
