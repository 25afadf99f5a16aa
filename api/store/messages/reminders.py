"""One digest a working day for each department and the committee; nothing where nothing waits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session, aliased

from api.database.review_tables import Commitment, Conclusion, ConclusionCondition, Task
from api.database.tables import Project
from api.store.messages.outbox import MAIL, TEXT, put
from api.store.messages.ways import Ways
from api.store.promises.commitments import title_of
from api.store.review.outcomes import ADMITTED
from api.store.review.waiting import OPEN
from api.workdays.china import CHINA
from api.workdays.workdays import WorkCalendar
from evaluator.rulebook.ast import Ruleset

HOUR = dt.time(8, 30)  # Beijing time.
SOON = 2  # Working days.
COMMITTEE = "committee"
LISTED = 30


def due_today(now: dt.datetime, calendar: WorkCalendar) -> dt.date | None:
    """The day whose digest may go out: a working day after ``HOUR``."""
    here = now.astimezone(CHINA)
    day = here.date()
    return day if here.time() >= HOUR and calendar.is_workday(day) else None


def digest(
    session: Session, ways: Ways, calendar: WorkCalendar, ruleset: Ruleset, now: dt.datetime
) -> int:
    """Put today's digests in; how many. A second call on the same day puts in nothing."""
    day = due_today(now, calendar)
    if day is None:
        return 0
    lines = _lines(session, ruleset, day, calendar.add(day, SOON))
    made = 0
    subject = f"项目准入待办提醒 {day.isoformat()}"
    for department, address in ways.reminders:
        mine = lines.get(department, [])
        if mine:
            body = _body(mine)
            made += put(
                session, now, MAIL, address, subject, body, f"digest:{day}:{department}:{address}"
            )
    everything = [
        f"{_name(ruleset, department)}：{len(told)} 件" for department, told in lines.items()
    ]
    if ways.text_webhook and everything:
        once = f"digest:{day}:text:{ways.text_webhook}"[:300]
        made += put(session, now, TEXT, ways.text_webhook, subject, _body(everything), once)
    return made


def _name(ruleset: Ruleset, department: str) -> str:
    return "预审委员会" if department == COMMITTEE else ruleset.registry.department(department)


def _body(lines: list[str]) -> str:
    more = [f"另有 {len(lines) - LISTED} 件，请登录查看。"] if len(lines) > LISTED else []
    return "\n".join([*lines[:LISTED], *more])


def _lines(session: Session, ruleset: Ruleset, day: dt.date, soon: dt.date) -> dict[str, list[str]]:
    """What is due or overdue, by who it waits for, the oldest first."""
    out: dict[str, list[str]] = {}
    tasks = (
        select(Task.department, Task.due_on, Project.number, Project.name)
        .join(Project, Project.id == Task.project_id)
        .where(Task.state == OPEN, Task.due_on <= soon)
        .order_by(Task.due_on, Task.id)
    )
    for department, due, number, name in session.execute(tasks):
        line = f"{name}（{number}）会审，{_when(due, day)}"
        out.setdefault(department, []).append(line)
        if due < day:
            told = f"{_name(ruleset, department)}：{line}"
            out.setdefault(COMMITTEE, []).append(told)
    later = aliased(Conclusion)
    conditions = (
        select(ConclusionCondition, Project.number, Project.name)
        .join(Conclusion, Conclusion.id == ConclusionCondition.conclusion_id)
        .join(Project, Project.id == Conclusion.project_id)
        .where(
            ConclusionCondition.met.is_(None),
            ConclusionCondition.due_on <= soon,
            ~exists(select(later.id).where(later.revises == Conclusion.id)),
        )
        .order_by(ConclusionCondition.due_on)
    )
    for one, number, name in session.execute(conditions):
        line = f"{name}（{number}）准入条件“{one.text[:40]}”，{_when(one.due_on, day)}"
        out.setdefault(one.department, []).append(line)
    promises = (
        select(Commitment.kind, Commitment.due_on, Project.number, Project.name)
        .join(Project, Project.id == Commitment.project_id)
        .where(and_(Commitment.kept.is_(False), Commitment.due_on <= soon))
        .where(Project.state.in_(ADMITTED))
        .order_by(Commitment.due_on)
    )
    for kind, due, number, name in session.execute(promises):
        line = f"{name}（{number}）{title_of(kind)}，{_when(due, day)}"
        out.setdefault(COMMITTEE, []).append(line)
    return out


def _when(due: dt.date, day: dt.date) -> str:
    if due < day:
        return f"{due.isoformat()} 到期，已逾期 {(day - due).days} 天"
    return "今天到期" if due == day else f"{due.isoformat()} 到期"
