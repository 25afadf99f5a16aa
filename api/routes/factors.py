"""The second factors of one's own account; passkeys are made on the page, where a browser is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import second
from api.access.security import any_actor, must_prove, store_of
from api.store import factors
from api.store.factors import FactorOut
from api.store.work import Actor
from api.transport import schemas
from api.transport.body import model_body, takes
from api.transport.parameters import Id
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/session/factors", tags=["sessions"])
AnyActor = Annotated[Actor, Depends(any_actor)]
PROVED = [Depends(must_prove)]


class NewFactor(BaseModel):
    """What a new authenticator is called."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(default="", max_length=200, description="名称，如“我的手机”")


class Code(BaseModel):
    """What the authenticator shows now."""

    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(min_length=6, max_length=20, description="验证器现在显示的六位数字")


@dataclass(frozen=True, slots=True)
class FactorBegun:
    id: int
    secret: Annotated[str, Field(description="密钥（base32），只在此时给出一次")]
    uri: Annotated[str, Field(description="同一密钥，验证器扫码用的 otpauth 地址")]


class Recovery(BaseModel):
    codes: tuple[str, ...] = Field(
        description="备用码，每个用一次，只在此时给出；不是第一个验证器时没有"
    )


@router.get(
    "",
    summary="我的第二重验证",
    response_model=list[FactorOut],
    responses=schemas.problems(401, 403, 422, 503),
)
def list_factors(request: Request, actor: AnyActor) -> tuple[FactorOut, ...]:
    """The actor's second factors."""
    with store_of(request).db.read() as session:
        return factors.listed(session, actor.account_id)


@router.post(
    "",
    dependencies=PROVED,
    summary="设置一个验证器（TOTP）",
    response_model=FactorBegun,
    status_code=201,
    openapi_extra=takes(NewFactor),
    responses=schemas.problems(400, 401, 403, 409, 413, 415, 422, 503),
)
def begin_factor(
    request: Request, actor: AnyActor, given: Annotated[NewFactor, model_body(NewFactor)]
) -> FactorBegun:
    """A new secret; it counts once a code of it was given."""
    with store_of(request).work(actor, request_id.get()) as work:
        begun = factors.begin(work, actor.account_id, given.title)
    return FactorBegun(begun.id, begun.secret, begun.uri)


@router.post(
    "/confirmation",
    summary="给出第一个验证码，设置完成",
    response_model=Recovery,
    openapi_extra=takes(Code),
    responses=schemas.problems(400, 401, 403, 404, 413, 415, 422, 503),
)
def confirm_factor(
    request: Request, actor: AnyActor, given: Annotated[Code, model_body(Code)]
) -> Recovery:
    """What was begun counts from now on."""
    with store_of(request).work(actor, request_id.get()) as work:
        return Recovery(codes=factors.confirm(work, actor.account_id, given.code))


@router.delete(
    "/{factor_id:int}",  # A word is no number: it is another path.
    dependencies=PROVED,
    summary="删去一个第二重验证",
    status_code=204,
    responses=schemas.problems(401, 403, 404, 409, 422, 503),
)
def remove_factor(request: Request, actor: AnyActor, factor_id: Id) -> Response:
    """Give one up."""
    with store_of(request).work(actor, request_id.get()) as work:
        factors.remove(work, factor_id, second.must_have(request, actor))
    return Response(status_code=204)
