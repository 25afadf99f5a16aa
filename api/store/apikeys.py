"""API keys: shown once and kept only as hashes."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.tables import Account, ApiKey
from api.errors import Denied, Invalid, Missing
from api.store.accounts import digest, get_account
from api.store.work import Actor, Work
from api.transport.schemas import record

KEY_MARK = "adk"


@record
class KeyOut:
    """An API key without its secret."""

    id: int
    prefix: str
    title: str
    account: str
    roles: tuple[str, ...]
    read_only: bool
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


def create_key(
    work: Work,
    title: str,
    roles: list[str] | None,
    read_only: bool,
    days: int | None,
    name: str | None = None,
) -> tuple[KeyOut, str]:
    """A key for the actor's own account, and its text, which is shown this once.

    ``name`` is for the system alone: the account it makes the key for. ``roles`` None gives all
    roles the account has. Raises Missing for no such account, Denied for a role it has not.
    """
    if name is None:
        account, has = work.session.get_one(Account, work.actor.account_id), work.actor.roles
    else:
        account = get_account(work.session, name)
        has = frozenset(account.roles)
    wanted = sorted(set(has if roles is None else roles))
    beyond = [r for r in wanted if r not in has]
    if beyond:
        raise Denied(f"自己没有角色“{beyond[0][:60]}”，不能给密钥")
    if not wanted:
        raise Invalid("roles", "至少要有一个角色")
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    ends = [work.now + dt.timedelta(days=days)] if days else []
    ends += [work.actor.until] if work.actor.until else []
    key = ApiKey(
        prefix=prefix,
        secret_hash=digest(secret),
        account_id=account.id,
        title=title,
        roles=wanted,
        read_only=read_only,
        created_at=work.now,
        revoked_at=None,
        parent_id=work.actor.key_id,
        expires_at=min(ends, default=None),
    )
    work.session.add(key)
    work.session.flush()
    work.log(
        "key.create",
        f"key:{prefix}",
        None,
        {"name": account.name, "title": title, "roles": wanted, "read_only": read_only},
    )
    return _key_view(key, account.name), f"{KEY_MARK}_{prefix}_{secret}"


def by_key(session: Session, text: str, now: dt.datetime) -> Actor | None:
    """The actor of an API key: its roles are those of the key that the account still has."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not secret:
        return None
    query = select(ApiKey, Account).join(Account, Account.id == ApiKey.account_id)
    row = session.execute(query.where(ApiKey.prefix == prefix)).first()
    if row is None or not hmac.compare_digest(row[0].secret_hash, digest(secret)):
        return None
    key, account = row
    if (
        key.revoked_at is not None
        or not account.active
        or (key.expires_at and key.expires_at <= now)
    ):
        return None
    roles = frozenset(key.roles) & frozenset(account.roles)
    return Actor(
        account_id=account.id,
        name=account.name,
        display_name=account.display_name,
        roles=roles,
        read_only=key.read_only,
        until=key.expires_at,
        key_id=key.id,
    )


def revoke_key(work: Work, key_id: int) -> KeyOut:
    """End a key: one's own, or any for an admin."""
    key = work.session.get(ApiKey, key_id)
    if key is None:
        raise Missing("没有这个密钥")
    if key.account_id != work.actor.account_id and "admin" not in work.actor.roles:
        raise Denied("只能撤销自己的密钥")
    _end(work, key)
    return _key_view(key, work.session.get_one(Account, key.account_id).name)


def _end(work: Work, key: ApiKey) -> None:
    """End a key, and those that were made with it."""
    if key.revoked_at is None:
        key.revoked_at = work.now
        work.log("key.revoke", f"key:{key.prefix}", {"revoked": False}, {"revoked": True})
    for child in work.session.scalars(select(ApiKey).where(ApiKey.parent_id == key.id)).all():
        _end(work, child)


def keys_of(session: Session, actor: Actor) -> tuple[KeyOut, ...]:
    """The actor's keys, or all keys for an admin."""
    query = select(ApiKey, Account.name).join(Account, Account.id == ApiKey.account_id)
    if "admin" not in actor.roles:
        query = query.where(ApiKey.account_id == actor.account_id)
    return tuple(_key_view(k, n) for k, n in session.execute(query.order_by(ApiKey.id)))


def _key_view(key: ApiKey, account: str) -> KeyOut:
    return KeyOut(
        id=key.id,
        prefix=key.prefix,
        title=key.title,
        account=account,
        roles=tuple(key.roles),
        read_only=key.read_only,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
