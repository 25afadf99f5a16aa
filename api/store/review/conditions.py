"""The conditions of admissions: listed for the department that checks each, and checked once."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple, TypeVarTuple

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from api.database.review_tables import Conclusion, ConclusionCondition
from api.database.tables import Project
from api.errors import Conflict, Denied, Invalid, Missing
from api.store.work import Actor, Work
from api.transport.schemas import NextCursor, record

LIMIT = 200
Row = TypeVarTuple("Row")


class Counted(NamedTuple):
    """How many conditions wait, and how many of them are overdue."""

    waiting: int
    late: int


@record
class OpenConditionOut:
    """A condition of an admission that stands, with its project."""

    id: int
    number: str
    project: str
    decision: int
    text: str
    due_on: dt.date
    department: str
    met: bool | None
    note: str | None
    checked_by: str | None
    checked_at: dt.datetime | None


@record
class ConditionPage:
    """Conditions by their day, at most ``LIMIT``."""

    items: tuple[OpenConditionOut, ...]
    next: NextCursor


def _standing(query: Select[*Row], actor: Actor) -> Select[*Row]:
    """Of conclusions that no later one took the place of; a department's own."""
    later = aliased(Conclusion)
    query = (
        query.join(Conclusion, Conclusion.id == ConclusionCondition.conclusion_id)
        .join(Project, Project.id == Conclusion.project_id)
        .where(~exists(select(later.id).where(later.revises == Conclusion.id)))
    )
    if not actor.sees_all:
        query = query.where(ConclusionCondition.department.in_(actor.departments))
    return query


def open_count(session: Session, actor: Actor, today: dt.date) -> Counted:
    """How many wait to be checked by the actor's departments; all of them for whoever sees all."""
    late = func.count(case((ConclusionCondition.due_on < today, 1)))
    query = _standing(select(func.count(), late).select_from(ConclusionCondition), actor)
    return Counted(*session.execute(query.where(ConclusionCondition.met.is_(None))).one())


def listed(session: Session, actor: Actor, *, all_: bool = False) -> tuple[OpenConditionOut, ...]:
    """Conditions by their day; with ``all_`` those that were checked, too."""
    query = _standing(select(ConclusionCondition, Conclusion.decision_id, Project), actor)
    if not all_:
        query = query.where(ConclusionCondition.met.is_(None))
    query = query.order_by(ConclusionCondition.due_on, ConclusionCondition.id).limit(LIMIT)
    return tuple(_view(c, decision, p) for c, decision, p in session.execute(query))


def _view(condition: ConclusionCondition, decision: int, project: Project) -> OpenConditionOut:
    c = condition
    return OpenConditionOut(
        id=c.id,
        number=project.number,
        project=project.name,
        decision=decision,
        text=c.text,
        due_on=c.due_on,
        department=c.department,
        met=c.met,
        note=c.note,
        checked_by=c.checked_by,
        checked_at=c.checked_at,
    )


def check(work: Work, condition_id: int, met: bool, note: str) -> OpenConditionOut:
    """The department says whether a condition is met, and what shows it.

    Raises Missing, Denied for another department's, Conflict for one that was checked or whose conclusion
    was revised, Invalid without a note.
    """
    condition = work.session.get(ConclusionCondition, condition_id, with_for_update=True)
    if condition is None:
        raise Missing(f"没有第 {condition_id} 个准入条件")
    if condition.department not in work.actor.departments:
        raise Denied("这个条件不由您的部门核验")
    if condition.met is not None:
        raise Conflict("这个条件已经核验过")
    conclusion = work.session.get_one(Conclusion, condition.conclusion_id)
    newer = select(Conclusion.id).where(Conclusion.revises == conclusion.id)
    if work.session.scalar(newer) is not None:
        raise Conflict("委员会已经变更结论，这个条件不再核验")
    if not note.strip():
        raise Invalid("note", "须写明核验的情况和凭据")
    condition.met, condition.note = met, note.strip()
    condition.checked_by, condition.checked_at = work.actor.display_name, work.now
    project = work.session.get_one(Project, conclusion.project_id)
    project.updated_at = work.now
    work.session.flush()
    told = {"condition": condition.text, "met": met, "note": condition.note}
    after = {"decision": conclusion.decision_id, **told}
    work.log("condition.check", f"project:{project.number}", None, after)
    return _view(condition, conclusion.decision_id, project)
