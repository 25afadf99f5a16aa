"""The columnar engine in PostgreSQL, in place, against the reference. Needs a server."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from benchmarks.synth import write_synthetic
from evaluator.cli.portfolio import portfolio_app
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.postgres.run import judge_in_place
from evaluator.portfolio.postgres.table import Place
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place as SourcePlace
from evaluator.problems.source import SourceText
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.portfolio.tables import (
    RESULT,
    Made,
    Row,
    Tables,
    corpus,
    expected,
    judgeable,
    profile_of_row,
    random_rows,
)
from tests.portfolio.test_run import numbered
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

# The same setting as the tests of the service have, which is an address of SQLAlchemy's form.
SERVER = os.environ.get("ADMISSION_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")
SERVER = SERVER.replace("postgresql+psycopg://", "postgresql://")
KINDS = {pa.int64(): "bigint", pa.string(): "text", pa.bool_(): "boolean", pa.date32(): "date"}


@pytest.fixture
def server() -> Iterator[psycopg.Connection]:
    """A connection whose tables are gone with the test."""
    try:
        connection = psycopg.connect(SERVER, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server")
    with connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
def shipped() -> Ruleset:
    return load_directory(ROOT)


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


# --- the expression ----------------------------------------------------------------------------


def test_every_example_and_case(server: psycopg.Connection, shipped: Ruleset) -> None:
    tables = judgeable(shipped, corpus(shipped))
    assert tables.left_out == 0
    for made in tables.made:
        check(server, made)


def test_shipped_rulebook_on_random_dossiers(server: psycopg.Connection, shipped: Ruleset) -> None:
    tables = judgeable(shipped, random_rows(shipped, 150))
    assert tables.left_out == 0
    for made in tables.made:
        check(server, made)


@pytest.mark.soak
@pytest.mark.parametrize(("plain", "count"), [(True, 30), (False, 8)])
def test_random_rulesets(server: psycopg.Connection, plain: bool, count: int) -> None:
    seen = Tables()

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def judge(data: st.DataObject) -> None:
        nonlocal seen
        ruleset = data.draw(rulesets(plain=plain))
        row = st.tuples(dossiers(ruleset, plain=plain), as_of_dates(ruleset))
        tables = judgeable(ruleset, data.draw(st.lists(row, min_size=1, max_size=6)))
        for made in tables.made:
            check(server, made)
        seen += tables

    judge()
    left_out, findings = seen.left_out, seen.findings
    assert left_out < findings * (0.01 if plain else 0.2)


# --- tables in place ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["jsonb", "json", "text"])
def test_a_table_of_snapshots(server: psycopg.Connection, shipped: Ruleset, kind: str) -> None:
    profiles = numbered(shipped)[: 1000 if kind == "jsonb" else 50]
    found: list[Any] = [p.to_dict(shipped.registry) for p in profiles]
    found.append({**found[0], "project_id": "bad", "land_area": "-3"})
    if kind == "text":
        found.append('{"project_id": ')
    place = documents(server, kind, found)
    counts = judge_in_place(server, shipped, place)
    assert counts == (len(found), len(profiles), len(found) - len(profiles))
    assert judged(server) == wanted(shipped, [(p, p.submitted_on) for p in profiles])
    assert all("用地面积" in r or "JSON" in r for r in reasons(server).values())


def test_numbers_that_no_decimal_writes(server: psycopg.Connection, shipped: Ruleset) -> None:
    """Thirds in fields and items, as snapshots have them, equal to their thresholds and not."""
    profiles = []
    energy = [{"key": "水泥熟料", "value": "100", "unit": "千克标准煤/吨"}]
    for n, (area, tax, coal) in enumerate(
        [("2000/3", "40000/3", "1/3"), ("2000/3", "39999.99/3", "0"), ("18.5", "1/7", "20/9")]
    ):
        tax = tax.replace("39999.99/3", "13333.33")
        item = {"key": "COD", "value": coal, "unit": "吨/年"}
        other = {"key": "电解铝", "value": ("1/3", "13000", "39001/3")[n], "unit": "千瓦时/吨"}
        raw = {
            "project_id": f"P{n}",
            "project_name": "甲",
            "submitted_on": "2024-06-03",
            "land_area": area,
            "annual_tax": tax,
            "land_use_mode": "new_industrial_land",
            "industry_code": "C3985",
            "emissions": [item],
            "product_energy": [*energy, other],
        }
        profile = read(shipped, raw)
        assert profile is not None
        assert profile.to_dict(shipped.registry) == raw
        profiles.append(profile)
    found = [p.to_dict(shipped.registry) for p in profiles]
    assert judge_in_place(server, shipped, documents(server, "jsonb", found)) == (3, 3, 0)
    assert judged(server) == wanted(shipped, [(p, p.submitted_on) for p in profiles])


def read(ruleset: Ruleset, raw: Any) -> Profile | None:
    """The dossier that the reader of single dossiers makes of JSON data."""
    return parse_dossier(
        raw, ruleset.registry, lambda _: SourcePlace(SourceText("t", ""), 1), Problems()
    )


ITEM = {"key": "COD", "value": "1.5", "unit": "吨/年"}
ENERGY = {"key": "水泥熟料", "value": "100", "unit": "千克标准煤/吨"}
VARIANTS: list[dict[str, Any]] = [
    {"submitted_on": "2024-02-30"},
    {"submitted_on": "2024-02-29"},
    {"submitted_on": "2024/6/3"},
    {"submitted_on": "2024年6月3日"},
    {"submitted_on": "1899-12-31"},
    {"submitted_on": None},
    {"industry_code": "C9985"},
    {"industry_code": "3985"},
    {"industry_code": " C3985 "},
    {"land_area": "18 公顷"},
    {"land_area": "270 亩"},
    {"land_area": "1e1"},
    {"land_area": 18},
    {"land_area": 18.25},
    {"land_area": True},
    {"land_area": "约 18"},
    {"land_area": "2000/3"},
    {"land_area": []},
    {"land_area": {"value": 3}},
    {"land_area": ""},
    {"land_area": "１８"},
    {"land_area": "1/0"},
    {"employees": "12.5"},
    {"employees": "12.0"},
    {"employees": "25/2"},
    {"two_high": "是"},
    {"two_high": "true"},
    {"two_high": True},
    {"two_high": "也许"},
    {"two_high": 1},
    {"land_use_mode": "nothing"},
    {"project_name": "甲\u200f\u202e乙"},
    {"project_name": "  甲  "},
    {"project_name": 5},
    {"project_name": "\u001f5"},
    {"project_name": "x" * 3000},
    {"project_name": "甲\n乙"},
    {"nothing_such": 1},
    {"unified_social_credit_code": "91990000MA0DEM0138"},
    {"unified_social_credit_code": "91990000MA0DEM0139"},
    {"unified_social_credit_code": "91990000ma0dem0138"},
    {"product_codes": ["356201", "C3985"]},
    {"product_codes": "356201、C3985"},
    {"product_codes": ["1", "1"]},
    {"product_codes": []},
    {"product_codes": [{"a": 1}]},
    {"emissions": [ITEM]},
    {"emissions": [{**ITEM, "value": "-1"}]},
    {"emissions": []},
    {"emissions": [ITEM, ITEM]},
    {"emissions": [{**ITEM, "value": "1500", "unit": "千克/年"}]},
    {"emissions": [{**ITEM, "key": "X"}]},
    {"emissions": [{**ITEM, "more": 1}]},
    {"emissions": [{"pollutant": "COD", "value": 1.5}]},
    {"emissions": "COD"},
    {"emissions": ["COD"]},
    {"emissions": [{**ITEM, "value": None}]},
    {"emissions": None},
    {"emissions": [{**ITEM, "unit": "亩"}]},
    {"emissions": {"COD": 1}},
    {"product_energy": [ENERGY]},
    {"product_energy": [{**ENERGY, "unit": "无此单位"}]},
    {"product_energy": [{**ENERGY, "value": "1/3"}]},
    {"product_energy": [ENERGY, ENERGY]},
    {"product_energy": [{"product": "水泥  熟料", "value": "0.1 吨标准煤/吨"}]},
    {"product_energy": [{**ENERGY, "value": 100}]},
    {"product_energy": [{**ENERGY, "unit": ""}]},
    {"product_energy": [{**ENERGY, "key": " 水泥熟料"}]},
]


def test_documents_are_accepted_and_read_as_single_dossiers_are(
    server: psycopg.Connection, shipped: Ruleset
) -> None:
    found = []
    for n, variant in enumerate(VARIANTS):
        base = {"project_name": "甲", "submitted_on": "2024-06-03", "industry_code": "C3011"}
        found.append({**base, "land_area": "20", **variant, "project_id": f"P{n}"})
    profiles = {d["project_id"]: read(shipped, d) for d in found}
    good: list[Row] = [(p, p.submitted_on) for p in profiles.values() if p is not None]
    assert 25 < len(good) < len(found) - 20
    counts = judge_in_place(server, shipped, documents(server, "jsonb", found))
    rejected = {found[i - 1]["project_id"]: r for i, r in reasons(server).items()}
    assert set(rejected) == {i for i, p in profiles.items() if p is None}, rejected
    assert counts == (len(found), len(good), len(rejected))
    assert judged(server) == wanted(shipped, good)


def test_what_is_no_object_is_one_bad_row_each(
    server: psycopg.Connection, shipped: Ruleset
) -> None:
    good = numbered(shipped)[0].to_dict(shipped.registry)
    found = [good, "[1]", "5", "null", '"x"', "{}", "{", "", json.dumps(good)[:-1]]
    place = documents(server, "text", found)
    assert judge_in_place(server, shipped, place) == (9, 1, 8)
    assert set(reasons(server)) == set(range(2, 10))


DAYS = [dt.date(2022, 5, 1), None, dt.date(2025, 10, 1)]


@pytest.mark.parametrize("as_of", [None, dt.date(2022, 5, 1), "day", "planned_on"])
def test_a_table_of_typed_columns(
    server: psycopg.Connection, shipped: Ruleset, as_of: str | dt.date | None, tmp_path: Path
) -> None:
    """Made-up dossiers with exact hits, bad rows between, each judged at a day of its own."""
    source = tmp_path / "in.parquet"
    write_synthetic(source, 300)
    table = duckdb.sql(f"SELECT * FROM '{source}'").to_arrow_table()
    days = [DAYS[n % 3] for n in range(300)]
    table = table.append_column("day", pa.array(days, pa.date32()))
    written = [None if d is None else d.strftime("%Y年%m月%d日") for d in days]
    written[7] = "近日"
    table = table.append_column("planned_on", pa.array(written, pa.string()))
    copy_in(server, "projects", table)
    # Row 3 cannot be read, and row 7 only where its day is asked for.
    server.execute("UPDATE projects SET land_area = -1 WHERE project_id = 'P000000003'")
    bad = {3, 7} if as_of == "planned_on" else {3}
    counts = judge_in_place(server, shipped, Place("projects"), as_of)
    assert counts == (300, 300 - len(bad), len(bad))
    rows: list[Row] = []
    for n, row in enumerate(table.drop_columns(["day", "planned_on"]).to_pylist()):
        found = profile_of_row(shipped, row)
        own = days[n] if isinstance(as_of, str) else as_of
        if n not in bad:
            rows.append((found, own or found.submitted_on))
    assert judged(server) == wanted(shipped, rows)


def test_the_day_may_be_a_field_or_a_column_beside_the_documents(
    server: psycopg.Connection, shipped: Ruleset
) -> None:
    profiles = numbered(shipped)[:30]
    found = [p.to_dict(shipped.registry) for p in profiles]
    founded = "enterprise_founded_on"
    place = documents(server, "jsonb", found)
    server.execute("ALTER TABLE snapshots ADD COLUMN decided_at timestamptz")
    server.execute("UPDATE snapshots SET decided_at = '2022-05-01 08:00' WHERE id % 2 = 0")
    for as_of, day in (
        ("decided_at", lambda n, _: dt.date(2022, 5, 1) if n % 2 else None),
        (founded, lambda _, p: p.values.get(founded)),
    ):
        judge_in_place(server, shipped, place, as_of)
        rows: list[Row] = [(p, day(n, p) or p.submitted_on) for n, p in enumerate(profiles)]
        assert judged(server) == wanted(shipped, rows)


@pytest.mark.parametrize(
    ("table", "as_of", "said"),
    [
        ("nowhere:x", None, "没有表 nowhere"),
        ("snapshots:x", None, "没有列“x”，有：id、snapshot"),
        ("snapshots", None, "缺少必填的列：项目编号"),
        ("snapshots:snapshot", "x", "没有列“x”，有：id、snapshot"),
        ("snapshots:snapshot", "land_area", "“用地面积”（land_area）不是日期"),
    ],
)
def test_what_the_table_lacks_is_said(
    server: psycopg.Connection, shipped: Ruleset, table: str, as_of: str | None, said: str
) -> None:
    documents(server, "jsonb", [])
    with pytest.raises(PortfolioError, match=said):
        judge_in_place(server, shipped, Place.parse(table), as_of)


@pytest.mark.usefixtures("server")
def test_command_line(shipped: Ruleset, tmp_path: Path) -> None:
    """Results come out as DuckDB writes them; texts with commas, quotes and lines survive."""
    profiles = numbered(shipped)[:20]
    odd = {**profiles[0].to_dict(shipped.registry), "project_id": '甲,"乙"\n丙'}
    found = [odd, *(p.to_dict(shipped.registry) for p in profiles), {**odd, "land_area": "x"}]
    # A table of its own name, since the command has a connection of its own.
    name = f"portfolio_test_{os.getpid()}"
    out, source = tmp_path / "out.parquet", tmp_path / "in.jsonl"
    with psycopg.connect(SERVER, autocommit=True) as other:
        other.execute(f"CREATE TABLE {name} (dossier jsonb, day date)".encode())
        try:
            with other.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {name} VALUES (%s, '2025-10-01')".encode(),
                    [(Jsonb(d),) for d in found],
                )
            result = CliRunner().invoke(
                portfolio_app,
                [
                    "evaluate",
                    "-o",
                    str(out),
                    "--backend",
                    "postgres",
                    "--server",
                    SERVER,
                    "--table",
                    f"{name}:dossier",
                    "--as-of-column",
                    "day",
                ],
            )
        finally:
            other.execute(f"DROP TABLE {name}".encode())
    assert result.exit_code == 0, result.output
    assert "退回 1 份" in result.output
    rejects = duckdb.sql(f"SELECT * FROM '{tmp_path}/out.rejects.csv'").fetchall()
    assert [r[0] for r in rejects] == [22]
    assert "用地面积" in rejects[0][1]
    source.write_text("\n".join(json.dumps(d) for d in found), "utf-8")
    same = tmp_path / "same.parquet"
    arguments = ["evaluate", str(source), "-o", str(same), "--as-of", "2025-10-01"]
    assert CliRunner().invoke(portfolio_app, arguments).exit_code == 0
    rows = [
        duckdb.sql(f"SELECT project_id, industry_code, {RESULT} FROM '{f}' ORDER BY ALL").fetchall()
        for f in (out, same)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 21


def test_an_absent_server_is_said(tmp_path: Path) -> None:
    arguments = ["evaluate", "-o", str(tmp_path / "o.csv"), "--backend", "postgres", "--table", "t"]
    result = CliRunner().invoke(
        portfolio_app, [*arguments, "--server", "host=127.0.0.1 port=1 connect_timeout=2"]
    )
    assert result.exit_code == 2
    assert "连不上 PostgreSQL" in result.output
