"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.access.security import store_of
from api.transport import schemas
from api.transport.telemetry import metrics_text

router = APIRouter(tags=["运行"])


@router.get(
    "/healthz", summary="进程是否存活", response_model=schemas.Health, responses=schemas.problems()
)
async def healthz() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="能否提供服务",
    response_model=schemas.Health,
    responses=schemas.problems(503),
)
def readyz(request: Request) -> dict[str, str]:
    """Ready: the database answers with the structure this program needs, and a ruleset is in force."""
    store = store_of(request)
    store.db.check()
    with store.db.read() as session:
        store.rulesets.current_in(session)
    return {"status": "ok"}


@router.get(
    "/metrics",
    summary="Prometheus 指标",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "文本格式"},
        **schemas.problems(),
    },
)
async def metrics() -> Response:
    """All metrics."""
    return Response(metrics_text(), media_type="text/plain; version=0.0.4")
