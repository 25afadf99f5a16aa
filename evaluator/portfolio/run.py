"""Judging files of dossiers: results, findings, rejects, and a summary whose totals add up."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from evaluator.portfolio.duck import connect, opened, sql_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.sources import FILE_STRIDE
from evaluator.portfolio.output import copy, staged, written
from evaluator.portfolio.progress import Progress, duckdb_share
from evaluator.portfolio.rows import FEW, compiled, judge_few, one_by_one, scored
from evaluator.portfolio.sql import text
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.due import find_stage, not_due
from evaluator.rulebook.verdict import Verdict

RESULT = "project_id, industry_code, verdict, violated, unknown, applicable"


@dataclass(frozen=True)
class Counts:
    """Rows of one source; judged and rejected add up to total. ``notes`` say how it was read."""

    name: str
    total: int
    judged: int
    rejected: int
    unused: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Options:
    """How to read and judge; ``as_of`` is a column, or one date for all, ``stage`` that of all;
    ``unique`` refuses a run with a project in it twice. A file of up to ``few`` rows is judged without
    compiling."""

    as_of: str | dt.date | None = None
    table: str | None = None
    findings: Path | None = None
    stage: str | None = None
    threads: int | None = None
    memory: str = "3GB"
    unique: bool = False
    few: int = FEW


@dataclass(frozen=True)
class Summary:
    """What came out: counts of verdicts, of blocking rules, by department and by industry;
    ``repeated`` are ids of more than one dossier."""

    counts: tuple[Counts, ...]
    verdicts: Mapping[str, int]
    rules: Mapping[tuple[str, str], int]
    departments: Mapping[str, int]
    industries: Mapping[str, Mapping[str, int]]
    repeated: tuple[str, ...] = ()

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
    given = [p for i, p in enumerate(paths) if p not in paths[:i]]
    if len(given) < len(paths):
        raise PortfolioError("同一个文件写了两次")
    targets = [out, rejects_path(out)]
    if options.findings is not None:
        targets += [_numbered(options.findings, n) for n in range(len(paths))]
    with closing(connect(options.threads, options.memory)) as db, staged(*targets) as stage:
        db.execute("CREATE TEMP TABLE rejects (source VARCHAR, row_number BIGINT, reason VARCHAR)")
        counts: list[Counts] = []
        parts: list[Path] = []
        for number, path in enumerate(paths):
            progress(f"读取 {path.name}", duckdb_share(db))
            several = stage[0].with_name(f"part{number}.parquet")
            parts.append(stage[0] if len(paths) == 1 else several)
            findings = stage[2 + number] if options.findings is not None else None
            counts.append(_one(db, ruleset, path, number, parts[-1], findings, options, progress))
        if len(paths) > 1:
            listed = ", ".join(text(str(p)) for p in parts)
            copy(db, f"SELECT * FROM read_parquet([{listed}])", stage[0])
        copy(db, "SELECT * FROM rejects ORDER BY source, row_number", stage[1])
        progress("汇总", duckdb_share(db))
        summary = summarise(db, ruleset, stage[0], tuple(counts))
        check_unique(summary, options)
        return summary


def check_unique(summary: Summary, options: Options) -> None:
    """Raise PortfolioError where a project is in a run twice, and may not be."""
    if options.unique and summary.repeated:
        listed = "、".join(summary.repeated[:10])
        raise PortfolioError(f"有 {len(summary.repeated)} 个项目编号不止一份，没有写结果：{listed}")


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}") if number else path


def _one(
    db: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    path: Path,
    number: int,
    part: Path,
    findings: Path | None,
    options: Options,
    progress: Progress,
) -> Counts:
    loaded = opened(db, ruleset, path, number, options.table, options.as_of)
    progress(f"评估 {path.name}：{loaded.total:,} 份", duckdb_share(db))
    listed = ", ".join([RESULT, *scored(ruleset)])
    if not_due(ruleset, find_stage(ruleset, options.stage)):
        listed += ", not_due"
    plan = None
    if not one_by_one(loaded, options.few) or findings is not None:
        plan = compiled(ruleset, loaded.layout, options.stage, scores=True)
    if plan is None:
        if findings is not None:
            raise PortfolioError(
                "评分表的数值位数过多，数据库里写不出逐条结论，去掉 --findings 再评估"
            )
        judge_few(db, ruleset, loaded, "few_results", options.stage)
        judged = copy(db, f"SELECT {listed} FROM few_results", part)
    else:
        from evaluator.portfolio.write import Writer  # Takes long to import.

        judged = Writer(plan, tuple(listed.split(", "))).write(db, part)
        if findings is not None:
            progress(f"写出 {path.name} 的逐条结论", duckdb_share(db))
            copy(db, sql_of(plan.findings()), findings)
    rejected = 0
    if judged < loaded.total:
        source, row = loaded.told(str(path), number * FILE_STRIDE)
        added = db.execute(
            f"INSERT INTO rejects SELECT {source}, {row}, reason FROM ({loaded.rejects})"
        ).fetchone()
        rejected = int(added[0]) if added else 0
    if judged + rejected != loaded.total:
        raise PortfolioError(
            f"{path}：评估 {judged} 份、退回 {rejected} 份，与总数 {loaded.total} 不符；结果不可用"
        )
    return Counts(str(path), loaded.total, judged, rejected, loaded.unused, loaded.notes)


def summarise(
    db: duckdb.DuckDBPyConnection, ruleset: Ruleset, out: Path, counts: tuple[Counts, ...]
) -> Summary:
    """Count verdicts and reasons in a file of results."""
    source = written(out)
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
    twice = db.execute(
        f"SELECT project_id FROM {source} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
    ).fetchall()
    repeated = tuple(str(r[0]) for r in twice)
    return Summary(counts, ordered, rules, departments, industries, repeated)
