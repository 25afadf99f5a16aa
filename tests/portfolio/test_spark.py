"""The columnar engine on a Spark master with one worker, against the reference."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from benchmarks.synth import write_synthetic
from evaluator.dossier.dossier import make_profile
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options, rejects_path
from evaluator.portfolio.spark import evaluate_spark, judge_on, session
from evaluator.rulebook.ast import Ruleset
from tests.portfolio.spark_cluster import cluster
from tests.portfolio.tables import (
    RESULT,
    Made,
    Result,
    Tables,
    corpus,
    expected,
    judgeable,
    profile_of_row,
    random_rows,
    random_tables,
)
from tests.support import CRITERIA, RULES, ruleset_of, without

pytestmark = [
    pytest.mark.spark,
    # One cluster for all of them, in one process.
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore"),
]
TOGETHER = 20  # Tables a query: Spark plans a larger one no faster, and needs more memory for it.


def lacking() -> str | None:
    """What these tests need and this machine has not."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "PySpark is not installed (make test SPARK=1 installs it)"
    home = os.environ.get("JAVA_HOME")
    java = Path(home, "bin", "java") if home else shutil.which("java")
    return None if java and Path(java).exists() else "Spark needs Java 17 or later"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := lacking():
        without(reason)
    with cluster(tmp_path_factory.mktemp("spark")) as address:
        yield address


@pytest.fixture(scope="module")
def spark(master: str) -> Iterator[Any]:
    found = session(master)
    # A few rows in each table: one task is enough.
    found.conf.set("spark.sql.shuffle.partitions", "1")
    yield found
    found.stop()


def check(spark: Any, made: Made, directory: Path) -> None:
    """Judge as ``admission portfolio evaluate`` does: Parquet in, Parquet out."""
    main, items, out = (directory / name for name in ("main.parquet", "items.parquet", "out"))
    pq.write_table(made.main, main)
    pq.write_table(made.items, items)
    judge_on(spark, made.plan, main, items, out)
    found = duckdb.sql(f"SELECT {RESULT} FROM '{out}/*.parquet' ORDER BY row_id").fetchall()
    assert found == expected(made.ruleset, made.rows)


def check_together(spark: Any, tables: list[Made], directory: Path) -> None:
    """Judge many small tables, each by its own ruleset, in one query."""
    from pyspark.sql.pandas.types import from_arrow_schema

    selects = []
    for n, made in enumerate(tables):
        for name, table in (("portfolio", made.main), ("portfolio_items", made.items)):
            path = directory / f"{name}{n}.parquet"
            pq.write_table(table, path)
            # With the schema given Spark need not start a job to look for it.
            read = spark.read.schema(from_arrow_schema(table.schema))
            read.parquet(str(path)).createOrReplaceTempView(f"{name}{n}")
        select = sql_of(made.plan.results(lookup=False), "pyspark")
        select = re.sub(r"`(portfolio|portfolio_items)`", rf"`\g<1>{n}`", select)
        selects.append(f"SELECT {n} AS n, row_id, {RESULT.replace(chr(34), '`')} FROM ({select})")
    found: list[list[Result]] = [[] for _ in tables]
    for n, _, *result in sorted(map(tuple, spark.sql(" UNION ALL ".join(selects)).collect())):
        found[n].append(tuple(result))
    for made, results in zip(tables, found, strict=True):
        assert results == expected(made.ruleset, made.rows), made.ruleset.layers


def test_every_example_and_case(spark: Any, shipped: Ruleset, tmp_path: Path) -> None:
    tables = judgeable(shipped, corpus(shipped))
    assert tables.left_out == 0
    for made in tables.made:
        check(spark, made, tmp_path)


@pytest.mark.soak
def test_shipped_rulebook_on_random_dossiers(spark: Any, shipped: Ruleset, tmp_path: Path) -> None:
    tables = judgeable(shipped, random_rows(shipped, 150))
    assert tables.left_out == 0
    # A few rules are judged in tables of a few rows; nearly all of them in one table.
    *few, most = sorted(tables.made, key=lambda made: len(made.ruleset.rules))
    check(spark, most, tmp_path)
    check_together(spark, few, tmp_path)


@pytest.mark.parametrize(
    ("plain", "count"), [(True, 12), (False, 5), pytest.param(True, 30, marks=pytest.mark.soak)]
)
def test_random_rulesets(spark: Any, plain: bool, count: int, tmp_path: Path) -> None:
    tables: Tables = random_tables(count, 6, plain)
    assert tables.left_out < tables.findings * (0.01 if plain else 0.2)
    for start in range(0, len(tables.made), TOGETHER):
        check_together(spark, tables.made[start : start + TOGETHER], tmp_path)


def test_thresholds_hit_exactly_with_many_digits(spark: Any, tmp_path: Path) -> None:
    # Products of these need more digits than Spark keeps by itself.
    ruleset = ruleset_of(RULES, CRITERIA)
    rows = []
    for area in ("0.000001", "33.333333", "123456789012.123456"):
        for tax, shift in ((20, "0"), (20, "0.000001"), (20, "-0.000001")):
            found = make_profile(
                ruleset.registry,
                project_id="1",
                project_name="甲",
                submitted_on="2024-06-03",
                land_area=area,
                industry_code="C3985",
            )
            tax_value = Fraction(area) * tax + Fraction(shift)
            rows.append((found.with_value("annual_tax", tax_value), found.submitted_on))
    (made,) = judgeable(ruleset, rows).made
    check(spark, made, tmp_path)


def test_a_file_with_bad_rows_and_days_of_its_own(
    spark: Any, master: str, shipped: Ruleset, tmp_path: Path
) -> None:
    """Typed Parquet with exact hits, through the whole of ``--backend spark``."""
    made_up, source, out = (tmp_path / n for n in ("made.parquet", "in.parquet", "out"))
    write_synthetic(made_up, 400)
    days = "[DATE '2022-05-01', NULL, DATE '2025-10-01'][1 + row_number() OVER () % 3]"
    bad = "row_number() OVER () % 50 = 7"
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CASE WHEN {bad} THEN -1 ELSE land_area END AS land_area), "
        f"{days} AS day, {bad} AS bad FROM '{made_up}') TO '{source}'"
    )
    options = Options(as_of="day")
    summary = evaluate_spark(shipped, [source], out, options, master, silent)
    assert (summary.judged, summary.rejected) == (392, 8)
    assert sum(summary.verdicts.values()) == 392
    rejects = duckdb.sql(f"SELECT reason FROM '{rejects_path(out)}'").fetchall()
    assert all("用地面积" in r[0] for r in rejects)
    rows = []
    for row in duckdb.sql(f"SELECT * FROM '{source}' WHERE NOT bad").to_arrow_table().to_pylist():
        day, _ = row.pop("day"), row.pop("bad")
        found = profile_of_row(shipped, row)
        rows.append((found, day or found.submitted_on))
    assert {day for _, day in rows} > {dt.date(2022, 5, 1), dt.date(2025, 10, 1)}
    columns = f"project_id, {RESULT}"
    got = {r[0]: r[1:] for r in duckdb.sql(f"SELECT {columns} FROM '{out}/*.parquet'").fetchall()}
    wanted = expected(shipped, rows)
    assert got == {p.id: w for (p, _), w in zip(rows, wanted, strict=True)}
    # The session was there before, so it still is.
    assert spark.range(3).count() == 3
