"""Tables of dossiers on a server, and what was made of them."""

from __future__ import annotations

import json
import os
from typing import Any

import psycopg
import pyarrow as pa

from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.postgres.table import Place
from evaluator.rulebook.ast import Ruleset
from tests.portfolio.tables import (
    RESULT,
    Made,
    Row,
    expected,
)

# The same setting as the tests of the service have, which is an address of SQLAlchemy's form.
SERVER = os.environ.get("ADMISSION_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres").replace(
    "postgresql+psycopg://", "postgresql://"
)
KINDS = {pa.int64(): "bigint", pa.string(): "text", pa.bool_(): "boolean", pa.date32(): "date"}


def copy_in(server: psycopg.Connection, name: str, table: pa.Table) -> None:
    columns = ", ".join(f'"{f.name}" {KINDS.get(f.type, "numeric")}' for f in table.schema)
    server.execute(f"DROP TABLE IF EXISTS {name} CASCADE".encode())
    server.execute(f"CREATE TEMP TABLE {name} ({columns})".encode())
    with server.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as target:
        for row in zip(*(c.to_pylist() for c in table.columns), strict=True):
            target.write_row(row)


def check(server: psycopg.Connection, made: Made) -> None:
    copy_in(server, "portfolio", made.main)
    copy_in(server, "portfolio_items", made.items)
    select = sql_of(made.plan.results(lookup=False), "postgres")
    query = f"SELECT {RESULT} FROM ({select}) AS r ORDER BY row_id"
    assert server.execute(query.encode()).fetchall() == expected(made.ruleset, made.rows)


def judged(server: psycopg.Connection) -> dict[str, tuple[str, ...]]:
    query = f"SELECT project_id, {RESULT} FROM portfolio_results"
    return {r[0]: r[1:] for r in server.execute(query.encode())}


def reasons(server: psycopg.Connection) -> dict[int, str]:
    return dict(server.execute("SELECT row_id, reason FROM portfolio_rejects").fetchall())


def wanted(ruleset: Ruleset, rows: list[Row]) -> dict[str, tuple[str, ...]]:
    return {p.id: r for (p, _), r in zip(rows, expected(ruleset, rows), strict=True)}


def documents(server: psycopg.Connection, kind: str, found: list[Any]) -> Place:
    server.execute("DROP TABLE IF EXISTS snapshots")
    server.execute(f"CREATE TEMP TABLE snapshots (id serial, snapshot {kind})".encode())
    with server.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO snapshots (snapshot) VALUES (%s)",
            [(d if isinstance(d, str) else json.dumps(d, ensure_ascii=False),) for d in found],
        )
    return Place.parse("snapshots:snapshot")
