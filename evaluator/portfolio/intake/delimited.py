"""CSV and TSV as a table of texts: each line numbered, and each line that is no row with its fault.

``evaluator.reading.delimited`` says what a row is. Lines that are plainly rows by it go to Arrow in
blocks; every other line is read by it alone, so that the two can never disagree. A small file is
read line by line, without Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import duckdb

from evaluator.dossier.columns import Headings
from evaluator.dossier.heads import is_header
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.tables import Values, add, create, insert
from evaluator.reading.delimited import (
    BOM,
    MAX_LINES,
    Form,
    delimiters_of,
    form_of,
    line_ends,
    recoded,
    records,
    shapes,
)
from evaluator.reading.files import check_text

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 16_000_000
START = 1_000_000
SMALL = 200_000  # Bytes of a file that is read line by line.
THREADS = 2


_Read = tuple[int, tuple[str, ...], str | None]


@dataclass
class Lines:
    """What a file came to: ``rows`` and ``blank`` lines, the header among neither."""

    form: Form
    columns: list[str]
    rows: int = 0
    blank: int = 0


@dataclass
class _Block:
    """Lines of a file by how they are read: plain, with quotes, each by itself."""

    plain: list[bytes] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    quoted: list[bytes] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    read: list[_Read] = field(default_factory=list)


def read_delimited(
    db: duckdb.DuckDBPyConnection, path: Path, name: str, base: int, headings: Headings
) -> Lines | None:
    """Make the table ``name``: row_id (number of the line), c0, c1, … and fault.

    None where the header has a second row, which sheets know how to read. Raises PortfolioError or DossierError where the file as a whole is no table.
    """
    with path.open("rb") as file:
        start = file.read(START)
        check_text(str(path), start)
        if not start.strip():
            raise PortfolioError(f"{path} 是空的")
        form = form_of(start, is_header, delimiters_of(path.name))
        if _two_rows(start, form, headings):
            return None
        file.seek(len(BOM) if start.startswith(BOM) else 0)
        columns = [f"c{n}" for n in range(len(form.names))]
        told = Lines(form, columns)
        types = {"row_id": "BIGINT", **dict.fromkeys([*columns, "fault"], "VARCHAR")}
        create(db, name, types)
        if len(start) <= SMALL:
            add(db, name, types, _small(file.read(), form, told, base))
            return told
        import pyarrow as pa

        kinds = {"BIGINT": pa.int64(), "VARCHAR": pa.string()}
        schema = pa.schema([(column, kinds[kind]) for column, kind in types.items()])
        with ThreadPoolExecutor(THREADS) as pool:
            for made in _ahead(pool, _blocks(file, form, told), schema, form, base):
                insert(db, name, made)
    return told


def _small(data: bytes, form: Form, told: Lines, base: int) -> list[Values]:
    """The columns of a whole file, read line by line."""
    lines = recoded(line_ends(data).split(b"\n")[form.line :], form)
    width, taken = len(form.names), 0
    rows = []
    for record, several in records(lines, form, width, form.line + 1):
        taken += several
        cells = [c or None for c in record.cells or ("",) * width]
        rows.append((base + record.line, *cells, record.fault))
    told.rows, told.blank = len(rows), len(lines) - taken
    return list(zip(*rows, strict=True))


def _two_rows(start: bytes, form: Form, headings: Headings) -> bool:
    """Whether the line below the header has headings too, and none under the project's number."""
    lines = line_ends(start.removeprefix(BOM)).split(b"\n")[form.line : form.line + 1]
    for record, _ in records(recoded(lines, form), form, len(form.names)):
        filled = [c for c in record.cells if c.strip()]
        at = next((n for n, name in enumerate(form.names) if is_header([name])), 0)
        return bool(
            record.cells and not record.cells[at].strip() and any(map(headings.find, filled))
        )
    return False


def _ahead(
    pool: ThreadPoolExecutor, blocks: Iterator[_Block], schema: pa.Schema, form: Form, base: int
) -> Iterator[pa.Table]:
    """Tables of the blocks, some of them made while the first is used."""
    waiting = [pool.submit(_table, b, schema, form, base) for b in islice(blocks, THREADS)]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(_table, b, schema, form, base) for b in islice(blocks, 1)]


def _blocks(file: BinaryIO, form: Form, told: Lines) -> Iterator[_Block]:
    waiting: list[bytes] = []
    rest, number, head = b"", 1, form.line
    while True:
        data = file.read(BLOCK)
        while data.endswith(b"\r") and (more := file.read(1)):
            data += more  # A line end of two characters stays together.
        lines = (rest + line_ends(data)).split(b"\n")
        rest = lines.pop() if data else b""
        lines = waiting + recoded(lines, form)
        dropped = min(head, len(lines))
        head -= dropped
        block, taken = _sorted(lines[dropped:], number + dropped, form, told, not data)
        yield block
        waiting = lines[dropped + taken :]
        number += dropped + taken
        if not data:
            return


def _sorted(
    lines: list[bytes], first: int, form: Form, told: Lines, last: bool
) -> tuple[_Block, int]:
    """Which lines are plainly rows, and what the others are; and how many lines that took.

    Not all: a quoted cell may run over the end of what has been read so far.
    """
    block = _Block()
    delimiter, width = form.delimiter.encode(), len(form.names)
    empty = delimiter + b' \t"'
    whole = shapes(form.delimiter).whole
    plain, numbers, quoted = block.plain, block.numbers, block.quoted
    at, total = 0, len(lines)
    while at < total:
        line = lines[at]
        if b'"' not in line:
            if line.count(delimiter) == width - 1 and line.strip(empty):
                plain.append(line)
                numbers.append(first + at)
                at += 1
                continue
        elif whole.fullmatch(line):
            if line.strip(empty):
                quoted.append(line)
                block.at.append(first + at)
                at += 1
                continue
        elif not last and at + MAX_LINES > total:
            break
        at += _one(lines[at : at + MAX_LINES], first + at, block, form, told)
    told.rows += len(plain) + len(quoted) + len(block.read)
    return block, at


def _one(lines: list[bytes], number: int, block: _Block, form: Form, told: Lines) -> int:
    """Read the row at a line by the book; how many lines it takes."""
    found = next(records(lines, form, len(form.names), number), None)
    if found is None or found[0].line != number:
        told.blank += 1
        return 1
    record, taken = found
    block.read.append((record.line, record.cells, record.fault))
    return taken


def _table(block: _Block, schema: pa.Schema, form: Form, base: int) -> pa.Table:
    made = [
        _parsed(lines, numbers, schema, form, quote)
        for lines, numbers, quote in (
            (block.plain, block.numbers, False),
            (block.quoted, block.at, '"'),
        )
        if lines
    ]
    if block.read:
        made.append(_rows(block.read, schema, form))
    if not made:
        return schema.empty_table()
    import pyarrow as pa
    from pyarrow import compute as pc

    table = pa.concat_tables(made)
    return table.set_column(0, schema.field(0), pc.add(table["row_id"], base))


def _parsed(
    lines: list[bytes], numbers: list[int], schema: pa.Schema, form: Form, quote: str | bool
) -> pa.Table:
    import pyarrow as pa

    try:
        table = _arrow(b"\n".join(lines), schema.names[1:-1], form, quote)
    except pa.ArrowInvalid:
        # Some line is not of the encoding, or has too many cells: each is read for itself.
        width = len(form.names)
        read = [next(records([x], form, width, n))[0] for n, x in zip(numbers, lines, strict=True)]
        return _rows([(r.line, r.cells, r.fault) for r in read], schema, form)
    if table.num_rows != len(lines):
        raise RuntimeError(f"{len(lines)} lines were given, {table.num_rows} rows came back")
    fault = pa.nulls(table.num_rows, pa.string())
    return pa.table([pa.array(numbers, pa.int64()), *table.columns, fault], schema=schema)


def _rows(read: list[_Read], schema: pa.Schema, form: Form) -> pa.Table:
    import pyarrow as pa

    empty = (None,) * len(form.names)
    rows = [(number, *(c or None for c in cells or empty), fault) for number, cells, fault in read]
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array(c, t) for c, t in zip(columns, schema.types, strict=True)], schema=schema
    )


def _arrow(data: bytes, names: list[str], form: Form, quote: str | bool) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=len(data) + 1, column_names=names
        ),
        parse_options=csv.ParseOptions(
            delimiter=form.delimiter,
            quote_char=quote,
            double_quote=bool(quote),
            escape_char=False,
            newlines_in_values=False,
            ignore_empty_lines=False,
        ),
        convert_options=csv.ConvertOptions(
            check_utf8=True,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
