"""Logging in by name and password, and changing one's own; attempts at both count together.

An attempt is counted before its password is hashed, so that many at once are no more than one after the
other. Hashing costs memory and time: it is done outside of any database session, by few at once.
"""

from __future__ import annotations

from fastapi import Request, Response

from api.access import second
from api.access.second import note_login
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
from api.transport.problems import ProblemError
from api.transport.ratelimit import Attempts
from api.transport.telemetry import request_id


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


def log_in(request: Request, response: Response, name: str, password: str, code: str = "") -> Actor:
    """Check a name, a password and, where there is one, the second factor; set the session cookie.

    Raises ProblemError 401 (``A128`` where a code is wanted), 403 (``A129`` where one must first be set
    up, which is done on the page), 429 or 503.
    """
    actor, checked = known(request, name, password, code)
    state = second.wanted(request, actor, checked)
    if state == logins.CODE and not code:
        raise second.code_wanted()
    if state == logins.CODE:
        second.check_code(request, actor, code)
    if state == logins.ENROL:
        raise second.enrolment_wanted(request)
    open_session(request, response, actor)
    return actor


def known(request: Request, name: str, password: str, code: str = "") -> tuple[Actor, bool]:
    """Who a name and a password are of, and whether the code was needed, and right, already now.

    Where guesses of others have locked the name, the owner's second factor still lets in from elsewhere.
    Raises ProblemError 401, 429 or 503.
    """
    checked = False
    try:
        attempts, key, taken = _attempt(request, name, "登录失败次数过多")
    except ProblemError:
        if not code or not second.past_the_lock(request, name, code):
            raise
        checked = True
    store, where = store_of(request), client_address(request)
    actor = accounts.authenticate(store.db, name, password)
    if actor is None:
        note_login(request, name, "failed")
        with store.work(SYSTEM, request_id.get()) as work:
            work.log("login.fail", f"account:{name[:100]}", None, {"source": where})
        raise ProblemError(401, "账号或密码不对，或者首次密码已过期")
    if not checked:
        attempts.succeeded(key, taken)
    return actor, checked


def open_session(request: Request, response: Response, actor: Actor) -> None:
    """The browser gets its session; whatever it waited with is ended."""
    store, settings = store_of(request), settings_of(request)
    before = session_token(request)
    with store.work(actor, request_id.get()) as work:
        if before:
            logins.end_waiting(work, before)
        token = logins.open_login(work, actor, settings.session_hours, client_address(request))
    set_cookie(response, token, settings)
    note_login(request, actor.name, "ok")


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
