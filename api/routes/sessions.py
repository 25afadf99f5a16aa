"""Logging in with a local account, logging out, and API keys."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.login import change_own_password, log_in, prove_again
from api.access.security import (
    any_actor,
    clear_cookie,
    limits_of,
    session_token,
    settings_of,
    store_of,
)
from api.store import apikeys, logins, passwords
from api.store.apikeys import KeyOut
from api.store.logins import LoginOut
from api.store.work import Actor
from api.transport import schemas
from api.transport.body import model_body, takes
from api.transport.parameters import Id
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1", tags=["sessions"])
AnyActor = Annotated[Actor, Depends(any_actor)]


class Credentials(BaseModel):
    """A local account's name and password."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=1, max_length=200)
    code: str = Field(default="", max_length=100, description="第二重验证的验证码或备用码")


class Passwords(BaseModel):
    """The password so far and the one that is to count from now on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    current: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=passwords.MIN_PASSWORD, max_length=200)


class Proof(BaseModel):
    """The password of who is logged in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    password: str = Field(min_length=1, max_length=200)


class Me(BaseModel):
    """Who is logged in."""

    name: str
    display_name: str
    roles: list[str]
    read_only: bool


class NewKey(BaseModel):
    """What a new API key is to be; without ``roles`` it has all roles of its account."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1, max_length=200)
    roles: list[str] | None = Field(default=None, max_length=50)
    read_only: bool = False
    days: int | None = Field(default=None, ge=1, le=3650)


@dataclass(frozen=True, slots=True)
class KeyCreated(KeyOut):
    key: Annotated[str, Field(description="密钥全文，只在此时给出一次")]


def me(actor: Actor) -> Me:
    """An actor as the answer shows it."""
    return Me(
        name=actor.name,
        display_name=actor.display_name,
        roles=sorted(actor.roles),
        read_only=actor.read_only,
    )


@router.post(
    "/session",
    summary="登录（本地账号）",
    response_model=Me,
    openapi_extra=takes(Credentials),
    responses=schemas.problems(400, 401, 403, 413, 415, 422, 503),
)
def open_session(
    request: Request, response: Response, given: Annotated[Credentials, model_body(Credentials)]
) -> Me:
    """Log in; the session comes as a cookie."""
    return me(log_in(request, response, given.name, given.password, given.code))


@router.get(
    "/session",
    summary="当前登录的是谁",
    response_model=Me,
    responses=schemas.problems(401, 403, 422, 503),
)
def get_session(actor: AnyActor) -> Me:
    """The actor of this request."""
    return me(actor)


@router.post(
    "/session/proof",
    summary="重新输入密码，批准、发布、改账号之前",
    status_code=204,
    openapi_extra=takes(Proof),
    responses=schemas.problems(400, 401, 403, 409, 413, 415, 422, 503),
)
def prove_session(
    request: Request, actor: AnyActor, given: Annotated[Proof, model_body(Proof)]
) -> Response:
    """The password again; what needs it may be done for some minutes."""
    prove_again(request, actor, given.password)
    return Response(status_code=204)


@router.get(
    "/sessions",
    summary="我的登录",
    response_model=list[LoginOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_sessions(request: Request, actor: AnyActor) -> tuple[LoginOut, ...]:
    """The actor's sessions that still count."""
    store, token = store_of(request), session_token(request)
    now = dt.datetime.now(dt.UTC)
    with store.db.read() as session:
        return logins.logins_of(session, actor, token, now, limits_of(request), store.uses)


@router.delete(
    "/sessions/{login_id}",
    summary="结束我的一个登录",
    status_code=204,
    responses=schemas.problems(401, 403, 404, 422, 503),
)
def end_session(
    request: Request,
    actor: AnyActor,
    login_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")],
) -> Response:
    """End one of the actor's sessions."""
    with store_of(request).work(actor, request_id.get()) as work:
        logins.end_login(work, login_id)
    return Response(status_code=204)


@router.delete(
    "/session", summary="退出登录", status_code=204, responses=schemas.problems(401, 403, 422, 503)
)
def close_session(request: Request, actor: AnyActor) -> Response:
    """Log out."""
    token = session_token(request)
    if token:
        with store_of(request).work(actor, request_id.get()) as work:
            logins.close_login(work, token)
    response = Response(status_code=204)
    clear_cookie(response, settings_of(request))
    return response


@router.put(
    "/session/password",
    summary="改自己的密码（本地账号）",
    status_code=204,
    openapi_extra=takes(Passwords),
    responses=schemas.problems(400, 401, 403, 409, 413, 415, 422, 503),
)
def change_password(
    request: Request, actor: AnyActor, given: Annotated[Passwords, model_body(Passwords)]
) -> Response:
    """Change one's own password; the account's other logins end, its API keys do not."""
    change_own_password(request, actor, given.current, given.new)
    return Response(status_code=204)


@router.get(
    "/keys",
    summary="我的 API 密钥",
    response_model=list[KeyOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_keys(request: Request, actor: AnyActor) -> tuple[KeyOut, ...]:
    """The actor's keys; for an admin, all keys."""
    with store_of(request).db.read() as session:
        return apikeys.keys_of(session, actor)


@router.post(
    "/keys",
    summary="新建 API 密钥",
    response_model=KeyCreated,
    status_code=201,
    openapi_extra=takes(NewKey),
    responses=schemas.problems(400, 401, 403, 413, 415, 422, 503),
)
def create_key(
    request: Request, actor: AnyActor, given: Annotated[NewKey, model_body(NewKey)]
) -> KeyCreated:
    """A new key for the actor's own account."""
    with store_of(request).work(actor, request_id.get()) as work:
        view, text = apikeys.create_key(work, given.title, given.roles, given.read_only, given.days)
    return KeyCreated(**asdict(view), key=text)


@router.delete(
    "/keys/{key_id}",
    summary="撤销 API 密钥",
    response_model=KeyOut,
    responses=schemas.problems(401, 403, 404, 422, 503),
)
def revoke_key(request: Request, actor: AnyActor, key_id: Id) -> KeyOut:
    """End a key; it stays listed."""
    with store_of(request).work(actor, request_id.get()) as work:
        return apikeys.revoke_key(work, key_id)
