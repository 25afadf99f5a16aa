"""Signed events for other systems: decided, concluded, overdue.

They are taken from the audit log in its order, from where the last ones were taken: whatever is committed
is told once, however often the service starts anew.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.review_tables import Conclusion, Task
from api.database.tables import AuditEntry, Counter, Decision, Project, dump_json
from api.store.messages.outbox import EVENT, mark, put
from api.store.review.waiting import OPEN

MARK = "events"
DECIDED = ("project.submit", "project.stage")
CONCLUDED = ("review.conclude", "review.revise")
PAGE = 200


def there_are(db: Database) -> bool:
    """Whether the log has grown since the last time, without locking anything."""
    with db.read() as session:
        last = session.get(Counter, MARK)
        return last is None or last.last != session.scalar(select(func.max(AuditEntry.seq)))


def collect(session: Session, urls: tuple[str, ...], now: dt.datetime) -> int:
    """Put in the events since the last time; how many. The first time nothing of the past is told."""
    newest = session.scalar(select(func.max(AuditEntry.seq))) or 0
    at = mark(session, MARK, newest)
    query = (
        select(AuditEntry.seq, AuditEntry.action, AuditEntry.subject, AuditEntry.after)
        .where(AuditEntry.seq > at.last)
        .order_by(AuditEntry.seq)
        .limit(PAGE)
    )
    made = 0
    for seq, action, subject, after in session.execute(query).all():
        at.last = seq
        told = _told(session, action, subject, after)
        if told is None:
            continue
        kind, data = told
        body = dump_json(
            {"type": kind, "timestamp": now.isoformat(timespec="seconds"), "data": data}
        )
        for url in urls:
            made += put(session, now, EVENT, url, kind, body, f"event:{seq}:{url}"[:300])
    return made


def _told(
    session: Session, action: str, subject: str, after: Any
) -> tuple[str, dict[str, Any]] | None:
    if action in DECIDED:
        decision = session.get(Decision, after["decision"])
        return ("decided", _decision(session, decision)) if decision is not None else None
    if action not in CONCLUDED:
        return None
    decision = session.get(Decision, int(subject.partition(":")[2]))
    if decision is None:
        return None
    query = select(Conclusion).where(Conclusion.decision_id == decision.id)
    newest = session.scalar(query.order_by(Conclusion.id.desc()).limit(1))
    return "concluded", {
        **_decision(session, decision),
        "outcome": after["outcome"],
        "override": after["override"],
        "revised": action == "review.revise",
        "concluded_on": newest.concluded_on.isoformat()
        if newest is not None and newest.concluded_on is not None
        else None,
    }


def _decision(session: Session, decision: Decision) -> dict[str, Any]:
    project = session.get_one(Project, decision.project_id)
    return {
        "number": project.number,
        "project_id": project.project_code,
        "decision": decision.id,
        "version": decision.version,
        "verdict": decision.verdict,
        "stage": decision.stage,
        "digest": decision.digest,
    }


def overdue(session: Session, urls: tuple[str, ...], day: dt.date, now: dt.datetime) -> int:
    """Put in an event for each task that has become overdue; each is told once for its due date."""
    query = (
        select(Task, Project.number)
        .join(Project, Project.id == Task.project_id)
        .where(Task.state == OPEN, Task.due_on < day)
        .order_by(Task.id)
    )
    made = 0
    for task, number in session.execute(query):
        data = {
            "number": number,
            "task": task.id,
            "decision": task.decision_id,
            "department": task.department,
            "due_on": task.due_on.isoformat(),
        }
        stamp = now.isoformat(timespec="seconds")
        body = dump_json({"type": "overdue", "timestamp": stamp, "data": data})
        for url in urls:
            once = f"overdue:{task.id}:{task.due_on}:{url}"[:300]
            made += put(session, now, EVENT, url, "overdue", body, once)
    return made
