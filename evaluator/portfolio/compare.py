"""What changes between two rulebooks on the same dossiers, and which rules are the cause."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import duckdb

from evaluator.dossier.fields import AMOUNTS
from evaluator.portfolio.duck import connect, opened, refused_rows, sql_of
from evaluator.portfolio.intake.load import Loaded
from evaluator.portfolio.intake.tables import add, create
from evaluator.portfolio.output import copy
from evaluator.portfolio.progress import Progress, duckdb_share
from evaluator.portfolio.rows import compiled, judge_few, one_by_one
from evaluator.portfolio.run import Counts, Options
from evaluator.rulebook.ast import Effect, Ruleset


@dataclass(frozen=True)
class Comparison:
    """Dossiers by (old verdict, new verdict), and for each rule how many changes it has a part in.

    ``findings`` counts for each rule its findings that are now "violated", "met", "unknown" or
    "left" (no longer applies), whether or not the verdict changes; ``amounts`` are by (old verdict, new
    verdict) of the dossiers for which any finding or the verdict changes: how many, and for each of
    ``AMOUNTS`` the sum in the field's unit and how many state it; ``departments`` and ``industries``
    (大类) count these dossiers. ``refused`` tells of the first rows that were refused, ``repeated``
    are ids of more than one dossier.
    """

    counts: Counts
    matrix: Mapping[tuple[str, str], int]
    rules: Mapping[str, int]
    findings: Mapping[str, Mapping[str, int]]
    amounts: Mapping[tuple[str, str], tuple[int, tuple[tuple[Fraction, int], ...]]]
    departments: Mapping[str, int]
    industries: Mapping[str, int]
    refused: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        return sum(n for (old, new), n in self.matrix.items() if old != new)


def compare_file(
    old: Ruleset, new: Ruleset, path: Path, out: Path | None, options: Options, progress: Progress
) -> Comparison:
    """Judge ``path`` by both rulebooks; every changed dossier goes to ``out``, if given.

    Changed is one whose verdict or any finding changes. Columns of ``out``: project_id, old and new
    verdict, and the rules that are newly or no longer violated or unknown, newly met, or no longer
    applicable. Raises PortfolioError or TooWide.
    """
    with closing(connect(options.threads, options.memory)) as db:
        progress(f"读取 {path.name}", duckdb_share(db))
        loaded = opened(db, new, path, 0, options.table, options.as_of)
        for name, ruleset in (("old", old), ("new", new)):
            which = "旧" if name == "old" else "新"
            progress(f"按{which}规则集评估 {loaded.total:,} 份", duckdb_share(db))
            plan = None
            if not one_by_one(loaded, options.few):
                plan = compiled(ruleset, loaded.layout)
            if plan is None:
                judge_few(db, ruleset, loaded, f"{name}_few")
                select = f"SELECT * FROM {name}_few"
            else:
                select = sql_of(plan.results(lookup=True))
            db.execute(
                f"CREATE TEMP TABLE {name}_results AS SELECT row_id, project_id, industry_code, verdict, "
                f'violated, "unknown" AS missing, applicable FROM ({select})'
            )
        db.execute(f"CREATE TEMP TABLE changes AS {_CHANGES}")
        rows = db.execute(
            "SELECT o.verdict, n.verdict, count(*) FROM old_results o JOIN new_results n USING (row_id) "
            "GROUP BY ALL"
        ).fetchall()
        matrix = {(a, b): int(n) for a, b, n in rows}
        if out is not None:
            columns = ", ".join(f"array_to_string(list_sort({c}), ' ') AS {c}" for c in _LISTS)
            copy(db, f"SELECT project_id, old_verdict, new_verdict, {columns} FROM changes", out)
        judged = sum(matrix.values())
        counts = Counts(
            str(path), loaded.total, judged, loaded.total - judged, loaded.unused, loaded.notes
        )
        refused = tuple(refused_rows(db, loaded, str(path)))
        twice = db.execute(
            "SELECT project_id FROM new_results GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
        ).fetchall()
        advise = {r.id for s in (old, new) for r in s.rules.values() if r.effect is Effect.ADVISE}
        return Comparison(
            counts,
            matrix,
            _rules(db, advise),
            _findings(db),
            _amounts(db, loaded),
            _departments(db, old, new),
            _industries(db),
            refused,
            tuple(str(r[0]) for r in twice),
        )


_CAUSES = ("now_violated", "no_longer_violated", "now_unknown", "no_longer_unknown")
_LISTS = (*_CAUSES, "now_met", "no_longer_applies")
_NOW = {
    "violated": "now_violated",
    "met": "now_met",
    "unknown": "now_unknown",
    "left": "no_longer_applies",
}


def _without(a: str, b: str) -> str:
    """SQL: what stands in the first list and not in the second."""
    return f"list_filter({a}, lambda x: NOT list_contains({b}, x))"


# Lists are made of those rows alone in which anything differs.
_CHANGES = f"""
WITH differing AS (
    SELECT row_id, n.project_id, n.industry_code, o.verdict AS old_verdict, n.verdict AS new_verdict,
        {
    ", ".join(
        f"list_filter(string_split(coalesce({side}.{column}, ''), ' '), lambda x: x <> '') AS {side}_{column}"
        for side in "on"
        for column in ("violated", "missing", "applicable")
    )
}
    FROM old_results o JOIN new_results n USING (row_id)
    WHERE o.verdict <> n.verdict OR o.violated IS DISTINCT FROM n.violated
        OR o.missing IS DISTINCT FROM n.missing OR o.applicable IS DISTINCT FROM n.applicable
), found AS (
    SELECT *, list_concat(o_violated, o_missing) AS o_open, list_concat(n_violated, n_missing) AS n_open
    FROM differing
), met AS (
    SELECT *, {_without("o_applicable", "o_open")} AS o_met, {
    _without("n_applicable", "n_open")
} AS n_met
    FROM found
)
SELECT row_id, project_id, industry_code, old_verdict, new_verdict,
    {_without("n_violated", "o_violated")} AS now_violated,
    {_without("o_violated", "n_violated")} AS no_longer_violated,
    {_without("n_missing", "o_missing")} AS now_unknown,
    {_without("o_missing", "n_missing")} AS no_longer_unknown,
    {_without("n_met", "o_met")} AS now_met,
    {_without("o_applicable", "n_applicable")} AS no_longer_applies
FROM met
"""


def _counted(db: duckdb.DuckDBPyConnection, query: str) -> dict[str, int]:
    rows = db.execute(f"SELECT k, count(*) FROM ({query}) GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
    return {str(k): int(n) for k, n in rows}


def _rules(db: duckdb.DuckDBPyConnection, advise: set[str]) -> dict[str, int]:
    """In how many changes of the verdict a rule has a part that can change one."""
    listed = f"SELECT unnest(list_distinct(list_concat({', '.join(_CAUSES)}))) AS k FROM changes"
    counted = _counted(db, f"{listed} WHERE old_verdict <> new_verdict")
    return {rule: n for rule, n in counted.items() if rule not in advise}


def _findings(db: duckdb.DuckDBPyConnection) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for change, column in _NOW.items():
        for rule, n in _counted(db, f"SELECT unnest({column}) AS k FROM changes").items():
            out.setdefault(rule, {})[change] = n
    return dict(sorted(out.items(), key=lambda x: (-sum(x[1].values()), x[0])))


def _amounts(
    db: duckdb.DuckDBPyConnection, loaded: Loaded
) -> dict[tuple[str, str], tuple[int, tuple[tuple[Fraction, int], ...]]]:
    held = [n if n in loaded.layout.present else None for n in AMOUNTS]
    sums = [f"sum(m.{n}), count(m.{n})" if n else "NULL, 0" for n in held]
    rows = db.execute(
        f"SELECT old_verdict, new_verdict, count(*), {', '.join(sums)} FROM changes "
        f"JOIN ({loaded.main}) m USING (row_id) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    times = [loaded.layout.number(n).times for n in AMOUNTS]
    return {
        (a, b): (
            count,
            tuple(
                (Fraction(total or 0) / by, known)
                for total, known, by in zip(found[::2], found[1::2], times, strict=True)
            ),
        )
        for a, b, count, *found in rows
    }


def _departments(db: duckdb.DuckDBPyConnection, *rulesets: Ruleset) -> dict[str, int]:
    """Dossiers by department of the rules whose findings change."""
    owners = {r.id: r.departments for s in rulesets for r in s.rules.values()}
    pairs = [(rule, d) for rule, departments in owners.items() for d in departments]
    create(db, "owners", {"rule": "VARCHAR", "department": "VARCHAR"})
    add(db, "owners", {"rule": "VARCHAR", "department": "VARCHAR"}, list(zip(*pairs, strict=True)))
    rules = f"SELECT row_id, unnest(list_concat({', '.join(_NOW.values())})) AS rule FROM changes"
    return _counted(
        db, f"SELECT DISTINCT row_id, department AS k FROM ({rules}) JOIN owners USING (rule)"
    )


def _industries(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return _counted(db, "SELECT coalesce(left(industry_code, 3), '未填') AS k FROM changes")
