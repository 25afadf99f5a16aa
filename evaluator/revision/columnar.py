"""Impact by the columnar engine: every dossier once by the old ruleset, and only the changed rules
by the new one.

A project can move only where a changed rule's finding differs, or weighs otherwise; the rest of the
new verdict is made of what the old ruleset found. For stored decisions that is kept, with the typed
dossiers, in ``Copies``: then nothing is read but what the changed rules read.
"""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from evaluator.engine.columnar import TooWide, compile_ruleset
from evaluator.engine.columnar.outputs import packed_columns
from evaluator.portfolio.duck import connect, sql_of
from evaluator.portfolio.intake.load import Loaded
from evaluator.portfolio.sql import text
from evaluator.revision.copies import Copies, Unusable, digest_of
from evaluator.revision.outcome import Impact
from evaluator.revision.sides import NAMED, Sides, fields_judged_by
from evaluator.revision.tally import Listed, Row, Snapshots, Tally, judge_each
from evaluator.revision.typed import add_snapshots
from evaluator.rulebook.ast import Ruleset

log = logging.getLogger("evaluator")
NOTE = "组合引擎，相同的规则只评一次"
BATCH = 50_000  # Snapshots typed at a time.


def count_loaded(tally: Tally, db: duckdb.DuckDBPyConnection, loaded: Loaded, note: str) -> Impact:
    """Count what is loaded of a file. Raises TooWide."""
    sides = Sides(tally)
    plan = compile_ruleset(tally.old, loaded.layout, NAMED)
    db.execute(f"CREATE TEMP TABLE olds AS {sql_of(plan.packed())}")
    sides.judge_new(db, loaded.layout)
    sides.settle(db)
    columns = [n if n in plan.kept else f"NULL AS {n}" for n in NAMED]
    db.execute(f"CREATE TEMP VIEW named AS SELECT row_id, {', '.join(columns)} FROM olds")
    sides.list_touched(db, loaded.layout)
    tally.unread += loaded.total - tally.matrix.total()
    tally.total += loaded.total
    return tally.impact("columnar", note)


# --- stored decisions ----------------------------------------------------------------------------


def count_stored(tally: Tally, stored: Snapshots, directory: Path | None) -> Impact:
    """Count stored snapshots; ``directory`` keeps typed copies of them from one time to the next.

    What the engine cannot take goes to the reference; a copy that cannot be used is made again.
    """
    listed = stored.listed()
    if tally.old.registry.fields != tally.new.registry.fields:
        return _by_reference(tally, stored, listed, "字段定义有变，逐份评估")
    for place in dict.fromkeys((directory, None)):
        copies = Copies(place, tally.old.registry)
        fresh = dataclasses.replace(tally, matrix=Counter(), touched=[])
        try:
            with closing(copies), closing(connect()) as db:
                rest = _count(db, copies, fresh, stored, listed)
        except TooWide:
            return _by_reference(tally, stored, listed, "有的数值位数过多，逐份评估")
        except (Unusable, OSError) as error:
            if place is None:
                raise
            log.warning("impact copies: %s", error)
            copies.forget()
            continue
        break
    _judge_each(fresh, stored, rest)
    _name(fresh, stored)
    return fresh.impact("columnar", NOTE)


def _by_reference(tally: Tally, stored: Snapshots, listed: Sequence[Listed], note: str) -> Impact:
    _judge_each(tally, stored, listed)
    _name(tally, stored)
    return tally.impact("reference", note)


def _name(tally: Tally, stored: Snapshots) -> None:
    """The touched in the order of their numbers, by their names."""
    names = stored.names([int(t.ref) for t in tally.touched])
    ordered = sorted(tally.touched, key=lambda t: int(t.ref))
    tally.touched = [dataclasses.replace(t, ref=names[int(t.ref)]) for t in ordered]


def _judge_each(tally: Tally, stored: Snapshots, listed: Sequence[Listed]) -> None:
    """By the reference, under their numbers."""
    days = {number: day for number, _, day in listed}
    texts = stored.dossiers(list(days))
    judge_each(tally, (Row(str(n), dossier, days[n]) for n, dossier in texts))


def _count(
    db: duckdb.DuckDBPyConnection,
    copies: Copies,
    tally: Tally,
    stored: Snapshots,
    listed: Sequence[Listed],
) -> list[Listed]:
    """Count what has a good copy; the decisions that have none."""
    old = tally.old
    with copies.alone():
        _copy(db, copies, old, stored, listed)
    sides = Sides(tally)
    if sides.reads:
        sides.judge_new(db, copies.portfolio(db, "given", sides.reads))
    db.execute(
        "CREATE TEMP VIEW olds AS SELECT g.n AS row_id, b.* FROM given g JOIN base b USING (digest, day)"
    )
    sides.settle(db)
    tally.total += tally.matrix.total()
    db.execute(
        "CREATE TEMP TABLE touched AS SELECT g.* FROM given g JOIN judged j ON j.row_id = g.n "
        "WHERE j.touched"
    )
    layout = copies.portfolio(db, "touched", frozenset(NAMED))
    columns = [n if n in layout.present else f"NULL AS {n}" for n in NAMED]
    db.execute(f"CREATE TEMP VIEW named AS SELECT row_id, {', '.join(columns)} FROM portfolio")
    sides.list_touched(db, layout)
    rest = db.execute("SELECT n FROM given ANTI JOIN judged ON row_id = n").fetchall()
    numbers = {n for (n,) in rest}
    return [x for x in listed if x[0] in numbers] if numbers else []


def keep(ruleset: Ruleset, stored: Snapshots, directory: Path) -> None:
    """Make the copies that counting from ``ruleset`` on wants, unless someone else is at it.

    Raises TooWide where no decimals hold the dossiers, Unusable or OSError for the directory.
    """
    copies = Copies(directory, ruleset.registry)
    with copies.alone(wait=False) as free:
        if free:
            with closing(connect()) as db:
                _copy(db, copies, ruleset, stored, stored.listed())


def _copy(
    db: duckdb.DuckDBPyConnection,
    copies: Copies,
    ruleset: Ruleset,
    stored: Snapshots,
    listed: Sequence[Listed],
) -> None:
    """The tables ``given`` and ``base``, with all that has a good copy; inside ``alone``."""
    _given(db, listed)
    copies.open(db)
    _add_missing(db, copies, stored)
    _fill_days(db, copies)
    copies.verdicts(db, ruleset.identity, packed_columns(len(ruleset.rules)))
    _judge_missing(db, copies, ruleset)
    copies.tidy()


def _given(db: duckdb.DuckDBPyConnection, listed: Sequence[Listed]) -> None:
    # Through a file: DuckDB imports pandas before it takes values or arrays from Python.
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.writelines(f"{n},{digest},{day or ''}\n" for n, digest, day in listed)
        file.flush()
        db.execute(
            f"CREATE TEMP TABLE given AS SELECT * FROM read_csv({text(file.name)}, header=false, "
            "auto_detect=false, columns={'n': 'BIGINT', 'digest': 'VARCHAR', 'day': 'DATE'})"
        )


def _add_missing(db: duckdb.DuckDBPyConnection, copies: Copies, stored: Snapshots) -> None:
    missing = db.execute(
        "SELECT min(n), digest FROM given ANTI JOIN held USING (digest) GROUP BY digest ORDER BY 1"
    ).fetchall()
    for start in range(0, len(missing), BATCH):
        digests = dict(missing[start : start + BATCH])
        texts = [(digests[n], line) for n, line in stored.dossiers(list(digests))]
        # A text that is not what its digest says is never copied under it.
        true = [(digest, line) for digest, line in texts if digest_of(line) == digest]
        if true:
            add_snapshots(copies, copies.registry, true)
    if missing:
        copies.open(db)
        copies.compact(db)


def _fill_days(db: duckdb.DuckDBPyConnection, copies: Copies) -> None:
    """A dossier without a day is judged as of its acceptance."""
    row = db.execute("SELECT count(*) FROM given WHERE day IS NULL").fetchone()
    if row and row[0]:
        copies.portfolio(db, "given", frozenset({"submitted_on"}))
        db.execute(
            "UPDATE given SET day = p.submitted_on FROM portfolio p WHERE p.row_id = n AND day IS NULL"
        )


def _judge_missing(db: duckdb.DuckDBPyConnection, copies: Copies, old: Ruleset) -> None:
    db.execute(
        "CREATE TEMP TABLE lacking AS SELECT min(n) AS n, digest, day FROM "
        "(SELECT g.* FROM given g JOIN held USING (digest) WHERE good) ANTI JOIN base USING (digest, day) "
        "GROUP BY digest, day"
    )
    row = db.execute("SELECT count(*) FROM lacking").fetchone()
    if row and row[0]:
        plan = compile_ruleset(old, copies.portfolio(db, "lacking", fields_judged_by(old)), ())
        masks = ", ".join(packed_columns(len(old.rules)))
        copies.add_verdicts(
            db,
            old.identity,
            f"SELECT l.digest, l.day, p.verdict, {masks} FROM ({sql_of(plan.packed())}) p "
            "JOIN lacking l ON l.n = p.row_id",
        )
