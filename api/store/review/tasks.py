"""Joint review (联合会审): one task for each department whose findings stand in the way.

A decision that refers opens them; a new version of the dossier asks anew only where findings moved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Opinion, Task
from api.database.tables import Decision, Project
from api.errors import Denied, Missing
from api.store.preconditions import of_task
from api.store.review.carrying import carry
from api.store.review.opinions import OpinionOut, opinions_on
from api.store.review.waiting import DONE, LAPSED, OPEN, SUPPLEMENT, WAITING, WITHDRAWN
from api.store.visibility import get_project, tasks_seen, visible
from api.store.work import Actor, Work
from api.transport.schemas import one_of, record
from api.transport.seen import SeenText
from api.workdays.china import china_day
from api.workdays.workdays import WorkCalendar

YELLOW_WORKDAYS = 2


@record
class TaskOut:
    """A task; ``light`` is None where it no longer waits.

    ``workdays_left`` counts to the due date, negative when overdue.
    """

    id: int
    number: str
    project: str
    version: int
    decision: int
    department: str
    opened_on: dt.date
    due_on: dt.date
    due_estimated: Annotated[
        bool, Field(description="期限是估算的：涉及的年份还没有节假日安排，有了以后自动重算")
    ]
    state: Annotated[str, one_of(OPEN, SUPPLEMENT, DONE, WITHDRAWN, LAPSED)]
    light: Annotated[
        Annotated[str, one_of("green", "yellow", "red", "grey")] | None,
        Field(description="按剩余工作日：绿、黄、红（逾期）；等申请人补正的为灰"),
    ]
    workdays_left: int
    opinions: tuple[OpinionOut, ...]
    seen: SeenText


def light(state: str, due_on: dt.date, today: dt.date, calendar: WorkCalendar) -> str | None:
    """红黄绿灯 by the working days left."""
    if state not in WAITING:
        return None
    if state == SUPPLEMENT:
        return "grey"  # It is the applicant's turn: the department's time does not run.
    if today > due_on:
        return "red"
    return "yellow" if calendar.between(today, due_on) <= YELLOW_WORKDAYS else "green"


def open_tasks(
    work: Work,
    project: Project,
    decision: Decision,
    departments: Iterable[str],
    calendar: WorkCalendar,
    workdays: int,
    before: Decision | None = None,
) -> None:
    """Ask each department about this decision, unless its findings are those of ``before``."""
    today = china_day(work.now)
    due = calendar.add(today, workdays)
    guessed = calendar.is_estimated(today, due)
    kept = carry(work, project.id, before, decision, {*departments}, due, guessed)
    opened = [
        Task(
            project_id=project.id,
            decision_id=decision.id,
            department=department,
            opened_on=today,
            due_on=due,
            state=OPEN,
            closed_at=None,
            workdays=workdays,
            due_estimated=guessed,
        )
        for department in sorted(set(departments) - kept)
    ]
    work.session.add_all(opened)
    work.session.flush()
    for task in opened:
        after = {
            "department": task.department,
            "due_on": due.isoformat(),
            "estimated": guessed,
            "decision": decision.id,
        }
        work.log("task.open", f"task:{task.id}", None, after)


def find_tasks(
    session: Session,
    actor: Actor,
    calendar: WorkCalendar,
    today: dt.date,
    *,
    number: str | None = None,
    department: str | None = None,
    state: str | None = None,
    overdue: bool = False,
    since: dt.datetime | None = None,
    limit: int = 200,
    after: int = 0,
) -> tuple[TaskOut, ...]:
    """Tasks the actor may see in order of their number, after task ``after``.

    ``since``: opened, spoken about or settled at that time or later.
    """
    query = (
        select(Task, Project, Decision.version, Decision.digest)
        .join(Project, Project.id == Task.project_id)
        .join(Decision, Decision.id == Task.decision_id)
        .where(visible(actor), Task.id > after)
    )
    if number is not None:
        query = query.where(Task.project_id == get_project(session, actor, number).id)
    if not actor.sees_all:
        query = query.where(tasks_seen(actor))
    if department is not None:
        query = query.where(Task.department == department)
    if state is not None:
        query = query.where(Task.state == state)
    if overdue:
        query = query.where(Task.state == OPEN, Task.due_on < today)
    if since is not None:
        said = select(Opinion.id).where(Opinion.task_id == Task.id, Opinion.given_at >= since)
        moved = (Decision.decided_at >= since, Task.closed_at >= since)
        query = query.where(or_(*moved, exists(said.correlate(Task))))
    rows = session.execute(query.order_by(Task.id).limit(limit)).all()
    return views(session, rows, calendar, today)


def get_task(
    session: Session, actor: Actor, calendar: WorkCalendar, today: dt.date, task_id: int
) -> TaskOut:
    """One task. Raises Missing, or Denied where it is not the actor's to see."""
    found = find_tasks(session, actor, calendar, today, after=task_id - 1, limit=1)
    if found and found[0].id == task_id:
        return found[0]
    if session.get(Task, task_id) is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    raise Denied("这件会审事项不在您的查看范围内")


def views(
    session: Session, rows: Sequence[Any], calendar: WorkCalendar, today: dt.date
) -> tuple[TaskOut, ...]:
    """Rows of (task, project, the decision's version and digest) with what was said about each."""
    said = opinions_on(session, [t.id for t, *_ in rows])
    return tuple(_view(t, p, v, d, said.get(t.id, ()), calendar, today) for t, p, v, d in rows)


def _view(
    task: Task,
    project: Project,
    version: int,
    digest: str,
    said: tuple[OpinionOut, ...],
    calendar: WorkCalendar,
    today: dt.date,
) -> TaskOut:
    return TaskOut(
        id=task.id,
        number=project.number,
        project=project.name,
        version=version,
        decision=task.decision_id,
        department=task.department,
        opened_on=task.opened_on,
        due_on=task.due_on,
        due_estimated=task.due_estimated,
        state=task.state,
        light=light(task.state, task.due_on, today, calendar),
        workdays_left=calendar.between(today, task.due_on),
        opinions=said,
        seen=str(of_task(task, digest, (o.id for o in said))),
    )
