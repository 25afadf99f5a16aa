"""Logging in with a local account, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.access.login import log_in
from api.access.provider import HINT, HINT_PATH, Provider
from api.access.security import clear_cookie, session_token, settings_of, store_of
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, actor_of, safe_back
from api.store import logins
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id


def _login_page(
    request: Request, after: str, name: str = "", wrong: str = "", status: int = 200
) -> Response:
    single = getattr(request.app.state, "oidc", None) is not None
    return page(request, "login.html", status, after=after, name=name, wrong=wrong, single=single)


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
    response = RedirectResponse(after, 303)
    try:
        log_in(request, response, name[:100], password[:200])
    except ProblemError as refused:
        shown = _login_page(request, after, name, refused.detail, refused.status)
        shown.headers.update(refused.headers)
        return shown
    return response


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
    return response
