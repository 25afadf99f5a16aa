"""Server-rendered pages in Chinese: forms and reading work without JavaScript."""

from __future__ import annotations

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.pages.accounts import account, administration, auditing, factors, login
from api.pages.assess import batch, filling, home, judged, reading
from api.pages.assess.examples import Examples
from api.pages.committee import (
    agreements,
    care,
    comparing,
    concluding,
    conditions,
    consistency,
    decisions,
    overview,
    projects,
    promises,
    reviewing,
    submit,
    supplying,
    taskboard,
    weekly,
    yearly,
)
from api.pages.committee.counts import CountsMemo
from api.pages.frame import errors
from api.pages.frame.render import STATIC
from api.pages.guide import apidocs, helping
from api.pages.rulebook import card_form, criteria, forms, impact, policy, proposing, rules, trying
from evaluator.rulebook.shipped import examples_path

__all__ = ["install"]

MODULES = (
    home,
    judged,
    filling,
    batch,
    reading,
    trying,
    forms,
    card_form,
    rules,
    criteria,
    login,
    submit,
    projects,
    decisions,
    reviewing,
    concluding,
    comparing,
    conditions,
    supplying,
    taskboard,
    promises,
    care,
    agreements,
    policy,
    impact,
    proposing,
    overview,
    consistency,
    weekly,
    yearly,
    auditing,
    account,
    administration,
    factors,
    apidocs,
    helping,
)


class Assets(StaticFiles):
    """Built assets, sent compressed; their addresses carry their hash, so they keep for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        accepts = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        packed = "gzip" in accepts and (STATIC / f"{path}.gz").is_file()
        response: Response = await super().get_response(f"{path}.gz" if packed else path, scope)
        if packed:
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = (
                "text/css; charset=utf-8"
                if path.endswith(".css")
                else "text/javascript; charset=utf-8"
            )
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def install(app: FastAPI) -> None:
    """Add the pages to the application; after its problem handlers."""
    app.state.examples = Examples(examples_path())
    app.state.counts = CountsMemo()
    for module in MODULES:
        app.include_router(module.router)
    app.mount("/static", Assets(directory=STATIC, check_dir=False), name="static")
    errors.install(app)
