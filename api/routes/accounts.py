"""Accounts, for admins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import must_prove, require, store_of
from api.store import accounts, administration, passwords, seconds
from api.store.accounts import AccountOut
from api.store.administration import Outcome
from api.store.seconds import RequestOut
from api.store.work import Actor
from api.transport import schemas
from api.transport.body import model_body, takes
from api.transport.parameters import Id
from api.transport.schemas import ACTS, WRITES
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/accounts", tags=["accounts"])
Admin = Annotated[Actor, require("accounts")]
PROVED = [Depends(must_prove)]
ENDS = schemas.problems(401, 403, 404, 409, 422, 503)
Name = Annotated[str, Path(max_length=200)]


class NewAccount(BaseModel):
    """A local account to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100)
    display_name: str = Field(default="", max_length=200)
    roles: list[str] = Field(min_length=1, max_length=50)


class RolesIn(BaseModel):
    """An account's new roles."""

    model_config = ConfigDict(extra="forbid", strict=True)

    roles: list[str] = Field(min_length=1, max_length=50)


class ActiveIn(BaseModel):
    """Whether an account may be used."""

    model_config = ConfigDict(extra="forbid", strict=True)

    active: bool


@dataclass(frozen=True, slots=True)
class AccountCreated(AccountOut):
    password: Annotated[str, Field(description="首次密码，只在此时给出一次")]
    waiting: Annotated[RequestOut | None, Field(description="批准类角色要另一位管理员确认后才有")]


class NewPassword(BaseModel):
    password: str = Field(
        description="新密码，只在此时给出一次；等另一位管理员确认的只是前一半，后一半确认时给另一位"
    )
    waiting: RequestOut | None = Field(default=None, description="等另一位管理员确认的改动")


@dataclass(frozen=True, slots=True)
class AccountChanged(AccountOut):
    waiting: Annotated[
        RequestOut | None, Field(description="没有改，等另一位管理员确认；null 为已经改了")
    ]


class Confirmed(BaseModel):
    """What was done, and the second half of a password, if it was one."""

    account: AccountOut
    second_half: str | None = Field(description="新密码的后一半，只在此时给出一次")


def _roles(request: Request, roles: list[str]) -> list[str]:
    registry = request.app.state.store.rulesets.reading().ruleset.registry
    return accounts.check_roles(roles, registry.reviewers)


@router.get(
    "",
    dependencies=[require("accounts")],
    summary="全部账号",
    response_model=list[AccountOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_accounts(request: Request) -> tuple[AccountOut, ...]:
    """Every account."""
    with store_of(request).db.read() as session:
        return accounts.list_accounts(session)


@router.post(
    "",
    dependencies=PROVED,
    summary="新建本地账号",
    response_model=AccountCreated,
    status_code=201,
    openapi_extra=takes(NewAccount),
    responses=WRITES,
)
def create_account(
    request: Request, actor: Admin, given: Annotated[NewAccount, model_body(NewAccount)]
) -> AccountCreated:
    """A local account; the first password is in the answer."""
    roles = _roles(request, given.roles)
    first = passwords.made()
    with store_of(request).work(actor, request_id.get()) as work:
        made = administration.create(work, given.name, given.display_name, roles, first)
    return AccountCreated(**_flat(made), password=made.password or "")


@router.put(
    "/{name}/roles",
    dependencies=PROVED,
    summary="更改角色",
    response_model=AccountChanged,
    openapi_extra=takes(RolesIn),
    responses=ACTS,
)
def set_account_roles(
    request: Request,
    actor: Admin,
    name: Name,
    seen: SeenHeader,
    given: Annotated[RolesIn, model_body(RolesIn)],
) -> AccountChanged:
    """Other roles for an account; where roles that approve come or go, asked for only."""
    roles = _roles(request, given.roles)
    with store_of(request).work(actor, request_id.get()) as work:
        return AccountChanged(**_flat(administration.set_roles(work, name, roles, seen)))


@router.put(
    "/{name}/active",
    dependencies=PROVED,
    summary="停用或恢复账号",
    response_model=AccountChanged,
    openapi_extra=takes(ActiveIn),
    responses=ACTS,
)
def set_account_active(
    request: Request,
    actor: Admin,
    name: Name,
    seen: SeenHeader,
    given: Annotated[ActiveIn, model_body(ActiveIn)],
) -> AccountChanged:
    """Block an account, or let it in again; one that approves is let in by two."""
    with store_of(request).work(actor, request_id.get()) as work:
        return AccountChanged(**_flat(administration.set_active(work, name, given.active, seen)))


def _flat(outcome: Outcome) -> dict[str, Any]:
    view = outcome.account
    return {f.name: getattr(view, f.name) for f in fields(view)} | {"waiting": outcome.waiting}


@router.post(
    "/{name}/password",
    dependencies=PROVED,
    summary="重设密码",
    response_model=NewPassword,
    responses=ACTS,
)
def reset_account_password(
    request: Request, actor: Admin, name: Name, seen: SeenHeader
) -> NewPassword:
    """A new password; the account's logins end. Of an account that approves it takes two."""
    first = passwords.made()
    with store_of(request).work(actor, request_id.get()) as work:
        reset = administration.reset_password(work, name, first, seen)
    return NewPassword(password=reset.password or "", waiting=reset.waiting)


@router.delete(
    "/{name}/factors",
    dependencies=PROVED,
    summary="清除第二重验证（本人丢失时）",
    response_model=AccountChanged,
    responses=ACTS,
)
def clear_factors(request: Request, actor: Admin, name: Name, seen: SeenHeader) -> AccountChanged:
    """Take an account's second factors away; of an account that approves it takes two."""
    with store_of(request).work(actor, request_id.get()) as work:
        return AccountChanged(**_flat(administration.clear_factors(work, name, seen)))


@router.get(
    "/requests",
    dependencies=[require("accounts")],
    summary="等另一位管理员确认的改动",
    response_model=list[RequestOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_account_requests(request: Request) -> tuple[RequestOut, ...]:
    """What was asked for, newest first."""
    with store_of(request).db.read() as session:
        return seconds.listed(session, dt.datetime.now(dt.UTC))


@router.post(
    "/requests/{account_request_id}/confirmation",
    dependencies=PROVED,
    summary="确认另一位管理员提出的改动",
    response_model=Confirmed,
    responses=ENDS,
)
def confirm_account_request(request: Request, actor: Admin, account_request_id: Id) -> Confirmed:
    """Do it, as the second administrator."""
    with store_of(request).work(actor, request_id.get()) as work:
        view, half = seconds.confirm(work, account_request_id)
    return Confirmed(account=view, second_half=half)


@router.delete(
    "/requests/{account_request_id}",
    summary="不同意，或收回",
    status_code=204,
    responses=ENDS,
)
def refuse_account_request(request: Request, actor: Admin, account_request_id: Id) -> Response:
    """Do not do it."""
    with store_of(request).work(actor, request_id.get()) as work:
        seconds.refuse(work, account_request_id)
    return Response(status_code=204)
