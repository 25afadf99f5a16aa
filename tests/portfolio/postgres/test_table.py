"""Tables of typed columns, and the day that rows are judged at. Needs a server."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pytest

from benchmarks.synth import write_synthetic
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.postgres.run import judge_in_place
from evaluator.portfolio.postgres.table import Place
from evaluator.rulebook.ast import Ruleset
from tests.portfolio.files import numbered
from tests.portfolio.postgres.places import copy_in, documents, judged, wanted
from tests.portfolio.tables import (
    Row,
    profile_of_row,
)

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


def test_columns_are_named_as_in_files(server: psycopg.Connection, shipped: Ruleset) -> None:
    """Labels, units and a column that holds no field."""
    server.execute(
        'CREATE TEMP TABLE named ("项目编号" text, "项目名称" text, "受理日期" date, '
        '"用地面积（公顷）" numeric, "annual_tax" text, "备注" text)'
    )
    server.execute(
        "INSERT INTO named VALUES ('A', '甲', '2024-06-03', 2, '0.3 亿元', 'x'), "
        "('B', '乙', '2024-06-03', 2, '3/5', 'x')"
    )
    unused: list[str] = []
    counts = judge_in_place(server, shipped, Place("named"), unused=unused)
    assert (counts, unused) == ((2, 1, 1), ["备注"])
    row = server.execute("SELECT land_area, annual_tax FROM portfolio").fetchone()
    assert row == (30, 3000)
    server.execute("ALTER TABLE named ADD COLUMN land_area numeric")
    with pytest.raises(PortfolioError, match="同一个字段"):
        judge_in_place(server, shipped, Place("named"))
