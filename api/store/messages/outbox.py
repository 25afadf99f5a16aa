"""The outbox: a message is put in with what it is about, sent by whoever claims it, tried again if it fails.

A process that dies while it sends leaves the message claimed for ``HELD``; then another sends it. So one
may come twice, and none is lost: each carries an id by which its reader knows it again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.outbox_tables import Message
from api.database.tables import Counter

MAIL, TEXT, EVENT = "mail", "text", "event"
HELD = dt.timedelta(minutes=5)
# How long after each failed try the next one comes; after the last it is given up.
AGAIN = tuple(dt.timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 1440, 1440))


@dataclass(frozen=True, slots=True)
class Sending:
    """A message to be sent now."""

    id: int
    way: str
    target: str
    subject: str
    body: str
    once: str


class NotSent(Exception):
    """Why a message did not go out."""


Send = Callable[[Sending], None]


def mark(session: Session, name: str, first: int) -> Counter:
    """A counter, locked; ``first`` where there was none. Two processes may ask at the same time."""
    start = text("INSERT INTO counters (name, last) VALUES (:name, :first) ON CONFLICT DO NOTHING")
    session.execute(start, {"name": name, "first": first})
    return session.get_one(Counter, name, with_for_update=True, populate_existing=True)


def put(
    session: Session, now: dt.datetime, way: str, target: str, subject: str, body: str, once: str
) -> bool:
    """Put a message in; False where the same one is in already."""
    if session.scalar(select(Message.id).where(Message.once == once)) is not None:
        return False
    session.add(
        Message(
            way=way,
            target=target,
            subject=subject,
            body=body,
            once=once,
            created_at=now,
            next_at=now,
            tries=0,
        )
    )
    session.flush()
    return True


def claim(db: Database, now: dt.datetime) -> Sending | None:
    """The next message that is due, held for this process; None where there is none."""
    waiting = (Message.done_at.is_(None), Message.next_at <= now)
    with db.read() as session:
        if session.scalar(select(Message.id).where(*waiting).limit(1)) is None:
            return None
    with db.write() as session:
        query = select(Message).where(*waiting).order_by(Message.next_at, Message.id).limit(1)
        message = session.scalar(query.with_for_update(skip_locked=True))
        if message is None:
            return None
        message.next_at, message.tries = now + HELD, message.tries + 1
        m = message
        return Sending(m.id, m.way, m.target, m.subject, m.body, m.once)


def settle(db: Database, sending: Sending, now: dt.datetime, error: str | None) -> None:
    """Note that a message went out, or when it is tried again."""
    with db.write() as session:
        message = session.get_one(Message, sending.id)
        if error is None:
            message.done_at, message.error = now, None
            return
        message.error = error[:500]
        if message.tries > len(AGAIN):
            message.done_at = now
        else:
            message.next_at = now + AGAIN[message.tries - 1]


def send_due(db: Database, send: Send, now: dt.datetime, limit: int = 20) -> tuple[int, int]:
    """Send what is due, at most ``limit``; how many went out, and how many did not."""
    sent = failed = 0
    for _ in range(limit):
        sending = claim(db, now)
        if sending is None:
            break
        try:
            send(sending)
        except NotSent as error:
            settle(db, sending, now, str(error))
            failed += 1
        else:
            settle(db, sending, now, None)
            sent += 1
    return sent, failed


def forget(session: Session, before: dt.datetime) -> None:
    """Take out what was done with before a day: its key has done its work."""
    session.execute(delete(Message).where(Message.done_at < before))
