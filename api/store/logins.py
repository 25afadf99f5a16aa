"""Sessions of browsers: a token shown to the browser alone and kept only as its hash."""

from __future__ import annotations

import datetime as dt
import secrets

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.database.tables import Account, Login
from api.store.accounts import actor_of, digest
from api.store.work import Actor, Work


def open_login(work: Work, actor: Actor, hours: int) -> str:
    """A session token for the browser; also clears away logins that have run out."""
    token = secrets.token_urlsafe(32)
    work.session.execute(delete(Login).where(Login.expires_at < work.now))
    work.session.add(
        Login(
            token_hash=digest(token),
            account_id=actor.account_id,
            created_at=work.now,
            expires_at=work.now + dt.timedelta(hours=hours),
        )
    )
    work.log("login.open", f"account:{actor.name}")
    return token


def close_login(work: Work, token: str) -> None:
    """End a session."""
    work.session.execute(delete(Login).where(Login.token_hash == digest(token)))
    work.log("login.close", f"account:{work.actor.name}")


def by_token(session: Session, token: str, now: dt.datetime) -> Actor | None:
    """The actor of a session token; None where it is unknown or has run out."""
    query = select(Account, Login.expires_at).join(Login, Login.account_id == Account.id)
    row = session.execute(query.where(Login.token_hash == digest(token))).first()
    if row is None or row[1] <= now or not row[0].active:
        return None
    return actor_of(row[0])
