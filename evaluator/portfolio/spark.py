"""Judging on a Spark cluster: the same expression, one stage over Parquet.

The dossiers are read and checked by DuckDB into typed Parquet beside the results, where every
worker must be able to read it; Spark judges that and writes a directory of Parquet parts.
Needs the extra ``[spark]``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from evaluator.engine.columnar import Plan, compile_ruleset
from evaluator.portfolio.duck import connect, register, sql_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.intake.opening import open_source
from evaluator.portfolio.output import copy
from evaluator.portfolio.progress import Progress, duckdb_share, spark_share
from evaluator.portfolio.rows import scored
from evaluator.portfolio.run import (
    RESULT,
    Counts,
    Options,
    Summary,
    check_unique,
    rejects_path,
    summarise,
)
from evaluator.portfolio.sql import text
from evaluator.rulebook.ast import Ruleset


def _sessions() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise PortfolioError("没有安装 PySpark，请先运行 uv sync --extra spark") from None
    return SparkSession


def session(master: str | None) -> Any:
    """A Spark session on ``master`` (spark://…), or in this process. Raises PortfolioError."""
    builder = _sessions().builder.appName("admission").master(master or "local[*]")
    settings = {
        # An overflow must be an error, never a NULL, and decimals must never lose digits.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.decimalOperations.allowPrecisionLoss": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        # The command has a progress bar of its own.
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1" if "127.0.0.1" in (master or "local") else None,
        "spark.driver.bindAddress": "127.0.0.1" if "127.0.0.1" in (master or "local") else None,
        "spark.sql.shuffle.partitions": "8",
    }
    for key, value in settings.items():
        if value is not None:
            builder = builder.config(key, value)
    return builder.getOrCreate()


@contextmanager
def _session(master: str | None) -> Iterator[Any]:
    """A session for one run, stopped at its end unless it was there before."""
    own = _sessions().getActiveSession() is None
    spark = session(master)
    try:
        yield spark
    finally:
        if own:
            spark.stop()


def judge_on(spark: Any, plan: Plan, main: Path, items: Path | None, out: Path) -> None:
    """Judge the typed Parquet ``main`` (and its items) into the directory ``out``."""
    spark.read.parquet(str(main)).createOrReplaceTempView("portfolio")
    if items is not None:
        spark.read.parquet(str(items)).createOrReplaceTempView("portfolio_items")
    results = spark.sql(sql_of(plan.results(lookup=False), "pyspark"))
    results.write.mode("overwrite").parquet(str(out))


def evaluate_spark(
    ruleset: Ruleset,
    paths: Sequence[Path],
    out: Path,
    options: Options,
    master: str | None,
    progress: Progress,
) -> Summary:
    """Judge one file on Spark into the directory ``out``; rejected rows go beside it."""
    if len(paths) != 1:
        raise PortfolioError("Spark 一次只评一个来源；多个文件请放在一个目录里")
    if options.findings is not None:
        raise PortfolioError("在 Spark 上评估不能另写逐条结论，请去掉 --findings")
    if ruleset.scorecards:
        raise PortfolioError("有评分表的规则集还不能用 Spark 评估，请去掉 --spark，用 DuckDB 评估")
    stage = out.with_name(f"{out.name}.stage")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        with closing(connect(options.threads, options.memory)) as db:
            progress(f"读取并检查 {paths[0].name}", duckdb_share(db))
            source = open_source(db, paths[0], 0, options.table, ruleset.registry, options.as_of)
            loaded = load(db, source, ruleset.registry, options.as_of)
            register(db, loaded)
            main, items = stage / "main.parquet", stage / "items.parquet"
            made = stage / "results"
            judged = copy(db, loaded.main, main)
            if loaded.items:
                copy(db, loaded.items, items)
            where, row = loaded.told(str(paths[0]), 0)
            told = f"SELECT {where} AS source, {row} AS row_number, reason FROM ({loaded.rejects})"
            refused = stage / "rejects.csv"
            rejected = copy(db, f"{told} ORDER BY 1, 2", refused)
            if judged + rejected != loaded.total:
                raise PortfolioError("评估与退回的份数之和与总数不符；结果不可用")
            progress("启动 Spark")
            with _session(master) as spark:
                progress(f"Spark 评估 {judged:,} 份", spark_share(spark))
                plan = compile_ruleset(ruleset, loaded.layout, stage=options.stage, scores=True)
                judge_on(spark, plan, main, items if loaded.items else None, made)
            progress("汇总", duckdb_share(db))
            counts = Counts(
                str(paths[0]), loaded.total, judged, rejected, loaded.unused, loaded.notes
            )
            summary = _summary(db, ruleset, made, counts)
            check_unique(summary, options)
            # Whole or not at all: what was there before stays until here.
            shutil.rmtree(out, ignore_errors=True)
            made.replace(out)
            refused.replace(rejects_path(out))
            return summary
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _summary(db: duckdb.DuckDBPyConnection, ruleset: Ruleset, out: Path, counts: Counts) -> Summary:
    merged = out / "_results.parquet"
    parts = text(str(out / "part-*.parquet"))
    columns = ", ".join([RESULT.replace("unknown", '"unknown"'), *scored(ruleset)])
    written = copy(db, f"SELECT {columns} FROM read_parquet({parts})", merged)
    if written != counts.judged:
        raise PortfolioError(f"Spark 写出 {written} 份，应为 {counts.judged} 份；结果不可用")
    try:
        return summarise(db, ruleset, merged, (counts,))
    finally:
        merged.unlink()
