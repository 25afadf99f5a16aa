"""督办 of overdue review tasks and of overdue commitments, closed by 销号."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Supervision, Task
from api.database.tables import Project
from api.errors import Conflict, Invalid, Missing
from api.store.preconditions import must_be, of_supervision, task_now
from api.store.promises.commitments import (
    PROMISING,
    ReportOut,
    promise_as_seen,
    reports_of,
    title_of,
)
from api.store.review.waiting import OPEN, WAITING
from api.store.work import Work
from api.transport.schemas import NextCursor, record
from api.transport.seen import Seen, SeenText
from api.workdays.china import china_day

BATCH = 200
MOST = 200  # Characters of an addressee.


@dataclass(frozen=True, slots=True)
class SupervisionOut:
    """Of a review task or of a commitment: the other one is null."""

    id: int
    task: int | None
    commitment: int | None
    number: str
    department: str | None
    promise: Annotated[str | None, Field(description="督办的是哪项承诺，如“开工”")]
    due_on: dt.date
    due_estimated: bool
    note: str
    addressee: Annotated[str | None, Field(description="督办谁")]
    answer_by: Annotated[dt.date | None, Field(description="要求办结的日期")]
    overdue: Annotated[bool, Field(description="过了要求的日期还没有销号")]
    opened_by: str
    opened_at: dt.datetime
    closing_note: str | None
    evidence: Annotated[str | None, Field(description="销号的凭据")]
    closed_by: str | None
    closed_at: dt.datetime | None
    project: str
    decision: int
    seen: SeenText
    settled: Annotated[bool, Field(description="会审事项已办结，或督办以后已填报实绩，可以销号")]


@dataclass(frozen=True, slots=True)
class Order:
    """What is demanded, of whom, and by when; an addressee that is not named is the one who answers for it."""

    note: str
    addressee: str | None = None
    answer_by: dt.date | None = None

    def checked(self, today: dt.date) -> Order:
        """The same without blanks. Raises Invalid."""
        if self.answer_by is not None and self.answer_by < today:
            raise Invalid("answer_by", "要求办结的日期不能早于今天")
        name = (self.addressee or "").strip()
        if len(name) > MOST:
            raise Invalid("addressee", f"督办对象最多 {MOST} 个字")
        return Order(self.note.strip(), name or None, self.answer_by)


@record
class SupervisionPage:
    """A page of supervisions, newest first."""

    items: tuple[SupervisionOut, ...]
    next: NextCursor


# Of task and commitment one is None.
Rows = Select[Supervision, Task, Commitment, Project]


def _query() -> Rows:
    owner = func.coalesce(Task.project_id, Commitment.project_id)
    return (
        select(Supervision, Task, Commitment, Project)
        .outerjoin(Task, Task.id == Supervision.task_id)
        .outerjoin(Commitment, Commitment.id == Supervision.commitment_id)
        .join(Project, Project.id == owner)
    )


def _views(session: Session, query: Rows) -> tuple[SupervisionOut, ...]:
    rows = session.execute(query).all()
    said = reports_of(session, [s.commitment_id for s, *_ in rows if s.commitment_id])
    out = []
    for row, task, promise, project in rows:
        if row.commitment_id is None:
            settled = task.state not in WAITING
            department, word, due, guessed = task.department, None, task.due_on, task.due_estimated
        else:
            settled = _reported(row, promise, said.get(promise.id, ()))
            department, word, due, guessed = None, title_of(promise.kind), promise.due_on, False
        out.append(
            SupervisionOut(
                id=row.id,
                task=row.task_id,
                commitment=row.commitment_id,
                number=project.number,
                department=department,
                promise=word,
                due_on=due,
                due_estimated=guessed,
                note=row.note,
                addressee=row.addressee or department or project.enterprise,
                answer_by=row.answer_by,
                overdue=_overdue(row),
                opened_by=row.opened_by,
                opened_at=row.opened_at,
                closing_note=row.closing_note,
                evidence=row.evidence,
                closed_by=row.closed_by,
                closed_at=row.closed_at,
                project=project.name,
                decision=project.decision_id,
                seen=str(of_supervision(row)),
                settled=settled,
            )
        )
    return tuple(out)


def _overdue(row: Supervision) -> bool:
    ended = row.closed_at or dt.datetime.now(dt.UTC)
    return row.answer_by is not None and china_day(ended) > row.answer_by


def _reported(supervision: Supervision, promise: Commitment, said: tuple[ReportOut, ...]) -> bool:
    """Whether an actual was reported since the supervision began, or the promise is kept anyway."""
    return promise.kept or (bool(said) and said[0].reported_at >= supervision.opened_at)


def _open(work: Work, supervision: Supervision, what: str, subject: str) -> SupervisionOut:
    column = Supervision.task_id if supervision.commitment_id is None else Supervision.commitment_id
    query = select(Supervision.id).where(
        column == (supervision.task_id or supervision.commitment_id),
        Supervision.closed_at.is_(None),
    )
    if work.session.scalar(query) is not None:
        raise Conflict(f"{what}已在督办中")
    work.session.add(supervision)
    work.session.flush()
    after: dict[str, Any] = {"supervision": supervision.id, "note": supervision.note}
    if supervision.addressee:
        after["addressee"] = supervision.addressee
    if supervision.answer_by:
        after["answer_by"] = supervision.answer_by.isoformat()
    work.log("supervision.start", subject, None, after)
    return _views(work.session, _query().where(Supervision.id == supervision.id))[0]


def _made(
    work: Work, order: Order, task_id: int | None = None, commitment_id: int | None = None
) -> Supervision:
    order = order.checked(china_day(work.now))
    return Supervision(
        task_id=task_id,
        commitment_id=commitment_id,
        note=order.note,
        addressee=order.addressee,
        answer_by=order.answer_by,
        opened_by=work.actor.name,
        opened_at=work.now,
    )


def start(work: Work, task_id: int, order: Order, seen: Seen) -> SupervisionOut:
    """Put an overdue task under supervision. Raises Conflict where it is not overdue, or already is."""
    task = work.session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.state != OPEN or task.due_on >= china_day(work.now):
        raise Conflict("这件会审事项没有逾期，无须督办")
    now = task_now(work.session, task)
    must_be(work.session, seen, now, f"第 {task_id} 号会审事项", [f"task:{task_id}"])
    supervision = _made(work, order, task_id=task_id)
    return _open(work, supervision, "这件会审事项", f"task:{task_id}")


def start_overdue(work: Work, task_id: int) -> None:
    """Put a task under supervision that is overdue by the office's own rule, nobody having to ask."""
    task = work.session.get_one(Task, task_id, with_for_update=True)
    watched = select(Supervision.id).where(
        Supervision.task_id == task_id, Supervision.closed_at.is_(None)
    )
    late = task.state == OPEN and task.due_on < china_day(work.now)
    if not late or work.session.scalar(watched) is not None:
        return
    note = "逾期没有答复，按规定自动转督办"
    supervision = Supervision(
        task_id=task_id, note=note, opened_by=work.actor.name, opened_at=work.now
    )
    _open(work, supervision, "这件会审事项", f"task:{task_id}")


def start_promise(work: Work, commitment_id: int, order: Order, seen: Seen) -> SupervisionOut:
    """Put an overdue commitment under supervision. Raises Conflict as ``start`` does."""
    promise = work.session.get(Commitment, commitment_id, with_for_update=True)
    if promise is None:
        raise Missing("没有这项承诺")
    project = work.session.get_one(Project, promise.project_id)
    if promise.kept or promise.due_on >= china_day(work.now) or project.state not in PROMISING:
        raise Conflict("这项承诺没有逾期，无须督办")
    promise_as_seen(work, promise, project.number, seen)
    supervision = _made(work, order, commitment_id=commitment_id)
    return _open(work, supervision, "这项承诺", f"commitment:{commitment_id}")


def close(
    work: Work, supervision_id: int, note: str, seen: Seen, evidence: str = ""
) -> SupervisionOut:
    """Strike a supervision off (销号), with what was done about it and what shows it.

    Its task must be settled, or an actual reported since. What is still short of the promise is
    then listed as overdue again.
    """
    supervision = work.session.get(Supervision, supervision_id, with_for_update=True)
    if supervision is None:
        raise Missing("没有这件督办")
    if supervision.closed_at is not None:
        raise Conflict("这件督办已经销号")
    subject = (
        f"task:{supervision.task_id}"
        if supervision.task_id
        else f"commitment:{supervision.commitment_id}"
    )
    must_be(work.session, seen, of_supervision(supervision), "这件督办", [subject])
    if not note.strip():
        raise Invalid("note", "销号须写明办理结果")
    query = _query().where(Supervision.id == supervision_id)
    if not _views(work.session, query)[0].settled:
        waits = "会审事项还没有办结" if supervision.task_id else "督办以后还没有填报实绩"
        raise Conflict(f"{waits}，不能销号")
    supervision.closing_note, supervision.evidence = note.strip(), evidence.strip() or None
    supervision.closed_by, supervision.closed_at = work.actor.name, work.now
    work.session.flush()
    after = {"supervision": supervision.id, "note": note}
    if supervision.evidence:
        after["evidence"] = supervision.evidence
    work.log("supervision.close", subject, None, after)
    return _views(work.session, query)[0]


def listed(
    session: Session,
    *,
    open_only: bool = False,
    limit: int = 1000,
    before: int | None = None,
    since: dt.datetime | None = None,
    number: str | None = None,
    departments: frozenset[str] | None = None,
) -> tuple[SupervisionOut, ...]:
    """Supervisions, newest first, older than number ``before``; opened or closed ``since`` then.

    Of the project ``number``; of tasks of these ``departments``.
    """
    query = _query().order_by(Supervision.id.desc()).limit(limit)
    if open_only:
        query = query.where(Supervision.closed_at.is_(None))
    if number is not None:
        query = query.where(Project.number == number)
    if departments is not None:
        query = query.where(Task.department.in_(departments))
    if before is not None:
        query = query.where(Supervision.id < before)
    if since is not None:
        query = query.where(or_(Supervision.opened_at >= since, Supervision.closed_at >= since))
    return _views(session, query)


def each(session: Session) -> Iterator[SupervisionOut]:
    """Every supervision, newest first, read a page at a time."""
    before = None
    while True:
        page = listed(session, limit=BATCH, before=before)
        yield from page
        if len(page) < BATCH:
            return
        before = page[-1].id
