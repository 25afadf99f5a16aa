"""What a new version means for the tasks of the one before: only what has moved is asked again.

A department whose findings are the same keeps its task with what it said of it; a task that waited for the
applicant comes back to it, its time anew.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from api.database.review_tables import Task
from api.database.tables import Decision
from api.store.review.waiting import DONE, OPEN, SUPPLEMENT, WAITING, withdraw
from api.store.work import Work

# What of a finding a department answers for.
ANSWERED = ("rule", "status", "effect", "value", "required", "message")
OPEN_FINDINGS = ("violated", "unknown")


def asked_about(result: dict[str, Any], department: str) -> list[tuple[Any, ...]]:
    """The findings of a result that a department is asked about, as they are compared."""
    return sorted(
        tuple(str(f.get(key)) for key in ANSWERED)
        for f in result["findings"]
        if department in f["departments"] and f["status"] in OPEN_FINDINGS
    )


def carry(
    work: Work,
    project_id: int,
    before: Decision | None,
    decision: Decision,
    departments: Collection[str],
    due: dt.date,
    guessed: bool,
) -> frozenset[str]:
    """Take the tasks that still hold along to ``decision`` and withdraw the rest that waits.

    Which departments keep theirs; the others of ``departments`` are to be asked anew.
    """
    kept = set()
    query = select(Task).where(Task.project_id == project_id)
    if before is None:
        query = query.where(Task.state.in_(WAITING))
    else:
        query = query.where((Task.decision_id == before.id) | Task.state.in_(WAITING))
    tasks = work.session.scalars(query.order_by(Task.id)).all()
    old = json.loads(before.result) if before is not None and tasks else None
    new = json.loads(decision.result) if old is not None else None
    for task in tasks:
        same = (
            old is not None
            and new is not None
            and before is not None
            and task.decision_id == before.id
            and task.state in (*WAITING, DONE)
            and task.department in departments
            and asked_about(old, task.department) == asked_about(new, task.department)
        )
        if same:
            _along(work, task, decision, due, guessed)
            kept.add(task.department)
        elif task.state in WAITING:
            withdraw(work, task)
    return frozenset(kept)


def _along(work: Work, task: Task, decision: Decision, due: dt.date, guessed: bool) -> None:
    before = {"decision": task.decision_id, "state": task.state}
    task.decision_id = decision.id
    if task.state == SUPPLEMENT:
        task.state, task.due_on, task.due_estimated = OPEN, due, guessed
    after = {
        "decision": decision.id,
        "state": task.state,
        "department": task.department,
        "due_on": task.due_on.isoformat(),
    }
    work.log("task.carry", f"task:{task.id}", before, after)
