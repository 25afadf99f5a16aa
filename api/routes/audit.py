"""The audit log, for auditors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.access.security import require, store_of
from api.errors import Invalid
from api.store import audit, verifying
from api.store.audit import BrokenOut
from api.store.work import Actor
from api.transport import schemas
from api.transport.answers import answer, download
from api.transport.paging import Cursor, Limit, cursor_of, cut, place_of
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[require("audit")])
Auditor = Annotated[Actor, require("audit")]
READS = schemas.problems(401, 403, 422, 503)
After = Annotated[int, Query(ge=0, le=2**53, description="从这一条之后开始")]


class EntryOut(BaseModel):
    seq: int
    at: str
    actor: str
    action: str
    subject: str
    before: dict[str, Any] | list[dict[str, Any]] | None
    after: dict[str, Any] | list[dict[str, Any]] | None
    request_id: str | None
    previous: str
    hash: str


class VerifyOut(BaseModel):
    entries: int
    intact: bool
    broken: list[BrokenOut]
    notes: list[str]
    head_seq: int
    head_hash: str


class EntryPage(BaseModel):
    items: list[EntryOut]
    next: schemas.NextCursor


@router.get(
    "/entries",
    summary="审计日志",
    response_model=EntryPage,
    responses=READS,
)
def list_audit_entries(
    request: Request,
    subject: Annotated[
        str | None, Query(max_length=200, description="只列关于它的，如 project:ZR2026-000001")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Entries in order, perhaps of one subject."""
    with store_of(request).db.read() as session:
        found = audit.entries(session, place_of("a", cursor) or 0, subject, limit + 1)
        items, more = cut([audit.entry_data(e) for e in found], limit)
    following = cursor_of("a", items[-1]["seq"]) if more else None
    return answer({"items": items, "next": following})


@router.get(
    "/verify",
    summary="核对审计日志是否完整",
    response_model=VerifyOut,
    responses=READS,
)
def verify_audit(
    request: Request,
    head_seq: Annotated[int, Query(ge=0, le=2**53, description="另存的链头编号")] = 0,
    head_hash: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="另存的链头哈希")
    ] = None,
) -> dict[str, Any]:
    """Every place where the chain does not hold, and every record that is not as it was sealed."""
    if bool(head_seq) != bool(head_hash):
        raise Invalid("head_hash", "head_seq 和 head_hash 要一起给")
    expected = audit.Head(head_seq, head_hash) if head_hash else None
    with store_of(request).db.read() as session:
        checked = verifying.check(session, expected)
        head = audit.head(session)
    return {
        "entries": checked.count,
        "intact": not checked.broken,
        "broken": checked.broken,
        "notes": checked.notes,
        "head_seq": head.seq,
        "head_hash": head.hash,
    }


@router.get(
    "/export",
    summary="导出审计日志（JSON Lines）",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"application/jsonl": {"schema": {"type": "string"}}},
            "description": "每行一条",
        },
        **READS,
    },
)
def export_audit(request: Request, actor: Auditor, after: After = 0) -> StreamingResponse:
    """The log as JSON Lines; the export is itself logged first."""
    store = store_of(request)
    with store.work(actor, request_id.get()) as work:
        work.log("audit.export", "audit", None, {"after": after})

    def lines() -> Iterator[str]:
        with store.db.read() as session:
            yield from audit.export_lines(session, after)

    headers = {"Content-Disposition": download("审计日志.jsonl", "audit.jsonl")}
    return StreamingResponse(lines(), media_type="application/jsonl", headers=headers)
