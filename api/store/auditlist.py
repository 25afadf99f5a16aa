"""Looking through the audit log: newest first, by person, object and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.tables import AuditEntry
from api.workdays.china import CHINA

BATCH = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to look for. ``subject`` and ``action`` are exact, or end in a star for what begins so."""

    actor: str | None = None
    subject: str | None = None
    action: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None


def find(
    session: Session, wanted: AuditFilter, before: int | None = None, limit: int = 50
) -> tuple[AuditEntry, ...]:
    """Entries older than number ``before``, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.seq < before)
    if wanted.actor:
        query = query.where(AuditEntry.actor == wanted.actor)
    for column, text in ((AuditEntry.subject, wanted.subject), (AuditEntry.action, wanted.action)):
        if text and text.endswith("*"):
            query = query.where(column.startswith(text[:-1], autoescape=True))
        elif text:
            query = query.where(column == text)
    if wanted.start:
        query = query.where(AuditEntry.at >= _midnight(wanted.start))
    if wanted.end:
        query = query.where(AuditEntry.at < _midnight(wanted.end + dt.timedelta(days=1)))
    return tuple(session.scalars(query).all())


def each(session: Session, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry, newest first, read a batch at a time."""
    before = None
    while True:
        page = find(session, wanted, before, BATCH)
        yield from page
        if len(page) < BATCH:
            return
        before = page[-1].seq
        session.expunge_all()


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA)
