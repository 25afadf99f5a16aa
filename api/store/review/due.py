"""Due dates counted again when the calendar knows more than when the tasks were opened."""

from __future__ import annotations

from sqlalchemy import select

from api.database.review_tables import Task
from api.store.review.waiting import WAITING
from api.store.work import Work
from api.workdays.workdays import WorkCalendar


def recount(work: Work, calendar: WorkCalendar) -> int:
    """Count every waiting task's due date again; how many changed, be it only in the mark."""
    changed = 0
    query = select(Task).where(Task.state.in_(WAITING), Task.workdays.is_not(None))
    for task in work.session.scalars(query.order_by(Task.id).with_for_update()):
        due = calendar.add(task.opened_on, task.workdays or 0)
        guessed = calendar.is_estimated(task.opened_on, due)
        if (due, guessed) == (task.due_on, task.due_estimated):
            continue
        before = {"due_on": task.due_on.isoformat(), "estimated": task.due_estimated}
        after = {"due_on": due.isoformat(), "estimated": guessed, "workdays": task.workdays}
        task.due_on, task.due_estimated = due, guessed
        work.log("task.due", f"task:{task.id}", before, after)
        changed += 1
    return changed
