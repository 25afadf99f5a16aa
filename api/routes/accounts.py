"""Accounts, for admins."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import require, store_of
from api.store import accounts
from api.store.accounts import AccountOut
from api.store.work import Actor
from api.transport import schemas
from api.transport.body import model_body, takes
from api.transport.schemas import ACTS, WRITES
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/accounts", tags=["账号"])
Admin = Annotated[Actor, require("accounts")]
Name = Annotated[str, Path(max_length=200)]


class NewAccount(BaseModel):
    """A local account to be made."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100)
    display_name: str = Field(default="", max_length=200)
    roles: list[str] = Field(min_length=1, max_length=50)


class Roles(BaseModel):
    """An account's new roles."""

    model_config = ConfigDict(extra="forbid", strict=True)

    roles: list[str] = Field(min_length=1, max_length=50)


class Active(BaseModel):
    """Whether an account may be used."""

    model_config = ConfigDict(extra="forbid", strict=True)

    active: bool


@dataclass(frozen=True, slots=True)
class AccountCreated(AccountOut):
    password: Annotated[str, Field(description="首次密码，只在此时给出一次")]


class NewPassword(BaseModel):
    password: str = Field(description="新密码，只在此时给出一次")


def _roles(request: Request, roles: list[str]) -> list[str]:
    registry = request.app.state.store.rulesets.reading().ruleset.registry
    return accounts.check_roles(roles, registry.reviewers)


@router.get(
    "",
    summary="全部账号",
    response_model=list[AccountOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_accounts(request: Request, actor: Admin) -> tuple[AccountOut, ...]:  # noqa: ARG001
    """Every account."""
    with store_of(request).db.read() as session:
        return accounts.list_accounts(session)


@router.post(
    "",
    summary="新建本地账号",
    response_model=AccountCreated,
    status_code=201,
    openapi_extra=takes(NewAccount),
    responses=WRITES,
)
def create(
    request: Request, actor: Admin, given: Annotated[NewAccount, model_body(NewAccount)]
) -> AccountCreated:
    """A local account; the first password is in the answer."""
    roles = _roles(request, given.roles)
    with store_of(request).work(actor, request_id.get()) as work:
        view, password = accounts.create_account(work, given.name, given.display_name, roles)
    return AccountCreated(**asdict(view), password=password)


@router.put(
    "/{name}/roles",
    summary="更改角色",
    response_model=AccountOut,
    openapi_extra=takes(Roles),
    responses=ACTS,
)
def set_roles(
    request: Request,
    actor: Admin,
    name: Name,
    seen: SeenHeader,
    given: Annotated[Roles, model_body(Roles)],
) -> AccountOut:
    """Other roles for an account."""
    roles = _roles(request, given.roles)
    with store_of(request).work(actor, request_id.get()) as work:
        return accounts.set_roles(work, name, roles, seen)


@router.put(
    "/{name}/active",
    summary="停用或恢复账号",
    response_model=AccountOut,
    openapi_extra=takes(Active),
    responses=ACTS,
)
def set_active(
    request: Request,
    actor: Admin,
    name: Name,
    seen: SeenHeader,
    given: Annotated[Active, model_body(Active)],
) -> AccountOut:
    """Block an account, or let it in again."""
    with store_of(request).work(actor, request_id.get()) as work:
        return accounts.set_active(work, name, given.active, seen)


@router.post("/{name}/password", summary="重设密码", response_model=NewPassword, responses=ACTS)
def reset_password(request: Request, actor: Admin, name: Name, seen: SeenHeader) -> NewPassword:
    """A new password; the account's logins end."""
    with store_of(request).work(actor, request_id.get()) as work:
        return NewPassword(password=accounts.change_password(work, name, seen=seen))
