"""Review tasks as a list to work through: the most urgent first, pages by cursor, exact totals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVarTuple

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Supervision, Task
from api.database.tables import Decision, Project
from api.errors import Invalid
from api.store.review.tasks import TaskOut, views
from api.store.review.waiting import OPEN, WAITING
from api.store.visibility import tasks_seen, visible
from api.store.work import Actor
from api.transport.schemas import NextCursor, record
from api.workdays.workdays import WorkCalendar

ALL = 200
Row = TypeVarTuple("Row")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What to list. ``state`` is a task's state, "waiting" (open or to be supplemented) or "all".

    ``late``: overdue, waiting, and nobody supervises it yet.
    """

    state: str = "waiting"
    department: str | None = None
    late: bool = False

    @property
    def urgent(self) -> bool:
        """Whether the list is by due date; what no longer waits is listed newest first."""
        return self.late or self.state == "waiting"


@record
class TaskPage:
    """A page of tasks; ``next`` asks for the following page."""

    items: tuple[TaskOut, ...]
    next: NextCursor


def _matching(
    query: Select[*Row], actor: Actor, wanted: TaskFilter, today: dt.date
) -> Select[*Row]:
    query = query.join(Project, Project.id == Task.project_id).where(visible(actor))
    if not actor.sees_all:
        query = query.where(tasks_seen(actor))
    if wanted.department is not None:
        query = query.where(Task.department == wanted.department)
    if wanted.urgent:
        query = query.where(Task.state.in_(WAITING))
    elif wanted.state != "all":
        query = query.where(Task.state == wanted.state)
    if wanted.late:
        watched = select(Supervision.id).where(
            Supervision.task_id == Task.id, Supervision.closed_at.is_(None)
        )
        query = query.where(
            Task.state == OPEN, Task.due_on < today, ~exists(watched.correlate(Task))
        )
    return query


def total(session: Session, actor: Actor, wanted: TaskFilter, today: dt.date) -> int:
    """How many there are."""
    query = _matching(select(func.count()).select_from(Task), actor, wanted, today)
    return int(session.scalar(query) or 0)


def find(
    session: Session,
    actor: Actor,
    calendar: WorkCalendar,
    today: dt.date,
    wanted: TaskFilter,
    cursor: str | None = None,
    limit: int = 50,
) -> TaskPage:
    """One page. Raises Invalid for a cursor that was not given out."""
    query = select(Task, Project, Decision.version, Decision.digest).join(
        Decision, Decision.id == Task.decision_id
    )
    query = _matching(query, actor, wanted, today)
    if wanted.urgent:
        query = query.order_by(Task.due_on, Task.id)
    else:
        query = query.order_by(Task.id.desc())
    if cursor is not None:
        day, last = position(cursor)
        later = or_(Task.due_on > day, and_(Task.due_on == day, Task.id > last))
        query = query.where(later if wanted.urgent else Task.id < last)
    rows = session.execute(query.limit(limit + 1)).all()
    items = views(session, rows[:limit], calendar, today)
    more = len(rows) > limit
    return TaskPage(items, f"{items[-1].due_on:%Y%m%d}-{items[-1].id}" if more else None)


def each(
    session: Session, actor: Actor, calendar: WorkCalendar, today: dt.date, wanted: TaskFilter
) -> Iterator[TaskOut]:
    """All of them, read a page at a time."""
    cursor = None
    while True:
        page = find(session, actor, calendar, today, wanted, cursor, ALL)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def position(cursor: str) -> tuple[dt.date, int]:
    """The day and number that a cursor stands for. Raises Invalid."""
    day, _, last = cursor.partition("-")
    try:
        if not (last.isascii() and last.isdecimal()):
            raise ValueError(cursor)
        return dt.datetime.strptime(day, "%Y%m%d").date(), min(int(last), 2**62)
    except ValueError:
        raise Invalid("cursor", "不是本服务给出的翻页标记") from None
