"""Judging files of dossiers: results, findings, rejects, and a summary whose totals add up."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from evaluator.portfolio.duck import connect, copy, prepare, sql_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.sources import FILE_STRIDE
from evaluator.portfolio.progress import Progress, duckdb_share
from evaluator.portfolio.sql import text
from evaluator.portfolio.write import Writer
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.verdict import Verdict

RESULT = "project_id, industry_code, verdict, violated, unknown, applicable"


@dataclass(frozen=True)
class Counts:
    """Rows of one source; judged and rejected add up to total."""

    name: str
    total: int
    judged: int
    rejected: int
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """How to read and judge; ``as_of`` is a column, or one date for all."""

    as_of: str | dt.date | None = None
    table: str | None = None
    findings: Path | None = None
    threads: int | None = None
    memory: str = "3GB"


@dataclass(frozen=True)
class Summary:
    """What came out: counts of verdicts, of blocking rules, by department and by industry."""

    counts: tuple[Counts, ...]
    verdicts: Mapping[str, int]
    rules: Mapping[tuple[str, str], int]
    departments: Mapping[str, int]
    industries: Mapping[str, Mapping[str, int]]

    @property
    def judged(self) -> int:
        return sum(c.judged for c in self.counts)

    @property
    def rejected(self) -> int:
        return sum(c.rejected for c in self.counts)


def rejects_path(out: Path) -> Path:
    """Where the rejected rows of a run go: beside the results."""
    return out.with_name(f"{out.stem}.rejects.csv")


def evaluate_files(
    ruleset: Ruleset, paths: Sequence[Path], out: Path, options: Options, progress: Progress
) -> Summary:
    """Judge all dossiers of ``paths`` into ``out`` (.parquet or .csv), rejects beside it.

    Raises PortfolioError or TooWide; a bad row never stops the run.
    """
    if out.suffix.lower() not in (".parquet", ".csv"):
        raise PortfolioError(f"结果只能写成 .parquet 或 .csv，写的是 {out.name}")
    with closing(connect(options.threads, options.memory)) as db:
        db.execute("CREATE TEMP TABLE rejects (source VARCHAR, row_number BIGINT, reason VARCHAR)")
        counts: list[Counts] = []
        parts: list[Path] = []
        for number, path in enumerate(paths):
            progress(f"读取 {path.name}", duckdb_share(db))
            part = out if len(paths) == 1 else out.with_name(f"{out.stem}.part{number}.parquet")
            counts.append(_one(db, ruleset, path, number, part, options, progress))
            parts.append(part)
        if len(paths) > 1:
            listed = ", ".join(text(str(p)) for p in parts)
            copy(db, f"SELECT * FROM read_parquet([{listed}])", out)
            for part in parts:
                part.unlink()
        copy(db, "SELECT * FROM rejects ORDER BY source, row_number", rejects_path(out))
        progress("汇总", duckdb_share(db))
        return summarise(db, ruleset, out, tuple(counts))


def _one(
    db: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    path: Path,
    number: int,
    part: Path,
    options: Options,
    progress: Progress,
) -> Counts:
    loaded, plan = prepare(db, ruleset, path, number, options.table, options.as_of)
    progress(f"评估 {path.name}：{loaded.total:,} 份", duckdb_share(db))
    judged = Writer(plan, tuple(RESULT.split(", "))).write(db, part)
    if options.findings is not None:
        progress(f"写出 {path.name} 的逐条结论", duckdb_share(db))
        target = options.findings
        if number:
            target = target.with_name(f"{target.stem}.{number}{target.suffix}")
        copy(db, sql_of(plan.findings()), target)
    rejected = 0
    if judged < loaded.total:
        db.execute(
            f"INSERT INTO rejects SELECT {text(path.name)}, row_id - {number * FILE_STRIDE}, reason "
            f"FROM ({loaded.rejects})"
        )
        row = db.execute("SELECT count(*) FROM rejects WHERE source = ?", [path.name]).fetchone()
        rejected = int(row[0]) if row else 0
    if judged + rejected != loaded.total:
        raise PortfolioError(
            f"{path}：评估 {judged} 份、退回 {rejected} 份，与总数 {loaded.total} 不符；结果不可用"
        )
    return Counts(str(path), loaded.total, judged, rejected, loaded.unused)


def summarise(
    db: duckdb.DuckDBPyConnection, ruleset: Ruleset, out: Path, counts: tuple[Counts, ...]
) -> Summary:
    """Count verdicts and reasons in a file of results."""
    reader = "read_parquet" if out.suffix.lower() == ".parquet" else "read_csv"
    source = f"{reader}({text(str(out))})"
    industry = "coalesce(substr(industry_code, 1, 3), '未填')"
    verdicts: Counter[str] = Counter()
    industries: dict[str, Counter[str]] = {}
    for code, verdict, n in db.execute(
        f"SELECT {industry}, verdict, count(*) FROM {source} GROUP BY ALL"
    ).fetchall():
        verdicts[verdict] += n
        industries.setdefault(code, Counter())[verdict] += n
    rules: Counter[tuple[str, str]] = Counter()
    departments: Counter[str] = Counter()
    for status in ("violated", "unknown"):
        rows = db.execute(
            f"SELECT rule, sum(n)::BIGINT FROM (SELECT unnest(string_split(ids, ' ')) AS rule, n FROM "
            f'(SELECT "{status}" AS ids, count(*) AS n FROM {source} GROUP BY 1)) '
            "WHERE rule <> '' GROUP BY 1"
        ).fetchall()
        for rule_id, n in rows:
            rule = ruleset.rules[rule_id]
            if rule.effect is Effect.ADVISE:
                continue
            rules[rule_id, status] += n
            for department in rule.departments:
                departments[department] += n
    ordered = {v.value: verdicts.get(v.value, 0) for v in Verdict}
    return Summary(counts, ordered, rules, departments, industries)
