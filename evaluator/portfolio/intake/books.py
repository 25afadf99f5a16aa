"""Workbooks: every row read as a single dossier is, into lines for the intake of JSON Lines.

What a row, a heading, a cell means is decided where single dossiers are read; here it is only
written down. A row that cannot be read keeps its reasons, each with its cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb

from evaluator.dossier.columns import Row
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry
from evaluator.dossier.scalars import FieldError, read_date
from evaluator.dossier.sheets import Book
from evaluator.dossier.tables import read_book, read_row
from evaluator.portfolio.intake.doubt import line_of
from evaluator.portfolio.intake.lines import TYPES
from evaluator.portfolio.intake.sources import SHEET_STRIDE
from evaluator.portfolio.intake.tables import add, create
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.sheet import MANY

CHUNK = 5_000


def read_rows(
    db: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    base: int,
    registry: Registry,
    table: str | None,
    asked: tuple[str, ...],
) -> Book:
    """Make the table ``name``: row_id, line, fault, as ``lines.read_lines`` does.

    Raises DossierError where the file as a whole cannot be read.
    """
    problems = Problems()
    data = path.read_bytes()
    book = read_book(
        str(path), data, registry, problems, table=table, asked=asked, lenient=True, bounds=MANY
    )
    del data
    for sheet, lacking in book.lacking.items():
        labels = "、".join(f.label for f in lacking)
        if labels:
            where = f"工作表“{sheet}”" if sheet else "表头"
            problems.report(
                "D109", f"{where}缺少必填的列：{labels}", Place(SourceText(str(path), ""))
            )
    if problems:
        raise DossierError(problems)
    create(db, name, TYPES)
    lines = _lines(book, registry, base)
    while chunk := list(islice(lines, CHUNK)):
        add(db, name, TYPES, list(zip(*chunk, strict=True)))
    return book


def _lines(book: Book, registry: Registry, base: int) -> Iterator[tuple[int, str, str | None]]:
    sheets: dict[str, int] = {}
    for row in book.rows:
        cell = row.start.cell or ""
        sheet = sheets.setdefault(cell.rpartition("!")[0], len(sheets))
        yield base + sheet * SHEET_STRIDE + row.number, *_line(row, registry)
    book.sheets = list(sheets)


def _line(row: Row, registry: Registry) -> tuple[str, str | None]:
    found = read_row(row, registry)
    if isinstance(found, Profile):
        extra = {name: _day(cell.value) for name, cell in row.others.items()}
        return line_of(found, registry, extra), None
    known = row.raw.get("project_id")
    known = known if isinstance(known, str) and known.isprintable() else None
    return json.dumps({"project_id": known}, ensure_ascii=False), said_of(found)


def said_of(problems: list[Problem]) -> str:
    """Problems of a row in one line, each with its cell and what to do."""
    parts = []
    for p in problems:
        at = f"{p.place.cell} " if p.place.cell else ""
        parts.append(f"{at}{p.message}" + (f"（{p.hint}）" if p.hint else ""))
    return "；".join(dict.fromkeys(parts))


def _day(value: object) -> str:
    """A day as the text that the intake casts; what is none stays what it is not."""
    try:
        day = read_date(None, value)  # type: ignore[arg-type]
    except FieldError:
        return "?"
    return str(day)
