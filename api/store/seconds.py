"""What one administrator may not do alone: make somebody who approves, or become one.

Giving a role that approves (``APPROVING``), and setting the password or state of an account that has one, or
taking its second factors away, is asked for by one administrator and done by another. A password reset this way is shown in two halves,
one to each: neither of them has it, and its owner, who gets both, sets another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.tables import Account, AccountRequest
from api.errors import Conflict, Denied, Missing
from api.store import accounts, factors
from api.store.accounts import AccountOut, get_account
from api.store.passwords import Password
from api.store.work import Actor, Work
from api.transport.schemas import one_of, record

APPROVING = frozenset({"committee", "publisher", "admin"})
ROLES, PASSWORD, ACTIVE, FACTORS = "roles", "password", "active", "factors"
DAYS = 7


@record
class RequestOut:
    """Something that waits for a second administrator."""

    id: int
    kind: Annotated[str, one_of(ROLES, PASSWORD, ACTIVE, FACTORS)]
    account: str
    roles: tuple[str, ...]
    active: bool | None
    asked_by: str
    asked_at: dt.datetime
    state: Annotated[str, one_of("open", "done", "refused", "past")]


def weighs(before: Iterable[str], after: Iterable[str] = ()) -> bool:
    """Whether an account with these roles, or one that gets these, is not for one administrator."""
    return not APPROVING.isdisjoint({*before, *after})


def needs_second(session: Session, name: str, roles: Iterable[str] = ()) -> bool:
    """The same of an account as it is. Raises Missing."""
    return weighs(get_account(session, name).roles, roles)


def ask(
    work: Work,
    kind: str,
    name: str,
    *,
    roles: list[str] | None = None,
    active: bool | None = None,
    password: Password | None = None,
) -> RequestOut:
    """Have a second administrator do it. Raises Conflict where that is asked for already."""
    account = get_account(work.session, name)
    if account.id == work.actor.account_id:
        raise Conflict("自己的账号由另一位管理员提出")
    open_ = select(AccountRequest.id).where(
        AccountRequest.account_id == account.id,
        AccountRequest.kind == kind,
        AccountRequest.decided_at.is_(None),
        AccountRequest.asked_at > work.now - dt.timedelta(days=DAYS),
    )
    if work.session.scalar(open_) is not None:
        raise Conflict(f"账号“{name}”的这项改动已经在等另一位管理员确认")
    row = AccountRequest(
        kind=kind,
        account_id=account.id,
        account_revision=account.revision,
        roles=roles or [],
        active=active,
        secret=password.hash if password else None,
        half=password.text[len(password.text) // 2 :] if password else None,
        asked_by=work.actor.account_id,
        asked_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    after = {"request": row.id, "kind": kind, "roles": row.roles, "active": active}
    work.log("account.ask", f"account:{name}", None, after)
    return _view(work.session, row, work.now)


def confirm(work: Work, request_id: int) -> tuple[AccountOut, str | None]:
    """Do what another administrator has asked for; the second half of a password, if it is one.

    Raises Denied for whoever asked or is meant, Conflict for what is decided, past, or of an account that
    has changed since.
    """
    row, account = _waiting(work, request_id)
    if work.actor.account_id in (row.asked_by, account.id):
        raise Denied("须由提出人以外、也不是本人的另一位管理员确认")
    if account.revision != row.account_revision:
        raise Conflict(f"账号“{account.name}”在提出之后有改动，请重新提出")
    half = row.half
    if row.kind == ROLES:
        view = accounts.set_roles(work, account.name, list(row.roles))
    elif row.kind == ACTIVE:
        view = accounts.set_active(work, account.name, bool(row.active))
    elif row.kind == FACTORS:
        factors.clear(work, account.name)
        view = accounts.view_of(account)
    else:
        given = Password("", row.secret or "", first=True)
        accounts.change_password(work, account.name, given)
        view = accounts.view_of(account)
    _decide(work, row, account, "confirm")
    return view, half


def refuse(work: Work, request_id: int) -> None:
    """Do not do it; whoever asked may take it back, too."""
    row, account = _waiting(work, request_id)
    _decide(work, row, account, "refuse")


def _decide(work: Work, row: AccountRequest, account: Account, outcome: str) -> None:
    row.outcome, row.decided_by, row.decided_at = outcome, work.actor.account_id, work.now
    row.secret = row.half = None
    work.log(f"account.{outcome}", f"account:{account.name}", None, {"request": row.id})


def _waiting(work: Work, request_id: int) -> tuple[AccountRequest, Account]:
    row = work.session.get(AccountRequest, request_id, with_for_update=True)
    if row is None:
        raise Missing("没有这项待确认的改动")
    if row.decided_at is not None or row.asked_at + dt.timedelta(days=DAYS) < work.now:
        raise Conflict(f"这项改动已经办过，或者过了 {DAYS} 天")
    return row, work.session.get_one(Account, row.account_id)


def to_confirm(session: Session, actor: Actor, now: dt.datetime) -> int:
    """How many requests wait that this administrator may confirm: not one's own, nor about oneself."""
    return len(
        [r for r in _open(session, now) if actor.account_id not in (r.asked_by, r.account_id)]
    )


def _open(session: Session, now: dt.datetime) -> Sequence[AccountRequest]:
    since = now - dt.timedelta(days=DAYS)
    query = select(AccountRequest).where(
        AccountRequest.decided_at.is_(None), AccountRequest.asked_at > since
    )
    return session.scalars(query.order_by(AccountRequest.id)).all()


def listed(session: Session, now: dt.datetime) -> tuple[RequestOut, ...]:
    """What was asked for, newest first."""
    query = select(AccountRequest).order_by(AccountRequest.id.desc()).limit(200)
    return tuple(_view(session, row, now) for row in session.scalars(query).all())


def _view(session: Session, row: AccountRequest, now: dt.datetime) -> RequestOut:
    state = {"confirm": "done", "refuse": "refused"}.get(row.outcome or "", "open")
    if state == "open" and row.asked_at + dt.timedelta(days=DAYS) < now:
        state = "past"
    return RequestOut(
        id=row.id,
        kind=row.kind,
        account=session.get_one(Account, row.account_id).name,
        roles=tuple(row.roles),
        active=row.active,
        asked_by=session.get_one(Account, row.asked_by).name,
        asked_at=row.asked_at,
        state=state,
    )


def first_half(password: Password) -> str:
    """What the administrator who asks is shown of a password."""
    return password.text[: len(password.text) // 2]
