"""Where a portfolio comes from: files as DuckDB relations, and which column holds which field.

Columns are found by field name or Chinese label, with a unit in brackets or not, as in the
spreadsheets of single dossiers; "emissions.COD" and "emissions__COD" both name one key of a record.
Excel and SQLite are read by Python into text columns, the rest by DuckDB itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
from python_calamine import CalamineWorkbook

from evaluator.dossier.columns import Headings, plain_label
from evaluator.dossier.fields import Field, Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.lines import read_lines
from evaluator.portfolio.intake.tables import create, insert
from evaluator.portfolio.sql import quote, text
from evaluator.problems.errors import Problems
from evaluator.values.units import UnitError, conversion

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
CHUNK = 20_000
FILE_STRIDE = 10**11  # Row numbers of the second file start here.


@dataclass(frozen=True)
class Source:
    """One input: a SELECT with column ``row_id``, and the names and SQL types of the others.

    ``lines`` names the table of JSON Lines (see ``lines.read_lines``), whose columns are known once
    they are settled; ``wrapped`` lets a line hold its dossier under the key "dossier", ``extra`` are
    keys besides the fields.
    """

    name: str
    select: str
    columns: dict[str, str]
    lines: str = ""
    wrapped: bool = True
    extra: tuple[str, ...] = ()

    @property
    def json(self) -> bool:
        return bool(self.lines)


@dataclass(frozen=True)
class Cell:
    """The column that holds a field: its SQL type, and the unit that its heading names."""

    column: str
    type: str
    unit: str = ""


@dataclass(frozen=True)
class Mapped:
    """Fields by reference name ("emissions.COD") or record name, and columns that are no field."""

    cells: dict[str, Cell]
    unused: tuple[str, ...]


def open_source(
    connection: duckdb.DuckDBPyConnection, path: Path, number: int = 0, table: str | None = None
) -> Source:
    """A file as a source; ``number`` counts the inputs of a run. Raises PortfolioError."""
    if not path.exists():
        raise PortfolioError(f"没有文件 {path}")
    suffix = path.suffix.lower()
    base = number * FILE_STRIDE
    try:
        if suffix == ".parquet" or path.is_dir():
            return _parquet(connection, path, base)
        if suffix in (".csv", ".tsv"):
            return _csv(connection, path, base)
        if suffix in (".jsonl", ".ndjson"):
            return _json(connection, path, base)
        if suffix in (".sqlite", ".db"):
            return _texts(connection, path, base, *_sqlite(path, table))
        if suffix in (".xlsx", ".xls", ".ods"):
            return _texts(connection, path, base, *_excel(path, table))
    except (duckdb.Error, sqlite3.Error) as error:
        raise PortfolioError(f"{path} 读不了：{str(error).splitlines()[0]}") from None
    raise PortfolioError(f"{path} 的类型不认识，可用：{'、'.join(SUFFIXES)}")


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


def _csv(connection: duckdb.DuckDBPyConnection, path: Path, base: int) -> Source:
    # Every cell as text: DuckDB's guess would turn decimals into binary floats.
    name = f"raw_{base // FILE_STRIDE}"
    delimiter = ", delim='\t'" if path.suffix.lower() == ".tsv" else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, row_number() OVER () + {base} AS row_id "
        f"FROM read_csv({text(str(path))}, all_varchar=true, header=true, null_padding=true{delimiter})"
    )
    select = f"SELECT * FROM {name}"
    return Source(str(path), select, _described(connection, select))


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


def _excel(path: Path, sheet: str | None) -> tuple[list[str], Iterator[Sequence[object]]]:
    book = CalamineWorkbook.from_path(str(path))
    if sheet is not None and sheet not in book.sheet_names:
        raise PortfolioError(f"{path} 里没有工作表“{sheet}”，可用：{'、'.join(book.sheet_names)}")
    rows = iter(book.get_sheet_by_name(sheet or book.sheet_names[0]).iter_rows())
    head = next(rows, [])
    return [str(c).strip() or f"列{i + 1}" for i, c in enumerate(head)], rows


def _cell_text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _texts(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    base: int,
    names: list[str],
    rows: Iterable[Sequence[object]],
) -> Source:
    name = f"raw_{base // FILE_STRIDE}"
    schema = pa.schema([("row_id", pa.int64()), *((n, pa.string()) for n in names)])
    create(connection, name, schema.empty_table())
    number, stream = base, iter(rows)
    while chunk := list(islice(stream, CHUNK)):
        columns = [pa.array([number + i + 1 for i in range(len(chunk))], pa.int64())]
        for c in range(len(names)):
            cells = [_cell_text(r[c]) if c < len(r) else None for r in chunk]
            columns.append(pa.array(cells, pa.string()))
        insert(connection, name, pa.table(columns, schema=schema))
        number += len(chunk)
    return Source(str(path), f"SELECT * FROM {name}", dict.fromkeys(names, "VARCHAR"))


def _reference(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def map_columns(source: Source, registry: Registry) -> Mapped:
    """Which column holds which field. Raises PortfolioError where two hold the same."""
    if source.json:
        names = {column_of(n): n for n in registry.references}
        named = {names[c]: Cell(c, kind) for c, kind in source.columns.items() if c in names}
        return Mapped(named, ())
    targets = {**Headings(registry, Problems()).targets}
    targets |= {plain_label(column_of(n)): tuple(n.split(".")) for n in registry.references}
    cells: dict[str, Cell] = {}
    unused: list[str] = []
    for column, kind in source.columns.items():
        label, unit = plain_label(column), ""
        path = targets.get(label)
        if path is None and label.endswith(")") and "(" in label:
            head, _, unit = label[:-1].rpartition("(")
            path = targets.get(head)
        field = registry.references.get(_reference(path)) if path else None
        if path is None or field is None or not _fits(field, unit):
            unused.append(column)
            continue
        name = _reference(path)
        if name in cells:
            raise PortfolioError(f"{source.name}：“{cells[name].column}”和“{column}”是同一个字段")
        cells[name] = Cell(column, kind, unit)
    return Mapped(cells, tuple(unused))


def _fits(field: Field, unit: str) -> bool:
    if not unit:
        return True
    try:
        return field.unit is not None and bool(conversion(unit, field.unit))
    except UnitError:
        return False
