"""What waits for a person: the counts of the home page and beside the navigation, each with its list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Task
from api.database.tables import Draft, Project
from api.store.projects.lookup import READY, Filter, matching
from api.store.review import conditions, tasklist
from api.store.review.tasklist import TaskFilter
from api.store.review.waiting import OPEN
from api.store.service import obstacles
from api.store.work import Actor


@dataclass(frozen=True, slots=True)
class Todo:
    """``count`` of something that waits, and where it is listed; ``late`` of them are overdue."""

    what: str
    count: int
    path: str
    late: int = 0


def waiting_tasks(session: Session, actor: Actor, today: dt.date) -> tuple[int, int]:
    """How many review tasks wait for the actor's departments, and how many are overdue."""
    query = select(func.count(), func.count(case((Task.due_on < today, 1)))).where(
        Task.department.in_(actor.departments), Task.state == OPEN
    )
    count, late = session.execute(query).one()
    return count, late


def supplements(session: Session, actor: Actor) -> int:
    """How many of the actor's projects a department wants supplemented."""
    query = select(func.count()).where(
        Project.owner_id == actor.account_id, Project.state == "supplement"
    )
    return int(session.scalar(query) or 0)


def todos(session: Session, actor: Actor, today: dt.date) -> tuple[Todo, ...]:
    """What waits for this actor; what there is none of is left out."""
    out = []
    if actor.departments:
        count, late = waiting_tasks(session, actor, today)
        out.append(Todo("会审事项等您部门答复", count, "/tasks", late))
        due = conditions.open_count(session, actor, today)
        out.append(Todo("准入条件等您部门核验", due.waiting, "/conditions", due.late))
        stuck, overdue = obstacles.open_of(session, actor, today)
        out.append(Todo("堵点等您部门解决", stuck, "/obstacles", overdue))
    if "submitter" in actor.roles:
        out.append(Todo("项目要补正", supplements(session, actor), "/projects?state=supplement"))
        drafts = select(func.count()).where(Draft.owner_id == actor.account_id)
        out.append(Todo("草稿没有提交", int(session.scalar(drafts) or 0), "/projects"))
    if "committee" in actor.roles:
        ready = matching(actor, Filter(state=READY)).with_only_columns(func.count())
        count = int(session.scalar(ready) or 0)
        out.append(Todo("项目可以作结论", count, f"/projects?state={READY}"))
        late = tasklist.total(session, actor, TaskFilter(late=True), today)
        out.append(Todo("会审事项逾期、还没有督办", late, "/supervision", late))
        due = conditions.open_count(session, actor, today)
        out.append(Todo("准入条件没有核验", due.waiting, "/conditions", due.late))
    return tuple(t for t in out if t.count)
