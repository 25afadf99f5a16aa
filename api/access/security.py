"""Who asks, and what each role may do.

``ACTIONS`` is the whole policy of who may call what; what they then see is ``store.visibility``.
A request is known by ``Authorization: Bearer adk_…`` (API key) or by the session cookie. A cookie
is not believed for a writing request that another site's page has sent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant

from api.database.tables import Account
from api.settings import Settings
from api.store import apikeys, logins
from api.store.core import Store
from api.store.logins import Limits
from api.store.work import Actor
from api.transport.problems import ProblemError

COOKIE = "admission_session"
# The prefix that browsers hold to: only over HTTPS, only from this host, for all of it.
HOST_ONLY = "__Host-"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
READERS = frozenset({"submitter", "committee", "department", "maintainer", "publisher", "auditor"})

ACTIONS: dict[str, frozenset[str]] = {
    "submit": frozenset({"submitter", "committee"}),
    "draft": frozenset({"submitter", "committee"}),
    "read": READERS,
    "statistics": frozenset({"committee", "maintainer", "publisher", "auditor"}),
    "consistency": frozenset({"committee", "auditor"}),
    "review.read": frozenset({"committee", "department", "submitter", "auditor"}),
    "review.opinion": frozenset({"department"}),
    "review.conclude": frozenset({"committee"}),
    "review.supervise": frozenset({"committee"}),
    "obstacle.raise": frozenset({"submitter", "committee", "department"}),
    "obstacle.solve": frozenset({"committee", "department"}),
    "commitment.read": READERS,
    "commitment.manage": frozenset({"committee"}),
    "commitment.report": frozenset({"submitter", "committee"}),
    "proposal.read": frozenset({"maintainer", "publisher", "auditor"}),
    "proposal.draft": frozenset({"maintainer"}),
    "proposal.comment": frozenset({"maintainer", "publisher"}),
    "proposal.approve": frozenset({"publisher"}),
    "accounts": frozenset({"admin"}),
    "audit": frozenset({"auditor"}),
}


def allowed(actor: Actor, action: str) -> bool:
    """Whether one of the actor's roles may do ``action``."""
    return actor.has(ACTIONS[action])


def store_of(request: Request) -> Store:
    """The store of the application."""
    store: Store = request.app.state.store
    return store


def settings_of(request: Request) -> Settings:
    """The settings of the application."""
    settings: Settings = request.app.state.settings
    return settings


def _cookie_name(settings: Settings) -> str:
    return HOST_ONLY + COOKIE if settings.secure_cookies else COOKIE


def session_token(request: Request) -> str | None:
    """What the browser's session cookie holds; None without one."""
    return request.cookies.get(_cookie_name(settings_of(request)))


def limits_of(request: Request) -> Limits:
    """How long sessions count, by the settings."""
    settings = settings_of(request)
    return Limits(settings.session_hours, dt.timedelta(minutes=settings.session_idle_minutes))


def proved(request: Request) -> bool:
    """Whether who acts has given the password a short time ago. A key is as good as a password."""
    minutes, token = settings_of(request).reauth_minutes, session_token(request)
    if not minutes or request.headers.get("authorization") is not None or not token:
        return True
    with store_of(request).db.read() as session:
        when = logins.proved_at(session, token)
    limit = dt.timedelta(minutes=minutes)
    return when is not None and when + limit > dt.datetime.now(dt.UTC)


def must_prove(request: Request) -> None:
    """Raise ProblemError 403 unless the password was given a short time ago."""
    if not proved(request):
        minutes = settings_of(request).reauth_minutes
        raise ProblemError(
            403,
            f"批准、发布和改账号之前 {minutes} 分钟内要输入过密码，请重新输入",
            [{"detail": "先 POST /session/proof，再办理", "code": "A123"}],
        )


def client_address(request: Request) -> str:
    """Where the request came from, as the edge found it: one notion of it for every count and log."""
    return str(request.scope.get("admission.source", "-"))


def foreign(request: Request) -> bool:
    """Whether another site's page made the browser send this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def find_actor(request: Request) -> Actor | None:
    """The actor of a request; None for an anonymous one. Raises ProblemError 401 for a bad key."""
    now = dt.datetime.now(dt.UTC)
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, text = header.partition(" ")
        if kind.lower() == "bearer":
            with store_of(request).db.read() as session:
                actor = apikeys.by_key(session, text.strip(), now)
            if actor is not None:
                return actor
        raise ProblemError(401, "密钥无效、已撤销或已过期", headers={"WWW-Authenticate": "Bearer"})
    token = session_token(request)
    if not token:
        return None
    if request.method not in SAFE and foreign(request):
        raise ProblemError(403, "请求来自其他网站的页面，不予受理")
    store = store_of(request)
    with store.db.read() as session:
        return logins.by_token(session, token, now, limits_of(request), store.uses)


def any_actor(request: Request) -> Actor:
    """The actor of a request that must have one. Raises ProblemError 401, or 403 for a read-only key."""
    actor = find_actor(request)
    if actor is None:
        raise ProblemError(401, "请先登录，或使用 API 密钥", headers={"WWW-Authenticate": "Bearer"})
    if actor.read_only and request.method not in SAFE:
        raise ProblemError(403, "这个密钥只能读取")
    request.state.actor = actor
    return actor


def may_compute(request: Request) -> None:
    """Raise ProblemError 401 where the service computes for known people only, and this is none."""
    if not settings_of(request).open_evaluation:
        any_actor(request)


def _since_the_key(request: Request, actor: Actor, roles: frozenset[str]) -> str:
    """Why a key may not do what its account may: it has the roles that it was made with."""
    if request.headers.get("authorization") is None:
        return ""
    with store_of(request).db.read() as session:
        account = session.get(Account, actor.account_id)
    if account is None or not roles & set(account.roles):
        return ""
    return "。账号现在有这个角色，这把密钥只有新建那天给它的角色；请重新建一把密钥"


_requirements: dict[str, Callable[..., Actor]] = {}


def require(action: str) -> Any:
    """A dependency: the actor, refused with 403 unless a role of theirs may do ``action``."""
    if action not in _requirements:
        roles = ACTIONS[action]

        def check(request: Request, actor: Annotated[Actor, Depends(any_actor)]) -> Actor:
            if not actor.has(roles):
                said = f"您的角色不能做这件事，需要：{'、'.join(sorted(roles))}"
                raise ProblemError(403, said + _since_the_key(request, actor, roles))
            return actor

        _requirements[action] = check
    return Depends(_requirements[action])


def roles_asked(dependant: Dependant) -> frozenset[str] | None:
    """The roles of which a route asks for one; empty where any account will do, None where none need be."""
    if dependant.call is any_actor:
        return frozenset()
    for action, check in _requirements.items():
        if dependant.call is check:
            return ACTIONS[action]
    asked = [roles_asked(inner) for inner in dependant.dependencies]
    found = [roles for roles in asked if roles is not None]
    return max(found, key=len) if found else None


def set_cookie(response: Response, token: str, settings: Settings) -> None:
    """Give the browser its session."""
    response.set_cookie(
        _cookie_name(settings),
        token,
        max_age=settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
        path="/",
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        _cookie_name(settings), path="/", secure=settings.secure_cookies, httponly=True
    )
