"""Files as DuckDB relations: what each kind of file is read by.

Workbooks and CSV are read by the readers of single dossiers, SQLite by Python into text columns,
Parquet by DuckDB itself.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import duckdb

from evaluator.dossier.columns import Headings
from evaluator.dossier.fields import Registry, base_registry
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.lines import read_lines
from evaluator.portfolio.intake.marks import marked
from evaluator.portfolio.intake.sources import FILE_STRIDE, Source
from evaluator.portfolio.intake.tables import add, create
from evaluator.portfolio.sql import quote, text
from evaluator.problems.errors import Problems

SUFFIXES = (
    ".parquet",
    ".csv",
    ".tsv",
    ".jsonl",
    ".ndjson",
    ".sqlite",
    ".db",
    ".xlsx",
    ".xls",
    ".ods",
)
log = logging.getLogger("evaluator")
CHUNK = 20_000


def open_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    number: int = 0,
    table: str | None = None,
    registry: Registry | None = None,
    as_of: object = None,
) -> Source:
    """A file as a source; ``number`` counts the inputs of a run. ``as_of`` may name a column that
    is wanted besides the fields of ``registry`` (the shipped one unless given).

    Raises PortfolioError, or DossierError for a table whose headings cannot be read.
    """
    if not path.exists():
        raise PortfolioError(f"没有文件 {path}")
    suffix = path.suffix.lower()
    base = number * FILE_STRIDE
    registry = registry or base_registry()
    asked = (as_of,) if isinstance(as_of, str) and as_of not in registry.fields else ()
    try:
        if suffix == ".parquet" or path.is_dir():
            return _parquet(connection, path, base)
        if suffix in (".csv", ".tsv"):
            read = _csv(connection, path, base, registry)
            return read or _book(connection, path, base, registry, table, asked)
        if suffix in (".jsonl", ".ndjson"):
            return _json(connection, path, base)
        if suffix in (".sqlite", ".db"):
            return _texts(connection, path, base, *_sqlite(path, table))
        if suffix in (".xlsx", ".xls", ".ods"):
            return _book(connection, path, base, registry, table, asked)
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, sqlite3.Error) as error:
        log.info("%s: %s", path, error)
        kind = "SQLite 数据库" if isinstance(error, sqlite3.Error) else "Parquet"
        raise PortfolioError(f"{path} 读不了：内容不是 {kind}，或文件已损坏") from None
    raise PortfolioError(f"{path} 的类型不认识，可用：{'、'.join(SUFFIXES)}")


def _book(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    base: int,
    registry: Registry,
    table: str | None,
    asked: tuple[str, ...],
) -> Source:
    from evaluator.portfolio.intake.books import read_rows  # openpyxl is slow to import

    name = f"raw_{base // FILE_STRIDE}"
    book = read_rows(connection, path, name, base, registry, table, asked)
    return Source(
        str(path),
        f"SELECT * FROM {name}",
        {},
        lines=name,
        wrapped=False,
        regular=True,
        unused=tuple(c for c in book.unused if c not in asked),
        notes=tuple(book.notes),
        sheets=tuple(book.sheets),
    )


def _described(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, str]:
    rows = connection.execute(f"DESCRIBE {select}").fetchall()
    return {r[0]: r[1] for r in rows if r[0] not in ("row_id", "file_row_number")}


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path, base: int) -> Source:
    if path.is_dir():
        pattern = text(str(path / "**" / "*.parquet"))
        select = (
            f"SELECT *, row_number() OVER () + {base} AS row_id "
            f"FROM read_parquet({pattern}, union_by_name=true)"
        )
    else:
        # A column of the file may have the name that we give to the number of a row.
        read = f"read_parquet({text(str(path))}, file_row_number=true)"
        own = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
        out = ["file_row_number", *(r[0] for r in own if r[0].lower() == "row_id")]
        select = (
            f"SELECT * EXCLUDE ({', '.join(map(quote, out))}), file_row_number + {base + 1} AS row_id "
            f"FROM {read}"
        )
    return Source(str(path), select, _described(connection, select))


def _csv(
    connection: duckdb.DuckDBPyConnection, path: Path, base: int, registry: Registry
) -> Source | None:
    """None for a header of two rows."""
    from evaluator.portfolio.intake.delimited import read_delimited

    name = f"raw_{base // FILE_STRIDE}"
    told = read_delimited(connection, path, name, base, Headings(registry, Problems()))
    if told is None:
        return None
    columns: dict[str, str] = {}
    headings: dict[str, str] = {}
    for column, heading in zip(told.columns, told.form.names, strict=True):
        title = heading.strip()
        if not title:
            _stray(connection, path, name, base, column)
        elif title.casefold() in ("row_id", "line_fault", *map(str.casefold, columns)):
            columns[column], headings[column] = column, title
        else:
            columns[title] = column
    listed = ", ".join(f"{c} AS {quote(title)}" for title, c in columns.items())
    return Source(
        str(path),
        f"SELECT row_id, {listed}, fault AS line_fault FROM {name}",
        dict.fromkeys(columns, "VARCHAR"),
        notes=(told.form.said,) if told.form.said else (),
        headings=headings,
        faults=True,
    )


def _stray(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, base: int, column: str
) -> None:
    row = connection.execute(
        f"SELECT min(row_id) - {base} FROM {name} WHERE trim({column}) <> ''"
    ).fetchone()
    if row and row[0] is not None:
        raise PortfolioError(
            f"{path}：第 {int(column[1:]) + 1} 列没有表头，第 {row[0]} 行却填了这一列；"
            "写上字段名，或删去这一列"
        )


def _json(connection: duckdb.DuckDBPyConnection, path: Path, base: int) -> Source:
    name = f"raw_{base // FILE_STRIDE}"
    # Whole lines as text: a line that is no JSON is one bad row instead of the end of the run.
    read_lines(connection, path, name, base)
    return Source(str(path), f"SELECT * FROM {name}", {}, lines=name)


def _sqlite(path: Path, table: str | None) -> tuple[list[str], Iterator[Sequence[object]]]:
    uri = f"file:{path}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if table is None and len(names) != 1:
        raise PortfolioError(
            f"{path} 里有 {len(names)} 张表，请用 --table 指明：{'、'.join(names)}"
        )
    if table is not None and table not in names:
        raise PortfolioError(f"{path} 里没有表“{table}”，可用：{'、'.join(names)}")
    db = sqlite3.connect(uri, uri=True)
    cursor = db.execute(f"SELECT * FROM {quote(table or names[0])}")
    return [d[0] for d in cursor.description], iter(cursor)


def _texts(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    base: int,
    names: list[str],
    rows: Iterable[Sequence[object]],
) -> Source:
    name = f"raw_{base // FILE_STRIDE}"
    types = {"row_id": "BIGINT", **dict.fromkeys(names, "VARCHAR")}
    create(connection, name, types)
    number, stream = base, iter(rows)
    while chunk := list(islice(stream, CHUNK)):
        columns = [[marked(r[c]) for r in chunk] for c in range(len(names))]
        numbers = [number + i + 1 for i in range(len(chunk))]
        add(connection, name, types, [numbers, *columns])
        number += len(chunk)
    return Source(str(path), f"SELECT * FROM {name}", dict.fromkeys(names, "VARCHAR"), marked=True)
