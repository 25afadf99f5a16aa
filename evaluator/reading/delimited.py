"""Tables as text (CSV, TSV) by RFC 4180 and nothing looser, read without guessing.

Delimiter, encoding and header are decided once, by the header; the quote is the double quote, and
nothing is a comment. Each line is a row unless a quoted cell runs over its end. A line that is no
row (a stray quote, other than as many cells as the header) is refused alone: reading goes on at the
next line, so that one damaged row never swallows or shifts another. Knows nothing of dossiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from evaluator.problems.errors import Problem
from evaluator.problems.source import Place, SourceText
from evaluator.reading.cells import meaning
from evaluator.reading.sheet import SINGLE, Bounds, Filling, Sheet

DELIMITERS = ",\t;|"
HEADER_LINES = 20
MAX_LINES = 200  # That one quoted cell may run over.
MAX_ROW = 2_000_000  # Bytes.
BOM = b"\xef\xbb\xbf"
_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Form:
    """How a file is written. ``line`` is the number of the header's line, ``names`` what it says;
    ``found`` tells whether that is the header that was wanted."""

    delimiter: str
    encoding: str
    line: int
    names: tuple[str, ...]
    found: bool

    @property
    def said(self) -> str:
        """What was decided, where somebody should know."""
        parts = ["按 GBK（GB18030）编码读"] if self.encoding != "utf-8" else []
        if self.delimiter != ",":
            name = {"\t": "制表符", ";": "分号", "|": "竖线"}[self.delimiter]
            parts.append(f"按{name}分列")
        if self.line > 1:
            parts.append(f"表头在第 {self.line} 行")
        return "，".join(parts)


@dataclass(frozen=True, slots=True)
class Record:
    """A row, from the line ``line``; ``fault`` says why it cannot be read as one."""

    line: int
    cells: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Shapes:
    """Patterns of one delimiter, over text or bytes: a cell, a whole line, a line left open."""

    cell: re.Pattern[str]
    whole: re.Pattern[bytes]
    open: re.Pattern[bytes]


@lru_cache(maxsize=8)
def shapes(delimiter: str) -> Shapes:
    """The patterns of a delimiter."""
    d = re.escape(delimiter)
    cell = rf'(?:"(?:[^"]++|"")*+"|[^"{d}]*+)'
    return Shapes(
        re.compile(rf'(?:"((?:[^"]++|"")*+)"|([^"{d}]*+))(?:{d}|\Z)'),
        re.compile(rf"{cell}(?:{d}{cell})*+".encode()),
        re.compile(rf'(?:{cell}{d})*+"(?:[^"]++|"")*+'.encode()),
    )


def line_ends(data: bytes) -> bytes:
    """The same lines with one kind of end."""
    if b"\r" not in data:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def form_of(
    start: bytes, wanted: Callable[[Sequence[str]], bool], delimiters: str = DELIMITERS
) -> Form:
    """How a file is written that begins with ``start``; ``wanted`` knows the cells of a header."""
    lines = line_ends(start.removeprefix(BOM)).split(b"\n")
    for number, line in enumerate(lines[:HEADER_LINES], 1):
        for encoding in ("utf-8", "gb18030"):
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                continue
            for delimiter in delimiters:
                names = cells_of(text, delimiter)
                if names is not None and len(names) > 1 and wanted(names):
                    used = _encoding(lines) if line.isascii() else encoding
                    return Form(delimiter, used, number, names, True)
    number, line = next(((n, x) for n, x in enumerate(lines, 1) if x.strip()), (1, b""))
    delimiter = max(delimiters, key=lambda d: line.count(d.encode()))
    encoding = _encoding(lines[:HEADER_LINES])
    text = line.decode(encoding, "replace")
    names = cells_of(text, delimiter) or (text,)
    return Form(delimiter, encoding, number, names, False)


def _encoding(lines: Sequence[bytes]) -> str:
    """Of lines of which most are UTF-8, or most GB18030."""
    votes = {"utf-8": 0, "gb18030": 0}
    for line in lines:
        if line.isascii():
            continue
        for encoding in votes:
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                continue
            votes[encoding] += 1
            break
    return "gb18030" if votes["gb18030"] > votes["utf-8"] else "utf-8"


def cells_of(text: str, delimiter: str) -> tuple[str, ...] | None:
    """The cells of a line, None where its quotes are not those of RFC 4180."""
    if '"' not in text:
        return tuple(text.split(delimiter))
    cell = shapes(delimiter).cell
    out: list[str] = []
    at = 0
    while True:
        match = cell.match(text, at)
        if match is None:
            return None
        out.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        if match.end() == len(text) and text[match.end() - 1 :] != delimiter:
            return tuple(out)
        if match.end() == len(text):
            return (*out, "")
        at = match.end()


def read_table(
    name: str, data: bytes, wanted: Callable[[Sequence[str]], bool], bounds: Bounds = SINGLE
) -> tuple[Sheet, list[Problem], Form]:
    """A whole file as a sheet, a problem for each line that is no row, and how it is written.

    Raises DossierError.
    """
    source = SourceText(name, "")
    form = form_of(data, wanted, delimiters_of(name))
    lines = recoded(line_ends(data.removeprefix(BOM)).split(b"\n"), form)
    filling = Filling(source, "", True, bounds)
    problems: list[Problem] = []
    for column, heading in enumerate(form.names, 1):
        filling.put(form.line, column, partial(meaning, heading))
    rest = records(lines[form.line :], form, len(form.names), form.line + 1)
    for record, _ in rest:
        if record.fault:
            problems.append(Problem("D118", record.fault, Place(source, record.line)))
        filling.pass_over(len(record.cells) + 1)
        for column, cell in enumerate(record.cells, 1):
            filling.put(record.line, column, partial(meaning, cell))
    return filling.done(), problems, form


def delimiters_of(name: str) -> str:
    """What may part the cells of a file of that name."""
    return "\t" if name.lower().endswith(".tsv") else DELIMITERS


def records(
    lines: Sequence[bytes], form: Form, width: int, first: int = 1
) -> Iterator[tuple[Record, int]]:
    """The rows among ``lines`` (UTF-8, without their ends), and how many lines each takes.

    ``first`` is the number of the first line; a row has ``width`` cells. Blank rows are left out.
    """
    at = 0
    while at < len(lines):
        cells, fault, taken = _row(lines, at, form, width)
        if fault or "".join(cells).strip():
            yield Record(first + at, cells, fault), taken
        at += taken


def recoded(lines: list[bytes], form: Form) -> list[bytes]:
    """The lines in UTF-8; one that is not of the file's encoding stays as it is."""
    if form.encoding == "utf-8":
        return lines
    return [line if line.isascii() else _recoded(line, form.encoding) for line in lines]


def _recoded(line: bytes, encoding: str) -> bytes:
    try:
        return line.decode(encoding).encode()
    except UnicodeError:
        return line + _LOST  # In no case UTF-8, even where the bytes should happen to be.


_LOST = b"\xff"


def _row(
    lines: Sequence[bytes], at: int, form: Form, width: int
) -> tuple[tuple[str, ...], str | None, int]:
    """Cells, fault, and how many lines they are."""
    line, taken = lines[at], 1
    if not line or line.isspace():
        return (), None, 1
    shape = shapes(form.delimiter)
    if b'"' in line and not shape.whole.fullmatch(line):
        found = _several(lines, at, form, width)
        if found is None:
            return (), UNPAIRED, 1
        line, taken = found
        if not line:
            return (), UNCLEAR, taken
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return (), f"有不是 {_NAMES[form.encoding]} 编码的字；请改正后重存", taken
    cells = cells_of(text, form.delimiter)
    if cells is None:
        return (), UNPAIRED, taken
    if len(cells) != width and "".join(cells).strip():
        return (), miscounted(len(cells), width), taken
    return cells, None, taken


_NAMES = {"utf-8": "UTF-8", "gb18030": "GBK"}
UNPAIRED = "双引号不成对，看不出各格的界线；含引号或分隔符的格，整格用双引号括起，格内的引号写两个"
UNCLEAR = "双引号跨了几行，而其中有像是另一份的行，看不出是几份；请检查这几行的引号"


def miscounted(got: int, width: int) -> str:
    """What is said of a row with other than as many cells as the header."""
    return f"有 {got} 格，表头有 {width} 格；格内有分隔符的用双引号括起，缺的补上空格子"


def _several(lines: Sequence[bytes], at: int, form: Form, width: int) -> tuple[bytes, int] | None:
    """The lines that a quoted cell joins, and how many; empty where they may be rows themselves.

    None where the quote is never closed as it should be.
    """
    shape = shapes(form.delimiter)
    delimiter = form.delimiter.encode()
    joined = lines[at]
    if not shape.open.fullmatch(joined):
        return None
    rows = False
    for taken in range(2, MAX_LINES + 1):
        if at + taken > len(lines) or len(joined) > MAX_ROW:
            return None
        line = lines[at + taken - 1]
        joined = b"%b\n%b" % (joined, line)
        if b'"' not in line:
            rows = rows or line.count(delimiter) == width - 1
            continue
        if shape.whole.fullmatch(joined):
            cells = cells_of(joined.decode("latin-1"), form.delimiter)
            if cells is None or len(cells) != width:
                return None
            return (b"", taken) if rows else (joined, taken)
        if not shape.open.fullmatch(joined):
            return None
        rows = rows or bool(shape.whole.fullmatch(line))
    return None
