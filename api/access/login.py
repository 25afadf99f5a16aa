"""Logging in by name and password, and changing one's own; wrong guesses of both count together."""

from __future__ import annotations

from fastapi import Request, Response

from api.access.security import COOKIE, client_address, set_cookie, settings_of, store_of
from api.errors import Conflict, Invalid
from api.store import accounts, logins
from api.store.work import SYSTEM, Actor
from api.transport.problems import ProblemError
from api.transport.ratelimit import Attempts
from api.transport.telemetry import request_id


def _attempts(request: Request, name: str, what: str) -> tuple[Attempts, tuple[str, str]]:
    """The counts of wrong passwords and under what they are counted. Raises ProblemError 429."""
    attempts: Attempts = request.app.state.attempts
    keys = (f"name:{name}", f"from:{client_address(request)}")
    wait = attempts.wait(*keys)
    if wait:
        raise ProblemError(429, f"{what}，请 {wait} 秒后再试", headers={"Retry-After": str(wait)})
    return attempts, keys


def log_in(request: Request, response: Response, name: str, password: str) -> Actor:
    """Check a name and password and set the session cookie. Raises ProblemError 401 or 429."""
    attempts, keys = _attempts(request, name, "登录失败次数过多")
    store = store_of(request)
    with store.db.read() as session:
        actor = accounts.authenticate(session, name, password)
    if actor is None:
        attempts.failed(*keys)
        with store.work(SYSTEM, request_id.get()) as work:
            work.log("login.fail", f"account:{name[:100]}")
        raise ProblemError(401, "账号或密码不对")
    attempts.succeeded(*keys)
    settings = settings_of(request)
    with store.work(actor, request_id.get()) as work:
        token = logins.open_login(work, actor, settings.session_hours)
    set_cookie(response, token, settings)
    return actor


def change_own_password(request: Request, actor: Actor, current: str, new: str) -> None:
    """Another password for who asks, who must know the old one; their other logins end.

    Wrong guesses count with those at the login. Raises ProblemError 429, Conflict, Invalid.
    """
    store = store_of(request)
    with store.db.read() as session:
        if not accounts.has_password(session, actor):
            raise Conflict("经统一身份认证登录的账号没有本地密码，请在认证服务里修改")
    accounts.check_password(new, "new")
    attempts, keys = _attempts(request, actor.name, "原密码错误次数过多")
    with store.db.read() as session:
        known = accounts.authenticate(session, actor.name, current)
    if known is None:
        attempts.failed(*keys)
        with store.work(actor, request_id.get()) as work:
            work.log("account.password_fail", f"account:{actor.name}")
        raise Invalid("current", "原密码不对")
    if new == current:
        raise Invalid("new", "新密码要与原密码不同")
    attempts.succeeded(*keys)
    with store.work(actor, request_id.get()) as work:
        accounts.change_password(work, actor.name, new, request.cookies.get(COOKIE))
