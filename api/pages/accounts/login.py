"""Logging in with a local account, and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.access import second
from api.access.login import known, open_session
from api.access.provider import HINT, HINT_PATH, Provider
from api.access.security import clear_cookie, session_token, settings_of, store_of
from api.errors import Conflict
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, actor_of, safe_back
from api.pages.frame.waiting import whoever_waits
from api.store import factors, logins, passkeys
from api.store.work import Actor
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id


def _login_page(
    request: Request,
    after: str,
    name: str = "",
    wrong: str = "",
    status: int = 200,
    coded: bool = False,
) -> Response:
    """``coded``: others have locked the name; its owner may give a code at once."""
    single = getattr(request.app.state, "oidc", None) is not None
    return page(
        request,
        "login.html",
        status,
        after=after,
        name=name,
        wrong=wrong,
        single=single,
        coded=coded,
    )


router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/login")
def form(
    request: Request, after: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> Response:
    """The login form."""
    return _login_page(request, safe_back(after))


@router.post("/login")
def login(request: Request, form: Form) -> Response:
    """Check name and password; the browser gets its session."""
    after = safe_back(str(form.get("next", "/")))
    name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
    if not name or not password:
        return _login_page(request, after, name, "请填写账号和密码", 422)
    code = str(form.get("code", "")).strip()[:100]
    try:
        return _opened(request, after, name[:100], password[:200], code)
    except ProblemError as refused:
        coded = refused.status == 429 or bool(code)
        shown = _login_page(request, after, name, refused.detail, refused.status, coded)
        shown.headers.update(refused.headers)
        return shown


def _opened(request: Request, after: str, name: str, password: str, code: str) -> Response:
    """On to where the person wanted to go, or to what the login still waits for."""
    actor, checked = known(request, name, password, code)
    awaits = second.wanted(request, actor, checked)
    if awaits == logins.CODE and code:
        second.check_code(request, actor, code)
        awaits = None
    if awaits is None:
        response = RedirectResponse(after, 303)
        open_session(request, response, actor)
        return response
    if awaits == logins.ENROL:
        with store_of(request).work(actor, request_id.get()) as work:
            factors.begin(work, actor.account_id)
    response = RedirectResponse(f"/login/{awaits}?{urlencode({'next': after})}", 303)
    second.wait(request, response, actor, awaits)
    return response


def _code_page(
    request: Request, actor: Actor, after: str, wrong: str = "", status: int = 200
) -> Response:
    at = passkeys.site(settings_of(request).public_url)
    with store_of(request).db.read() as session:
        kinds = {f.kind for f in factors.listed(session, actor.account_id)}
    return page(
        request,
        "login_code.html",
        status,
        after=after,
        wrong=wrong,
        app=factors.TOTP in kinds,
        passkey=factors.PASSKEY in kinds and at.usable,
    )


@router.get("/login/code")
def code_form(
    request: Request, after: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> Response:
    """The password was right; the second factor is asked for."""
    actor, awaits = whoever_waits(request)
    if actor is None or awaits != logins.CODE:
        return RedirectResponse("/login", 303)
    return _code_page(request, actor, safe_back(after))


@router.post("/login/code")
def code(request: Request, form: Form) -> Response:
    """A code of the app, a recovery code, or what a passkey has signed."""
    actor, awaits = whoever_waits(request)
    if actor is None or awaits != logins.CODE:
        return RedirectResponse("/login", 303)
    after = safe_back(str(form.get("next", "/")))
    signed, typed = str(form.get("credential", "")), str(form.get("code", "")).strip()
    try:
        if signed:
            _check_passkey(request, actor, signed[:20_000])
        else:
            second.check_code(request, actor, typed[:100])
    except ProblemError as refused:
        shown = _code_page(request, actor, after, refused.detail, refused.status)
        shown.headers.update(refused.headers)
        return shown
    except Conflict as late:
        return _code_page(request, actor, after, str(late), 409)
    response = RedirectResponse(after, 303)
    open_session(request, response, actor)
    return response


def _check_passkey(request: Request, actor: Actor, signed: str) -> None:
    at = passkeys.site(settings_of(request).public_url)
    with store_of(request).work(actor, request_id.get()) as work:
        right = passkeys.check(work, at, session_token(request) or "", actor.account_id, signed)
        if not right:
            work.log("factor.fail", f"account:{actor.name}")
    if not right:
        second.note_login(request, actor.name, "failed")
        raise ProblemError(401, passkeys.REFUSED)


@router.post("/login/passkey")
def passkey_options(request: Request, form: Form) -> Response:
    """What the browser is to have signed by a passkey."""
    del form
    actor, awaits = whoever_waits(request)
    if actor is None or awaits != logins.CODE:
        raise ProblemError(401, "登录已过期，请重新登录")
    at = passkeys.site(settings_of(request).public_url)
    with store_of(request).work(actor, request_id.get()) as work:
        options = passkeys.request(work, at, session_token(request) or "", actor.account_id)
    return Response(options, media_type="application/json")


@router.post("/logout")
def logout(request: Request, form: Form) -> Response:
    """End the session; whoever came through the identity provider is sent on to log out there too.

    On a shared computer the next person would else be let in as the one before. The page sends on
    by itself, since Chromium refuses to follow a form to another site (CSP ``form-action``).
    """
    del form
    actor, token = actor_of(request), session_token(request)
    if actor is not None and token:
        with store_of(request).work(actor, request_id.get()) as work:
            logins.close_login(work, token)
    provider: Provider | None = request.app.state.oidc
    hint = request.cookies.get(HINT)
    onward = provider.logout_address(hint) if provider is not None and hint else None
    response: Response = RedirectResponse("/", 303)
    if onward is not None:
        request.state.page_actor = None
        response = page(request, "logged_out.html", onward=onward)
    clear_cookie(response, settings_of(request))
    response.delete_cookie(HINT, path=HINT_PATH)
    # What the browser keeps of the forms goes with the login: the next person sits at the same desk.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
