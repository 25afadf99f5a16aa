"""Commitments past their day and unmet, over all projects: the longest overdue first, by cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from api.store.commitments import AMOUNTS, PROMISING, light, reports_of, title_of
from api.store.tasklist import position
from api.store.visibility import visible
from api.store.work import Actor
from api.tables import Project
from api.tables_review import Commitment, Report, Supervision

__all__ = ["OverdueView", "OverduePage", "each", "find", "total"]

BATCH = 200
Row = TypeVarTuple("Row")


@dataclass(frozen=True, slots=True)
class OverdueView:
    """An overdue commitment; ``reached`` is the newest number reported, ``supervision`` the open 督办.

    ``light`` is yellow for an amount that is nearly reached, else red.
    """

    id: int
    number: str
    project: str
    decision: int
    kind: str
    title: str
    promised: str | None
    unit: str | None
    reached: str | None
    due_on: dt.date
    days_late: int
    light: str
    supervision: int | None


@dataclass(frozen=True, slots=True)
class OverduePage:
    """A page of overdue commitments; ``next`` asks for the following page."""

    items: tuple[OverdueView, ...]
    next: str | None


# A milestone that was reported is met; of an amount the number decides.
_REPORTED = exists().where(Report.commitment_id == Commitment.id).correlate(Commitment)
_WATCHED = (
    select(Supervision.id)
    .where(Supervision.commitment_id == Commitment.id, Supervision.closed_at.is_(None))
    .correlate(Commitment)
)


def _late(query: Select[*Row], actor: Actor, today: dt.date, *, unwatched: bool) -> Select[*Row]:
    """Commitments past their day, met or not."""
    query = query.join(Project, Project.id == Commitment.project_id).where(
        visible(actor), Project.state.in_(PROMISING), Commitment.due_on < today
    )
    return query.where(~_WATCHED.exists()) if unwatched else query


def _batch(
    session: Session,
    actor: Actor,
    today: dt.date,
    after: tuple[dt.date, int] | None,
    *,
    unwatched: bool,
    reported: bool,
) -> tuple[list[OverdueView], tuple[dt.date, int] | None]:
    """Up to ``BATCH`` commitments past their day, without those that are met; and where they end."""
    query = select(Commitment, Project, _WATCHED.limit(1).scalar_subquery())
    query = _late(query, actor, today, unwatched=unwatched)
    query = query.where(
        and_(Commitment.kind.in_(AMOUNTS), _REPORTED)
        if reported
        else or_(Commitment.kind.in_(AMOUNTS), ~_REPORTED)
    )
    query = query.order_by(Commitment.due_on, Commitment.id).limit(BATCH)
    if after is not None:
        day, last = after
        later = and_(Commitment.due_on == day, Commitment.id > last)
        query = query.where(or_(Commitment.due_on > day, later))
    rows = session.execute(query).all()
    said = reports_of(session, [c.id for c, _, _ in rows if c.kind in AMOUNTS])
    out = []
    for c, project, supervision in rows:
        last_said = said[c.id][0] if c.id in said else None
        met, _, colour = light(c.kind, c.promised, c.due_on, last_said, today)
        if not met:
            out.append(
                OverdueView(
                    c.id,
                    project.number,
                    project.name,
                    project.decision_id,
                    c.kind,
                    title_of(c.kind),
                    c.promised,
                    c.unit,
                    last_said.value if last_said else None,
                    c.due_on,
                    (today - c.due_on).days,
                    colour,
                    supervision,
                )
            )
    ended = (rows[-1][0].due_on, rows[-1][0].id) if len(rows) == BATCH else None
    return out, ended


def each(
    session: Session,
    actor: Actor,
    today: dt.date,
    *,
    unwatched: bool = False,
    reported: bool = False,
    after: tuple[dt.date, int] | None = None,
) -> Iterator[OverdueView]:
    """All that the actor may see, read a batch at a time.

    ``unwatched``: only without an open 督办; ``reported``: only with a number, which is too small.
    """
    while True:
        found, after = _batch(session, actor, today, after, unwatched=unwatched, reported=reported)
        yield from found
        if after is None:
            return


def find(
    session: Session,
    actor: Actor,
    today: dt.date,
    cursor: str | None = None,
    limit: int = 50,
    *,
    unwatched: bool = False,
) -> OverduePage:
    """One page. Raises Invalid for a cursor that was not given out."""
    after = position(cursor) if cursor is not None else None
    items: list[OverdueView] = []
    for view in each(session, actor, today, unwatched=unwatched, after=after):
        if len(items) == limit:
            last = items[-1]
            return OverduePage(tuple(items), f"{last.due_on:%Y%m%d}-{last.id}")
        items.append(view)
    return OverduePage(tuple(items), None)


def total(session: Session, actor: Actor, today: dt.date) -> int:
    """How many nobody supervises yet: the database counts those without a report."""
    silent = _late(
        select(func.count()).select_from(Commitment), actor, today, unwatched=True
    ).where(~_REPORTED)
    short = each(session, actor, today, unwatched=True, reported=True)
    return int(session.scalar(silent) or 0) + sum(1 for _ in short)
