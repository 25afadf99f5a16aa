"""Spark with one worker and with two, each of one core, on the same dossiers.

python benchmarks/portfolio_spark.py ROWS DIRECTORY
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.synth import ROOT, write_synthetic
from evaluator.engine.columnar import Plan, compile_ruleset
from evaluator.portfolio.duck import connect
from evaluator.portfolio.load import load
from evaluator.portfolio.sources import open_source
from evaluator.portfolio.spark import judge_on, session
from evaluator.rulebook.load import load_directory
from tests.spark_cluster import cluster

PARTS = 8


def staged(source: Path, directory: Path) -> tuple[Plan, Path]:
    """The typed dossiers as several Parquet files, and the plan for them."""
    rules = load_directory(ROOT)
    db = connect(2)
    loaded = load(db, open_source(db, source), rules.registry, dt.date(2024, 9, 2))
    main = directory / "stage"
    main.mkdir()
    for n in range(PARTS):
        db.execute(
            f"COPY (SELECT * FROM ({loaded.main}) WHERE row_id % {PARTS} = {n}) "
            f"TO '{main}/part{n}.parquet' (FORMAT parquet)"
        )
    return compile_ruleset(rules, loaded.layout), main


def main() -> None:
    rows, base = int(sys.argv[1]), Path(sys.argv[2])
    source = base / f"synthetic_{rows}.parquet"
    if not source.exists():
        write_synthetic(source, rows)
    found: dict[str, Any] = {"rows": rows}
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        plan, stage = staged(source, directory)
        for workers in (1, 2):
            with cluster(directory, workers) as master:
                spark = session(master)
                while (
                    len(spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos())
                    < workers + 1
                ):
                    time.sleep(0.5)
                times = []
                for _ in range(3):
                    start = time.perf_counter()
                    judge_on(spark, plan, stage, None, directory / "out")
                    times.append(round(time.perf_counter() - start, 2))
                spark.stop()
            found[f"{workers} worker"] = {"first_s": times[0], "best_s": min(times)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
