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
from functools import lru_cache, reduce
from operator import or_
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from evaluator.engine.columnar import Layout, TooWide, compile_ruleset
from evaluator.engine.columnar.outputs import packed_bit, packed_columns, verdict_of
from evaluator.portfolio.duck import connect, sql_of
from evaluator.portfolio.intake.load import Loaded
from evaluator.portfolio.sql import text
from evaluator.revision.copies import Copies, Unusable, digest_of
from evaluator.revision.tally import (
    Impact,
    Listed,
    Moved,
    Row,
    Snapshots,
    Tally,
    changed_rules,
    judge_each,
    moved_rules,
)
from evaluator.revision.typed import add_snapshots
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.reads import fields_of
from evaluator.rulebook.verdict import Status

log = logging.getLogger("evaluator")
NOTE = "组合引擎，相同的规则只评一次"
BATCH = 50_000  # Snapshots typed at a time.
ALWAYS = frozenset({"submitted_on", "industry_code"})  # Dated rules and tables look at these.


def count_loaded(tally: Tally, db: duckdb.DuckDBPyConnection, loaded: Loaded, note: str) -> Impact:
    """Count what is loaded of a file. Raises TooWide."""
    changed = changed_rules(tally.old, tally.new)
    plan = compile_ruleset(tally.old, loaded.layout)
    db.execute(f"CREATE TEMP TABLE olds AS {sql_of(plan.packed())}")
    _news(db, tally, changed, loaded.layout)
    _settle(db, tally, changed)
    industry = "industry_code" if "industry_code" in plan.kept else "NULL"
    db.execute(
        f"CREATE TEMP VIEW named AS SELECT row_id, project_id, {industry} AS industry_code FROM olds"
    )
    _list_moved(db, tally, changed)
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
        fresh = dataclasses.replace(tally, matrix=Counter(), moved=[])
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
    """The moved in the order of their numbers, by their names."""
    names = stored.names([int(m.ref) for m in tally.moved])
    ordered = sorted(tally.moved, key=lambda m: int(m.ref))
    tally.moved = [dataclasses.replace(m, ref=names[int(m.ref)]) for m in ordered]


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
    changed = changed_rules(old, tally.new)
    part = _only(tally.new, changed)
    if part.rules:
        _news(db, tally, changed, copies.portfolio(db, "given", _reads(part)))
    db.execute(
        "CREATE TEMP VIEW olds AS SELECT g.n AS row_id, b.* FROM given g JOIN base b USING (digest, day)"
    )
    _settle(db, tally, changed)
    tally.total += tally.matrix.total()
    db.execute(
        "CREATE TEMP TABLE moved AS SELECT g.* FROM given g JOIN judged j ON j.row_id = g.n "
        "WHERE j.old <> j.new"
    )
    copies.portfolio(db, "moved", frozenset({"project_id", "industry_code"}))
    db.execute("CREATE TEMP VIEW named AS SELECT row_id, project_id, industry_code FROM portfolio")
    _list_moved(db, tally, changed)
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
        plan = compile_ruleset(old, copies.portfolio(db, "lacking", _reads(old)), ())
        masks = ", ".join(packed_columns(len(old.rules)))
        copies.add_verdicts(
            db,
            old.identity,
            f"SELECT l.digest, l.day, p.verdict, {masks} FROM ({sql_of(plan.packed())}) p "
            "JOIN lacking l ON l.n = p.row_id",
        )


def _reads(ruleset: Ruleset) -> frozenset[str]:
    """The fields that have to be there to judge by a ruleset."""
    read = {n.partition(".")[0] for r in ruleset.rules.values() for n in fields_of(r, ruleset)}
    return ALWAYS | read


# --- both sides together -------------------------------------------------------------------------


def _only(ruleset: Ruleset, ids: frozenset[str]) -> Ruleset:
    rules = {r: rule for r, rule in ruleset.rules.items() if r in ids}
    return dataclasses.replace(ruleset, rules=MappingProxyType(rules))


def _news(
    db: duckdb.DuckDBPyConnection, tally: Tally, changed: frozenset[str], layout: Layout
) -> None:
    """The table ``news``: what the changed rules of the new ruleset find."""
    part = _only(tally.new, changed)
    if part.rules:
        plan = compile_ruleset(part, layout, ())
        db.execute(f"CREATE TEMP TABLE news AS {sql_of(plan.packed())}")


def _settle(db: duckdb.DuckDBPyConnection, tally: Tally, changed: frozenset[str]) -> None:
    """Out of ``olds`` and ``news`` the table ``judged``: row_id, old and new verdict, and the masks
    of both sides; the matrix is counted."""
    sides = _Sides(tally, changed)
    db.execute(f"CREATE TEMP TABLE judged AS {sql_of(sides.judged())}")
    for a, b, n in db.execute("SELECT old, new, count(*) FROM judged GROUP BY ALL").fetchall():
        tally.matrix[a, b] += n


class _Sides:
    """The old ruleset's rules, and the changed ones of the new, as masks in one table."""

    def __init__(self, tally: Tally, changed: frozenset[str]) -> None:
        self.changed = changed
        self.old = list(tally.old.rules.values())
        self.new = list(_only(tally.new, changed).rules.values())
        self.same = [n for n, r in enumerate(self.old) if r.id not in changed]
        names = packed_columns(len(self.old))
        masks = dict.fromkeys(names, "int16")
        olds = ibis.table({"row_id": "int64", "verdict": "string", **masks}, name="olds")
        self.names = [f"o_{m}" for m in names]
        self.table: ir.Table = olds.rename({f"o_{m}": m for m in names})
        if self.new:
            added = packed_columns(len(self.new))
            masks = dict.fromkeys(added, "int16")
            news = ibis.table({"row_id": "int64", **masks}, name="news")
            news = news.rename({"other": "row_id", **{f"n_{m}": m for m in added}})
            self.table = self.table.join(news, self.table["row_id"] == news["other"])
            self.names += [f"n_{m}" for m in added]

    def judged(self) -> ir.Table:
        """row_id, old, new, and the masks."""
        t = self.table
        new = t["verdict"]
        if self.changed:
            blocking = (Effect.REJECT, Effect.REFER)
            new = verdict_of(
                self._any("violated", (Effect.REJECT,)),
                self._any("violated", (Effect.REFER,)),
                self._any("unknown", blocking),
                self._any("applicable", tuple(Effect)),
            )
        return t.select("row_id", *self.names, old=t["verdict"], new=new)

    def _any(self, what: str, effects: tuple[Effect, ...]) -> Any:
        wanted: dict[str, int] = {}
        for side, rules, numbers in (
            ("o", self.old, self.same),
            ("n", self.new, range(len(self.new))),
        ):
            for n in numbers:
                if rules[n].effect in effects:
                    mask, bit = packed_bit(what, n)
                    wanted[f"{side}_{mask}"] = wanted.get(f"{side}_{mask}", 0) | bit
        tests = [(self.table[name] & bits) != 0 for name, bits in wanted.items()]
        return reduce(or_, tests) if tests else ibis.literal(False)

    def statuses(self, held: dict[str, int]) -> tuple[dict[str, Status], dict[str, Status]]:
        """What the changed rules find, before and after; not in force counts as not applicable."""
        out: tuple[dict[str, Status], dict[str, Status]] = ({}, {})
        for side, rules, side_statuses in (("o", self.old, out[0]), ("n", self.new, out[1])):
            for n, rule in enumerate(rules):
                if rule.id in self.changed:
                    side_statuses[rule.id] = _status(held, side, n)
        return out


def _status(held: dict[str, int], side: str, n: int) -> Status:
    for what, status in (
        ("violated", Status.VIOLATED),
        ("unknown", Status.UNKNOWN),
        ("applicable", Status.SATISFIED),
    ):
        mask, bit = packed_bit(what, n)
        if held[f"{side}_{mask}"] & bit:
            return status
    return Status.NOT_APPLICABLE


def _list_moved(db: duckdb.DuckDBPyConnection, tally: Tally, changed: frozenset[str]) -> None:
    """Those that moved, with the names that ``named`` gives them, in the order of their rows."""
    sides = _Sides(tally, changed)
    at = [i for i, name in enumerate(sides.names) if _tells(sides, name)]
    names = [sides.names[i] for i in at]

    @lru_cache(maxsize=100_000)
    def rules(masks: tuple[int, ...]) -> tuple[str, ...]:
        before, after = sides.statuses(dict(zip(names, masks, strict=True)))
        return moved_rules(tally.old, tally.new, before, after)

    listed = "".join(f", j.{n}" for n in names)
    cursor = db.execute(
        f"SELECT row_id, n.project_id, n.industry_code, j.old, j.new{listed} FROM judged j "
        "JOIN named n USING (row_id) WHERE j.old <> j.new ORDER BY row_id"
    )
    while chunk := cursor.fetchmany(20_000):
        for row_id, project, code, x, y, *masks in chunk:
            tally.moved.append(Moved(str(row_id), project, code, x, y, rules(tuple(masks))))


def _tells(sides: _Sides, name: str) -> bool:
    """Whether a mask tells of a changed rule."""
    side, mask = name.split("_")
    rules = sides.old if side == "o" else sides.new
    return any(
        mask in (packed_bit("violated", n)[0], packed_bit("applicable", n)[0])
        for n, r in enumerate(rules)
        if r.id in sides.changed
    )
