"""Pieces of text with their place on a page, put back into lines, columns, rows and paragraphs.

Used for PDF text outside of ruled tables and for what is recognised in a picture. A page is cut at
its white gaps, first across, then down, until no gap is left; so two columns are read one after the
other. Cells on one line with wide gaps between them make rows of a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evaluator.documents.layout import Block, Cell, Paragraph, Spot, Table


@dataclass(frozen=True, slots=True)
class Piece:
    """A text in a box; y grows downwards."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str

    @property
    def height(self) -> float:
        """How tall it is."""
        return self.y1 - self.y0


Line = list[Piece]
_ENDS = re.compile(r"[。！？!?；;：:]$")
_STARTS = re.compile(
    r"^(?:[一二三四五六七八九十]+、|[(（][一二三四五六七八九十\d]+[)）]|第[一二三四五六七八九十]+[章节条]|\d+(?:\.\d+)*[、.．]\s*(?!\d)|[•●■◆▪·□☑])"
)


def blocks_of(pieces: Sequence[Piece], page: int | None, forms: bool) -> list[Block]:
    """The blocks of one page. ``forms``: lines of several cells are rows of a form."""
    out: list[Block] = []
    for part in _parts(list(pieces)):
        out += _blocks(_lines(part), page, forms)
    return out


def _typical(pieces: Sequence[Piece]) -> float:
    heights = sorted(p.height for p in pieces)
    return heights[len(heights) // 2] if heights else 10.0


def _gap(spans: list[tuple[float, float]], least: float) -> float | None:
    """The middle of the widest gap of at least ``least`` between spans."""
    best: tuple[float, float] | None = None
    reach = None
    for low, high in sorted(spans):
        if reach is not None and low - reach >= least and (best is None or low - reach > best[0]):
            best = (low - reach, (low + reach) / 2)
        reach = high if reach is None else max(reach, high)
    return best[1] if best else None


def _parts(pieces: list[Piece], depth: int = 0) -> list[list[Piece]]:
    """Columns in reading order."""
    if len(pieces) < 8 or depth > 6:
        return [pieces] if pieces else []
    size = _typical(pieces)
    across = _gap([(p.x0, p.x1) for p in pieces], size * 1.1)
    if across is not None:
        left = [p for p in pieces if p.x1 <= across]
        right = [p for p in pieces if p.x0 >= across]
        if _is_column(left) and _is_column(right):
            return _parts(left, depth + 1) + _parts(right, depth + 1)
    # A title across both columns hides the gap: cut below it and look again.
    for cut in _cuts(pieces, size):
        above = [p for p in pieces if p.y1 <= cut]
        below = [p for p in pieces if p.y0 >= cut]
        if above and below and len(above) + len(below) == len(pieces):
            gap = _gap([(p.x0, p.x1) for p in below], size * 1.1)
            if gap is not None and len(below) >= 8:
                left = [p for p in below if p.x1 <= gap]
                right = [p for p in below if p.x0 >= gap]
                if _is_column(left) and _is_column(right):
                    return _parts(above, depth + 1) + _parts(below, depth + 1)
    return [pieces]


def _cuts(pieces: list[Piece], size: float) -> list[float]:
    edges = sorted((p.y0, p.y1) for p in pieces)
    out: list[float] = []
    reach = None
    for top, bottom in edges:
        if reach is not None and top - reach > size * 0.1:
            out.append((top + reach) / 2)
        reach = bottom if reach is None else max(reach, bottom)
    return out[:12]


def _is_column(pieces: list[Piece]) -> bool:
    """Whether it is running text, and not the labels or values of a form."""
    if not pieces:
        return False
    lines = _lines(pieces)
    widths = sorted(line[-1].x1 - line[0].x0 for line in lines)
    width = max(widths)
    full = sum(w > width * 0.8 for w in widths)
    long = sum(sum(len(p.text) for p in line) >= 10 for line in lines)
    return len(lines) >= 3 and full * 10 >= len(lines) * 4 and long * 10 >= len(lines) * 5


def _lines(pieces: Sequence[Piece]) -> list[Line]:
    out: list[Line] = []
    for p in sorted(pieces, key=lambda p: ((p.y0 + p.y1) / 2, p.x0)):
        middle = (p.y0 + p.y1) / 2
        for line in reversed(out[-3:]):
            low, high = min(q.y0 for q in line), max(q.y1 for q in line)
            centre = sum((q.y0 + q.y1) / 2 for q in line) / len(line)
            if abs(middle - centre) < min(p.height, high - low) * 0.5:
                line.append(p)
                break
        else:
            out.append([p])
    for line in out:
        line.sort(key=lambda p: p.x0)
    return sorted(out, key=lambda line: min(p.y0 for p in line))


def _cells(line: Line, size: float) -> Line:
    """The pieces of a line joined where the gap between them is that of a space."""
    out: Line = []
    for p in line:
        if out and p.x0 - out[-1].x1 < size * 1.2:
            last = out[-1]
            space = " " if p.x0 - last.x1 > size * 0.2 else ""
            out[-1] = replace(
                last, x1=p.x1, y0=min(last.y0, p.y0), y1=max(last.y1, p.y1),
                text=last.text + space + p.text,
            )  # fmt: skip
        else:
            out.append(p)
    return out


def _blocks(lines: list[Line], page: int | None, forms: bool) -> list[Block]:
    if not lines:
        return []
    size = _typical([p for line in lines for p in line])
    rows = [_cells(line, size) for line in lines]
    right = max(p.x1 for row in rows for p in row)
    left = min(p.x0 for row in rows for p in row)
    where = f"第 {page} 页" if page else ""
    out: list[Block] = []
    held: list[Line] = []

    def close() -> None:
        if held:
            out.append(_table(held, page))
            held.clear()

    open_paragraph = False
    for i, row in enumerate(rows):
        if forms and (len(row) > 1 or _continues(held, row, size)):
            if len(row) == 1:
                held[-1] = _appended(held[-1], row[0])
            else:
                held.append(row)
            open_paragraph = False
            continue
        close()
        text = "  ".join(p.text for p in row).strip()
        if not text:
            continue
        indented = row[0].x0 - left > size * 1.2
        last = out[-1] if out else None
        joins = (
            open_paragraph
            and isinstance(last, Paragraph)
            and not indented
            and not _STARTS.match(text)
        )
        if joins and isinstance(last, Paragraph):
            glue = (
                " "
                if last.text[-1:].isascii() and text[:1].isascii() and last.text[-1:].isalpha()
                else ""
            )
            out[-1] = replace(last, text=last.text + glue + text)
        else:
            out.append(Paragraph(text, Spot(where or f"第 {i + 1} 行", page), 0))
        end = row[-1].x1
        ended = _ENDS.search(text) is not None
        open_paragraph = end > right - size * (1.0 if ended else 5.0)
    close()
    return out


def _continues(held: list[Line], row: Line, size: float) -> bool:
    """Whether a single piece goes on with the last cell above it: "357.62" and below "万元"."""
    if not held or len(row) != 1:
        return False
    last, piece = held[-1], row[0]
    close_by = piece.y0 - max(p.y1 for p in last) < size * 0.8
    return close_by and any(abs(p.x0 - piece.x0) < size for p in last[1:])


def _appended(line: Line, piece: Piece) -> Line:
    near = min(range(1, len(line)), key=lambda i: abs(line[i].x0 - piece.x0))
    out = list(line)
    out[near] = replace(out[near], text=out[near].text + piece.text, y1=piece.y1)
    return out


def _table(rows: list[Line], page: int | None) -> Block:
    width = max(len(r) for r in rows)
    origin = 0
    out: list[tuple[Cell, ...]] = []
    for row in rows:
        cells: list[Cell] = []
        for i in range(width):
            origin += 1
            where = f"第 {page} 页" if page else "图片"
            cells.append(Cell(row[i].text if i < len(row) else "", Spot(where, page), origin))
        out.append(tuple(cells))
    return Table(tuple(out), Spot(f"第 {page} 页" if page else "图片", page))


def straightened(pieces: Sequence[Piece], slope: float) -> list[Piece]:
    """The pieces of a page that was scanned askew, with their lines level."""
    return [replace(p, y0=p.y0 - slope * p.x0, y1=p.y1 - slope * p.x0) for p in pieces]
