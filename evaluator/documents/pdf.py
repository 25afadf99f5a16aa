"""PDF: ruled tables as tables, the rest as columns and paragraphs; pages without text as pictures.

pypdfium2 reads the text, fast; pdfplumber is asked only for pages that have ruling lines.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from evaluator.documents.layout import Block, Spot, table
from evaluator.documents.pieces import Piece, blocks_of

MAX_PAGES = 300
FEW = 12  # Characters: a page with fewer is a picture.
_RULES = 6


class TooManyPages(Exception):
    """A document with more pages than are read."""


class Locked(Exception):
    """A document that asks for a password."""


def open_pdf(data: bytes) -> pdfium.PdfDocument:
    """The document. Raises Locked, TooManyPages, or pypdfium2's error for a damaged one."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise Locked from None
        raise
    if len(document) > MAX_PAGES:
        count = len(document)
        document.close()
        raise TooManyPages(count)
    return document


def read_pdf(data: bytes) -> tuple[list[Block], list[int], int]:
    """The blocks, the numbers of pages without text, and how many pages there are."""
    document = open_pdf(data)
    out: list[Block] = []
    pictures: list[int] = []
    plumber: Any = None
    tables = 0
    try:
        for number in range(1, len(document) + 1):
            page = document[number - 1]
            pieces = list(_pieces(page))
            if sum(len(p.text) for p in pieces) < FEW:
                pictures.append(number)
                continue
            ruled: list[tuple[tuple[float, float, float, float], list[list[str | None]]]] = []
            if _rules(page) >= _RULES:
                plumber = plumber or pdfplumber.open(BytesIO(data))
                ruled = list(_tables(plumber.pages[number - 1]))
            top = 0.0
            for box, rows in sorted(ruled, key=lambda r: r[0][1]):
                above = [p for p in pieces if top <= (p.y0 + p.y1) / 2 < box[1]]
                out += blocks_of(above, number, forms=True)
                tables += 1
                where = Spot(f"第 {number} 页表 {tables}", number)
                out.append(table(rows, where, f"第 {number} 页表 {tables} "))
                top = box[3]
            rest = [p for p in pieces if (p.y0 + p.y1) / 2 >= top]
            out += blocks_of(rest, number, forms=True)
        return out, pictures, len(document)
    finally:
        if plumber is not None:
            plumber.close()
        document.close()


def _rules(page: pdfium.PdfPage) -> int:
    count = 0
    for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH], max_depth=3):
        count += item is not None
        if count >= _RULES:
            break
    return count


def _pieces(page: pdfium.PdfPage) -> Iterator[Piece]:
    """Runs of characters on one line, in the order of the file."""
    height = page.get_height()
    text = page.get_textpage()
    try:
        said = text.get_text_range()
        count = text.count_chars()
        if len(said) != count:
            said = "".join(text.get_text_range(i, 1) or " " for i in range(count))
        run: list[str] = []
        box = (0.0, 0.0, 0.0, 0.0)
        for i, char in enumerate(said):
            if char.isspace() or char in "\ufffe\x02\x00":
                continue
            left, right, base, size = _place(text, i)
            top, bottom = height - base - size * 0.85, height - base + size * 0.15
            if run:
                gap = left - box[2]
                if abs(bottom - box[3]) < size * 0.35 and -size * 0.6 < gap < size * 0.35:
                    if gap > size * 0.2 and char.isascii() and run[-1].isascii():
                        run.append(" ")
                    run.append(char)
                    box = (box[0], min(box[1], top), max(box[2], right), max(box[3], bottom))
                    continue
                yield Piece(*box, "".join(run))
            run, box = [char], (left, top, right, bottom)
        if run:
            yield Piece(*box, "".join(run))
    finally:
        text.close()


def _place(text: pdfium.PdfTextPage, i: int) -> tuple[float, float, float, float]:
    """Left, right, baseline and size of a character; its ink would put a comma on another line."""
    box = pdfium_c.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium_c.FPDFText_GetLooseCharBox(text.raw, i, box)
    pdfium_c.FPDFText_GetCharOrigin(text.raw, i, x, y)
    size = pdfium_c.FPDFText_GetFontSize(text.raw, i)
    if size < 3:  # A unit size, scaled by the matrix.
        size = max(box.top - box.bottom, 3.0)
    return box.left, box.right, y.value, size


def _tables(
    page: Any,
) -> Iterator[tuple[tuple[float, float, float, float], list[list[str | None]]]]:
    for found in page.find_tables():
        rows = found.extract()
        if len(rows) < 2 or max(len(r) for r in rows) < 2:
            continue
        joined = [[None if c is None else _joined(c) for c in row] for row in rows]
        yield found.bbox, _merged(joined, found)


def _joined(text: str) -> str:
    """A cell's lines as one text, where a line only ended at the cell's edge."""
    if "☑" in text or "□" in text:
        return text
    return re.sub(r"(?<=[A-Za-z])\n(?=\d)|(?<=\d)\n(?=[A-Za-z])", " ", text).replace("\n", "")


def _merged(rows: list[list[str | None]], found: Any) -> list[list[str | None]]:
    """Cells merged downwards repeat what stands at their top."""
    for r, row in enumerate(found.rows):
        for c, box in enumerate(row.cells):
            if box is None and r and rows[r][c] is None and _under(found, r, c):
                rows[r][c] = rows[r - 1][c]
    return rows


def _under(found: Any, r: int, c: int) -> bool:
    """Whether the missing cell lies under a taller one in its column."""
    for above in range(r - 1, -1, -1):
        box = found.rows[above].cells[c]
        if box is not None:
            here = found.rows[r].bbox
            return bool(box[3] >= here[3] - 1)
    return False
