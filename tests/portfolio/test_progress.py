"""The bar of long runs tells how far they are."""

from __future__ import annotations

import io
import re
from contextlib import closing
from pathlib import Path

from rich.console import Console

from benchmarks.synth import write_synthetic
from evaluator.portfolio.duck import connect
from evaluator.portfolio.progress import Share, bar, duckdb_share
from evaluator.portfolio.run import Options, evaluate_files
from tests.support import ruleset_of


def test_the_bar_moves_while_a_statement_runs() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120)
    with closing(connect(1)) as db, bar(console) as say:
        db.execute("CREATE TABLE long AS SELECT * FROM range(8000000)")
        say("长任务", duckdb_share(db))
        db.execute("CREATE TABLE o AS SELECT md5(range::VARCHAR) AS a FROM long").fetchall()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    percentages = [int(n) for n in re.findall(r"长任务[^%]*?(\d+)%", text)]
    assert percentages == sorted(percentages)
    assert len({p for p in percentages if 0 < p < 100}) >= 2, percentages


def test_every_step_of_a_run_can_tell_its_share(tmp_path: Path) -> None:
    steps: list[tuple[str, Share | None]] = []
    source = tmp_path / "in.parquet"
    write_synthetic(source, 50)

    def say(what: str, share: Share | None = None) -> None:
        steps.append((what, share))

    evaluate_files(ruleset_of(), [source], tmp_path / "out.csv", Options(), say)
    assert [what for what, _ in steps] == ["读取 in.parquet", "评估 in.parquet：50 份", "汇总"]
    assert all(share is not None for _, share in steps)


def test_what_is_over_has_no_share() -> None:
    with closing(connect()) as db:
        share = duckdb_share(db)
        db.execute("SELECT 1").fetchall()
        assert share() is None
    assert share() is None
