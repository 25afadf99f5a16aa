"""The second factor at the login: whether one is wanted, and codes counted before they are tried.

Codes are guessed at like passwords: ``Attempts`` counts them by name and by source. Where a name is locked,
codes count by name *and* source, so that who locks it from one place does not lock its owner out of another.
"""

from __future__ import annotations

import logging

from fastapi import Request, Response

from api.access.security import client_address, set_cookie, settings_of, store_of
from api.store import accounts, factors, logins
from api.store.work import SYSTEM, Actor
from api.transport import telemetry
from api.transport.problems import ProblemError
from api.transport.ratelimit import Attempts
from api.transport.telemetry import request_id

log = logging.getLogger("api.login")


def note_login(request: Request, name: str, outcome: str) -> None:
    """Count a login and log who tried from where; what was typed may be anything, so it is cut."""
    telemetry.logins.labels(outcome).inc()
    who = {"source": client_address(request), "actor": name[:100]}
    log.info("login: %s", outcome, extra=who)


def must_have(request: Request, actor: Actor) -> bool:
    """Whether the setting asks the actor's roles for a second factor."""
    return actor.has(settings_of(request).second_factor)


def wanted(request: Request, actor: Actor, checked: bool = False) -> str | None:
    """What a login still waits for: ``logins.CODE``, ``logins.ENROL``, or nothing."""
    if checked:
        return None
    with store_of(request).db.read() as session:
        if factors.has_factor(session, actor.account_id):
            return logins.CODE
        local = accounts.has_password(session, actor)
    return logins.ENROL if local and must_have(request, actor) else None


def code_wanted() -> ProblemError:
    """The password was right; a code of the second factor is wanted too."""
    detail = "这个账号有第二重验证，请同时给出验证码"
    return ProblemError(401, detail, [{"pointer": "/code", "detail": detail, "code": "A128"}])


def enrolment_wanted(request: Request) -> ProblemError:
    """The role asks for a second factor, and the account has none."""
    address = f"{settings_of(request).public_url.rstrip('/')}/login"
    detail = "您的角色须先设置第二重验证"
    return ProblemError(
        403, detail, [{"detail": f"请在浏览器里打开 {address} 登录并设置", "code": "A129"}]
    )


def wait(request: Request, response: Response, actor: Actor, awaits: str) -> None:
    """The browser gets a session that opens nothing until what it waits for is there."""
    store, settings = store_of(request), settings_of(request)
    with store.work(actor, request_id.get()) as work:
        token = logins.await_login(work, actor, awaits, client_address(request))
    set_cookie(response, token, settings)
    note_login(request, actor.name, "waits")


def check_code(request: Request, actor: Actor, code: str) -> None:
    """Use up a code of the actor's. Raises ProblemError 401 for a wrong one, 429 after too many."""
    attempts: Attempts = request.app.state.attempts
    key = f"code:{actor.name}"
    seconds, taken = attempts.take(key, f"from:{client_address(request)}")
    if seconds:
        note_login(request, actor.name, "held")
        raise ProblemError(
            429,
            f"验证码错误次数过多，请 {seconds} 秒后再试",
            headers={"Retry-After": str(seconds)},
        )
    with store_of(request).work(SYSTEM, request_id.get()) as work:
        right = factors.check(work, actor.account_id, code[:100])
        if not right:
            where = {"source": client_address(request)}
            work.log("factor.fail", f"account:{actor.name}", None, where)
    if not right:
        note_login(request, actor.name, "failed")
        detail = "验证码不对，或者已经用过"
        raise ProblemError(401, detail, [{"pointer": "/code", "detail": detail, "code": "A128"}])
    attempts.succeeded(key, taken)


def past_the_lock(request: Request, name: str, code: str) -> bool:
    """Whether a code opens the way to a locked name; it is used up by that."""
    attempts: Attempts = request.app.state.attempts
    where = client_address(request)
    key = f"code:{name}:{where}"
    seconds, taken = attempts.take(key, f"from:{where}")
    if seconds:
        return False
    with store_of(request).work(SYSTEM, request_id.get()) as work:
        right = factors.check_named(work, name, code[:100])
    if right:
        attempts.succeeded(key, taken)
    return right
