"""Workbooks of any layout: the visible sheets as tables, cells as a person sees them.

.xlsx goes through the one reader of cells; .xls and .ods through calamine, which also tells what is
merged. Knows no fields.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO

from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from evaluator.documents.layout import Block, Cell, Paragraph, Spot, Table
from evaluator.reading.sheet import SINGLE, Sheet
from evaluator.reading.spreadsheet import read_sheets

MAX_ROWS = 5000
Merge = tuple[tuple[int, int], tuple[int, int]]


def read_book(name: str, data: bytes, kind: str) -> tuple[tuple[Block, ...], tuple[str, ...]]:
    """The blocks of a workbook, and what was left out. Raises DossierError, or calamine's error."""
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    hidden = [m.name for m in book.sheets_metadata if m.visible != SheetVisibleEnum.Visible]
    own: Mapping[str, Sheet] = (
        {s.name: s for s in read_sheets(name, data)} if kind == "xlsx" else {}
    )
    blocks: list[Block] = []
    notes = [f"隐藏的工作表“{h}”没有读" for h in hidden]
    for title in book.sheet_names:
        if title in hidden:
            continue
        sheet = book.get_sheet_by_name(title)
        merged = sheet.merged_cell_ranges or []
        grid = _own(own[title]) if title in own else _plain(sheet.to_python(skip_empty_area=False))
        if len(grid) > MAX_ROWS:
            notes.append(f"工作表“{title}”只读了前 {MAX_ROWS} 行")
        blocks += _blocks(title, grid[:MAX_ROWS], merged)
    return tuple(blocks), tuple(notes)


def _own(sheet: Sheet) -> list[list[str]]:
    if not sheet.rows:
        return []
    width = max(max(cells) for cells in sheet.rows.values())
    return [
        [
            _text(sheet.rows[r][c].value) if r in sheet.rows and c in sheet.rows[r] else ""
            for c in range(1, width + 1)
        ]
        for r in range(1, min(max(sheet.rows), MAX_ROWS + 1) + 1)
    ]


def _plain(rows: Sequence[Sequence[object]]) -> list[list[str]]:
    return [[_text(v) for v in row[: SINGLE.columns]] for row in rows[: MAX_ROWS + 1]]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{Decimal(f'{value:.15g}').normalize():f}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def _blocks(title: str, grid: list[list[str]], merged: Sequence[Merge]) -> list[Block]:
    width = max((len(r) for r in grid), default=0)
    spread: dict[tuple[int, int], tuple[int, int]] = {}
    for (top, left), (bottom, right) in merged:
        for r in range(top, min(bottom, len(grid) - 1) + 1):
            for c in range(left, min(right, width - 1) + 1):
                spread[r, c] = (top, left)
    out: list[Block] = []
    rows: list[tuple[Cell, ...]] = []

    def close() -> None:
        if rows:
            out.append(Table(tuple(rows), Spot(title)))
            rows.clear()

    for r, row in enumerate(grid):
        texts = [*row, *[""] * (width - len(row))]
        filled = [c for c, t in enumerate(texts) if t.strip()]
        if not filled:
            close()
            continue
        if (len(filled) == 1 and len(texts[filled[0]]) > 12) or width == 1:
            # A title or a note over the whole width.
            close()
            spot = Spot(f"{title}!{get_column_letter(filled[0] + 1)}{r + 1}")
            out.append(Paragraph(texts[filled[0]].strip(), spot, 0))
            continue
        cells = []
        for c in range(width):
            top, left = spread.get((r, c), (r, c))
            text = grid[top][left] if left < len(grid[top]) else ""
            spot = Spot(f"{title}!{get_column_letter(left + 1)}{top + 1}")
            cells.append(Cell(text.strip(), spot, top * 1000 + left + 1))
        rows.append(tuple(cells))
    close()
    return out
