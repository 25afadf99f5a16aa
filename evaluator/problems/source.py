"""Where something was written: a file position, a spreadsheet cell or a field of a JSON body.

Knows nothing of rules or dossiers. Columns are 1-based and count characters; carets are padded by
display width, so that they stand under the right Chinese character (East Asian wide = 2 cells).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from unicodedata import category, combining, east_asian_width

MAX_EXCERPT = 160  # Characters of a source line that are shown.
BEFORE = 60  # Of these at most so many before the marked place.
_BREAK = re.compile(r"\r\n|\r|\n")


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if combining(char) or category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def display_width(text: str) -> int:
    """Terminal cells that ``text`` takes: wide characters two, combining marks none."""
    return sum(map(_cells, text))


def json_pointer(path: Iterable[str | int]) -> str:
    """A path into JSON data as RFC 6901 writes it; empty for the whole."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def printable(text: str) -> str:
    """``text`` with control characters made visible, so that it cannot steer a terminal."""
    return "".join(
        c if c >= " " and category(c) not in ("Cc", "Cf", "Cs") else "\ufffd" for c in text
    )


@dataclass(frozen=True, slots=True)
class SourceText:
    """A named text, kept so that an error can show its line.

    ``first_line`` is the number of its first line, where the text is one record of a long file.
    """

    name: str
    text: str = field(repr=False)
    first_line: int = 1

    def line(self, number: int) -> str:
        """Line ``number`` (1-based) without its end; empty past the last."""
        number -= self.first_line - 1
        if number < 1:
            return ""
        start = 0
        for _ in range(number - 1):
            line_end = _BREAK.search(self.text, start)
            if line_end is None:
                return ""
            start = line_end.end()
        line_end = _BREAK.search(self.text, start)
        return self.text[start : line_end.start() if line_end else len(self.text)]


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
        text = printable(self.source.line(self.line).replace("\t", " "))
        if not text.strip():
            return None
        gutter = f"{self.line:>5} | "
        if self.column is None:
            return gutter + (text if len(text) <= MAX_EXCERPT else text[:MAX_EXCERPT] + "…")
        start = self.column - 1
        end = (
            self.end_column - 1 if self.end_column and self.end_column > self.column else start + 1
        )
        if len(text) > MAX_EXCERPT:
            cut = max(0, min(start - BEFORE, len(text) - MAX_EXCERPT))
            head, tail = "…" if cut else "", "…" if cut + MAX_EXCERPT < len(text) else ""
            text = head + text[cut : cut + MAX_EXCERPT] + tail
            start, end = start - cut + len(head), end - cut + len(head)
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
