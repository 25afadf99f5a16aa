"""Departments that do not answer: they cannot block a conclusion for ever.

An overdue task counts as no objection, or the committee says why it does not wait; as the office's
own measure has it (``ADMISSION_SILENT_DEPARTMENT``). What was counted so is kept with the conclusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from api.database.review_tables import Task
from api.database.tables import Project
from api.errors import Conflict, Invalid
from api.store.review.outcomes import Concluding, said
from api.store.review.waiting import LAPSED, WAITING, withdraw
from api.store.work import Work
from api.workdays.china import china_day
from evaluator.rulebook.ast import Ruleset

NO_OBJECTION, SUPERVISION = "no_objection", "supervision"


def waiting_for(work: Work, ruleset: Ruleset, project: Project, outcome: str) -> Sequence[Task]:
    """The tasks that a conclusion ends. Raises Conflict where a department may still answer in time."""
    query = select(Task).where(Task.project_id == project.id, Task.state.in_(WAITING))
    waiting = work.session.scalars(query.order_by(Task.id)).all()
    if outcome == "suspend":
        return ()  # They go on, and what they say is there when it is taken up again.
    registry, today = ruleset.registry, china_day(work.now)
    early = sorted(
        t.department
        for t in waiting
        if t.department != registry.applicant and t.due_on >= today and outcome != "terminate"
    )
    if early:
        raise Conflict(f"还有部门未办结：{'、'.join(map(registry.department, early))}")
    return waiting


def settle(
    work: Work, ruleset: Ruleset, waiting: Sequence[Task], asked: Concluding, silence: str
) -> list[dict[str, Any]]:
    """End what still waits; which departments were not waited for. Raises Invalid where a reason is due."""
    registry = ruleset.registry
    overdue = [t for t in waiting if t.department != registry.applicant]
    ended, why = asked.outcome == "terminate", said(asked.silence_reason)
    if overdue and not ended and silence != NO_OBJECTION and why is None:
        names = "、".join(registry.department(t.department) for t in overdue)
        raise Invalid("silence_reason", f"{names}逾期没有办结，不再等候的须写明理由")
    out = []
    for task in waiting:
        if ended or task not in overdue:
            withdraw(work, task)
            continue
        task.state, task.closed_at = LAPSED, work.now
        counted = silence == NO_OBJECTION
        after = {"state": LAPSED, "no_objection": counted, "reason": why}
        work.log("task.lapse", f"task:{task.id}", None, after)
        due = task.due_on.isoformat()
        out.append({"department": task.department, "due_on": due, "no_objection": counted})
    return out
