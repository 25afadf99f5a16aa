"""Proposals: draft, edit, check, review, approve, publish."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import jobs
from api.access.security import must_prove, require, settings_of, store_of
from api.database.proposal_tables import Proposal
from api.routes.rulesets import FileOut, files_answer
from api.store.proposals import drafting, publishing, reading
from api.store.proposals.drafting import Edit
from api.store.proposals.publishing import PublicationOut
from api.store.proposals.reading import ProposalOut, ProposalPage, RunOut
from api.store.proposals.text import make_text
from api.store.work import Actor, Work
from api.transport import schemas
from api.transport.answers import answer
from api.transport.body import model_body, takes
from api.transport.paging import Cursor, Limit, cursor_of, cut, place_of
from api.transport.parameters import Id, Since, parse_day, parse_moment
from api.transport.schemas import READS, WRITES
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/proposals", tags=["proposals"])
Drafter = Annotated[Actor, require("proposal.draft")]
Commenter = Annotated[Actor, require("proposal.comment")]
Publisher = Annotated[Actor, require("proposal.approve")]
Name = Annotated[str, Path(min_length=1, max_length=200)]
Words = Annotated[str, Field(min_length=1, max_length=5000)]
State = Literal["draft", "review", "approved", "published", "withdrawn"]
ACTS = schemas.problems(401, 403, 404, 409, 422, 428, 503)
BODY_ACTS = schemas.ACTS
PROVED = [Depends(must_prove)]


def _with(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example]})


class LayerIn(BaseModel):
    """The files of one layer by path."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    files: dict[str, str]


class FilesIn(BaseModel):
    """A whole rulebook, base first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    layers: list[LayerIn] = Field(min_length=1, max_length=8)
    materials: dict[str, str] = Field(default={}, description="案例里 file: 指到的材料文件")


class ProposalIn(BaseModel):
    """A new proposal; without ``files`` it starts as what was published last."""

    model_config = _with({"title": "亩均税收下限由 20 降为 18", "reason": "据 2026 年园区修订意见"})

    title: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Words
    files: FilesIn | None = None


class EditIn(BaseModel):
    """One file as it shall be; ``text`` null removes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    layer: Annotated[str, Field(max_length=200)] = "base"
    path: Annotated[str, Field(min_length=1, max_length=300)]
    text: str | None


class EditsIn(BaseModel):
    """Changes of files, against the revision that they were made from."""

    model_config = _with(
        {"revision": 1, "edits": [{"layer": "base", "path": "rules/labels.yaml", "text": "[]\n"}]}
    )

    revision: Annotated[int, Field(ge=1, le=2**31)]
    edits: list[EditIn] = Field(min_length=1, max_length=500)


class CommentIn(BaseModel):
    """What to say."""

    model_config = _with({"comment": "已核对依据文件第五条"})

    comment: Annotated[str, Field(max_length=5000)] = ""


class ApprovalIn(CommentIn):
    """An approval; ``retroactive`` is asked for where past days are changed."""

    retroactive: Annotated[
        str, Field(max_length=5000, description="提案改了以前的标准时必写：为什么可以追溯")
    ] = ""


class WaiverIn(BaseModel):
    """Why an invariant may be broken."""

    model_config = _with({"reason": "试点文件允许，期限至 2027 年底"})

    reason: Words


class PublicationIn(BaseModel):
    """From when, and why; without a date from today, without a reason the proposal's."""

    model_config = _with({"effective_on": "2027-01-01", "reason": "据 2026 年园区修订意见"})

    effective_on: Annotated[str, Field(json_schema_extra={"format": "date"})] | None = None
    reason: Annotated[str, Field(max_length=5000)] | None = None


def _do(
    request: Request, actor: Actor, act: Callable[[Work], Proposal], status: int = 200
) -> Response:
    """One act in one transaction; the answer is the proposal as it then stands."""
    with store_of(request).work(actor, request_id.get()) as work:
        proposal = reading.view(work.session, act(work))
    jobs.wake(request)
    return answer(proposal, status)


@router.get(
    "",
    dependencies=[require("proposal.read")],
    summary="提案清单",
    response_model=ProposalPage,
    responses=READS,
)
def list_proposals(
    request: Request,
    state: Annotated[State | None, Query()] = None,
    updated_since: Since = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Proposals, newest first."""
    since = parse_moment(updated_since, "updated_since")
    with store_of(request).db.read() as session:
        listed = reading.listed(session, state, limit + 1, place_of("q", cursor), since)
    items, more = cut(listed, limit)
    return answer(ProposalPage(items, cursor_of("q", items[-1].id) if more else None))


@router.post(
    "",
    summary="起草提案",
    status_code=201,
    response_model=ProposalOut,
    openapi_extra=takes(ProposalIn),
    responses=WRITES,
)
def create_proposal(
    request: Request, actor: Drafter, given: Annotated[ProposalIn, model_body(ProposalIn)]
) -> Response:
    """A draft; its check, cases, proofs and impact begin by themselves."""
    text = None
    if given.files is not None:
        layers = [(layer.name, layer.files) for layer in given.files.layers]
        text = make_text(layers, given.files.materials)
    root = settings_of(request).root
    return _do(
        request, actor, lambda w: drafting.create(w, given.title, given.reason, root, text), 201
    )


@router.get(
    "/{proposal_id}",
    dependencies=[require("proposal.read")],
    summary="一份提案",
    response_model=ProposalOut,
    responses=READS,
)
def get_proposal(request: Request, proposal_id: Id) -> Response:
    """A proposal, and what stands in its way."""
    with store_of(request).db.read() as session:
        return answer(reading.get(session, proposal_id))


@router.get(
    "/{proposal_id}/files",
    dependencies=[require("proposal.read")],
    summary="提案的全部文件",
    response_model=list[FileOut],
    responses=READS,
)
def list_proposal_files(request: Request, proposal_id: Id) -> Response:
    """The files as they are now."""
    with store_of(request).db.read() as session:
        text = reading.files_of(session, proposal_id)
    return files_answer(text)


@router.put(
    "/{proposal_id}/files",
    summary="修改提案的文件",
    response_model=ProposalOut,
    openapi_extra=takes(EditsIn),
    responses=BODY_ACTS,
)
def edit_proposal_files(
    request: Request,
    actor: Drafter,
    proposal_id: Id,
    seen: SeenHeader,
    given: Annotated[EditsIn, model_body(EditsIn)],
) -> Response:
    """Write files; the proposal is a draft again and is checked anew."""
    edits = [Edit(e.layer, e.path, e.text) for e in given.edits]
    return _do(request, actor, lambda w: drafting.edit(w, proposal_id, given.revision, edits, seen))


@router.get(
    "/{proposal_id}/checks",
    dependencies=[require("proposal.read")],
    summary="检查、案例、差别、证明、影响的结果",
    response_model=RunOut,
    responses=READS,
)
def get_proposal_checks(request: Request, proposal_id: Id) -> Response:
    """The newest run, as far as it is."""
    with store_of(request).db.read() as session:
        return answer(reading.run_of(session, proposal_id))


@router.post(
    "/{proposal_id}/checks",
    summary="重新检查",
    status_code=202,
    response_model=ProposalOut,
    responses=ACTS,
)
def recheck_proposal(request: Request, actor: Commenter, proposal_id: Id) -> Response:
    """Queue another run, over the decisions stored by now."""
    return _do(request, actor, lambda w: drafting.recheck(w, proposal_id), 202)


@router.put(
    "/{proposal_id}/waivers/{invariant}",
    summary="豁免一条不变式",
    response_model=ProposalOut,
    openapi_extra=takes(WaiverIn),
    responses=BODY_ACTS,
)
def waive_invariant(
    request: Request,
    actor: Drafter,
    proposal_id: Id,
    seen: SeenHeader,
    invariant: Name,
    given: Annotated[WaiverIn, model_body(WaiverIn)],
) -> Response:
    """By name and with a reason; the second person approves it with the rest."""
    return _do(
        request, actor, lambda w: drafting.waive(w, proposal_id, invariant, given.reason, seen)
    )


@router.delete(
    "/{proposal_id}/waivers/{invariant}",
    summary="取消豁免",
    response_model=ProposalOut,
    responses=ACTS,
)
def unwaive_invariant(
    request: Request, actor: Drafter, proposal_id: Id, seen: SeenHeader, invariant: Name
) -> Response:
    """Take a waiver back."""
    return _do(request, actor, lambda w: drafting.unwaive(w, proposal_id, invariant, seen))


@router.post(
    "/{proposal_id}/submission", summary="送审", response_model=ProposalOut, responses=ACTS
)
def submit_proposal(
    request: Request, actor: Drafter, proposal_id: Id, seen: SeenHeader
) -> Response:
    """To review; 409 with every reason where it cannot be."""
    return _do(request, actor, lambda w: drafting.submit(w, proposal_id, seen))


@router.post(
    "/{proposal_id}/rebase", summary="合并到最新发布", response_model=ProposalOut, responses=ACTS
)
def rebase_proposal(
    request: Request, actor: Drafter, proposal_id: Id, seen: SeenHeader
) -> Response:
    """Bring it onto what was published meanwhile; checked and reviewed anew."""
    root = settings_of(request).root
    return _do(request, actor, lambda w: drafting.rebase(w, proposal_id, seen, root))


@router.post(
    "/{proposal_id}/withdrawal", summary="撤回", response_model=ProposalOut, responses=ACTS
)
def withdraw_proposal(
    request: Request, actor: Drafter, proposal_id: Id, seen: SeenHeader
) -> Response:
    """Give it up."""
    return _do(request, actor, lambda w: drafting.withdraw(w, proposal_id, seen))


@router.post(
    "/{proposal_id}/comments",
    summary="写意见",
    response_model=ProposalOut,
    openapi_extra=takes(CommentIn),
    responses=BODY_ACTS,
)
def comment_proposal(
    request: Request,
    actor: Commenter,
    proposal_id: Id,
    seen: SeenHeader,
    given: Annotated[CommentIn, model_body(CommentIn)],
) -> Response:
    """Say something about this revision."""
    return _do(request, actor, lambda w: publishing.comment(w, proposal_id, given.comment, seen))


@router.post(
    "/{proposal_id}/approval",
    dependencies=PROVED,
    summary="批准",
    response_model=ProposalOut,
    openapi_extra=takes(ApprovalIn),
    responses=BODY_ACTS,
)
def approve_proposal(
    request: Request,
    actor: Publisher,
    proposal_id: Id,
    seen: SeenHeader,
    given: Annotated[ApprovalIn, model_body(ApprovalIn)],
) -> Response:
    """By a person who had no hand in it."""
    return _do(
        request,
        actor,
        lambda w: publishing.approve(w, proposal_id, seen, given.comment, given.retroactive),
    )


@router.post(
    "/{proposal_id}/return",
    summary="退回修改",
    response_model=ProposalOut,
    openapi_extra=takes(CommentIn),
    responses=BODY_ACTS,
)
def return_proposal(
    request: Request,
    actor: Publisher,
    proposal_id: Id,
    seen: SeenHeader,
    given: Annotated[CommentIn, model_body(CommentIn)],
) -> Response:
    """Back to the drafter, with the reason."""
    return _do(request, actor, lambda w: publishing.send_back(w, proposal_id, given.comment, seen))


@router.post(
    "/{proposal_id}/publication",
    dependencies=PROVED,
    summary="发布",
    status_code=201,
    response_model=PublicationOut,
    openapi_extra=takes(PublicationIn),
    responses=BODY_ACTS,
)
def publish_proposal(
    request: Request,
    actor: Publisher,
    proposal_id: Id,
    seen: SeenHeader,
    given: Annotated[PublicationIn, model_body(PublicationIn)],
) -> Response:
    """From the effective date new submissions are judged by it; earlier decisions stay."""
    day = parse_day(given.effective_on, "effective_on")
    made = publishing.publish_proposal(
        store_of(request), actor, proposal_id, seen, day, given.reason, request_id.get()
    )
    return answer(made, 201)
