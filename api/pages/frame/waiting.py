"""The session that waits for a second factor, as pages see it."""

from __future__ import annotations

import datetime as dt

from fastapi import Request

from api.access.security import session_token, store_of
from api.store import logins
from api.store.work import Actor


def whoever_waits(request: Request) -> tuple[Actor | None, str]:
    """Who has given name and password and what is still wanted of them; None where nobody waits."""
    token = session_token(request)
    if not token:
        return None, ""
    with store_of(request).db.read() as session:
        waits = logins.waiting(session, token, dt.datetime.now(dt.UTC))
    return waits or (None, "")
