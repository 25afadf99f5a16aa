"""Commitments past their day and unmet, over all projects: the longest overdue first, by cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, TypeVarTuple

from pydantic import Field
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Supervision
from api.database.tables import Project
from api.store.preconditions import of_commitment
from api.store.promises.commitments import PROMISING, Kind, progress, reports_of, title_of
from api.store.review.tasklist import position
from api.store.visibility import visible
from api.store.work import Actor
from api.transport.schemas import NextCursor, one_of, record
from api.transport.seen import SeenText

BATCH = 200
Row = TypeVarTuple("Row")


@dataclass(frozen=True, slots=True)
class OverdueOut:
    """A commitment past its day and unmet."""

    id: int
    number: str
    project: str
    enterprise: str | None
    decision: Annotated[int, Field(description="项目最新一次决定")]
    kind: Kind
    title: str
    promised: str | None
    unit: str | None
    reached: Annotated[str | None, Field(description="最近一次填报的实绩")]
    due_on: dt.date
    days_late: int
    light: Annotated[
        str, one_of("yellow", "red"), Field(description="数量已接近承诺的为黄灯，其余红灯")
    ]
    supervision: Annotated[int | None, Field(description="正在进行的督办")]
    seen: SeenText


@record
class OverduePage:
    """A page of overdue commitments."""

    items: tuple[OverdueOut, ...]
    next: NextCursor


_WATCHED = (
    select(Supervision.id)
    .where(Supervision.commitment_id == Commitment.id, Supervision.closed_at.is_(None))
    .correlate(Commitment)
)


def _late(query: Select[*Row], actor: Actor, today: dt.date, *, unwatched: bool) -> Select[*Row]:
    """Commitments past their day and not kept."""
    query = query.join(Project, Project.id == Commitment.project_id).where(
        visible(actor), Project.state.in_(PROMISING), Commitment.due_on < today, ~Commitment.kept
    )
    return query.where(~_WATCHED.exists()) if unwatched else query


def _batch(
    session: Session,
    actor: Actor,
    today: dt.date,
    after: tuple[dt.date, int] | None,
    limit: int,
    *,
    unwatched: bool,
) -> list[OverdueOut]:
    query = select(Commitment, Project, _WATCHED.limit(1).scalar_subquery())
    query = _late(query, actor, today, unwatched=unwatched)
    query = query.order_by(Commitment.due_on, Commitment.id).limit(limit)
    if after is not None:
        day, last = after
        later = and_(Commitment.due_on == day, Commitment.id > last)
        query = query.where(or_(Commitment.due_on > day, later))
    rows = session.execute(query).all()
    said = reports_of(session, [c.id for c, _, _ in rows if c.promised is not None])
    out = []
    for c, project, supervision in rows:
        last_said = said[c.id][0] if c.id in said else None
        out.append(
            OverdueOut(
                id=c.id,
                number=project.number,
                project=project.name,
                enterprise=project.enterprise,
                decision=project.decision_id,
                kind=c.kind,
                title=title_of(c.kind),
                promised=c.promised,
                unit=c.unit,
                reached=last_said.value if last_said else None,
                due_on=c.due_on,
                days_late=(today - c.due_on).days,
                light=progress(c.kind, c.promised, c.due_on, last_said, today).light,
                supervision=supervision,
                seen=str(of_commitment(c, (r.reported_at for r in said.get(c.id, ())))),
            )
        )
    return out


def each(
    session: Session, actor: Actor, today: dt.date, *, unwatched: bool = False
) -> Iterator[OverdueOut]:
    """All that the actor may see, read a batch at a time; ``unwatched``: only without an open 督办."""
    after: tuple[dt.date, int] | None = None
    while page := _batch(session, actor, today, after, BATCH, unwatched=unwatched):
        yield from page
        after = page[-1].due_on, page[-1].id


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
    items = _batch(session, actor, today, after, limit + 1, unwatched=unwatched)
    if len(items) <= limit:
        return OverduePage(tuple(items), None)
    last = items[limit - 1]
    return OverduePage(tuple(items[:limit]), f"{last.due_on:%Y%m%d}-{last.id}")


def total(session: Session, actor: Actor, today: dt.date) -> int:
    """How many nobody supervises yet."""
    query = select(func.count()).select_from(Commitment)
    return int(session.scalar(_late(query, actor, today, unwatched=True)) or 0)
