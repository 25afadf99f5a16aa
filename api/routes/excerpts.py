"""Suggested values out of a document, without keeping it."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.access.security import may_compute
from api.judging.current import CurrentJudge
from api.judging.workers import Workers, source_of
from api.transport import schemas
from api.transport.answers import answer
from api.transport.body import BINARY
from api.transport.shapes import DocumentOut
from evaluator.documents.opened import KINDS
from evaluator.documents.reading import answer as read_answer

router = APIRouter(prefix="/api/v1", tags=["evaluations"])
DESCRIPTION = f"""请求体就是文件本身，`name` 是文件名（{"、".join(KINDS)}）。答复与 `admission read --json` 相同：
每个项目一份 `excerpts`，每条有字段、值、把握（`kind`）、是否预先打勾、原文和位置。读不了的，`problems` 写明原因。
建议不是填写；文件不保存。说明见 docs/documents.md。"""


@router.post(
    "/excerpts",
    summary="读材料：从 Word、PDF、Excel 等文件中找出各字段的建议值，不存档",
    description=DESCRIPTION,
    response_model=DocumentOut,
    responses=schemas.problems(401, 413, 422, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "文件本身",
            "content": BINARY,
        }
    },
)
async def read_document(
    request: Request,
    judge: CurrentJudge,
    name: Annotated[str, Query(min_length=1, max_length=200, description="文件名，带后缀")],
) -> Response:
    """Read the document in the body."""
    await to_thread.run_sync(may_compute, request)
    data = await request.body()
    readers: Workers = request.app.state.readers
    registry = judge.ruleset.registry
    return answer(await readers.run(source_of(request), read_answer, name, data, registry))
