"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import logging

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import OperationalError

from api.access.security import store_of
from api.errors import Locked, Unreadable
from api.store.core import Store
from api.store.observed import observed_text
from api.transport import schemas
from api.transport.telemetry import metrics_text

log = logging.getLogger("api")
router = APIRouter(tags=["service"])


@router.get(
    "/healthz", summary="进程是否存活", response_model=schemas.Health, responses=schemas.problems()
)
async def get_health() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    summary="能否提供服务",
    response_model=schemas.Readiness,
    response_model_exclude_none=True,
    responses=schemas.problems(503),
)
async def get_readiness(request: Request) -> dict[str, str]:
    """Ready: the database answers with the structure this program needs and takes what is written, and
    a ruleset is in force.

    ``limited``: that ruleset cannot be read; what does not judge is served, so this is no 503.
    """
    # Threads of its own: those of the others may all be waiting for what this is to tell.
    lane = request.app.state.probing
    return await to_thread.run_sync(_ready, store_of(request), limiter=lane)


def _ready(store: Store) -> dict[str, str]:
    store.db.check()
    try:
        store.db.probe()
    except OperationalError as error:
        log.error("database: not writable: %s", str(error).split("\n", 1)[0])
        raise Locked("数据库眼下不能写入") from None
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
def get_metrics(request: Request) -> Response:
    """All metrics: what the processes counted, and what the database says now."""
    text = metrics_text() + observed_text(store_of(request))
    return Response(text, media_type="text/plain; version=0.0.4")
