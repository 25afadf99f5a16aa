"""Second factors: setting one up, before a login that must have one or on one's own account page."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from api.access import second
from api.access.login import open_session, proved_by_form
from api.access.security import session_token, settings_of, store_of
from api.errors import Invalid, StoreError
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled, safe_back
from api.pages.frame.waiting import whoever_waits
from api.store import factors, logins, passkeys
from api.store.factors import Begun
from api.store.work import Actor
from api.transport.parameters import Id
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Next = Annotated[str, Query(alias="next", max_length=500)]


def _setup_page(
    request: Request, begun: Begun, action: str, after: str, wrong: str = ""
) -> Response:
    picture = segno.make(begun.uri, error="m").svg_inline(scale=5, light="#fff")
    spaced = " ".join(begun.secret[i : i + 4] for i in range(0, len(begun.secret), 4))
    return page(
        request,
        "factor_setup.html",
        422 if wrong else 200,
        picture=picture,
        secret=spaced,
        action=action,
        after=after,
        wrong=wrong,
    )


def _codes_page(request: Request, codes: tuple[str, ...], onward: str) -> Response:
    return page(request, "factor_codes.html", codes=codes, onward=onward)


@router.get("/login/enrol")
def enrol(request: Request, after: Next = "/") -> Response:
    """Who must have a second factor and has none sets it up here, before anything opens."""
    actor, awaits = whoever_waits(request)
    if actor is None or awaits != logins.ENROL:
        return RedirectResponse("/login", 303)
    with store_of(request).db.read() as session:
        begun = factors.begun(session, actor.account_id)
    if begun is None:
        return RedirectResponse("/login", 303)
    return _setup_page(request, begun, "/login/enrol", safe_back(after))


@router.post("/login/enrol")
def enrolled(request: Request, form: Form) -> Response:
    """The first code of it: the login is done, and the recovery codes are shown once."""
    actor, awaits = whoever_waits(request)
    if actor is None or awaits != logins.ENROL:
        return RedirectResponse("/login", 303)
    after = safe_back(str(form.get("next", "/")))
    answer = _confirmed(request, actor, str(form.get("code", "")), "/login/enrol", after)
    if isinstance(answer, Response):
        return answer
    request.state.page_actor = actor
    shown = _codes_page(request, answer, after)
    open_session(request, shown, actor)
    return shown


@router.post("/account/factors")
def begin(request: Request, form: Form) -> Response:
    """Begin with an authenticator app."""
    actor = entitled(request)
    proved_by_form(request, actor, str(form.get("password", "")))
    with store_of(request).work(actor, request_id.get()) as work:
        begun = factors.begin(work, actor.account_id, str(form.get("title", "")))
    return _setup_page(request, begun, "/account/factors/code", "/account#factors")


@router.post("/account/factors/code")
def confirm(request: Request, form: Form) -> Response:
    """The first code of it: it counts from now on."""
    actor = entitled(request)
    back = "/account#factors"
    answer = _confirmed(request, actor, str(form.get("code", "")), "/account/factors/code", back)
    if isinstance(answer, Response):
        return answer
    return _codes_page(request, answer, back) if answer else RedirectResponse(back, 303)


def _confirmed(
    request: Request, actor: Actor, code: str, action: str, after: str
) -> Response | tuple[str, ...]:
    """The recovery codes, or the page with what is wrong."""
    store = store_of(request)
    try:
        with store.work(actor, request_id.get()) as work:
            return factors.confirm(work, actor.account_id, "".join(code.split())[:20])
    except Invalid as error:
        with store.db.read() as session:
            begun = factors.begun(session, actor.account_id)
        if begun is None:
            raise
        return _setup_page(request, begun, action, after, f"{error.detail}。{error.hint or ''}")


@router.post("/account/factors/{factor_id}/removal")
def remove(request: Request, form: Form, factor_id: Id) -> Response:
    """Give one up."""
    actor = entitled(request)
    proved_by_form(request, actor, str(form.get("password", "")))
    with store_of(request).work(actor, request_id.get()) as work:
        factors.remove(work, factor_id, second.must_have(request, actor))
    return RedirectResponse("/account#factors", 303)


@router.post("/account/recovery")
def recovery(request: Request, form: Form) -> Response:
    """New recovery codes; the former ones no longer count."""
    actor = entitled(request)
    proved_by_form(request, actor, str(form.get("password", "")))
    with store_of(request).work(actor, request_id.get()) as work:
        codes = factors.renew_recovery(work, actor.account_id)
    return _codes_page(request, codes, "/account#factors")


@router.post("/account/passkeys/options")
def passkey_options(request: Request, form: Form) -> Response:
    """What the browser is to make a passkey by; a refusal is told in the same way."""
    actor = entitled(request)
    at = passkeys.site(settings_of(request).public_url)
    proved_by_form(request, actor, str(form.get("password", "")))
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            options = passkeys.creation(work, at, session_token(request) or "")
    except StoreError as error:
        return JSONResponse({"detail": str(error)}, 409)
    return Response(options, media_type="application/json")


@router.post("/account/passkeys")
def passkey(request: Request, form: Form) -> Response:
    """A passkey as the browser made it."""
    actor = entitled(request)
    at = passkeys.site(settings_of(request).public_url)
    answer, title = str(form.get("credential", "")), str(form.get("title", ""))
    with store_of(request).work(actor, request_id.get()) as work:
        codes = passkeys.create(work, at, session_token(request) or "", answer[:20_000], title)
    return (
        _codes_page(request, codes, "/account#factors")
        if codes
        else RedirectResponse("/account#factors", 303)
    )
