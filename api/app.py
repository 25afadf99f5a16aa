"""Wiring: settings in, ASGI application out."""

from __future__ import annotations

from fastapi import Depends, FastAPI

from api import openapi, problems
from api.judge import Judge, Memo
from api.middleware import Edge
from api.routes import health, stateless
from api.settings import Settings
from api.strict import strict_query
from api.telemetry import configure_logging
from evaluator.rulebook.load import load_directory
from evaluator.shipped import rulebook_path

__all__ = ["create_app"]

DESCRIPTION = "按规则集对工业项目申报材料作出准入、提交会审或不予准入的结论，并给出依据。"


class Judges:
    """Holds the judge of the rulebook directory."""

    def __init__(self, settings: Settings) -> None:
        self._judge = Judge(load_directory(rulebook_path(settings.rulebook)), settings.engine)

    def current(self) -> Judge:
        """The judge of the ruleset in force."""
        return self._judge


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Raises RulebookError where the rulebook cannot be used."""
    settings = settings or Settings()
    configure_logging(settings.log_level, settings.log_format)
    app = FastAPI(
        title="项目准入评估器", version="0.1.0", description=DESCRIPTION,
        docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json",
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        dependencies=[Depends(strict_query)],
    )  # fmt: skip
    app.state.settings = settings
    app.state.judges = Judges(settings)
    app.state.memo = Memo(settings.memo_bytes)
    app.include_router(stateless.router)
    app.include_router(health.router)
    problems.install(app)
    registry = app.state.judges.current().ruleset.registry
    openapi.install(
        app, registry, openapi.examples_in(rulebook_path(settings.rulebook) / "examples")
    )
    app.add_middleware(Edge, max_body=settings.max_body_bytes)
    return app
