"""Accounts, their roles and passwords."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from functools import lru_cache

from pwdlib import PasswordHash
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.database.tables import Account, Login
from api.errors import Conflict, Denied, Invalid, Missing
from api.store.preconditions import must_be, of_account
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.seen import Seen, SeenText

FIXED_ROLES = ("submitter", "committee", "maintainer", "publisher", "auditor", "admin")
MIN_PASSWORD = 12


@record
class AccountOut:
    """An account without its secrets."""

    id: int
    name: str
    display_name: str
    roles: tuple[str, ...]
    active: bool
    external: bool
    created_at: dt.datetime
    seen: SeenText


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _dummy() -> str:
    # Checked where there is no such account, so that a refusal takes as long either way.
    return _hasher().hash(secrets.token_urlsafe(16))


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of(account: Account) -> Actor:
    """Who acts by an account."""
    return Actor(account.id, account.name, account.display_name, frozenset(account.roles))


def _view(account: Account) -> AccountOut:
    return AccountOut(
        id=account.id,
        name=account.name,
        display_name=account.display_name,
        roles=tuple(account.roles),
        active=account.active,
        external=account.subject is not None,
        created_at=account.created_at,
        seen=str(of_account(account)),
    )


def _as_seen(work: Work, name: str, seen: Seen | None) -> Account:
    """The account, locked; ``seen`` None is for the operator's commands, which act on what is."""
    account = get_account(work.session, name)
    work.session.refresh(account, with_for_update=True)
    if seen is not None:
        must_be(work.session, seen, of_account(account), f"账号“{name}”", [f"account:{name}"])
    account.revision += 1
    return account


def check_roles(roles: Iterable[str], departments: Iterable[str]) -> list[str]:
    """Roles sorted and without doubles. Raises Invalid for a role that does not exist."""
    known = {*FIXED_ROLES, *(f"department:{d}" for d in departments)}
    wanted = sorted(set(roles))
    for role in wanted:
        if role not in known:
            raise Invalid("roles", f"没有角色“{role[:60]}”", f"可用：{'、'.join(sorted(known))}")
    if not wanted:
        raise Invalid("roles", "至少要有一个角色")
    return wanted


def create_account(
    work: Work, name: str, display_name: str, roles: list[str], password: str | None = None
) -> tuple[AccountOut, str]:
    """A local account and its first password, which is shown this once. Raises Conflict, Invalid."""
    name = name.strip()
    if not name or len(name) > 100 or any(c.isspace() for c in name):
        raise Invalid("name", "账号名不能为空、不能含空白，最长 100 字")
    if work.session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise Conflict(f"账号“{name}”已经有了")
    password = password or secrets.token_urlsafe(12)
    check_password(password)
    account = Account(
        name=name,
        display_name=display_name.strip() or name,
        roles=roles,
        active=True,
        password_hash=_hasher().hash(password),
        subject=None,
        created_at=work.now,
    )
    work.session.add(account)
    work.session.flush()
    work.log(
        "account.create",
        f"account:{name}",
        None,
        {"roles": roles, "display_name": account.display_name},
    )
    return _view(account), password


def check_password(password: str, field: str = "password") -> None:
    """Raise Invalid for a password that is too weak or too long."""
    if len(password) < MIN_PASSWORD or len(password) > 200:
        raise Invalid(field, f"密码应有 {MIN_PASSWORD} 至 200 个字符")


def get_account(session: Session, name: str) -> Account:
    """An account by its name. Raises Missing."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise Missing(f"没有账号“{name[:60]}”")
    return account


def list_accounts(session: Session) -> tuple[AccountOut, ...]:
    """Every account, by name."""
    return tuple(_view(a) for a in session.scalars(select(Account).order_by(Account.name)))


def display_names(session: Session) -> dict[str, str]:
    """What people are called, by account name; the system itself is called 系统."""
    rows = session.execute(select(Account.name, Account.display_name)).all()
    return {"system": "系统"} | {row.name: row.display_name for row in rows}


def set_roles(work: Work, name: str, roles: list[str], seen: Seen | None = None) -> AccountOut:
    """Give an account other roles; its keys keep only those it still has. Raises Conflict."""
    account = _as_seen(work, name, seen)
    before = list(account.roles)
    if account.id == work.actor.account_id and "admin" in before and "admin" not in roles:
        raise Conflict("不能去掉自己的管理员角色，请由另一位管理员办理")
    account.roles = roles
    work.log("account.roles", f"account:{name}", {"roles": before}, {"roles": roles})
    return _view(account)


def set_active(work: Work, name: str, active: bool, seen: Seen | None = None) -> AccountOut:
    """Block an account or let it in again; blocking ends its logins."""
    account = _as_seen(work, name, seen)
    if account.id == work.actor.account_id and not active:
        raise Conflict("不能停用自己的账号")
    before, account.active = account.active, active
    if not active:
        work.session.execute(delete(Login).where(Login.account_id == account.id))
    work.log("account.active", f"account:{name}", {"active": before}, {"active": active})
    return _view(account)


def change_password(
    work: Work,
    name: str,
    password: str | None = None,
    keep: str | None = None,
    seen: Seen | None = None,
) -> str:
    """A new password (made up where none is given); ends the account's logins, but for ``keep``."""
    account = _as_seen(work, name, seen)
    password = secrets.token_urlsafe(12) if password is None else password
    check_password(password)
    account.password_hash = _hasher().hash(password)
    ended = delete(Login).where(Login.account_id == account.id)
    if keep is not None:
        ended = ended.where(Login.token_hash != digest(keep))
    work.session.execute(ended)
    work.log("account.password", f"account:{name}")
    return password


def has_password(session: Session, actor: Actor) -> bool:
    """Whether the actor has a password here, and does not come through the identity provider."""
    account = session.get(Account, actor.account_id)
    return account is not None and account.password_hash is not None


def authenticate(session: Session, name: str, password: str) -> Actor | None:
    """The actor of a name and password; None where they do not fit."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None or account.password_hash is None:
        _hasher().verify(password[:200], _dummy())
        return None
    fits = _hasher().verify(password[:200], account.password_hash)
    return actor_of(account) if fits and account.active else None


def from_subject(work: Work, subject: str, name: str, display_name: str, roles: list[str]) -> Actor:
    """The actor of an OpenID Connect identity; its roles are what the provider said last."""
    account = work.session.scalar(select(Account).where(Account.subject == subject))
    if account is None:
        taken = work.session.scalar(select(Account.id).where(Account.name == name)) is not None
        account = Account(
            name=f"{name}@{digest(subject)[:8]}" if taken else name,
            display_name=display_name,
            roles=roles,
            active=True,
            password_hash=None,
            subject=subject,
            created_at=work.now,
        )
        work.session.add(account)
        work.session.flush()
        work.log(
            "account.create", f"account:{account.name}", None, {"roles": roles, "external": True}
        )
    elif account.roles != roles:
        work.log(
            "account.roles", f"account:{account.name}", {"roles": account.roles}, {"roles": roles}
        )
        account.roles = roles
    if not account.active:
        raise Denied("账号已停用")
    return actor_of(account)
