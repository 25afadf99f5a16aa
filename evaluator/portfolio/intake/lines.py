"""JSON Lines as a table of numbered lines; what cannot be read as a line at all is told there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import duckdb

from evaluator.portfolio.errors import TooManyRows
from evaluator.portfolio.intake.tables import Values, add, create, insert

MAX_LINE = 4_000_000
ROWS, BYTES = 20_000, 16_000_000  # What goes into the table at a time.
BOM = b"\xef\xbb\xbf"
TYPES = {"row_id": "BIGINT", "line": "VARCHAR", "fault": "VARCHAR"}
FEW = 1_000


@dataclass
class _Batch:
    """Lines on their way into the table."""

    numbers: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    faults: list[str | None] = field(default_factory=list)
    size: int = 0

    def put(self, db: duckdb.DuckDBPyConnection, name: str) -> None:
        """Add the lines to the table ``name``."""
        if len(self.lines) <= FEW:
            self._add(db, name)
            return
        import pyarrow as pa

        try:
            texts = pa.array(self.lines, pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            self._add(db, name)
            return
        arrays = [pa.array(self.numbers, pa.int64()), texts, pa.array(self.faults, pa.string())]
        insert(db, name, pa.table(arrays, names=list(TYPES)))

    def _add(self, db: duckdb.DuckDBPyConnection, name: str) -> None:
        # The lines first: to decode them fills in the faults.
        texts: Values = [self._text(i) for i in range(len(self.lines))]
        add(db, name, TYPES, [self.numbers, texts, self.faults])

    def _text(self, i: int) -> str:
        try:
            return self.lines[i].decode("utf-8")
        except UnicodeDecodeError as error:
            self.faults[i] = f"不是 UTF-8 文本（第 {error.start + 1} 字节）"
            return ""


def read_lines(
    db: duckdb.DuckDBPyConnection, path: Path, name: str, base: int = 0, limit: int | None = None
) -> None:
    """Make the table ``name``: row_id, line, fault. Blank lines count but are left out.

    ``fault`` says why a line cannot be read at all. Raises TooManyRows above ``limit``.
    """
    create(db, name, TYPES)
    rows, batch = 0, _Batch()
    with path.open("rb") as file:
        for number, line, fault in _lines(file):
            rows += 1
            if limit is not None and rows > limit:
                raise TooManyRows(f"材料超过 {limit} 份")
            batch.numbers.append(base + number)
            batch.lines.append(line)
            batch.faults.append(fault)
            batch.size += len(line)
            if len(batch.lines) >= ROWS or batch.size >= BYTES:
                batch.put(db, name)
                batch = _Batch()
    if batch.lines:
        batch.put(db, name)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes, str | None]]:
    """Number, content and fault of every line that is not blank."""
    number = 0
    while raw := file.readline(MAX_LINE + 2):
        number += 1
        if number == 1 and raw.startswith(BOM):
            raw = raw[len(BOM) :]
        line = raw.strip(b" \t\r\n")
        if len(line) > MAX_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE)
            yield number, b"", f"一行超过 {MAX_LINE} 字节"
        elif line:
            yield number, line, None
