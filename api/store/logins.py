"""Sessions of browsers: a token shown to the browser alone and kept only as its hash.

A session ends ``Limits.hours`` after it was begun, and when it has not been used for ``Limits.idle``.
That it was used is noted in memory and written by the watching thread: no reader waits for a writer.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.tables import Account, Login
from api.errors import Missing
from api.store.accounts import actor_of, digest
from api.store.work import Actor, Work
from api.transport.schemas import record

SHOWN = 16
NOTED = dt.timedelta(seconds=60)
# What a session may wait for, and for how long: a second factor, or that its owner sets one up.
CODE, ENROL = "code", "enrol"
WAITS = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session counts at most, and unused."""

    hours: int
    idle: dt.timedelta


@record
class LoginOut:
    """A session, without what would open it; ``current``: the one that asks."""

    id: str
    created_at: dt.datetime
    seen_at: dt.datetime
    expires_at: dt.datetime
    source: str | None
    current: bool


class Uses:
    """When sessions were used last, as far as it is not yet written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: dict[str, dt.datetime] = {}

    def note(self, key: str, now: dt.datetime) -> None:
        """It was used now."""
        with self._lock:
            self._used[key] = now

    def last(self, key: str, kept: dt.datetime) -> dt.datetime:
        """When it was used last, by what is written and what is not."""
        with self._lock:
            return max(kept, self._used.get(key, kept))

    def write(self, db: Database) -> None:
        """Write what there is; another time where the database does not answer."""
        with self._lock:
            used, self._used = self._used, {}
        if not used:
            return
        try:
            with db.write() as session:
                for key, when in used.items():
                    session.execute(
                        update(Login).where(Login.token_hash == key).values(seen_at=when)
                    )
        except SQLAlchemyError:
            with self._lock:
                self._used = {**used, **self._used}
            raise


def open_login(work: Work, actor: Actor, hours: int, source: str | None = None) -> str:
    """A session token for the browser; also clears away logins that have run out."""
    token = _add(work, actor, dt.timedelta(hours=hours), source, None)
    after = {"source": source} if source else None
    work.log("login.open", f"account:{actor.name}", None, after)
    return token


def await_login(work: Work, actor: Actor, awaits: str, source: str | None = None) -> str:
    """A token that opens nothing until what it waits for (``CODE`` or ``ENROL``) is there."""
    return _add(work, actor, WAITS, source, awaits)


def _add(
    work: Work, actor: Actor, lasts: dt.timedelta, source: str | None, awaits: str | None
) -> str:
    token = secrets.token_urlsafe(32)
    work.session.execute(delete(Login).where(Login.expires_at < work.now))
    work.session.add(
        Login(
            token_hash=digest(token),
            account_id=actor.account_id,
            created_at=work.now,
            expires_at=work.now + lasts,
            seen_at=work.now,
            source=source[:100] if source else None,
            proved_at=work.now,
            awaits=awaits,
        )
    )
    return token


def waiting(session: Session, token: str, now: dt.datetime) -> tuple[Actor, str] | None:
    """Whose session this will be, and what it waits for; None for one that waits for nothing."""
    query = select(Account, Login.awaits).join(Login, Login.account_id == Account.id)
    still = (Login.awaits.is_not(None), Login.expires_at > now, Account.active)
    row = session.execute(query.where(Login.token_hash == digest(token), *still)).first()
    return None if row is None else (actor_of(row[0]), str(row[1]))


def end_waiting(work: Work, token: str) -> None:
    """What it waited for is there, or is not to be waited for: another token opens the session."""
    work.session.execute(
        delete(Login).where(Login.token_hash == digest(token), Login.awaits.is_not(None))
    )


def close_login(work: Work, token: str) -> None:
    """End a session."""
    work.session.execute(delete(Login).where(Login.token_hash == digest(token)))
    work.log("login.close", f"account:{work.actor.name}")


def end_login(work: Work, shown: str) -> None:
    """End one of the actor's sessions, by what lists show of it. Raises Missing."""
    mine = Login.account_id == work.actor.account_id
    done = delete(Login).where(
        mine, Login.awaits.is_(None), Login.token_hash.startswith(shown, autoescape=True)
    )
    if len(shown) != SHOWN or not work.session.execute(done.returning(Login.token_hash)).all():
        raise Missing("没有这个登录，可能已经结束")
    work.log("login.end", f"account:{work.actor.name}", None, {"login": shown})


def prove(work: Work, token: str) -> None:
    """The session's owner has just given the password again."""
    key = digest(token)
    work.session.execute(update(Login).where(Login.token_hash == key).values(proved_at=work.now))
    work.log("login.prove", f"account:{work.actor.name}")


def proved_at(session: Session, token: str) -> dt.datetime | None:
    """When the password was given last in a session; None for a session that is none."""
    query = select(Login.proved_at, Login.created_at)
    row = session.execute(query.where(Login.token_hash == digest(token))).first()
    return None if row is None else row[0] or row[1]


def by_token(
    session: Session, token: str, now: dt.datetime, limits: Limits, uses: Uses
) -> Actor | None:
    """The actor of a session token; None where it is unknown, has run out or was long not used."""
    key = digest(token)
    query = select(Account, Login).join(Login, Login.account_id == Account.id)
    row = session.execute(query.where(Login.token_hash == key, Login.awaits.is_(None))).first()
    if row is None or not row[0].active:
        return None
    account, login = row
    last = uses.last(key, login.seen_at or login.created_at)
    begun = login.created_at + dt.timedelta(hours=limits.hours)
    if min(login.expires_at, begun) <= now or last + limits.idle <= now:
        return None
    if now - (login.seen_at or login.created_at) > NOTED:
        uses.note(key, now)
    return actor_of(account)


def logins_of(
    session: Session, actor: Actor, token: str | None, now: dt.datetime, limits: Limits, uses: Uses
) -> tuple[LoginOut, ...]:
    """The actor's sessions that still count, newest first."""
    mine = digest(token) if token else ""
    owned = (Login.account_id == actor.account_id, Login.expires_at > now, Login.awaits.is_(None))
    query = select(Login).where(*owned)
    out = []
    for login in session.scalars(query.order_by(Login.created_at.desc(), Login.token_hash)):
        last = uses.last(login.token_hash, login.seen_at or login.created_at)
        if last + limits.idle > now:
            out.append(
                LoginOut(
                    id=login.token_hash[:SHOWN],
                    created_at=login.created_at,
                    seen_at=last,
                    expires_at=login.expires_at,
                    source=login.source,
                    current=login.token_hash == mine,
                )
            )
    return tuple(out)
