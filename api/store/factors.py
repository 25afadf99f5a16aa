"""Second factors: authenticator apps (TOTP, RFC 6238), and codes for the day the phone is lost.

A code counts once, within half a minute of its time, and never again: the step it belongs to is kept.
Passkeys are beside this, in ``passkeys``.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated

import pyotp
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from api.database.factor_tables import RecoveryCode, SecondFactor
from api.database.tables import Account
from api.errors import Conflict, Invalid, Missing
from api.store.accounts import digest, get_account
from api.store.work import Work
from api.transport.schemas import one_of, record

TOTP, PASSKEY = "totp", "passkey"
STEP_SECONDS = 30
# A clock may be wrong by one step either way (RFC 6238, 5.2).
NEAR_STEPS = (0, -1, 1)
MOST = 10
RECOVERY = 10
ISSUER = "项目准入评估器"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# A recovery code: groups of four letters, 119 random bits, so that a plain digest keeps it (ASVS 6.5.2).
_GROUPS, _LONG = 6, 4


@record
class FactorOut:
    """A second factor without its secret."""

    id: int
    kind: Annotated[str, one_of(TOTP, PASSKEY)]
    title: str
    created_at: dt.datetime
    used_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Begun:
    """An authenticator that is to be set up: ``secret`` in base32, ``uri`` as apps scan it."""

    id: int
    secret: str
    uri: str


def has_factor(session: Session, account_id: int) -> bool:
    """Whether an account has a second factor that counts."""
    return session.scalar(select(SecondFactor.id).where(_counting(account_id)).limit(1)) is not None


def _counting(account_id: int) -> ColumnElement[bool]:
    return (SecondFactor.account_id == account_id) & SecondFactor.confirmed_at.is_not(None)


def listed(session: Session, account_id: int) -> tuple[FactorOut, ...]:
    """The factors that count, oldest first."""
    rows = session.scalars(
        select(SecondFactor).where(_counting(account_id)).order_by(SecondFactor.id)
    )
    return tuple(
        FactorOut(
            id=row.id,
            kind=row.kind,
            title=row.title,
            created_at=row.created_at,
            used_at=row.used_at,
        )
        for row in rows
    )


def begin(work: Work, account_id: int, title: str = "") -> Begun:
    """A new secret for an authenticator app; it counts once a code of it was given.

    What was begun before and not finished is forgotten. Raises Conflict where there are too many.
    """
    account = _owner(work.session, account_id)
    room(work.session, account_id)
    work.session.execute(
        delete(SecondFactor).where(
            SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None)
        )
    )
    secret = pyotp.random_base32()
    row = SecondFactor(
        account_id=account_id,
        kind=TOTP,
        title=title.strip()[:200] or "验证器",
        secret=secret,
        credential=None,
        counter=0,
        created_at=work.now,
        confirmed_at=None,
        used_at=None,
    )
    work.session.add(row)
    work.session.flush()
    uri = pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=ISSUER)
    return Begun(row.id, secret, uri)


def begun(session: Session, account_id: int) -> Begun | None:
    """What was begun and not finished."""
    row = session.scalar(
        select(SecondFactor).where(
            SecondFactor.account_id == account_id, SecondFactor.confirmed_at.is_(None)
        )
    )
    if row is None:
        return None
    name = _owner(session, account_id).name
    uri = pyotp.TOTP(row.secret).provisioning_uri(name=name, issuer_name=ISSUER)
    return Begun(row.id, row.secret, uri)


def confirm(work: Work, account_id: int, code: str) -> tuple[str, ...]:
    """The owner has set the app up: it counts from now on.

    The first factor comes with recovery codes, shown this once; later ones with none. Raises Missing where
    nothing was begun, Invalid for a code that is not of now.
    """
    waiting = begun(work.session, account_id)
    if waiting is None:
        raise Missing("没有正在设置的验证器，请重新开始")
    row = work.session.get_one(SecondFactor, waiting.id)
    first = not has_factor(work.session, account_id)
    row.confirmed_at = work.now
    work.session.flush()
    if not _fits_totp(work, row, code):
        raise Invalid("code", "验证码不对", "看验证器现在显示的六位数字；手机的时间要准")
    note_added(work, account_id, row)
    return renew_recovery(work, account_id) if first else ()


def note_added(work: Work, account_id: int, row: SecondFactor) -> None:
    """A factor counts from now on; the log keeps it."""
    name = _owner(work.session, account_id).name
    work.log("factor.add", f"account:{name}", None, {"kind": row.kind, "title": row.title})


def renew_recovery(work: Work, account_id: int) -> tuple[str, ...]:
    """New recovery codes, shown this once; the former ones no longer count. Raises Conflict."""
    if not has_factor(work.session, account_id):
        raise Conflict("还没有第二重验证，不需要备用码")
    work.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = tuple(
        _grouped("".join(secrets.choice(_LETTERS) for _ in range(_GROUPS * _LONG)))
        for _ in range(RECOVERY)
    )
    for code in codes:
        work.session.add(RecoveryCode(code_hash=digest(code), account_id=account_id, used_at=None))
    work.log("factor.recovery", f"account:{_owner(work.session, account_id).name}")
    return codes


def _grouped(letters: str) -> str:
    return "-".join(letters[i : i + _LONG] for i in range(0, len(letters), _LONG))


def left(session: Session, account_id: int) -> int:
    """How many recovery codes are left."""
    query = select(func.count()).select_from(RecoveryCode)
    unused = (RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query.where(*unused)) or 0


def check(work: Work, account_id: int, code: str) -> bool:
    """Whether a code of an authenticator, or a recovery code, is right; it is used up by that."""
    typed = "".join(code.split()).lower()
    query = select(SecondFactor).where(_counting(account_id), SecondFactor.kind == TOTP)
    if any(_fits_totp(work, row, typed) for row in work.session.scalars(query).all()):
        return True
    # With or without its hyphens.
    key = digest(_grouped(typed.replace("-", "")))
    done = work.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.code_hash == key,
            RecoveryCode.account_id == account_id,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=work.now)
        .returning(RecoveryCode.code_hash)
    ).all()
    if done:
        rest = {"left": left(work.session, account_id)}
        work.log("factor.recover", f"account:{_owner(work.session, account_id).name}", None, rest)
    return bool(done)


def check_named(work: Work, name: str, code: str) -> bool:
    """The same by the account's name, for whom nobody has yet shown to be."""
    account = work.session.scalar(select(Account).where(Account.name == name))
    return account is not None and account.active and check(work, account.id, code)


def remove(work: Work, factor_id: int, needed: bool) -> None:
    """The owner gives a factor up; the recovery codes go with the last one.

    ``needed``: the account must have one. Raises Missing, and Conflict for the last one that is needed.
    """
    account_id = work.actor.account_id
    row = work.session.get(SecondFactor, factor_id)
    if row is None or row.account_id != account_id or row.confirmed_at is None:
        raise Missing("没有这个第二重验证")
    if needed and len(listed(work.session, account_id)) == 1:
        raise Conflict("您的角色必须有第二重验证，请先设置另一个，再删去这个")
    gone = {"kind": row.kind, "title": row.title}
    work.session.delete(row)
    work.session.flush()
    if not has_factor(work.session, account_id):
        work.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    work.log("factor.remove", f"account:{work.actor.name}", gone, None)


def clear(work: Work, name: str) -> int:
    """Take all factors of an account away, whose owner has lost them; says how many."""
    account = get_account(work.session, name)
    gone = len(listed(work.session, account.id))
    for table in (SecondFactor, RecoveryCode):
        work.session.execute(delete(table).where(table.account_id == account.id))
    account.revision += 1
    work.log("factor.clear", f"account:{name}", {"factors": gone}, None)
    return gone


def room(session: Session, account_id: int) -> None:
    """Raise Conflict where an account has as many factors as it may."""
    if len(listed(session, account_id)) >= MOST:
        raise Conflict(f"最多设置 {MOST} 个，请先删去不用的")


def _owner(session: Session, account_id: int) -> Account:
    return session.get_one(Account, account_id)


def _fits_totp(work: Work, row: SecondFactor, code: str) -> bool:
    made = pyotp.TOTP(row.secret, interval=STEP_SECONDS)
    current = int(work.now.timestamp()) // STEP_SECONDS
    for near in NEAR_STEPS:
        step = current + near
        if hmac.compare_digest(made.at(step * STEP_SECONDS).encode(), code.encode()):
            # Of two that come at once with the same code, one is let in.
            query = update(SecondFactor).where(SecondFactor.id == row.id)
            done = work.session.execute(
                query.where(SecondFactor.counter < step)
                .values(counter=step, used_at=work.now)
                .returning(SecondFactor.id)
            )
            return bool(done.all())
    return False
