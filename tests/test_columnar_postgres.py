"""The columnar engine in PostgreSQL, in place, against the reference. Needs a server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from evaluator.dossier import Profile
from evaluator.engine.columnar import TooWide, compile_ruleset
from evaluator.engine.columnar.memory import tables_of
from evaluator.engine.reference import ReferenceEngine
from evaluator.evaluate import combine
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.postgres import Place, judge_in_place
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.verdict import Status
from tests.strategies import dossiers, rulesets
from tests.support import ROOT
from tests.test_columnar import corpus
from tests.test_columnar_portfolio import numbered

SERVER = os.environ.get("ADMISSION_TEST_POSTGRES", "host=127.0.0.1 user=postgres dbname=test")


@pytest.fixture
def server() -> Iterator[psycopg.Connection]:
    """A connection whose temporary tables are gone with the test."""
    try:
        connection = psycopg.connect(SERVER, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server")
    with connection:
        yield connection
        connection.rollback()


def copy_in(server: psycopg.Connection, name: str, table: pa.Table) -> None:
    kinds = {pa.int64(): "bigint", pa.string(): "text", pa.bool_(): "boolean", pa.date32(): "date"}
    columns = ", ".join(f'"{f.name}" {kinds.get(f.type, "numeric")}' for f in table.schema)
    server.execute(f"DROP TABLE IF EXISTS {name} CASCADE".encode())
    server.execute(f"CREATE TEMP TABLE {name} ({columns})".encode())
    with server.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as target:
        for row in zip(*(c.to_pylist() for c in table.columns), strict=True):
            target.write_row(row)


def check(server: psycopg.Connection, ruleset: Ruleset, rows: list[tuple[Profile, object]]) -> None:
    layout, main, items = tables_of(ruleset.registry, rows)  # type: ignore[arg-type]
    plan = compile_ruleset(ruleset, layout)
    copy_in(server, "portfolio", main)
    copy_in(server, "portfolio_items", items)
    reference = ReferenceEngine(ruleset)
    found = server.execute(sql_of(plan.statuses(), "postgres").encode()).fetchall()
    assert len(found) == len(rows)
    for row_id, *statuses in found:
        profile, day = rows[row_id]
        expected = reference.statuses(profile, day)  # type: ignore[arg-type]
        got = {r.id: Status(s) for r, s in zip(plan.rules, statuses, strict=True)}
        assert {i: got[i] for i in expected} == expected


def test_every_example_and_case(server: psycopg.Connection) -> None:
    ruleset = load_directory(ROOT)
    check(server, ruleset, corpus(ruleset))  # type: ignore[arg-type]


@settings(
    max_examples=25, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.data())
def test_random_rulesets(server: psycopg.Connection, data: st.DataObject) -> None:
    ruleset = data.draw(rulesets())
    profiles = data.draw(st.lists(dossiers(ruleset), min_size=1, max_size=4))
    try:
        check(server, ruleset, [(p, p.submitted_on) for p in profiles])
    except TooWide:
        return


def test_a_table_of_snapshots_in_place(server: psycopg.Connection) -> None:
    ruleset = load_directory(ROOT)
    profiles = numbered(ruleset)
    server.execute("DROP TABLE IF EXISTS snapshots")
    server.execute("CREATE TEMP TABLE snapshots (snapshot jsonb)")
    documents = [p.to_dict(ruleset.registry) for p in profiles]
    documents.append({**documents[0], "project_id": "bad", "land_area": "-3"})
    with server.cursor() as cursor:
        cursor.executemany("INSERT INTO snapshots VALUES (%s)", [(Jsonb(d),) for d in documents])
    counts = judge_in_place(server, ruleset, Place.parse("snapshots:snapshot"))
    assert counts == (len(documents), len(profiles), 1)
    reference = ReferenceEngine(ruleset)
    got: dict[str, str] = dict(
        server.execute("SELECT project_id, verdict FROM portfolio_results").fetchall()
    )
    expected = {
        p.id: combine(ruleset, reference.statuses(p, p.submitted_on)).value for p in profiles
    }
    assert got == expected
