"""Everybody's own account: its roles, and the API keys that programs use in its name."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.access import second
from api.access.login import change_own_password
from api.access.security import limits_of, proved, session_token, settings_of, store_of
from api.errors import Invalid
from api.judging.current import reading_judge
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import role_label
from api.store import accounts, apikeys, auditlist, factors, logins, passkeys, passwords
from api.store.actions import ACTIONS
from api.store.apikeys import KeyOut
from api.store.auditlist import AuditFilter
from api.store.work import Actor
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id

router = APIRouter(prefix="/account", include_in_schema=False, route_class=PageRoute)
# How long a key may count, in days; the first is offered.
DAYS = {"365": "一年", "90": "三个月", "30": "一个月", "": "不限"}
# How much of what happened to the account is shown, newest first.
ENTRIES = 20


def _page(
    request: Request,
    actor: Actor,
    made: tuple[KeyOut, str] | None = None,
    wrong: str = "",
    *,
    password_wrong: tuple[str, str] | None = None,
    changed: bool = False,
) -> Response:
    departments = reading_judge(request).ruleset.registry.departments
    with store_of(request).db.read() as session:
        keys = apikeys.keys_of(session, actor)
        local = accounts.has_password(session, actor)
        now = dt.datetime.now(dt.UTC)
        token, uses = session_token(request), store_of(request).uses
        second_factors = factors.listed(session, actor.account_id)
        codes_left = factors.left(session, actor.account_id)
        own = AuditFilter(subject=f"account:{actor.name}")
        happened = auditlist.find(session, own, limit=ENTRIES)
        sessions = logins.logins_of(session, actor, token, now, limits_of(request), uses)
    status = 422 if wrong or password_wrong else 201 if made else 200
    return page(
        request,
        "account.html",
        status,
        keys=keys[::-1],
        sessions=sessions,
        made=made,
        wrong=wrong,
        days=DAYS,
        local=local,
        factors=second_factors,
        codes_left=codes_left,
        must=second.must_have(request, actor),
        passkeys=passkeys.site(settings_of(request).public_url).usable,
        proved=proved(request),
        password_wrong=password_wrong,
        changed=changed,
        least=passwords.MIN_PASSWORD,
        now=dt.datetime.now(dt.UTC),
        roles={r: role_label(r, departments) for r in sorted(actor.roles)},
        happened=happened,
        actions=ACTIONS,
        role_words=lambda roles: "、".join(role_label(r, departments) for r in roles),
    )


@router.get("")
def show(request: Request, changed: Annotated[str, Query(max_length=1)] = "") -> Response:
    """The actor's roles and keys; for an admin, everybody's keys."""
    return _page(request, entitled(request), changed=bool(changed))


@router.post("/password")
def password(request: Request, form: Form) -> Response:
    """Another password for the actor; what is wrong is told above the form."""
    actor = entitled(request)
    current, new, again = (str(form.get(k, "")) for k in ("current", "new", "again"))
    if not current:
        return _page(request, actor, password_wrong=("current", "请填写原密码"))
    if new != again:
        return _page(request, actor, password_wrong=("again", "两次填写的新密码不一样"))
    try:
        change_own_password(request, actor, current[:200], new)
    except Invalid as error:
        return _page(request, actor, password_wrong=(error.field, error.detail))
    except ProblemError as refused:
        shown = _page(request, actor, password_wrong=("current", refused.detail))
        shown.status_code = refused.status
        shown.headers.update(refused.headers)
        return shown
    return RedirectResponse("/account?changed=1", 303)


@router.post("/sessions/{login_id}/end")
def end_session(
    request: Request, form: Form, login_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
) -> Response:
    """End one of the actor's sessions."""
    del form
    with store_of(request).work(entitled(request), request_id.get()) as work:
        logins.end_login(work, login_id)
    return RedirectResponse("/account#sessions", 303)


@router.post("/keys")
def create(request: Request, form: Form) -> Response:
    """A new key, whose text is shown on this page and never again."""
    actor = entitled(request)
    title, days = str(form.get("title", "")).strip(), str(form.get("days", ""))
    if not title or len(title) > 200:
        return _page(request, actor, wrong="请写明密钥的用途，最多 200 个字")
    if days not in DAYS:
        return _page(request, actor, wrong="请选择密钥的有效期")
    # A form without boxes, of somebody with one role, gives the key what there is.
    roles = [str(r) for r in form.getlist("roles")][:100] or None
    if roles is None and len(actor.roles) > 1:
        return _page(request, actor, wrong="请选择密钥有哪些角色，至少一个")
    with store_of(request).work(actor, request_id.get()) as work:
        made = apikeys.create_key(
            work, title, roles, form.get("read_only") == "1", int(days) if days else None
        )
    return _page(request, actor, made)


@router.post("/keys/{key_id}/revocation")
def revoke(request: Request, form: Form, key_id: Id) -> Response:
    """End a key."""
    del form
    with store_of(request).work(entitled(request), request_id.get()) as work:
        apikeys.revoke_key(work, key_id)
    return RedirectResponse("/account", 303)
