"""督办 of overdue review tasks, closed by 销号."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.china import china_day
from api.store.review import WAITING
from api.store.work import Conflict, Invalid, Missing, Work
from api.tables import Project
from api.tables_review import Supervision, Task

__all__ = ["SupervisionView", "close", "each", "listed", "start"]

BATCH = 200


@dataclass(frozen=True, slots=True)
class SupervisionView:
    """One 督办: who started it and why, and how it was struck off; ``settled`` is its task's."""

    id: int
    task: int
    number: str
    department: str
    due_on: dt.date
    due_estimated: bool
    note: str
    opened_by: str
    opened_at: dt.datetime
    closing_note: str | None
    closed_by: str | None
    closed_at: dt.datetime | None
    project: str
    settled: bool


def _view(session: Session, found: Supervision) -> SupervisionView:
    task = session.get_one(Task, found.task_id)
    return _shown(found, task, session.get_one(Project, task.project_id))


def _shown(found: Supervision, task: Task, project: Project) -> SupervisionView:
    return SupervisionView(
        found.id, task.id, project.number, task.department, task.due_on, task.due_estimated, found.note,
        found.opened_by, found.opened_at, found.closing_note, found.closed_by, found.closed_at,
        project.name, task.state not in WAITING,
    )  # fmt: skip


def start(work: Work, task_id: int, note: str) -> SupervisionView:
    """Put an overdue task under supervision. Raises Conflict where it is not overdue, or already is."""
    task = work.session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.state not in WAITING or task.due_on >= china_day(work.now):
        raise Conflict("这件会审事项没有逾期，无须督办")
    query = select(Supervision.id).where(
        Supervision.task_id == task_id, Supervision.closed_at.is_(None)
    )
    if work.session.scalar(query) is not None:
        raise Conflict("这件会审事项已在督办中")
    found = Supervision(
        task_id=task_id, note=note.strip(), opened_by=work.actor.name, opened_at=work.now
    )
    work.session.add(found)
    work.session.flush()
    work.log("supervision.start", f"task:{task_id}", None, {"supervision": found.id, "note": note})
    return _view(work.session, found)


def close(work: Work, supervision_id: int, note: str) -> SupervisionView:
    """Strike a supervision off (销号): its task must be settled, and how is written down."""
    found = work.session.get(Supervision, supervision_id, with_for_update=True)
    if found is None:
        raise Missing("没有这件督办")
    if found.closed_at is not None:
        raise Conflict("这件督办已经销号")
    if not note.strip():
        raise Invalid("note", "销号须写明办理结果")
    if work.session.get_one(Task, found.task_id).state in WAITING:
        raise Conflict("会审事项还没有办结，不能销号")
    found.closing_note, found.closed_by, found.closed_at = note.strip(), work.actor.name, work.now
    work.log(
        "supervision.close", f"task:{found.task_id}", None, {"supervision": found.id, "note": note}
    )
    return _view(work.session, found)


def listed(
    session: Session, *, open_only: bool = False, limit: int = 1000, before: int | None = None
) -> tuple[SupervisionView, ...]:
    """Supervisions, newest first, older than number ``before``."""
    query = (
        select(Supervision, Task, Project)
        .join(Task, Task.id == Supervision.task_id)
        .join(Project, Project.id == Task.project_id)
        .order_by(Supervision.id.desc())
        .limit(limit)
    )
    if open_only:
        query = query.where(Supervision.closed_at.is_(None))
    if before is not None:
        query = query.where(Supervision.id < before)
    return tuple(_shown(*row) for row in session.execute(query))


def each(session: Session) -> Iterator[SupervisionView]:
    """Every supervision, newest first, read a page at a time."""
    before = None
    while True:
        found = listed(session, limit=BATCH, before=before)
        yield from found
        if len(found) < BATCH:
            return
        before = found[-1].id
