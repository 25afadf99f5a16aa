"""Lists as files: CSV that Excel reads, and .xlsx with typed cells; nothing in either ever runs.

A list is written to a temporary file row by row and sent from there, so that its length costs no
memory and an error half-way is a page and not a torn file. A list is never cut short silently.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO, Annotated, Any, Literal

from fastapi import Depends, Path
from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from api.pages.frame.words import chinese_time
from api.transport.answers import download
from api.transport.body import XLSX
from api.transport.problems import ProblemError
from api.workdays.china import CHINA


def _kind(kind: Annotated[str, Path()]) -> str:
    if kind not in ("csv", "xlsx"):
        raise ProblemError(404, "这张表只能导出为 .xlsx 或 .csv。")
    return kind


Kind = Annotated[str, Depends(_kind)]
MAX_ROWS = 200_000
CHUNK = 1 << 16
MAX_CELL = 32_767  # Characters that a cell of Excel can hold.
EXACT = 15  # Significant digits that a cell of Excel can hold.
# What a spreadsheet may take for a formula, in both widths.
DANGEROUS = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
FORMATS = {"date": "yyyy-mm-dd", "time": "yyyy-mm-dd hh:mm"}
WIDTHS = {"text": 16, "number": 14, "date": 12, "time": 17}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``unit`` stands in the header; a number column may also hold words."""

    title: str
    kind: Literal["text", "number", "date", "time"] = "text"
    unit: str | None = None
    width: int | None = None

    @property
    def head(self) -> str:
        """The header's text."""
        return f"{self.title}（{self.unit}）" if self.unit else self.title


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to be written: ``title`` names its sheet, ``notes`` say what was asked for."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[object]]
    notes: Sequence[tuple[str, str]] = field(default=())


def listing_response(
    kind: str, name: str, *listings: Listing, title: str = ""
) -> StreamingResponse:
    """The lists as a file: .csv (the first list) or .xlsx (a sheet for each).

    It is called ``title``, or as the first list is; ``name`` is for what knows ASCII only.

    Raises ProblemError 422 for more than ``MAX_ROWS`` rows.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  (closed when it has been sent)
    try:
        if kind == "xlsx":
            _write_xlsx(file, listings)
        else:
            _write_csv(file, listings[0])
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    media = XLSX if kind == "xlsx" else "text/csv; charset=utf-8"
    headers = {
        "Content-Disposition": download(f"{title or listings[0].title}.{kind}", f"{name}.{kind}"),
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_parts(file), media_type=media, headers=headers)


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while part := file.read(CHUNK):
            yield part


def _bounded(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    for at, row in enumerate(rows):
        if at >= MAX_ROWS:
            raise ProblemError(422, f"超过 {MAX_ROWS:,} 行，请加上条件（如日期）分几次导出。")
        yield row


def _number(value: object) -> Decimal | None:
    """The number that a value is; None for a word."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _time(value: dt.datetime) -> dt.datetime:
    """Beijing time without a zone, to the second: spreadsheets know no zones."""
    return value.astimezone(CHINA).replace(tzinfo=None, microsecond=0)


# --- CSV -----------------------------------------------------------------------------------------


def _write_csv(file: IO[bytes], listing: Listing) -> None:
    # The mark tells Excel that the text is UTF-8.
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", errors="replace", write_through=True)
    write = csv.writer(text)
    write.writerow([c.head for c in listing.columns])
    for row in _bounded(listing.rows):
        write.writerow([_csv_text(c, v) for c, v in zip(listing.columns, row, strict=True)])
    text.detach()


def _csv_text(column: Column, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return _time(value).isoformat(sep=" ")
    text = str(value)
    if column.kind == "number" and _number(value) is not None:
        return text
    return f"'{text}" if DANGEROUS.match(text) else text


# --- .xlsx ---------------------------------------------------------------------------------------


def _write_xlsx(file: IO[bytes], listings: Sequence[Listing]) -> None:
    book = Workbook(write_only=True)
    try:
        for listing in listings:
            _write_sheet(book, listing)
        notes = [note for listing in listings[:1] for note in listing.notes]
        made = [*notes, ("导出时间", chinese_time(dt.datetime.now(dt.UTC)))]
        about = Listing("说明", (Column("项"), Column("内容", width=60)), made)
        _write_sheet(book, about)
    except BaseException:
        # What was written so far lies in files of openpyxl's, which only saving takes away.
        with open(os.devnull, "wb") as nowhere:
            book.save(nowhere)
        raise
    book.save(file)


def _write_sheet(book: Workbook, listing: Listing) -> None:
    sheet: Any = book.create_sheet(listing.title[:31])
    # All of this has to be said before the first row is written.
    sheet.freeze_panes = "A2"
    for at, column in enumerate(listing.columns, 1):
        width = column.width or max(WIDTHS[column.kind], 2 * len(column.head) + 2)
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.append([_head(sheet, c) for c in listing.columns])
    count = 1
    for row in _bounded(listing.rows):
        sheet.append([_cell(sheet, c, v) for c, v in zip(listing.columns, row, strict=True)])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(listing.columns))}{count}"
    sheet.print_title_rows = "1:1"
    sheet.close()


def _head(sheet: Any, column: Column) -> Any:
    cell: Any = WriteOnlyCell(sheet, column.head)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="E8F0F8")
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _cell(sheet: Any, column: Column, value: object) -> Any:
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return _formatted(sheet, _time(value), "time")
    if isinstance(value, dt.date):
        return _formatted(sheet, value, "date")
    if column.kind == "number":
        number = _number(value)
        if number is not None and len(number.normalize().as_tuple().digits) <= EXACT:
            return number
    return _text(sheet, str(value))


def _formatted(sheet: Any, value: dt.date, kind: str) -> Any:
    cell: Any = WriteOnlyCell(sheet, value)  # type: ignore[arg-type]
    cell.number_format = FORMATS[kind]
    return cell


def _text(sheet: Any, text: str) -> Any:
    """A text, or a cell of it: text whatever it begins with, even after it was edited."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)
    if len(clean) > MAX_CELL:
        clean = clean[: MAX_CELL - 1] + "…"
    clean = clean.encode("utf-8", "replace").decode()
    dangerous = DANGEROUS.match(clean) is not None
    if not dangerous and not clean.startswith("#"):
        return clean  # Written half as fast again as a cell of its own.
    cell: Any = WriteOnlyCell(sheet, clean)
    # openpyxl takes "=…" for a formula and "#N/A" for an error.
    cell.data_type = "s"
    if dangerous:
        cell.quotePrefix = True
    return cell
