"""Spark with one worker and with two, each of one core, and DuckDB with one thread and two.

    python -m benchmarks.portfolio_spark 400000 DIRECTORY [--rounds 3] [--doc docs/benchmarks.md]

All judge the same typed Parquet into Parquet by the shipped rulebook, in turns. Each is a process of
its own, started and warmed up before the first round; Spark is a standalone master with workers on
loopback. Each round also judges ``FEW`` rows: what that takes is planning and starting, not judging.
Prints JSON, and the text for docs/benchmarks.md; --doc puts that text between the marks of the file.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.synth import ROOT, write_synthetic
from benchmarks.timing import machine
from evaluator.engine.columnar import Plan, compile_ruleset
from evaluator.portfolio.duck import connect, sql_of
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.intake.opening import open_source
from evaluator.portfolio.output import copy
from evaluator.portfolio.spark import judge_on, session
from evaluator.rulebook.load import load_directory
from tests.portfolio.spark_cluster import cluster

PARTS = 8
FEW = 1_000
DAY = dt.date(2024, 9, 2)
SUBJECTS = {
    "duckdb-1": "DuckDB，一个线程",
    "duckdb-2": "DuckDB，两个线程",
    "spark-1": "Spark，一个工作节点",
    "spark-2": "Spark，两个工作节点",
}
SCALES = {"省": 10**7, "全国": 10**9}
CORES = (2, 16, 64)
START, END = "<!-- figures -->", "<!-- end of figures -->"


def stage(source: Path, directory: Path) -> None:
    """The checked dossiers as typed Parquet: all in PARTS files, and a few in one."""
    with closing(connect(2)) as db:
        loaded = load(db, open_source(db, source), load_directory(ROOT).registry, DAY)
        for name, parts, where in (("all", PARTS, "true"), ("few", 1, f"row_id <= {FEW}")):
            (directory / name).mkdir()
            for n in range(parts):
                copy(
                    db,
                    f"SELECT * FROM ({loaded.main}) WHERE {where} AND row_id % {parts} = {n}",
                    directory / name / f"part{n}.parquet",
                )


def plan_of(source: Path) -> Plan:
    """The shipped rulebook, compiled for the staged dossiers."""
    rules = load_directory(ROOT)
    with closing(connect(1)) as db:
        return compile_ruleset(rules, load(db, open_source(db, source), rules.registry, DAY).layout)


@contextmanager
def subject(name: str, plan: Plan, directory: Path) -> Iterator[Callable[[Path], None]]:
    """A function that judges a directory of Parquet files."""
    engine, count = name.split("-")
    out = directory / name
    out.mkdir()
    if engine == "duckdb":
        with closing(connect(int(count))) as db:

            def judge(main: Path) -> None:
                db.execute(f"CREATE OR REPLACE TEMP VIEW portfolio AS FROM '{main}/*.parquet'")
                copy(db, sql_of(plan.results(lookup=True)), out / "out.parquet")

            yield judge
        return
    with cluster(out, int(count)) as master:
        spark = session(master)
        spark.sparkContext.setLogLevel("ERROR")
        executors = spark.sparkContext._jsc.sc().statusTracker()
        while len(executors.getExecutorInfos()) < int(count) + 1:  # The driver is one of them.
            time.sleep(0.2)
        yield lambda main: judge_on(spark, plan, main, None, out / "out")
        spark.stop()


def serve(pipe: Connection, name: str, source: Path, directory: Path) -> None:
    """Judge what is asked for until nothing is; answers with seconds."""
    with subject(name, plan_of(source), directory) as judge:
        judge(directory / "few")
        judge(directory / "all")
        pipe.send(0.0)
        while (wanted := pipe.recv()) is not None:
            start = time.perf_counter()
            judge(directory / wanted)
            pipe.send(time.perf_counter() - start)
    pipe.send(0.0)


def measure(source: Path, rounds: int, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Seconds of every subject in every round, for all rows and for a few."""
    took: dict[str, dict[str, Any]] = {name: {"all": [], "few": []} for name in SUBJECTS}
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name, ExitStack() as ending:
        directory = Path(name)
        stage(source, directory)
        pipes: dict[str, Connection] = {}
        for subject_ in SUBJECTS:
            pipes[subject_], theirs = context.Pipe()
            process = context.Process(target=serve, args=(theirs, subject_, source, directory))
            process.start()
            theirs.close()
            ending.callback(process.join)
            # Before the join: an end of the questions.
            ending.callback(pipes[subject_].send, None)
            pipes[subject_].recv()
            say(f"{SUBJECTS[subject_]}：就绪")
        for n in range(rounds):
            for subject_ in list(SUBJECTS)[:: -1 if n % 2 else 1]:
                for wanted in ("few", "all"):
                    pipes[subject_].send(wanted)
                    took[subject_][wanted].append(round(pipes[subject_].recv(), 2))
            say(f"第 {n + 1} 轮：{ {s: t['all'][-1] for s, t in took.items()} }")
    return took


def figures(rows: int, took: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Medians, rates a core, and what a second worker or thread brings."""
    out: dict[str, Any] = {"rows": rows, "rounds": len(took["spark-1"]["all"])}
    for name, times in took.items():
        cores = int(name[-1])
        whole, fixed = statistics.median(times["all"]), statistics.median(times["few"])
        out[name] = {
            **times,
            "median_s": whole,
            "fixed_s": fixed,
            "per_core": round(rows / whole / cores),
            "per_core_without_fixed": round((rows - FEW) / max(whole - fixed, 1e-9) / cores),
        }
    for engine in ("duckdb", "spark"):
        pairs = zip(took[f"{engine}-1"]["all"], took[f"{engine}-2"]["all"], strict=True)
        ratios = [round(one / two, 2) for one, two in pairs]
        out[f"{engine}_two_against_one"] = {"rounds": ratios, "median": statistics.median(ratios)}
    return out


def written(found: dict[str, Any], rules: int, command: str) -> str:
    """The figures and what follows from them, as docs/benchmarks.md has them."""
    rows = found["rows"]
    lines = [
        f"`{command}`，{machine()}，{dt.date.today().isoformat()}：{rows // 10_000} 万份材料，自带规则集 "
        f"{rules} 条，{found['rounds']} 轮交替，取中位数。从 Parquet 到 Parquet，不含检查。",
        "",
        f"| 做法 | 秒 | 其中 {FEW} 份也要的（固定部分） | 每核每秒（份） | 扣除固定部分，每核每秒 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, label in SUBJECTS.items():
        f = found[name]
        lines.append(
            f"| {label} | {f['median_s']:.2f} | {f['fixed_s']:.2f} | {f['per_core']:,} | "
            f"{f['per_core_without_fixed']:,} |"
        )
    for engine, what in (
        ("spark", "Spark 两个工作节点"),
        ("duckdb", "DuckDB 两个线程"),
    ):
        ratio = found[f"{engine}_two_against_one"]
        each = "、".join(f"{r:.2f}" for r in ratio["rounds"])
        lines += ["", f"{what}的速度是一个的 {ratio['median']:.2f} 倍（各轮 {each}）。"]
    head = " | ".join(f"{c} 核" for c in CORES)
    lines += [
        "",
        "推算：时间 = 固定部分 + 份数 ÷（每核每秒 × 核数），每核每秒用两核那一行扣除固定部分的数。",
        "",
        f"| 规模 | 份数 | 引擎 | 核秒 | {head} |",
        f"| --- | --- | --- | --- |{' --- |' * len(CORES)}",
    ]
    for scale, count in SCALES.items():
        for engine, label in (("duckdb", "DuckDB"), ("spark", "Spark")):
            f = found[f"{engine}-2"]
            work = count / f["per_core_without_fixed"]
            spans = " | ".join(_span(f["fixed_s"] + work / c) for c in CORES)
            size = f"{count // 10**8} 亿" if count >= 10**8 else f"{count // 10**4} 万"
            lines.append(f"| {scale} | {size} | {label} | {work:,.0f} | {spans} |")
    return "\n".join(lines)


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} 秒"
    return f"{seconds / 60:.0f} 分" if seconds < 5400 else f"{seconds / 3600:.1f} 小时"


def put(doc: Path, text: str) -> None:
    """Replace what stands between the marks of a document."""
    before, _, rest = doc.read_text("utf-8").partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{doc} has no {START} … {END}")
    doc.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=int)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--doc", type=Path)
    args = parser.parse_args()
    source = args.directory / f"synthetic_{args.rows}.parquet"
    if not source.exists():
        write_synthetic(source, args.rows)
    took = measure(source, args.rounds, lambda line: print(line, file=sys.stderr, flush=True))
    found = figures(args.rows, took)
    print(json.dumps(found))
    command = f"python -m benchmarks.portfolio_spark {args.rows} DIR --rounds {args.rounds}"
    text = written(found, len(load_directory(ROOT).rules), command)
    print(text)
    if args.doc:
        put(args.doc, text)


if __name__ == "__main__":
    main()
