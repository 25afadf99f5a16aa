"""What changes between two rulebooks on the same dossiers, and which rules are the cause."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from evaluator.portfolio.duck import connect, opened, refused_rows, sql_of
from evaluator.portfolio.output import copy
from evaluator.portfolio.progress import Progress, duckdb_share
from evaluator.portfolio.rows import compiled, judge_few, one_by_one
from evaluator.portfolio.run import Counts, Options
from evaluator.rulebook.ast import Effect, Ruleset


@dataclass(frozen=True)
class Comparison:
    """Dossiers by (old verdict, new verdict), and for each rule how many changes it has a part in.

    ``refused`` tells of the first rows that were refused, ``repeated`` are ids of more than one dossier.
    """

    counts: Counts
    matrix: Mapping[tuple[str, str], int]
    rules: Mapping[str, int]
    refused: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        return sum(n for (old, new), n in self.matrix.items() if old != new)


def compare_file(
    old: Ruleset, new: Ruleset, path: Path, out: Path | None, options: Options, progress: Progress
) -> Comparison:
    """Judge ``path`` by both rulebooks; every changed dossier goes to ``out``, if given.

    Columns of ``out``: project_id, old and new verdict, and the rules, apart from those that only
    advise, that are newly or no longer violated or unknown. Raises PortfolioError or TooWide.
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
                f"CREATE TEMP TABLE {name}_results AS SELECT row_id, project_id, verdict, "
                f"string_split(violated, ' ') AS violated, string_split(\"unknown\", ' ') AS missing "
                f"FROM ({select})"
            )
        advise = sorted(
            {r.id for s in (old, new) for r in s.rules.values() if r.effect is Effect.ADVISE}
        )
        db.execute(f"CREATE TEMP VIEW changes AS {_changes(advise)}")
        rows = db.execute(
            "SELECT o.verdict, n.verdict, count(*) FROM old_results o JOIN new_results n USING (row_id) "
            "GROUP BY ALL"
        ).fetchall()
        matrix = {(a, b): int(n) for a, b, n in rows}
        if out is not None:
            columns = ", ".join(f"array_to_string({c}, ' ') AS {c}" for c in _CAUSES)
            copy(db, f"SELECT project_id, old_verdict, new_verdict, {columns} FROM changes", out)
        judged = sum(matrix.values())
        counts = Counts(
            str(path), loaded.total, judged, loaded.total - judged, loaded.unused, loaded.notes
        )
        refused = tuple(refused_rows(db, loaded, str(path)))
        twice = db.execute(
            "SELECT project_id FROM new_results GROUP BY 1 HAVING count(*) > 1 ORDER BY 1"
        ).fetchall()
        return Comparison(counts, matrix, _rules(db), refused, tuple(str(r[0]) for r in twice))


_CAUSES = ("now_violated", "no_longer_violated", "now_unknown", "no_longer_unknown")


def _changes(advise: list[str]) -> str:
    listed = "[" + ", ".join(f"'{i}'" for i in advise) + "]::VARCHAR[]"

    def less(a: str, b: str) -> str:
        return (
            f"list_sort(list_filter({a}, lambda x: x <> '' AND NOT list_contains({b}, x) "
            f"AND NOT list_contains({listed}, x)))"
        )

    return (
        "SELECT n.project_id, o.verdict AS old_verdict, n.verdict AS new_verdict, "
        f"{less('n.violated', 'o.violated')} AS now_violated, "
        f"{less('o.violated', 'n.violated')} AS no_longer_violated, "
        f"{less('n.missing', 'o.missing')} AS now_unknown, "
        f"{less('o.missing', 'n.missing')} AS no_longer_unknown "
        "FROM old_results o JOIN new_results n USING (row_id) WHERE o.verdict <> n.verdict"
    )


def _rules(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    together = ", ".join(_CAUSES)
    rows = db.execute(
        "SELECT rule, count(*) FROM (SELECT unnest(list_distinct(list_concat("
        f"{together}))) AS rule FROM changes) GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return {r[0]: int(r[1]) for r in rows}
