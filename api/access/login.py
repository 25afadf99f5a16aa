"""Logging in by name and password, and changing one's own; attempts at both count together.

An attempt is counted before its password is hashed, so that many at once are no more than one after the
other. Hashing costs memory and time: it is done outside of any database session, by few at once.
"""

from __future__ import annotations

import logging

from fastapi import Request, Response

from api.access.security import (
    client_address,
    must_prove,
    proved,
    session_token,
    set_cookie,
    settings_of,
    store_of,
)
from api.errors import Conflict, Invalid
from api.store import accounts, logins, passwords
from api.store.work import SYSTEM, Actor
from api.transport import telemetry
from api.transport.problems import ProblemError
from api.transport.ratelimit import Attempts
from api.transport.telemetry import request_id

log = logging.getLogger("api.login")


def _attempt(request: Request, name: str, what: str) -> tuple[Attempts, str, tuple[int, ...]]:
    """An attempt, counted by name and by source, with what it was counted as.

    Raises ProblemError 429.
    """
    attempts: Attempts = request.app.state.attempts
    key = f"name:{name}"
    wait, taken = attempts.take(key, f"from:{client_address(request)}")
    if wait:
        note_login(request, name, "held")
        raise ProblemError(429, f"{what}，请 {wait} 秒后再试", headers={"Retry-After": str(wait)})
    return attempts, key, taken


def note_login(request: Request, name: str, outcome: str) -> None:
    """Count a login and log who tried from where; what was typed may be anything, so it is cut."""
    telemetry.logins.labels(outcome).inc()
    who = {"source": client_address(request), "actor": name[:100]}
    log.info("login: %s", outcome, extra=who)


def log_in(request: Request, response: Response, name: str, password: str) -> Actor:
    """Check a name and password and set the session cookie. Raises ProblemError 401, 429 or 503."""
    attempts, key, taken = _attempt(request, name, "登录失败次数过多")
    store, where = store_of(request), client_address(request)
    actor = accounts.authenticate(store.db, name, password)
    if actor is None:
        note_login(request, name, "failed")
        with store.work(SYSTEM, request_id.get()) as work:
            work.log("login.fail", f"account:{name[:100]}", None, {"source": where})
        raise ProblemError(401, "账号或密码不对，或者首次密码已过期")
    attempts.succeeded(key, taken)
    settings = settings_of(request)
    with store.work(actor, request_id.get()) as work:
        token = logins.open_login(work, actor, settings.session_hours, where)
    set_cookie(response, token, settings)
    note_login(request, actor.name, "ok")
    return actor


def change_own_password(request: Request, actor: Actor, current: str, new: str) -> None:
    """Another password for who asks, who must know the old one; their other logins end.

    Wrong guesses count with those at the login. Raises ProblemError 429 or 503, Conflict, Invalid.
    """
    store = store_of(request)
    with store.db.read() as session:
        if not accounts.has_password(session, actor):
            raise Conflict("经统一身份认证登录的账号没有本地密码，请在认证服务里修改")
    passwords.check(new, actor.name, actor.display_name, field="new")
    attempts, key, taken = _attempt(request, actor.name, "原密码错误次数过多")
    if accounts.authenticate(store.db, actor.name, current) is None:
        with store.work(actor, request_id.get()) as work:
            work.log("account.password_fail", f"account:{actor.name}")
        raise Invalid("current", "原密码不对")
    attempts.succeeded(key, taken)
    if new == current:
        raise Invalid("new", "新密码要与原密码不同")
    made = passwords.made(new)
    with store.work(actor, request_id.get()) as work:
        accounts.change_password(work, actor.name, made, session_token(request))


def proved_by_form(request: Request, actor: Actor, password: str) -> None:
    """For an act by a form: the password of a short time ago, or the one in the form.

    Raises ProblemError as ``prove_again`` does, and 403 where the form has none.
    """
    if not proved(request):
        if not password:
            must_prove(request)
        prove_again(request, actor, password[:200])


def prove_again(request: Request, actor: Actor, password: str) -> None:
    """Who is logged in gives the password again, before an act that asks for it.

    Raises ProblemError 401, 429 or 503; Conflict for an account without a password here.
    """
    store, token = store_of(request), session_token(request)
    with store.db.read() as session:
        if not accounts.has_password(session, actor):
            raise Conflict("经统一身份认证登录的账号请退出后重新登录")
    attempts, key, taken = _attempt(request, actor.name, "密码错误次数过多")
    if not token or accounts.authenticate(store.db, actor.name, password) is None:
        with store.work(actor, request_id.get()) as work:
            work.log("account.password_fail", f"account:{actor.name}")
        raise ProblemError(401, "密码不对")
    attempts.succeeded(key, taken)
    with store.work(actor, request_id.get()) as work:
        logins.prove(work, token)
