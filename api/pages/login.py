"""Logging in with a local account, and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.middleware import request_id
from api.pages.errors import PageRoute
from api.pages.render import page
from api.pages.session import Form, actor_of, safe_back
from api.problems import ProblemError
from api.routes.sessions import log_in
from api.security import COOKIE, clear_cookie, store_of
from api.store import accounts

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/login")
def form(
    request: Request, after: Annotated[str, Query(alias="next", max_length=500)] = "/"
) -> Response:
    """The login form."""
    return page(request, "login.html", after=safe_back(after), name="", wrong="")


@router.post("/login")
def login(request: Request, form: Form) -> Response:
    """Check name and password; the browser gets its session."""
    after = safe_back(str(form.get("next", "/")))
    name, password = str(form.get("name", "")).strip(), str(form.get("password", ""))
    if not name or not password:
        return page(request, "login.html", 422, after=after, name=name, wrong="请填写账号和密码")
    response = RedirectResponse(after, 303)
    try:
        log_in(request, response, name[:100], password[:200])
    except ProblemError as refused:
        shown = page(
            request, "login.html", refused.status, after=after, name=name, wrong=refused.detail
        )
        shown.headers.update(refused.headers)
        return shown
    return response


@router.post("/logout")
def logout(request: Request, form: Form) -> Response:
    """End the session."""
    del form
    actor, token = actor_of(request), request.cookies.get(COOKIE)
    if actor is not None and token:
        with store_of(request).work(actor, request_id.get()) as work:
            accounts.close_login(work, token)
    response = RedirectResponse("/", 303)
    clear_cookie(response)
    return response
