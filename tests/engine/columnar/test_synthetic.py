"""Typed Parquet, the fast path: made-up dossiers with exact hits, against the reference."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from benchmarks.synth import write_synthetic
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options, evaluate_files
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from tests.portfolio.tables import profile_of_row
from tests.support import ROOT


@pytest.mark.parametrize("day", [None, dt.date(2022, 5, 1), dt.date(2025, 10, 1)])
@pytest.mark.parametrize("count", [100, pytest.param(400, marks=pytest.mark.soak)])
def test_typed_parquet_equals_the_reference(
    day: dt.date | None, count: int, tmp_path: Path
) -> None:
    ruleset = load_directory(ROOT)
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    write_synthetic(source, count)
    summary = evaluate_files(ruleset, [source], out, Options(as_of=day), silent)
    assert (summary.judged, summary.rejected) == (count, 0)
    reference = ReferenceEngine(ruleset)
    results = duckdb.sql(f"SELECT * FROM '{out}'").to_arrow_table().to_pylist()
    got = {r["project_id"]: r for r in results}
    for row in duckdb.sql(f"SELECT * FROM '{source}'").to_arrow_table().to_pylist():
        profile = profile_of_row(ruleset, row)
        statuses = reference.statuses(profile, day or profile.submitted_on)
        found = got[profile.id]
        assert found["verdict"] == combine(ruleset, statuses)
        for column, status in (("violated", Status.VIOLATED), ("unknown", Status.UNKNOWN)):
            assert found[column].split() == [i for i, s in statuses.items() if s is status]
        applicable = [i for i, s in statuses.items() if s is not Status.NOT_APPLICABLE]
        assert found["applicable"].split() == applicable
