"""What an actor may see: every project, one's own, or what one's department answers for.

A department sees a project when its newest decision has a violated or unknown finding of that
department, as every decision has that opens a review task; of a decision it sees the findings it answers for and the dossier fields
that it supplies or that its rules read. Nothing else.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import Session

from api.database.review_tables import Task
from api.database.tables import Decision, Hit, Project
from api.errors import Denied, Missing
from api.store.work import Actor
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.reads import fields_of
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict

ALWAYS_SHOWN = ("project_id", "project_name", "submitted_on", "enterprise_name", "industry_code")


def visible(actor: Actor) -> ColumnElement[bool]:
    """A condition on Project: what the actor may see."""
    if actor.sees_all:
        return true()
    allowed: list[ColumnElement[bool]] = []
    if "submitter" in actor.roles:
        allowed.append(owned(actor))
    if actor.departments:
        # INVARIANT: a review task is only ever opened for a department with such a finding
        # (submissions), so tasks need no condition of their own: an OR of two EXISTS is answered
        # by PostgreSQL with a scan of both tables.
        hit = select(Hit.decision_id).where(
            Hit.decision_id == Project.decision_id, Hit.department.in_(actor.departments)
        )
        allowed.append(exists(hit.correlate(Project)))
    return or_(*allowed) if allowed else false()


def owned(actor: Actor) -> ColumnElement[bool]:
    """A condition on Project: the actor submitted it."""
    mine = Project.owner_id == actor.account_id
    return mine if "submitter" in actor.roles else false()


def owns(actor: Actor, project: Project) -> bool:
    """Whether the actor submitted the project."""
    return "submitter" in actor.roles and project.owner_id == actor.account_id


def tasks_seen(actor: Actor) -> ColumnElement[bool]:
    """A condition on Task and its Project: one's department's tasks, and all of one's own projects."""
    return or_(Task.department.in_(actor.departments), owned(actor))


def may_write(actor: Actor, project: Project) -> None:
    """Raises Denied unless the actor submitted the project or is of the committee."""
    if "committee" not in actor.roles and not owns(actor, project):
        raise Denied("只能更改自己申报的项目")


def sees_project(session: Session, actor: Actor, project: Project) -> bool:
    """Whether the actor may see this project."""
    if sees_whole(actor, project):
        return True
    query = select(Project.id).where(Project.id == project.id, visible(actor))
    return session.scalar(query) is not None


def get_project(session: Session, actor: Actor, number: str, *, lock: bool = False) -> Project:
    """A project by its 受理编号. Raises Missing, or Denied where it is not the actor's to see."""
    query = select(Project).where(Project.number == number)
    project = session.scalar(query.with_for_update() if lock else query)
    if project is None:
        raise Missing(f"没有受理编号“{number[:40]}”")
    if not sees_project(session, actor, project):
        raise Denied("这个项目不在您的查看范围内")
    return project


def get_decision(session: Session, actor: Actor, decision_id: int) -> tuple[Decision, Project]:
    """A decision and its project. Raises Missing or Denied."""
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise Missing(f"没有第 {decision_id} 号决定")
    project = session.get_one(Project, decision.project_id)
    if not sees_project(session, actor, project):
        raise Denied("这个项目不在您的查看范围内")
    return decision, project


def sees_whole(actor: Actor, project: Project) -> bool:
    """Whether every finding and field of the project is the actor's to see."""
    return actor.sees_all or owns(actor, project)


def visible_result(actor: Actor, project: Project, result: dict[str, Any]) -> dict[str, Any]:
    """A canonical result, or the part of it that a department answers for."""
    if sees_whole(actor, project):
        return result
    shown = [f for f in result["findings"] if actor.departments & set(f["departments"])]
    # The sentence names rules of every department; the verdict alone is common knowledge.
    word = VERDICT_LABELS[Verdict(result["verdict"])]
    if "stage" in result:  # Each has words of its own.
        word = re.split("[：，。]", str(result["sentence"]))[0]
    return {**result, "sentence": f"{word}。", "findings": shown, "counterfactual": None}


def visible_dossier(
    actor: Actor, project: Project, dossier: dict[str, Any], ruleset: Ruleset
) -> dict[str, Any]:
    """A dossier, or the fields that a department supplies or whose rules read them."""
    if sees_whole(actor, project):
        return dossier
    names = set(ALWAYS_SHOWN)
    names |= {
        f.name for f in ruleset.registry.fields.values() if f.supplied_by in actor.departments
    }
    for rule in ruleset.rules.values():
        if actor.departments & set(rule.departments):
            names |= {name.partition(".")[0] for name in fields_of(rule, ruleset)}
    return {k: v for k, v in dossier.items() if k in names}
