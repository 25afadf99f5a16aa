"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.access.security import store_of
from api.errors import Unreadable
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
    response_model=schemas.Readiness,
    response_model_exclude_none=True,
    responses=schemas.problems(503),
)
def readyz(request: Request) -> dict[str, str]:
    """Ready: the database answers with the structure this program needs, and a ruleset is in force.

    ``limited``: that ruleset cannot be read; what does not judge is served, so this is no 503.
    """
    store = store_of(request)
    store.db.check()
    try:
        with store.db.read() as session:
            store.rulesets.current_in(session)
    except Unreadable as error:
        return {"status": "limited", "detail": str(error)}
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
def metrics() -> Response:
    """All metrics."""
    return Response(metrics_text(), media_type="text/plain; version=0.0.4")
