"""What each department did in a period, for the annual appraisal: tasks, days taken, 督办, 堵点.

Of a period from the first to the last day, both within it: tasks by the day they came, what was closed by
the day that it was closed, in China's time.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from api.database.care_tables import Obstacle
from api.database.review_tables import Supervision, Task
from api.store.review.waiting import OPEN
from api.workdays.china import CHINA, china_day

DONE = ("done",)


@dataclass(slots=True)
class Unit:
    """One department. ``days`` are those from a task's arrival to its answer, of the answered ones."""

    department: str
    received: int = 0
    answered: int = 0
    answered_late: int = 0
    waiting_late: int = 0
    days: list[int] = field(default_factory=list)
    supervised: int = 0
    struck_off: int = 0
    obstacles: int = 0
    solved: int = 0
    solved_late: int = 0

    @property
    def mean(self) -> Fraction | None:
        """Days taken on the average; None where nothing was answered."""
        return Fraction(sum(self.days), len(self.days)) if self.days else None


def _bounds(start: dt.date, end: dt.date) -> tuple[dt.datetime, dt.datetime]:
    midnight = dt.time(tzinfo=CHINA)
    return (
        dt.datetime.combine(start, midnight),
        dt.datetime.combine(end + dt.timedelta(days=1), midnight),
    )


def appraised(session: Session, start: dt.date, end: dt.date, today: dt.date) -> tuple[Unit, ...]:
    """The departments that had anything to do in the period, by their code."""
    units: dict[str, Unit] = defaultdict(lambda: Unit(""))
    first, after = _bounds(start, end)

    def unit(department: str) -> Unit:
        found = units[department]
        found.department = department
        return found

    came = and_(Task.opened_on >= start, Task.opened_on <= end)
    closed = and_(Task.state.in_(DONE), Task.closed_at >= first, Task.closed_at < after)
    late = and_(Task.state == OPEN, Task.due_on < today, Task.due_on >= start, Task.due_on <= end)
    query = select(Task.department, Task.opened_on, Task.due_on, Task.state, Task.closed_at)
    for department, opened, due, state, at in session.execute(query.where(or_(came, closed, late))):
        u = unit(department)
        u.received += start <= opened <= end
        if state in DONE and at is not None and first <= at < after:
            day = china_day(at)
            u.answered += 1
            u.answered_late += day > due
            u.days.append((day - opened).days)
        elif state == OPEN and due < today and start <= due <= end:
            u.waiting_late += 1
    pressed = and_(Supervision.opened_at >= first, Supervision.opened_at < after)
    struck = and_(Supervision.closed_at >= first, Supervision.closed_at < after)
    query_s = (
        select(Task.department, func.count().filter(pressed), func.count().filter(struck))
        .join(Task, Task.id == Supervision.task_id)
        .where(or_(pressed, struck))
        .group_by(Task.department)
    )
    for department, began, ended in session.execute(query_s):
        u = unit(department)
        u.supervised, u.struck_off = began, ended
    raised = and_(Obstacle.raised_at >= first, Obstacle.raised_at < after)
    solved = and_(Obstacle.solved_at >= first, Obstacle.solved_at < after)
    query_o = select(Obstacle.department, Obstacle.raised_at, Obstacle.solved_at, Obstacle.due_on)
    for department, begun, ended_at, due in session.execute(query_o.where(or_(raised, solved))):
        u = unit(department)
        u.obstacles += first <= begun < after
        if ended_at is not None and first <= ended_at < after:
            u.solved += 1
            u.solved_late += china_day(ended_at) > due
    return tuple(units[d] for d in sorted(units))
