"""Logging in through the city's identity provider (OpenID Connect)."""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access.provider import HINT, HINT_PATH, LoginFailed, Provider, ProviderDown
from api.access.second import note_login
from api.access.security import set_cookie, settings_of, store_of
from api.errors import Invalid
from api.store import accounts, logins
from api.store.work import SYSTEM
from api.transport import schemas
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/session/oidc", tags=["sessions"])
log = logging.getLogger("api")
MEMORY = "admission_login"
MEMORY_SECONDS = 600
PATH = "/api/v1/session/oidc"
HINT_LONGEST = 3800


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise ProblemError(404, "没有设置统一身份认证，请用本地账号登录")
    return provider


def _down(error: ProviderDown) -> ProblemError:
    log.error("identity provider: %s", error)
    return ProblemError(503, "统一身份认证服务没有应答，请稍后重试", headers={"Retry-After": "5"})


def _found(*others: int) -> dict[int | str, dict[str, object]]:
    return {302: {"description": "转到下一个页面"}, **schemas.problems(*others)}


@router.get(
    "",
    summary="统一身份认证登录",
    status_code=302,
    response_class=Response,
    responses=_found(404, 503),
)
def start_oidc(request: Request) -> Response:
    """Send the browser to the provider."""
    provider = _provider(request)
    try:
        started = provider.start()
    except ProviderDown as error:
        raise _down(error) from None
    except LoginFailed as error:
        raise ProblemError(503, str(error)) from None
    response = RedirectResponse(started.url, 302)
    response.set_cookie(
        MEMORY,
        started.memory,
        max_age=MEMORY_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure_cookies,
        path=PATH,
    )
    return response


@router.get(
    "/callback",
    summary="统一身份认证回跳",
    status_code=302,
    response_class=Response,
    responses=_found(401, 403, 404, 503),
)
def finish_oidc(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
    error: Annotated[str | None, Query(max_length=200)] = None,
    error_description: Annotated[str | None, Query(max_length=2000)] = None,  # noqa: ARG001
    iss: Annotated[str | None, Query(max_length=500)] = None,
    session_state: Annotated[str | None, Query(max_length=500)] = None,  # noqa: ARG001
) -> Response:
    """Check what the provider says and open a session."""
    provider = _provider(request)
    if error is not None:
        raise ProblemError(401, f"身份认证服务没有放行（{error[:60]}）")
    try:
        identity = provider.finish(request.cookies.get(MEMORY), state, code, iss)
    except ProviderDown as down:
        raise _down(down) from None
    except LoginFailed as failed:
        note_login(request, "", "failed")
        raise ProblemError(401, str(failed)) from None
    store = store_of(request)
    departments = store.rulesets.reading().ruleset.registry.reviewers
    known = {*accounts.FIXED_ROLES, *(f"department:{d}" for d in departments)}
    try:
        roles = accounts.check_roles([r for r in identity.roles if r in known], departments)
    except Invalid:
        raise ProblemError(403, "您的统一身份没有本系统的角色，请联系管理员") from None
    settings = settings_of(request)
    with store.work(SYSTEM, request_id.get()) as work:
        actor = accounts.from_subject(
            work, identity.subject, identity.name, identity.display_name, roles
        )
        token = logins.open_login(work, actor, settings.session_hours)
    note_login(request, actor.name, "ok")
    response = RedirectResponse("/", 302)
    response.delete_cookie(MEMORY, path=PATH)
    set_cookie(response, token, settings)
    if len(identity.id_token) <= HINT_LONGEST:
        response.set_cookie(
            HINT,
            identity.id_token,
            max_age=settings.session_hours * 3600,
            httponly=True,
            samesite="lax",
            secure=settings.secure_cookies,
            path=HINT_PATH,
        )
    return response
