"""Where something was written: a file position, a spreadsheet cell or a field of a JSON body.

Knows nothing of rules or dossiers. Columns are 1-based and count characters; carets are padded by
display width, so that they stand under the right Chinese character (East Asian wide = 2 cells).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unicodedata import east_asian_width

__all__ = ["Place", "SourceText", "display_width"]


def display_width(text: str) -> int:
    """Terminal cells that ``text`` takes; wide and full-width characters count as two."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A named text, kept so that an error can show its line."""

    name: str
    text: str = field(repr=False)

    def line(self, number: int) -> str:
        """Line ``number`` (1-based) without its end; empty past the last."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Place:
    """A position: line/column in ``source``, or a cell, or a field path in a body."""

    source: SourceText
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    cell: str | None = None
    pointer: str | None = None

    def label(self) -> str:
        """``file:line:column``, ``file[cell]`` or ``file#/pointer``, whichever is known."""
        text = self.source.name
        if self.cell is not None:
            return f"{text}[{self.cell}]"
        if self.line is not None:
            text += f":{self.line}" + (f":{self.column}" if self.column else "")
        elif self.pointer:
            text += f"#{self.pointer}"
        return text

    def excerpt(self) -> str | None:
        """The source line with a caret under the place, or None where there is no line."""
        if self.line is None:
            return None
        text = self.source.line(self.line).replace("\t", " ")
        if not text.strip():
            return None
        gutter = f"{self.line:>5} | "
        if self.column is None:
            return gutter + text
        start = self.column - 1
        end = self.end_column - 1 if self.end_column and self.end_column > self.column else start + 1
        marked = text[start : min(end, len(text))] or " "
        pad = " " * (len(gutter) - 2) + "| " + " " * display_width(text[:start])
        return f"{gutter}{text}\n{pad}{'^' * display_width(marked)}"

    def to_dict(self) -> dict[str, Any]:
        """Only what is known: file, line, column, end_column, cell, pointer."""
        out: dict[str, Any] = {"file": self.source.name}
        for key in ("line", "column", "end_column", "cell", "pointer"):
            value = getattr(self, key)
            if value is not None:
                out[key] = value
        return out
