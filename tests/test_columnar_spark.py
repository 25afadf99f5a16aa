"""The columnar engine on a Spark master with one worker, against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from evaluator.dossier import make_profile
from evaluator.engine.columnar import compile_ruleset
from evaluator.engine.columnar.memory import tables_of
from evaluator.engine.reference import ReferenceEngine
from evaluator.evaluate import combine
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.spark import judge_on, session
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.verdict import Status
from tests.spark_cluster import cluster
from tests.support import CRITERIA, ROOT, RULES, ruleset_of
from tests.test_columnar import corpus

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with cluster(tmp_path_factory.mktemp("spark")) as master:
        found = session(master)
        yield found
        found.stop()


def check(spark: Any, ruleset: Ruleset, rows: list[tuple[Any, Any]], directory: Path) -> None:
    layout, main, items = tables_of(ruleset.registry, rows)
    plan = compile_ruleset(ruleset, layout)
    pq.write_table(main, directory / "main.parquet")
    pq.write_table(items, directory / "items.parquet")
    out = directory / "out"
    judge_on(spark, plan, directory / "main.parquet", directory / "items.parquet", out)
    reference = ReferenceEngine(ruleset)
    verdicts = {r["row_id"]: r["verdict"] for r in pq.read_table(out).to_pylist()}
    found = spark.sql(sql_of(plan.statuses(), "pyspark")).collect()
    assert len(found) == len(verdicts) == len(rows)
    for row_id, *statuses in found:
        profile, day = rows[row_id]
        expected = reference.statuses(profile, day)
        got = {r.id: Status(s) for r, s in zip(plan.rules, statuses, strict=True)}
        assert {i: got[i] for i in expected} == expected
        assert verdicts[row_id] == combine(ruleset, expected)


def test_every_example_and_case(spark: Any, tmp_path: Path) -> None:
    ruleset = load_directory(ROOT)
    check(spark, ruleset, corpus(ruleset), tmp_path)


def test_thresholds_hit_exactly_with_many_digits(spark: Any, tmp_path: Path) -> None:
    # Products of these need more digits than Spark keeps by itself.
    ruleset = ruleset_of(RULES, CRITERIA)
    rows = []
    for area in ("0.000001", "33.333333", "123456789012.123456"):
        for tax, shift in ((20, "0"), (20, "0.000001"), (20, "-0.000001")):
            found = make_profile(
                ruleset.registry, project_id="1", project_name="甲", submitted_on="2024-06-03",
                land_area=area, industry_code="C3985",
            )  # fmt: skip
            tax_value = Fraction(area) * tax + Fraction(shift)
            rows.append((found.with_value("annual_tax", tax_value), found.submitted_on))
    check(spark, ruleset, rows, tmp_path)
