"""Going back to an earlier structure: what would be lost is found out by trying, and told first.

The trial runs the migrations in a transaction that is rolled back. What is then done must lose just
what was accepted, or it is rolled back too. The audit log keeps that it was done.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, delete, func, inspect, select, table
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.tables import Counter
from api.errors import Conflict, Invalid
from api.store import audit
from api.store.verifying import STRUCTURE
from api.store.work import SYSTEM, Work

BASE = "base"
# A table whose rows an earlier structure keeps within another's.
KEPT_IN = {"attachment_parts": "attachments"}
# Columns whose content an earlier program misses: it cannot read the row without.
MISSED = (("rulesets", "fields"),)
OWN = "alembic_version"


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that go away, by table or by ``table.column`` they lose, and columns that do."""

    rows: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _State:
    rows: dict[str, int]
    columns: dict[str, frozenset[str]]
    missed: dict[str, int]


class _Undo(Exception):
    """Rolls a trial back."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss


def steps_back(db: Database, revision: str) -> str:
    """The revision that the structure is at. Raises Invalid unless ``revision`` is an earlier one."""
    script = ScriptDirectory.from_config(db.alembic())
    known = [BASE, *[s.revision for s in script.walk_revisions()][::-1]]
    now = db.revision()
    if now is None:
        raise Invalid("revision", "数据库是空的，没有可退回的版本")
    if now not in known:
        raise Invalid("revision", f"数据库结构版本 {now} 比本程序新，请用写入它的程序退回")
    earlier = known[: known.index(now)]
    if revision not in earlier:
        hint = f"可退回到：{'、'.join(earlier)}（{BASE} 为清空）"
        raise Invalid("revision", f"现在的结构版本是 {now}，不能退回到“{revision[:40]}”", hint)
    return now


def trial(db: Database, revision: str) -> Loss:
    """What going back to ``revision`` would lose. Nothing is changed."""
    try:
        with db.migrating() as connection:
            raise _Undo(_back(db, connection, revision))
    except _Undo as undo:
        return undo.loss


def downgrade(db: Database, revision: str, accepted: Loss) -> None:
    """Go back to ``revision``. Raises Conflict where that loses other things than ``accepted``."""
    before = steps_back(db, revision)
    with db.migrating() as connection:
        if _back(db, connection, revision) != accepted:
            raise Conflict("数据库刚刚又有改动，请先停止服务，再重新运行")
        if revision != BASE:
            _log(connection, before, revision, accepted)


def _back(db: Database, connection: Connection, revision: str) -> Loss:
    before = _state(connection)
    db.go_back(connection, revision)
    after = _state(connection)
    rows = tuple(
        (name, count - after.rows.get(name, 0))
        for name, count in before.rows.items()
        if after.rows.get(name, 0) < count and not _moved(name, before, after)
    )
    columns = tuple(
        f"{name}.{column}"
        for name, had in before.columns.items()
        if name in after.columns
        for column in sorted(had - after.columns[name])
    )
    missed = tuple(
        (name, count) for name, count in before.missed.items() if name in columns and count
    )
    return Loss(rows + missed, columns)


def _moved(name: str, before: _State, after: _State) -> bool:
    other = KEPT_IN.get(name)
    return other in after.rows and after.rows[other] == before.rows[other]


def _state(connection: Connection) -> _State:
    inspector = inspect(connection)
    names = [n for n in sorted(inspector.get_table_names()) if n != OWN]
    rows = {n: connection.scalar(select(func.count()).select_from(table(n))) or 0 for n in names}
    columns = {n: frozenset(c["name"] for c in inspector.get_columns(n)) for n in names}
    missed = {
        f"{name}.{held}": connection.scalar(
            select(func.count()).select_from(table(name)).where(column(held) != "")
        )
        or 0
        for name, held in MISSED
        if held in columns.get(name, ())
    }
    return _State(rows, columns, missed)


def _log(connection: Connection, before: str, revision: str, loss: Loss) -> None:
    with Session(connection) as session:
        work = Work(session, SYSTEM, dt.datetime.now(dt.UTC))
        after = {"structure": revision, "lost": dict(loss.rows), "columns": list(loss.columns)}
        work.log("database.downgrade", "database", {"structure": before}, after)
        audit.append(work)
        # What is there when it has come forward again is sealed anew.
        session.execute(delete(Counter).where(Counter.name == STRUCTURE))
        session.commit()
