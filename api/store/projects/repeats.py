"""Answers given under an Idempotency-Key: kept a month, so that a client that heard nothing asks again."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from api.database.db import Database
from api.database.tables import Counter, Idempotency

KEPT = dt.timedelta(days=30)
DONE = "done:repeats"


def forget_answers(db: Database, now: dt.datetime) -> None:
    """Take out the answers older than ``KEPT``; once a day, whichever process comes first."""
    day = now.date().toordinal()
    with db.read() as session:
        done = session.get(Counter, DONE)
        if done is not None and done.last >= day:
            return
    with db.write() as session:
        session.merge(Counter(name=DONE, last=day))
        session.execute(delete(Idempotency).where(Idempotency.created_at < now - KEPT))
