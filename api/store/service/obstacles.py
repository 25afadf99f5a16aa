"""堵点: raised with an owner and a day, solved by the owner, listed by leader and department."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.database.care_tables import Obstacle, ProjectFacts
from api.database.tables import Project
from api.errors import Conflict, Denied, Invalid, Missing
from api.store.preconditions import must_be
from api.store.visibility import get_project, visible
from api.store.work import Actor, Work
from api.transport.paging import cursor_of, cut, place_of
from api.transport.schemas import NextCursor, one_of, record
from api.transport.seen import Seen, SeenText, state
from api.workdays.china import china_day

KINDS = {
    "planning": "规划",
    "land": "用地指标",
    "eia": "环评",
    "utilities": "水电气等配套",
    "funds": "资金",
    "other": "其他",
}
BATCH = 200


@record
class ObstacleOut:
    """What stands in a project's way; ``solution`` is null while it does."""

    id: int
    number: str
    project: str
    decision: int
    kind: Annotated[str, one_of(*KINDS)]
    title: str
    text: str
    department: Annotated[str, Field(description="由哪个部门解决")]
    leader: Annotated[str | None, Field(description="项目的包联领导")]
    due_on: dt.date
    late: bool
    raised_by: str
    raised_at: dt.datetime
    solution: str | None
    solved_by: str | None
    solved_at: dt.datetime | None
    seen: SeenText


@record
class ObstaclePage:
    """A page of obstacles, newest first."""

    items: tuple[ObstacleOut, ...]
    next: NextCursor


@dataclass(frozen=True, slots=True)
class Sought:
    """Which obstacles are looked for. ``solved``: None for both."""

    number: str | None = None
    department: str | None = None
    leader: str | None = None
    solved: bool | None = False
    late: bool = False


def seen_of(obstacle: Obstacle) -> Seen:
    """An obstacle, open or solved."""
    o = obstacle
    return state(int(o.solved_at is not None), [o.text, o.department, o.solution])


def _query(actor: Actor, sought: Sought, today: dt.date) -> Select[Obstacle, Project, str | None]:
    query = (
        select(Obstacle, Project, ProjectFacts.leader)
        .join(Project, Project.id == Obstacle.project_id)
        .outerjoin(ProjectFacts, ProjectFacts.project_id == Project.id)
        .where(visible(actor) | Obstacle.department.in_(actor.departments))
    )
    if sought.number is not None:
        query = query.where(Project.number == sought.number)
    if sought.department is not None:
        query = query.where(Obstacle.department == sought.department)
    if sought.leader is not None:
        query = query.where(ProjectFacts.leader == sought.leader)
    if sought.solved is not None:
        open_ = Obstacle.solved_at.is_(None)
        query = query.where(~open_ if sought.solved else open_)
    if sought.late:
        query = query.where(Obstacle.due_on < today)
    return query


def _out(o: Obstacle, project: Project, leader: str | None, today: dt.date) -> ObstacleOut:
    return ObstacleOut(
        id=o.id,
        number=project.number,
        project=project.name,
        decision=project.decision_id,
        kind=o.kind,
        title=KINDS[o.kind],
        text=o.text,
        department=o.department,
        leader=leader,
        due_on=o.due_on,
        late=(china_day(o.solved_at) if o.solved_at else today) > o.due_on,
        raised_by=o.raised_by,
        raised_at=o.raised_at,
        solution=o.solution,
        solved_by=o.solved_by,
        solved_at=o.solved_at,
        seen=str(seen_of(o)),
    )


def find(
    session: Session,
    actor: Actor,
    today: dt.date,
    sought: Sought,
    cursor: str | None = None,
    limit: int = 50,
) -> ObstaclePage:
    """One page of what the actor may see. Raises Invalid for a cursor that was not given out."""
    query, before = _query(actor, sought, today), place_of("o", cursor)
    if before is not None:
        query = query.where(Obstacle.id < before)
    found = session.execute(query.order_by(Obstacle.id.desc()).limit(limit + 1)).all()
    rows, more = cut(found, limit)
    items = tuple(_out(o, p, leader, today) for o, p, leader in rows)
    return ObstaclePage(items, cursor_of("o", items[-1].id) if more else None)


def each(session: Session, actor: Actor, today: dt.date, sought: Sought) -> Iterator[ObstacleOut]:
    """All of it, a page at a time."""
    cursor = None
    while True:
        page = find(session, actor, today, sought, cursor, BATCH)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def open_of(session: Session, actor: Actor, today: dt.date) -> tuple[int, int]:
    """How many wait for the actor's departments, and how many of them are late."""
    late = func.count().filter(Obstacle.due_on < today)
    mine = (Obstacle.department.in_(actor.departments), Obstacle.solved_at.is_(None))
    count, overdue = session.execute(select(func.count(), late).where(*mine)).one()
    return count, overdue


@dataclass(frozen=True, slots=True)
class Raised:
    """An obstacle as it is raised."""

    kind: str
    text: str
    department: str
    due_on: dt.date


def raise_one(work: Work, number: str, given: Raised, reviewers: frozenset[str]) -> ObstacleOut:
    """Raise an obstacle with the department that is to solve it and the day. Raises Invalid."""
    project = get_project(work.session, work.actor, number)
    if given.kind not in KINDS:
        raise Invalid("kind", "请选择是哪一类堵点")
    if not given.text.strip():
        raise Invalid("text", "请写明卡在哪里")
    if given.department not in reviewers:
        raise Invalid("department", "请选择由哪个部门解决")
    if given.due_on < china_day(work.now):
        raise Invalid("due_on", "期限不能早于今天")
    obstacle = Obstacle(
        project_id=project.id,
        kind=given.kind,
        text=given.text.strip(),
        department=given.department,
        due_on=given.due_on,
        raised_by=work.actor.name,
        raised_at=work.now,
    )
    work.session.add(obstacle)
    work.session.flush()
    after = {"obstacle": obstacle.id, "kind": given.kind, "note": obstacle.text}
    after |= {"department": given.department, "due_on": given.due_on.isoformat()}
    work.log("obstacle.raise", f"project:{number}", None, after)
    return _one(work, obstacle)


def solve(work: Work, obstacle_id: int, solution: str, seen: Seen) -> ObstacleOut:
    """Say how it was solved: by the department whose it is, or the committee. Raises Conflict, Denied."""
    obstacle = work.session.get(Obstacle, obstacle_id, with_for_update=True)
    if obstacle is None:
        raise Missing("没有这个堵点")
    if "committee" not in work.actor.roles and obstacle.department not in work.actor.departments:
        raise Denied("这个堵点不由您的部门解决")
    number = work.session.get_one(Project, obstacle.project_id).number
    if obstacle.solved_at is not None:
        raise Conflict("这个堵点已经解决")
    must_be(work.session, seen, seen_of(obstacle), "这个堵点", [f"project:{number}"])
    if not solution.strip():
        raise Invalid("solution", "请写明怎样解决的")
    obstacle.solution, obstacle.solved_by = solution.strip(), work.actor.name
    obstacle.solved_at = work.now
    work.session.flush()
    after = {"obstacle": obstacle.id, "note": obstacle.solution}
    work.log("obstacle.solve", f"project:{number}", None, after)
    return _one(work, obstacle)


def _one(work: Work, obstacle: Obstacle) -> ObstacleOut:
    project = work.session.get_one(Project, obstacle.project_id)
    row = work.session.get(ProjectFacts, obstacle.project_id)
    return _out(obstacle, project, row.leader if row else None, china_day(work.now))
