"""The portfolio engine beside its floor, SQL by hand and zen-engine, on the same dossiers.

    python benchmarks/portfolio.py 1000000 DIRECTORY [--ten-million]

Subjects of DuckDB take turns, each several times; the least and the median wall time and the
processor time of all threads are printed as JSON. zen-engine runs in one thread on a sample of the
same dossiers and is scaled up.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.peers import zen_precompiled
from benchmarks.rulebooks import Spec, ruleset, specs
from benchmarks.synth import ROOT, write_synthetic
from evaluator.engine.columnar import Layout, compile_ruleset
from evaluator.engine.columnar.layout import scalar_fields
from evaluator.interchange.jdm import jdm, jdm_context
from evaluator.portfolio.duck import connect, sql_of
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.intake.opening import open_source
from evaluator.portfolio.output import copy
from evaluator.portfolio.progress import silent
from evaluator.portfolio.run import Options, evaluate_files
from evaluator.portfolio.write import Writer
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.portfolio.tables import profile_of_row

SAMPLE = 3000
COLUMNS = ("project_id", "verdict", "violated", "unknown", "applicable")
THREADS = 2
DAY = dt.date(2024, 9, 2)
SIGNS = {"at_least": ">=", "at_most": "<="}


def by_hand(found: list[Spec], source: Path) -> str:
    """The 40 rules as a person writes them in DuckDB: the same output, decimals multiplied out."""
    holds: list[str] = []
    for s in found:
        if isinstance(s.limit, tuple):
            words = ", ".join(f"'{w}'" for w in s.limit)
            test = f"{s.subject[0]} IN ({words})"
        elif isinstance(s.limit, bool):
            test = f"{s.subject[0]} = {str(s.limit).lower()}"
        elif len(s.subject) == 2:
            a, b = s.subject
            test = f"{a} {SIGNS[s.op]} {s.limit} * nullif({b}, 0)"
        else:
            test = f"{s.subject[0]} {SIGNS[s.op]} {s.limit}"
        holds.append(f"NOT ({s.applies[0]} = '{s.applies[1]}') OR {test}" if s.applies else test)
    truths = ", ".join(f"({h}) AS h{n}" for n, h in enumerate(holds))
    used = ", ".join(
        f"(coalesce({s.applies[0]} = '{s.applies[1]}', true)) AS u{n}"
        if s.applies
        else f"true AS u{n}"
        for n, s in enumerate(found)
    )

    def ids(test: str) -> str:
        cases = (
            f"CASE WHEN {test.format(n=n)} THEN 'positive.{s.name}' END"
            for n, s in enumerate(found)
        )
        return f"concat_ws(' ', {', '.join(cases)})"

    bad = " OR ".join(f"h{n} IS NOT TRUE" for n in range(len(found)))
    none = " AND ".join(f"NOT u{n}" for n in range(len(found)))
    return (
        f"SELECT project_id, CASE WHEN {bad} OR ({none}) THEN 'refer' ELSE 'pass' END AS verdict, "
        f"{ids('NOT h{n}')} AS violated, {ids('h{n} IS NULL')} AS unknown_, {ids('u{n}')} AS applicable "
        f"FROM (SELECT project_id, {truths}, {used} FROM read_parquet('{source}'))"
    )


def floor(source: Path, columns: list[str]) -> str:
    """A scan that reads the same columns and does nothing with them."""
    return f"SELECT {', '.join(f'max({c})' for c in columns)} FROM read_parquet('{source}')"


def timed(subjects: dict[str, Callable[[], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Wall and processor seconds of each subject, taking turns."""
    wall: dict[str, list[float]] = {n: [] for n in subjects}
    cpu: dict[str, list[float]] = {n: [] for n in subjects}
    for _ in range(rounds):
        for name, call in subjects.items():
            a, b = time.perf_counter(), time.process_time()
            call()
            wall[name].append(time.perf_counter() - a)
            cpu[name].append(time.process_time() - b)
    return {
        n: {
            "least_s": round(min(wall[n]), 3),
            "median_s": round(statistics.median(wall[n]), 3),
            "cpu_s": round(min(cpu[n]), 3),
        }
        for n in subjects
    }


def query(rules: Ruleset, source: Path, out: Path) -> Callable[[], object]:
    """The compiled query alone, over a source that has been looked at."""
    db = connect(THREADS)
    loaded = load(db, open_source(db, source), rules.registry, DAY)
    db.execute(f"CREATE OR REPLACE TEMP VIEW portfolio AS {loaded.main}")
    keep = ("project_id",)
    writer = Writer(compile_ruleset(rules, loaded.layout, keep), COLUMNS)
    return lambda: writer.write(db, out)


def whole(rules: Ruleset, source: Path, out: Path) -> Callable[[], object]:
    """Everything a user waits for: checks, compiling, judging, writing, counting."""
    options = Options(as_of=DAY, threads=THREADS)
    return lambda: evaluate_files(rules, [source], out, options, silent)


def zen_seconds(shipped: Ruleset, source: Path) -> dict[str, float]:
    """Seconds a dossier of zen-engine's precompiled decisions: 40 rules, and the shipped rulebook."""
    import zen

    with duckdb.connect() as db:
        rows = db.execute(f"SELECT * FROM read_parquet('{source}') LIMIT {SAMPLE}").to_arrow_table()
    found = rows.to_pylist()
    out: dict[str, float] = {}
    forty = zen_precompiled(specs(40))
    names = {f for s in specs(40) for f in (*s.subject, *((s.applies[0],) if s.applies else ()))}
    plain = [
        {n: v if isinstance(v, (bool, str)) else float(v) for n, v in row.items() if n in names}
        for row in found
        if all(row.get(n) is not None for n in names)
    ]
    out["40 rules"] = _per_call(forty, plain)
    engine = zen.ZenEngine()
    decision = engine.create_decision(zen.ZenDecisionContent(json.dumps(jdm(shipped, DAY))))
    contexts = [json.loads(jdm_context(profile_of_row(shipped, row), shipped)) for row in found]
    out["shipped"] = _per_call(decision.evaluate, contexts)
    return out


def _per_call(call: Callable[[Any], object], inputs: list[dict[str, Any]]) -> float:
    for one in inputs[:100]:
        call(one)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for one in inputs:
            call(one)
        best = min(best, (time.process_time() - start) / len(inputs))
    return best


def compile_seconds(count: int) -> tuple[float, float]:
    """Wall and processor seconds to compile ``count`` rules to SQL."""
    rules = ruleset(count)
    layout = Layout(rules.registry, frozenset(scalar_fields(rules.registry)))
    start, cpu = time.perf_counter(), time.process_time()
    sql_of(compile_ruleset(rules, layout).results(lookup=True))
    return round(time.perf_counter() - start, 2), round(time.process_time() - cpu, 2)


def ten_million(source: Path, directory: Path) -> dict[str, float]:
    """Ten copies of a million under ids of their own, judged in a process of its own."""
    big = directory / "ten.parquet"
    if not big.exists():
        with closing(connect(THREADS)) as db:
            db.execute(
                f"COPY (SELECT * REPLACE (project_id || '-' || k AS project_id) FROM "
                f"read_parquet('{source}'), range(10) AS r(k)) TO '{big}' (FORMAT parquet)"
            )
    code = (
        "import resource, time; from pathlib import Path; from benchmarks.portfolio import *;"
        "a = time.perf_counter(); b = time.process_time();"
        f"s = whole(load_directory(ROOT), Path({str(big)!r}), Path({str(directory / 'ten_out.parquet')!r}))();"
        "import json; print(json.dumps({'judged': s.judged, 'seconds': time.perf_counter() - a, "
        "'cpu_s': time.process_time() - b, "
        "'peak_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ten-million", action="store_true")
    options = parser.parse_args()
    source = options.directory / f"synthetic_{options.rows}.parquet"
    out = options.directory / "out.parquet"
    if not source.exists():
        write_synthetic(source, options.rows)
    shipped = load_directory(ROOT)
    forty, many = ruleset(40), ruleset(400)
    hand = duckdb.connect()
    hand.execute(f"SET threads = {THREADS}; SET preserve_insertion_order = false")
    columns = sorted(
        {f for s in specs(40) for f in (*s.subject, *((s.applies[0],) if s.applies else ()))}
    )
    names = hand.execute(f"DESCRIBE SELECT * FROM read_parquet('{source}')").fetchall()
    subjects = {
        "floor, columns of 40 rules": lambda: hand.execute(floor(source, columns)).fetchall(),
        "floor, all columns": lambda: hand.execute(floor(source, [n[0] for n in names])).fetchall(),
        "SQL by hand, 40 rules": lambda: copy(hand, by_hand(specs(40), source), out),
        "query, 40 rules": query(forty, source, out),
        "query, 400 rules": query(many, source, out),
        "query, shipped": query(shipped, source, out),
        "whole, 40 rules": whole(forty, source, out),
        "whole, shipped": whole(shipped, source, out),
    }
    found: dict[str, Any] = {"rows": options.rows, "shipped_rules": len(shipped.rules)}
    found["duckdb"] = timed(subjects, options.rounds)
    found["zen_us"] = {k: round(v * 1e6, 1) for k, v in zen_seconds(shipped, source).items()}
    found["compile_400_wall_cpu_s"] = compile_seconds(400)
    print(json.dumps(found, ensure_ascii=False, indent=1), flush=True)
    if options.ten_million:
        print(json.dumps({"ten_million": ten_million(source, options.directory)}), flush=True)


if __name__ == "__main__":
    main()
