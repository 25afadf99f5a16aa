"""Impact by the columnar engine: every dossier once by the new ruleset, and only the changed rules
by the old one.

A project can move only where a changed rule's finding differs, or weighs otherwise; for all others
the old verdict is the new one. What differs is decoded once for each distinct set of findings.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa

from evaluator.engine.columnar import Plan, TooWide, compile_ruleset
from evaluator.evaluate import combine
from evaluator.fields import FieldType
from evaluator.impact import Impact, Moved, Row, Tally, changed_rules, judge_each, moved_rules
from evaluator.portfolio.duck import connect, prepare, sql_of
from evaluator.portfolio.sources import PortfolioError, quote, text
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.reads import fields_of
from evaluator.verdict import Status

__all__ = ["count_file", "count_rows"]

NOTE = "组合引擎，相同的规则只评一次"
DAY = "as_of_day"
PLAIN = r"-?[0-9]{1,11}(\.[0-9]{1,6})?"


def count_file(
    tally: Tally, path: Path, as_of: dt.date | str | None = None, table: str | None = None
) -> Impact:
    """Count a portfolio file. Raises PortfolioError.

    Raises TooWide where the dossiers need more digits than the engine has, and PortfolioError where
    the two rulesets do not declare the same fields: then the file has no one reading.
    """
    if tally.old.registry.fields != tally.new.registry.fields:
        raise PortfolioError("两个规则集的字段定义不同，不能用组合引擎比较；请改用逐份评估")
    with closing(connect()) as db:
        _count(db, tally, path, as_of, table)
    return tally.impact("columnar", NOTE)


def count_rows(tally: Tally, rows: Sequence[Row]) -> Impact:
    """Count dossiers in memory; those that the engine cannot take go to the reference."""
    listed = list(rows)
    if tally.old.registry.fields != tally.new.registry.fields:
        judge_each(tally, listed)
        return tally.impact("reference", "字段定义有变，逐份评估")
    with tempfile.TemporaryDirectory() as directory, closing(connect()) as db:
        path = Path(directory) / "dossiers.parquet"
        _write(db, listed, tally, path)
        try:
            _count(db, tally, path, DAY, None)
        except TooWide:
            judge_each(tally, listed)
            return tally.impact("reference", "有的数值位数过多，逐份评估")
    _name(tally, listed)
    return tally.impact("columnar", NOTE)


def _write(db: duckdb.DuckDBPyConnection, rows: Sequence[Row], tally: Tally, path: Path) -> None:
    """Snapshots as a portfolio file with typed columns, of the fields that some rule reads.

    A row's number stands in for the project, which may recur. A snapshot is canonical text, so a
    column of plain decimals needs no reading cell by cell; any other stays text.
    """
    given = {
        "n": pa.array(range(len(rows)), pa.int64()),
        "day": pa.array([r.as_of for r in rows], pa.date32()),
        "line": pa.array([r.dossier for r in rows], pa.string()),
    }
    db.register("given", pa.table(given))
    fields = tally.new.registry.fields
    read = {
        n.partition(".")[0]
        for s in (tally.old, tally.new)
        for r in s.rules.values()
        for n in fields_of(r, s)
    }
    names = [n for n in fields if n in read | {"industry_code", "submitted_on"}]
    several = (FieldType.RECORD, FieldType.CODES)
    spec = {n: "JSON" if fields[n].type in several else "VARCHAR" for n in names}
    db.execute(
        "CREATE TEMP TABLE snapshots AS SELECT n, day, unnest(json_transform(line, "
        f"{text(json.dumps(spec))})) FROM given"
    )
    db.unregister("given")
    numbers = [n for n in names if fields[n].numeric]
    plain = ", ".join(f"bool_and(regexp_full_match({quote(n)}, {text(PLAIN)}))" for n in numbers)
    found = db.execute(f"SELECT {plain} FROM snapshots").fetchone() if numbers else None
    types = {n: "DECIMAL(18, 6)" for n, good in zip(numbers, found or (), strict=True) if good}
    types |= {n: "BOOLEAN" for n in names if fields[n].type is FieldType.BOOL}
    types |= {n: "DATE" for n in names if fields[n].type is FieldType.DATE}
    columns = [f"CAST({quote(n)} AS {types.get(n, 'VARCHAR')}) AS {quote(n)}" for n in names]
    db.execute(
        f"COPY (SELECT CAST(n AS VARCHAR) AS project_id, '项目' AS project_name, {', '.join(columns)}, "
        f"coalesce(day, CAST(submitted_on AS DATE)) AS {DAY} FROM snapshots) "
        f"TO {text(str(path))} (FORMAT parquet)"
    )


def _name(tally: Tally, rows: Sequence[Row]) -> None:
    """Give the moved back the names that their row numbers stood for."""
    for n, m in enumerate(tally.moved):
        row = rows[int(m.project_id)]
        project = str(json.loads(row.dossier)["project_id"])
        tally.moved[n] = dataclasses.replace(m, ref=row.ref, project_id=project)


def _count(
    db: duckdb.DuckDBPyConnection, tally: Tally, path: Path, as_of: dt.date | str | None,
    table: str | None,
) -> None:  # fmt: skip
    loaded, plan = prepare(db, tally.new, path, 0, table, as_of)
    _materialise(db, bool(loaded.items))
    changed = changed_rules(tally.old, tally.new)
    part = _only(tally.old, changed)
    db.execute(f"CREATE TEMP TABLE new_masks AS {sql_of(plan.masks())}")
    before = compile_ruleset(part, loaded.layout) if part.rules else None
    if before is not None:
        db.execute(f"CREATE TEMP TABLE old_masks AS {sql_of(before.masks())}")
    _decode(db, tally, plan, before, changed)
    tally.total += loaded.total
    tally.unread += loaded.total - tally.matrix.total()


def _materialise(db: duckdb.DuckDBPyConnection, items: bool) -> None:
    """Read every cell once: as views they would be read again wherever a rule names them."""
    for name in ("portfolio", *(["portfolio_items"] if items else [])):
        db.execute(f"CREATE TEMP TABLE read_{name} AS SELECT * FROM {name}")
        db.execute(f"DROP VIEW {name}")
        db.execute(f"ALTER TABLE read_{name} RENAME TO {name}")


def _only(ruleset: Ruleset, ids: frozenset[str]) -> Ruleset:
    rules = {r: rule for r, rule in ruleset.rules.items() if r in ids}
    return dataclasses.replace(ruleset, rules=MappingProxyType(rules))


def _masks(plan: Plan) -> list[str]:
    return [name for names in plan.mask_columns() for name in names]


def _statuses(plan: Plan, masks: tuple[int, ...]) -> dict[str, Status]:
    """The statuses that the masks of one dossier stand for; not in force counts as not applicable."""
    held = dict(zip(_masks(plan), masks, strict=True))

    def set_(what: str, n: int) -> bool:
        at = plan.bit(what, n)
        return at is None or bool(held[at[0]] & at[1])

    out = {}
    for n, rule in enumerate(plan.rules):
        if set_("violated", n):
            out[rule.id] = Status.VIOLATED
        elif set_("unknown", n):
            out[rule.id] = Status.UNKNOWN
        elif set_("applicable", n):
            out[rule.id] = Status.SATISFIED
        else:
            out[rule.id] = Status.NOT_APPLICABLE
    return out


def _decode(
    db: duckdb.DuckDBPyConnection, tally: Tally, plan: Plan, before: Plan | None,
    changed: frozenset[str],
) -> None:  # fmt: skip
    ours = [f"n.{m}" for m in _masks(plan)]
    theirs = [f"o.{m}" for m in _masks(before)] if before else []
    joined = "new_masks n" + (" JOIN old_masks o USING (row_id)" if before else "")
    industry = "n.industry_code" if "industry_code" in plan.kept else "NULL"
    touched = _touched(plan, before, changed)
    counts = Counter(
        dict(db.execute("SELECT verdict, count(*) FROM new_masks GROUP BY 1").fetchall())
    )

    @lru_cache(maxsize=200_000)
    def verdicts(masks: tuple[int, ...]) -> tuple[str, str, tuple[str, ...]]:
        after = _statuses(plan, masks[: len(ours)])
        old = {r: s for r, s in after.items() if r not in changed}
        if before is not None:
            old |= _statuses(before, masks[len(ours) :])
        x, y = combine(tally.old, old).value, combine(tally.new, after).value
        return x, y, moved_rules(tally.old, tally.new, old, after) if x != y else ()

    select = ", ".join(["n.row_id", "n.project_id", industry, *ours, *theirs])
    found = db.execute(f"SELECT {select} FROM {joined} WHERE {touched} ORDER BY n.row_id")
    while chunk := found.fetchmany(20_000):
        for row_id, project, code, *masks in chunk:
            x, y, rules = verdicts(tuple(masks))
            tally.matrix[x, y] += 1
            counts[y] -= 1
            if x != y:
                tally.moved.append(Moved(str(row_id), project, code, x, y, rules))
    for verdict, n in counts.items():
        if n:
            tally.matrix[verdict, verdict] += n


def _touched(plan: Plan, before: Plan | None, changed: frozenset[str]) -> str:
    """SQL for the rows whose verdict could differ: a changed rule's finding is another, or has weight."""
    sides = [("n", plan), *([("o", before)] if before else [])]
    at = {(side, r.id): n for side, compiled in sides for n, r in enumerate(compiled.rules)}
    tests = []
    for rule in sorted(changed):
        new, old = at.get(("n", rule)), at.get(("o", rule))
        given = [("n", plan, new)] if new is not None else []
        given += [("o", before, old)] if before and old is not None else []
        if len({_effect(p, rule) for _, p, _ in given}) < len(given):
            tests += [
                " <> ".join(_test(side, p, what, n) for side, p, n in given)
                for what in ("violated", "unknown", "applicable")
            ]
        else:
            tests += [_test(side, p, "applicable", n) for side, p, n in given]
    return " OR ".join(tests) or "false"


def _test(side: str, plan: Plan, what: str, n: int) -> str:
    at = plan.bit(what, n)
    return "true" if at is None else f"(({side}.{at[0]} & {at[1]}) <> 0)"


def _effect(plan: Plan, rule: str) -> object:
    return plan.ruleset.rules[rule].effect
