"""Why: decisions, findings with their traces, counterfactuals and replay."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.security import require, store_of
from api.filters import find_department
from api.routes.audit import EntryOut
from api.store.projects import decisions
from api.store.projects.decisions import DecisionOut, ReplayOut
from api.store.receipts import receipt_of
from api.store.work import Actor
from api.transport import schemas
from api.transport.answers import answer
from api.transport.schemas import READS
from api.transport.shapes import Acceptance
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"])
Reader = Annotated[Actor, require("read")]
Id = Annotated[int, Path(ge=1, le=2**53, description="决定编号")]


class TraceOut(BaseModel):
    decision: int
    number: str
    version: int
    ruleset: str
    finding: schemas.FindingOut
    trace: schemas.Trace


@router.get(
    "/{decision_id}", summary="一次决定的全部记录", response_model=DecisionOut, responses=READS
)
def get_decision(request: Request, actor: Reader, decision_id: Id) -> Response:
    """Dossier snapshot, ruleset identity, result and its hash."""
    store = store_of(request)
    with store.db.read() as session:
        view = decisions.get(session, store.rulesets, actor, decision_id)
    decisions.log_read(store_of(request), actor, decision_id, "decision", request_id.get())
    return answer(view)


@router.get(
    "/{decision_id}/findings",
    summary="单项结论",
    response_model=list[schemas.FindingOut],
    responses=READS,
)
def list_findings(
    request: Request,
    actor: Reader,
    decision_id: Id,
    department: Annotated[str | None, Query(max_length=60)] = None,
    status: Annotated[schemas.StatusName | None, Query()] = None,
) -> Response:
    """Findings, perhaps of one department or status."""
    store = store_of(request)
    chosen = find_department(store.rulesets.reading(), department)
    with store.db.read() as session:
        listed = decisions.findings(session, actor, decision_id, chosen, status)
    decisions.log_read(store_of(request), actor, decision_id, "findings", request_id.get())
    return answer(listed)


@router.get(
    "/{decision_id}/findings/{rule}",
    summary="一项结论的完整推导（永久链接）",
    response_model=TraceOut,
    responses=READS,
)
def get_finding(
    request: Request, actor: Reader, decision_id: Id, rule: Annotated[str, Path(max_length=200)]
) -> Response:
    """The whole trace of one finding."""
    store = store_of(request)
    with store.db.read() as session:
        told = decisions.trace(session, store.rulesets, actor, decision_id, rule)
    decisions.log_read(store_of(request), actor, decision_id, f"finding:{rule}", request_id.get())
    return answer(told)


@router.get(
    "/{decision_id}/counterfactual",
    summary="怎样改才能准入",
    response_model=schemas.CounterfactualOut,
    responses=READS,
)
def get_counterfactual(request: Request, actor: Reader, decision_id: Id) -> Response:
    """The smallest change that would have passed."""
    with store_of(request).db.read() as session:
        change = decisions.counterfactual(session, actor, decision_id)
    decisions.log_read(store_of(request), actor, decision_id, "counterfactual", request_id.get())
    return answer(change)


@router.get(
    "/{decision_id}/replay",
    summary="按存档重新判定，核对判定和字节是否相同",
    response_model=ReplayOut,
    responses=READS,
)
def replay_decision(request: Request, actor: Reader, decision_id: Id) -> Response:
    """Judge the stored snapshot again by the stored ruleset.

    ``identical``: the bytes are the same. ``same_judgement``: verdict, statuses and figures are,
    though another version of the program may word them otherwise.
    """
    store = store_of(request)
    with store.db.read() as session:
        replayed = decisions.replay(session, store.rulesets, actor, decision_id)
    decisions.log_read(store_of(request), actor, decision_id, "replay", request_id.get())
    return answer(replayed)


class ReceiptDecision(BaseModel):
    """What was decided, by which program and for which day."""

    id: int = Field(description="决定编号")
    number: str = Field(description="受理编号")
    version: int = Field(description="第几版")
    verdict: schemas.VerdictName = Field(description="预审结论")
    as_of: str = Field(description="按哪天的标准判定")
    decided_at: str = Field(description="判定的时刻")
    acceptance: Acceptance | None = Field(description="受理日和判定日期怎样来的；早先的程序没有记")
    engine: str = Field(description="判定所用的引擎")
    software: str = Field(description="判定时的程序版本")


class ReceiptRuleset(BaseModel):
    """The rulebook that it was judged by, whole."""

    identity: str = Field(description="规则集标识")
    layers: list[list[str | dict[str, str]]] = Field(description="各层的名称，和文件名对应的文本")
    fields: str = Field(description="当时的数据项文件")


class ReceiptHead(BaseModel):
    """The head of the audit log when the receipt was made."""

    seq: int = Field(description="链头编号")
    hash: str = Field(description="链头的哈希")


class ReceiptChain(BaseModel):
    """The entry of the audit log that registered the decision."""

    entry: EntryOut = Field(description="登记这次决定的审计条目")
    head: ReceiptHead = Field(description="出凭证时的链头")


class ReceiptSignature(BaseModel):
    """By which key it was signed."""

    key: str = Field(description="公钥，如 ed25519:…")
    signature: str = Field(description="对其余全部内容的签名，base64")


class SignedReceipt(BaseModel):
    """A decision as one signed file, which ``admission receipt verify`` checks and judges again offline."""

    format: str = Field(description="凭证的格式和版本")
    decision: ReceiptDecision = Field(description="决定的编号、结论、日期和程序版本")
    dossier: str = Field(description="判定时的申报材料，存档的文本")
    ruleset: ReceiptRuleset = Field(description="规则集的标识和全部文本")
    result: str = Field(description="存档的结论，逐字节")
    chain: ReceiptChain = Field(description="登记它的审计条目和当时的链头")
    signature: ReceiptSignature = Field(description="对以上全部内容的签名")


@router.get(
    "/{decision_id}/receipt",
    summary="决定凭证：一个签了名的文件，离线可核对、可重新判定",
    response_model=SignedReceipt,
    responses=READS | schemas.problems(409),
)
def get_decision_receipt(request: Request, actor: Reader, decision_id: Id) -> Response:
    """The receipt of a decision; needs the right to see all of it, and a signing key (else 409)."""
    store = store_of(request)
    with store.db.read() as session:
        receipt = receipt_of(session, actor, decision_id, request.app.state.signer)
    decisions.log_read(store, actor, decision_id, "receipt", request_id.get())
    return answer(receipt)
