"""Every way in: what each makes of the rows of one table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from api.pages.assess.dossier_form import fill
from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import iter_dossiers, read_dossiers
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.batch import Batch, Options
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.postgres.load import load_table
from evaluator.portfolio.postgres.table import Place
from evaluator.problems.errors import DossierError
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.shipped import rulebook_path
from tests.portfolio.offices import REGISTRY, Cell, Heading, Table
from tests.portfolio.read import Read, Values, as_portfolio, as_single, held_of, rows_of, values_of
from tests.portfolio.writers import WRITERS, as_data, as_json, as_text, typed_columns

BOOKS = (".xlsx", ".xls", ".ods", ".csv", ".tsv")


def ways(
    folder: Path,
    table: Table,
    server: psycopg.Connection | None = None,
    files: tuple[str, ...] = (),
) -> Iterator[tuple[str, Read]]:
    """What each way in makes of each row; ``files`` are the kinds to write, all of them if none."""
    for name in files or WRITERS:
        path = folder / name
        WRITERS[name](path, table)
        yield f"portfolio {name}", as_portfolio(path)
        if path.suffix in BOOKS:
            yield f"evaluate {name}", as_single(path)
        if path.suffix == ".jsonl":
            yield f"evaluate {name}", [told(found) for found in iter_dossiers(path, REGISTRY)]
            yield "batch ndjson", batch(path, folder, "ndjson")
        if path.suffix == ".parquet":
            yield "batch parquet", batch(path, folder, "parquet")
    yield "json", [single("r.json", as_json(table.columns, row)) for row in table.rows]
    yield "yaml", [single("r.yaml", as_yaml(table.columns, row)) for row in table.rows]
    yield "form", [form(table.columns, row) for row in table.rows]
    if server is not None:
        yield "postgres table", postgres(server, table)
        yield "postgres documents", postgres_documents(server, table)


def told(found: Profile | DossierError) -> Values | str:
    if isinstance(found, Profile):
        return values_of(found)
    return "；".join(p.message for p in found.problems)


def single(name: str, text: str) -> Values | str:
    """A file of one dossier."""
    try:
        (profile,) = read_dossiers((name, text.encode()), REGISTRY)
    except DossierError as error:
        return told(error)
    return values_of(profile)


def as_yaml(columns: list[Heading], row: list[Cell]) -> str:
    """As somebody writes it: numbers bare, other texts in quotes."""
    lines = []
    for name, value in as_data(columns, row).items():
        if isinstance(value, list):
            entries = ", ".join(f"{{key: {e['key']}, value: {_yaml(e['value'])}}}" for e in value)
            lines.append(f"{name}: [{entries}]")
        else:
            lines.append(f"{name}: {_yaml(value)}")
    return "\n".join(lines)


def _yaml(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # Marks that nobody sees are refused in a file of YAML, unless they are escaped.
        return json.dumps(value, ensure_ascii=not value.isprintable() or "\u3000" in value)
    return str(value)


def form(columns: list[Heading], row: list[Cell]) -> Values | str:
    """The form of the pages."""
    typed: dict[str, str] = {}
    for name, value in as_data(columns, row).items():
        entries = value if isinstance(value, list) else [{"value": value}]
        for entry in entries:
            at = f"{name}.{entry['key']}" if "key" in entry else name
            typed[at] = as_text(Cell(entry["value"]))
    filled = fill(typed, REGISTRY)
    if filled.profile is not None and not filled.mistakes:
        return values_of(filled.profile)
    names = (m.name or m.text for m in filled.mistakes)
    return "；".join(f"（{name}）" if name in REGISTRY.references else name for name in names)


def batch(path: Path, folder: Path, form: Any) -> Read:
    """The batch endpoint, up to what is given to the engine."""
    made = Batch(load_directory(rulebook_path(None)), path, form, folder, Options(threads=1))
    with closing(made):
        return rows_of(made._db, load(made._db, made._source(), REGISTRY, None))


# --- PostgreSQL ----------------------------------------------------------------------------------

_KINDS = {pa.float64(): "double precision", pa.date32(): "date", pa.bool_(): "boolean"}


def postgres(server: psycopg.Connection, table: Table) -> Read:
    """A table with a column for each heading, of a type of its own where its cells have one."""
    arrays = typed_columns(table)
    columns = [
        f'"{h}" {_KINDS.get(a.type, "text")}' for h, a in zip(table.heads, arrays, strict=True)
    ]
    server.execute("DROP TABLE IF EXISTS one_reader")
    server.execute(f"CREATE TEMP TABLE one_reader ({', '.join(columns)})".encode())
    with server.cursor() as cursor, cursor.copy("COPY one_reader FROM STDIN") as target:
        for values in zip(*(a.to_pylist() for a in arrays), strict=True):
            target.write_row(values)
    return _loaded(server, Place("one_reader"))


def postgres_documents(server: psycopg.Connection, table: Table) -> Read:
    """A table with a column of JSON."""
    server.execute("DROP TABLE IF EXISTS one_reader")
    server.execute("CREATE TEMP TABLE one_reader (dossier jsonb)")
    with server.cursor() as cursor, cursor.copy("COPY one_reader FROM STDIN") as target:
        for row in table.rows:
            target.write_row([as_json(table.columns, row)])
    return _loaded(server, Place("one_reader", "dossier"))


def _loaded(server: psycopg.Connection, place: Place) -> Read:
    server.execute("SET LOCAL jit = off")  # As a run does: it would compile for minutes.
    layout = load_table(server, REGISTRY, place)
    cursor = server.execute("SELECT * FROM portfolio")
    names = [d.name for d in cursor.description or ()]
    found: dict[int, Values | str] = {}
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found[row["row_id"]] = {
            name: held_of(row[column_of(name)], layout.number(name).times)
            for name in REGISTRY.references
            if row.get(column_of(name)) is not None
        }
    found |= dict(server.execute("SELECT row_id, reason FROM portfolio_rejects").fetchall())
    return [found[number] for number in sorted(found)]
