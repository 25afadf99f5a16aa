"""Word documents (.docx) as paragraphs and tables, in their order."""

from __future__ import annotations

from io import BytesIO

import docx
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph

from evaluator.documents.layout import Block, Cell, Paragraph, Spot, Table

_HEADING = ("heading", "标题", "title")


def read_word(data: bytes) -> tuple[Block, ...]:
    """The blocks of a document. Raises whatever python-docx raises for a damaged one."""
    document = docx.Document(BytesIO(data))
    out: list[Block] = []
    tables = 0
    for block in document.iter_inner_content():
        if isinstance(block, WordParagraph):
            out += _paragraphs(block, len(out))
        elif isinstance(block, WordTable):
            tables += 1
            out.append(_table(block, tables))
    return tuple(out)


def _paragraphs(block: WordParagraph, number: int) -> list[Block]:
    style = (block.style.name or "").lower() if block.style is not None else ""
    level = 1 if style.startswith(_HEADING) else 0
    text = block.text
    spot = Spot(f"第 {number + 1} 段")
    return [Paragraph(line, spot, level) for line in text.split("\n") if line.strip()]


def _table(block: WordTable, number: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    origins: dict[int, int] = {}
    held = []  # Cells are made anew at each access; the elements must live for their ids to differ.
    for line, row in enumerate(block.rows, 1):
        cells = []
        for cell in row.cells:
            element = cell._tc
            held.append(element)
            origin = origins.setdefault(id(element), len(origins) + 1)
            cells.append(Cell(cell.text.strip(), Spot(f"表 {number} 第 {line} 行"), origin))
        rows.append(tuple(cells))
    width = max((len(r) for r in rows), default=0)
    blank = Spot(f"表 {number}")
    padded = [(*r, *(Cell("", blank, -i - 1) for i in range(width - len(r)))) for r in rows]
    return Table(tuple(padded), blank)
