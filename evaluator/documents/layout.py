"""What a document says, in reading order, whatever format it came in.

A ``Block`` is a paragraph or a table. A table's cells are repeated over what they are merged across,
so that a row can be read by its columns. Nothing here knows of fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands, as a person looks for it: "第 3 页", "表 2 第 4 行", "采集表!C4"."""

    label: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of text. ``level`` is 0 for text, 1 and up for headings."""

    text: str
    spot: Spot
    level: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; ``origin`` tells cells of one merged area from their neighbours."""

    text: str
    spot: Spot
    origin: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells of equal length."""

    rows: tuple[tuple[Cell, ...], ...]
    spot: Spot


Block = Paragraph | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was read; ``notes`` say what could not be taken from it."""

    name: str
    sha256: str
    kind: str
    blocks: tuple[Block, ...]
    pages: int | None = None
    notes: tuple[str, ...] = field(default=())

    def paragraphs(self) -> Iterator[Paragraph]:
        """The paragraphs, in order."""
        return (b for b in self.blocks if isinstance(b, Paragraph))

    @property
    def empty(self) -> bool:
        """Whether there is no text in it at all."""
        return not any(b.text.strip() if isinstance(b, Paragraph) else b.rows for b in self.blocks)


def table(texts: list[list[str | None]], spot: Spot, where: str) -> Table:
    """A table out of plain rows; ``None`` continues the cell on its left."""
    width = max((len(r) for r in texts), default=0)
    rows: list[tuple[Cell, ...]] = []
    origin = 0
    for number, row in enumerate(texts, 1):
        cells: list[Cell] = []
        for text in [*row, *[""] * (width - len(row))]:
            if text is None and cells:
                cells.append(cells[-1])
                continue
            origin += 1
            cells.append(Cell(text or "", Spot(f"{where}第 {number} 行", spot.page), origin))
        rows.append(tuple(cells))
    return Table(tuple(rows), spot)
