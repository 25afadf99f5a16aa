"""Submitting dossiers, finding projects, drafts."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import require, store_of
from api.database.tables import Hit
from api.errors import Invalid
from api.filters import find_industry, find_past_department, find_rule
from api.judging.reading import read_body
from api.judging.workers import source_of
from api.store.projects import drafts, lookup, moving, submissions
from api.store.projects.acceptance import Days
from api.store.projects.drafts import DraftOut
from api.store.projects.lookup import Filter, ProjectOut, ProjectPage, State, VersionOut
from api.store.projects.submissions import Receipt, Submission
from api.store.work import Actor
from api.transport import schemas
from api.transport.answers import answer
from api.transport.body import XLSX, json_bytes, model_body, takes
from api.transport.paging import Cursor, Limit
from api.transport.parameters import (
    DATE,
    From,
    Id,
    Number,
    Since,
    Stage,
    To,
    parse_day,
    parse_moment,
)
from api.transport.problems import ProblemError
from api.transport.schemas import ACTS, READS, WRITES
from api.transport.seen import Seen, SeenHeader, SeenText
from api.transport.shapes import Acceptance, ChangedField, Moved, MovedVerdict, StoredValues
from api.transport.telemetry import judged, request_id

router = APIRouter(prefix="/api/v1", tags=["projects"])
Submitter = Annotated[Actor, require("submit")]
Drafter = Annotated[Actor, require("draft")]
Reader = Annotated[Actor, require("read")]
Committee = Annotated[Actor, require("review.conclude")]
KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="同一个键重复提交只受理一次，答复相同；答复留 30 天",
    ),
]


class Changes(BaseModel):
    """What a new version changed, each entry with "from" and "to"."""

    verdict: MovedVerdict
    fields: list[ChangedField]
    findings: list[Moved]


class ReceiptOut(BaseModel):
    """受理回执。"""

    number: str = Field(description="受理编号")
    version: int
    decision: int
    decided_at: str
    verdict: schemas.VerdictName
    stage: str | None = Field(default=None, description="按哪个环节判定")
    sentence: str
    as_of: str
    acceptance: Acceptance | None = Field(
        default=None,
        description="受理日（accepted_on）、渠道（online 或 paper）、材料自己写的另一个日期（stated_on）、"
        "收到凭据和另定判定日期的理由",
    )
    ruleset: str
    digest: str = Field(description="规范结果的 SHA-256")
    labels: list[str]
    reasons: list[schemas.FindingOut]
    counterfactual: schemas.CounterfactualOut | None
    changes: Changes | None


@dataclass(frozen=True, slots=True)
class ProjectDetail(ProjectOut):
    versions: tuple[VersionOut, ...]
    seen: SeenText


class StageIn(BaseModel):
    """Why a project is moved on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=1, max_length=5000)


class DraftIn(BaseModel):
    """A draft to be kept; ``revision`` is the one it was made from (0 for a new draft)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dossier: StoredValues = Field(max_length=500)
    revision: int = Field(default=0, ge=0, le=2**53)
    number: str | None = Field(default=None, max_length=40)


async def _raw(request: Request) -> tuple[str, bytes]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind, await (request.body() if kind == XLSX else json_bytes(request))


def _days(
    received_on: Annotated[
        str | None, Query(description="纸质材料的收到日期，由委员会登记，缺省为提交当天", **DATE)
    ] = None,
    received_note: Annotated[
        str, Query(max_length=200, description="收到日期的凭据，如收文编号")
    ] = "",
    as_of: Annotated[
        str | None, Query(description="委员会另定的判定日期，缺省为受理日", **DATE)
    ] = None,
    as_of_reason: Annotated[str, Query(max_length=2000, description="另定判定日期的理由")] = "",
) -> Days:
    received, judged_on = parse_day(received_on, "received_on"), parse_day(as_of, "as_of")
    return Days(received, received_note, judged_on, as_of_reason)


DaysAsked = Annotated[Days, Depends(_days)]
Raw = Annotated[tuple[str, bytes], Depends(_raw)]


def _submit(
    request: Request,
    actor: Actor,
    raw: tuple[str, bytes],
    number: str | None,
    days: Days,
    key: str | None,
    seen: Seen | None = None,
    stage: str | None = None,
) -> Response:
    registry = store_of(request).rulesets.current().ruleset.registry
    dossier = read_body(request.app.state.workers, source_of(request), *raw, registry)
    return _received(request, actor, Submission(dossier, number, key, days, seen, stage=stage))


def _received(request: Request, actor: Actor, asked: Submission) -> Response:
    try:
        return _receipt(submissions.submit(store_of(request), actor, asked, request_id.get()))
    except Invalid as wrong:
        if wrong.field not in {"stage", *(f.name for f in fields(Days))}:
            raise
        entry = {"parameter": wrong.field, "detail": wrong.detail, "code": "A108"}
        hint = {"hint": wrong.hint} if wrong.hint else {}
        raise ProblemError(422, wrong.detail, [entry | hint]) from None


def _receipt(receipt: Receipt) -> Response:
    headers = {"Location": f"/api/v1/projects/{receipt.number}"}
    if receipt.repeated:
        headers["Idempotent-Replayed"] = "true"
    else:
        judged(receipt.data["verdict"])
    return answer(receipt.data, 201, headers)


@router.post(
    "/projects",
    summary="提交申报材料",
    status_code=201,
    response_model=ReceiptOut,
    responses=WRITES,
)
def submit_project(
    request: Request,
    actor: Submitter,
    raw: Raw,
    days: DaysAsked,
    idempotency_key: KeyHeader = None,
    stage: Stage = None,
) -> Response:
    """A new project: its 受理编号, decision and reasons."""
    return _submit(request, actor, raw, None, days, idempotency_key, stage=stage)


@router.post(
    "/projects/{number}/versions",
    summary="补正后重新提交",
    status_code=201,
    response_model=ReceiptOut,
    responses=ACTS,
)
def submit_version(
    request: Request,
    actor: Submitter,
    raw: Raw,
    number: Number,
    seen: SeenHeader,
    days: DaysAsked,
    idempotency_key: KeyHeader = None,
) -> Response:
    """A new version of the dossier, with its own decision and what it changed."""
    return _submit(request, actor, raw, number, days, idempotency_key, seen)


@router.post(
    "/projects/{number}/stage",
    summary="转到下一环节",
    description="由委员会办理，须写明理由。材料、受理日和判定日期不变，按现行规则集在下一环节重新判定，成为新的一版。",
    status_code=201,
    response_model=ReceiptOut,
    openapi_extra=takes(StageIn),
    responses=ACTS,
)
def move_to_next_stage(
    request: Request,
    actor: Committee,
    number: Number,
    seen: SeenHeader,
    given: Annotated[StageIn, model_body(StageIn)],
) -> Response:
    """The project at its next stage, judged there."""
    return _receipt(
        moving.move_on(store_of(request), actor, number, seen, given.reason, request_id.get())
    )


@router.get("/projects", summary="查项目", response_model=ProjectPage, responses=READS)
def list_projects(
    request: Request,
    actor: Reader,
    verdict: Annotated[schemas.VerdictName | None, Query()] = None,
    department: Annotated[
        str | None, Query(max_length=60, description="有不符合或待核事项的部门")
    ] = None,
    rule: Annotated[str | None, Query(max_length=200, description="不符合或待核的规则")] = None,
    industry: Annotated[
        str | None, Query(pattern=r"^[A-Ta-t][0-9]{0,4}$", description="行业代码或其前缀")
    ] = None,
    state: Annotated[State | None, Query()] = None,
    start: From = None,
    end: To = None,
    updated_since: Since = None,
    q: Annotated[
        str | None, Query(max_length=100, description="项目或企业名称中的文字，空格分开表示都要有")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Projects the actor may see, newest first."""
    store = store_of(request)
    judge, code = store.rulesets.reading(), find_industry(industry)
    days = parse_day(start, "from"), parse_day(end, "to")
    with store.db.read() as session:
        chosen = find_past_department(session, judge, department, Hit.department)
        known = find_rule(session, judge.ruleset, rule)
        since = parse_moment(updated_since, "updated_since")
        wanted = Filter(verdict, chosen, known, code, state, *days, q, since)
        return answer(lookup.find(session, actor, wanted, cursor, limit))


@router.get(
    "/projects/{number}",
    summary="一个项目和它的各次决定",
    response_model=ProjectDetail,
    responses=READS,
)
def get_project(request: Request, actor: Reader, number: Number) -> Response:
    """One project with its versions."""
    with store_of(request).db.read() as session:
        view = lookup.get(session, actor, number)
        listed = lookup.versions(session, actor, number)
        seen = str(lookup.seen(session, actor, number))
    return answer(ProjectDetail(**asdict(view), versions=listed, seen=seen))


@router.get("/drafts", summary="我的草稿", response_model=list[DraftOut], responses=READS)
def list_drafts(request: Request, actor: Drafter) -> Response:
    """The actor's drafts."""
    with store_of(request).db.read() as session:
        return answer(drafts.mine(session, actor))


@router.post(
    "/drafts",
    summary="新建草稿",
    status_code=201,
    response_model=DraftOut,
    openapi_extra=takes(DraftIn),
    responses=WRITES,
)
def create_draft(
    request: Request, actor: Drafter, given: Annotated[DraftIn, model_body(DraftIn)]
) -> Response:
    """A new draft."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(drafts.create(work, plain_numbers(given.dossier), given.number), 201)


@router.get("/drafts/{draft_id}", summary="一份草稿", response_model=DraftOut, responses=READS)
def get_draft(request: Request, actor: Drafter, draft_id: Id) -> Response:
    """One draft."""
    with store_of(request).db.read() as session:
        return answer(drafts.get(session, actor, draft_id))


@router.put(
    "/drafts/{draft_id}",
    summary="保存草稿",
    response_model=DraftOut,
    openapi_extra=takes(DraftIn),
    responses=WRITES,
)
def save_draft(
    request: Request,
    actor: Drafter,
    draft_id: Id,
    given: Annotated[DraftIn, model_body(DraftIn)],
) -> Response:
    """Replace a draft; 409 where another has saved since ``revision`` was read."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(drafts.save(work, draft_id, plain_numbers(given.dossier), given.revision))


@router.delete("/drafts/{draft_id}", summary="丢弃草稿", status_code=204, responses=ACTS)
def discard_draft(request: Request, actor: Drafter, draft_id: Id, seen: SeenHeader) -> Response:
    """Throw a draft away."""
    with store_of(request).work(actor, request_id.get()) as work:
        drafts.discard(work, draft_id, seen)
    return Response(status_code=204)


@router.post(
    "/drafts/{draft_id}/submission",
    summary="提交草稿",
    status_code=201,
    response_model=ReceiptOut,
    responses=ACTS,
)
def submit_draft(
    request: Request,
    actor: Submitter,
    draft_id: Id,
    seen: SeenHeader,
    days: DaysAsked,
    idempotency_key: KeyHeader = None,
    stage: Stage = None,
) -> Response:
    """Submit a draft as it stands; the draft is kept until it is thrown away."""
    store = store_of(request)
    with store.db.read() as session:
        draft, base = drafts.to_submit(session, actor, draft_id, seen)
        came = drafts.origins_of(session, actor, draft_id)
    asked = Submission(
        draft.dossier, draft.number, idempotency_key, days, base, stage=stage, origins=came
    )
    return _received(request, actor, asked)


_INTEGER = re.compile(r"-?[0-9]{1,15}")


def plain_numbers(data: Any) -> Any:
    """JSON data that any JSON reader keeps exactly: decimals become texts."""
    if isinstance(data, dict):
        return {k: plain_numbers(v) for k, v in data.items()}
    if isinstance(data, list):
        return [plain_numbers(v) for v in data]
    if data is None or isinstance(data, (str, bool)):
        return data
    return data if _INTEGER.fullmatch(str(data)) and isinstance(data, int) else str(data)
