"""Accounts, their roles and passwords."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.tables import Account, Login
from api.errors import Conflict, Denied, Invalid, Missing
from api.store import passwords
from api.store.passwords import Password
from api.store.preconditions import must_be, of_account
from api.store.work import Actor, Work
from api.transport import names
from api.transport.schemas import record
from api.transport.seen import Seen, SeenText

FIXED_ROLES = ("submitter", "committee", "maintainer", "publisher", "auditor", "admin")
# A first password is to be replaced within these hours.
FIRST_HOURS = 72


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


def digest(secret: str) -> str:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def actor_of(account: Account) -> Actor:
    """Who acts by an account."""
    return Actor(account.id, account.name, account.display_name, frozenset(account.roles))


def view_of(account: Account) -> AccountOut:
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


def as_seen(work: Work, name: str, seen: Seen | None) -> Account:
    """The account, locked; ``seen`` None is for the operator's commands, which act on what is."""
    account = get_account(work.session, name)
    work.session.refresh(account, with_for_update=True)
    if seen is not None:
        must_be(work.session, seen, of_account(account), f"账号“{name}”", [f"account:{name}"])
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
    work: Work,
    name: str,
    display_name: str,
    roles: list[str],
    password: str | Password | None = None,
) -> tuple[AccountOut, str]:
    """A local account and its first password, which is shown this once. Raises Conflict, Invalid.

    A password that was made up has to be replaced by its owner within ``FIRST_HOURS``.
    """
    name, display_name = name.strip(), display_name.strip()
    if not name or len(name) > 100 or any(c.isspace() for c in name):
        raise Invalid("name", "账号名不能为空、不能含空白，最长 100 字")
    _named(name, display_name)
    if work.session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise Conflict(f"账号“{name}”已经有了")
    given = _given(password, name, display_name)
    account = Account(
        name=name,
        display_name=display_name or name,
        roles=roles,
        active=True,
        password_hash=given.hash,
        password_until=_until(work, given),
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
    return view_of(account), given.text


def _named(name: str, display_name: str) -> None:
    """Raise Invalid for names that are not what they look like, or look like the system's."""
    for field, wrong in (
        ("name", names.wrong_account(name)),
        ("display_name", names.wrong_display(display_name)),
    ):
        if wrong is not None:
            raise Invalid(field, wrong)


def _given(password: str | Password | None, *about: str) -> Password:
    """A password with its hash. Raises Invalid for one that is refused."""
    if isinstance(password, Password):
        return password
    if password is not None:
        passwords.check(password, *about)
    return passwords.made(password)


def _until(work: Work, password: Password) -> dt.datetime | None:
    return work.now + dt.timedelta(hours=FIRST_HOURS) if password.first else None


def get_account(session: Session, name: str) -> Account:
    """An account by its name. Raises Missing."""
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        raise Missing(f"没有账号“{name[:60]}”")
    return account


def list_accounts(session: Session) -> tuple[AccountOut, ...]:
    """Every account, by name."""
    return tuple(view_of(a) for a in session.scalars(select(Account).order_by(Account.name)))


def display_names(session: Session) -> dict[str, str]:
    """What people are called, by account name; the system itself is called 系统."""
    rows = session.execute(select(Account.name, Account.display_name)).all()
    return {"system": "系统"} | {row.name: row.display_name for row in rows}


def set_roles(work: Work, name: str, roles: list[str], seen: Seen | None = None) -> AccountOut:
    """Give an account other roles; its keys keep only those it still has. Raises Conflict."""
    account = as_seen(work, name, seen)
    account.revision += 1
    before = list(account.roles)
    if account.id == work.actor.account_id and "admin" in before and "admin" not in roles:
        raise Conflict("不能去掉自己的管理员角色，请由另一位管理员办理")
    account.roles = roles
    work.log("account.roles", f"account:{name}", {"roles": before}, {"roles": roles})
    return view_of(account)


def set_active(work: Work, name: str, active: bool, seen: Seen | None = None) -> AccountOut:
    """Block an account or let it in again; blocking ends its logins."""
    account = as_seen(work, name, seen)
    account.revision += 1
    if account.id == work.actor.account_id and not active:
        raise Conflict("不能停用自己的账号")
    before, account.active = account.active, active
    if not active:
        work.session.execute(delete(Login).where(Login.account_id == account.id))
    work.log("account.active", f"account:{name}", {"active": before}, {"active": active})
    return view_of(account)


def change_password(
    work: Work,
    name: str,
    password: str | Password | None = None,
    keep: str | None = None,
    seen: Seen | None = None,
) -> str:
    """A new password (made up where none is given); ends the account's logins, but for ``keep``."""
    account = as_seen(work, name, seen)
    account.revision += 1
    given = _given(password, name, account.display_name)
    account.password_hash, account.password_until = given.hash, _until(work, given)
    ended = delete(Login).where(Login.account_id == account.id)
    if keep is not None:
        ended = ended.where(Login.token_hash != digest(keep))
    work.session.execute(ended)
    work.log("account.password", f"account:{name}")
    return given.text


def has_password(session: Session, actor: Actor) -> bool:
    """Whether the actor has a password here, and does not come through the identity provider."""
    account = session.get(Account, actor.account_id)
    return account is not None and account.password_hash is not None


def authenticate(db: Database, name: str, password: str) -> Actor | None:
    """The actor of a name and password; None where they do not fit, or the first one has run out.

    No session is held while the password is hashed. Raises ProblemError 503 where too many are.
    """
    with db.read() as session:
        account = session.scalar(select(Account).where(Account.name == name))
        kept = account.password_hash if account is not None else None
    fits = passwords.fits(password, kept)
    with db.read() as session:
        account = session.scalar(select(Account).where(Account.name == name))
        if not fits or account is None or not account.active or account.password_hash != kept:
            return None
        ends = account.password_until
        return actor_of(account) if ends is None or ends > dt.datetime.now(dt.UTC) else None


def from_subject(work: Work, subject: str, name: str, display_name: str, roles: list[str]) -> Actor:
    """The actor of an OpenID Connect identity; its roles are what the provider said last."""
    account = work.session.scalar(select(Account).where(Account.subject == subject))
    if account is None:
        taken = work.session.scalar(select(Account.id).where(Account.name == name)) is not None
        # What the provider calls somebody may be no name here; who it is, is the subject.
        odd = names.wrong_account(name) is not None
        if names.wrong_display(display_name) is not None:
            display_name = f"统一身份 {digest(subject)[:8]}"
        name = "oidc" if odd else name
        account = Account(
            name=f"{name}@{digest(subject)[:8]}" if taken or odd else name,
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
