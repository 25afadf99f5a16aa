"""Nothing is parsed, judged, rendered or asked of the database on the event loop.

Two ways: what an ``async def`` calls, by its text; and what really runs in the loop's thread while
every route is asked, by the interpreter's own word.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api import pages
from api.app import ROUTERS
from tests.api.support import JSON, ROOT, Service, example, sqlite_url

# What takes as long as its input likes, or as the database likes.
HEAVY = re.compile(
    r"(json\.decoder|evaluator\.|openpyxl|zipfile|python_multipart|multipart|sqlalchemy|jinja2|ibis"
    r"|duckdb|pyarrow|alembic|docx|sqlite3|psycopg)"
)
# Bounded by their callers: a mistyped parameter among a few known ones, constants; what the collector
# of garbage sets free.
LIGHT = re.compile(
    r"sqlalchemy\.(event|util|pool)|evaluator\.problems\.(choices|errors)|evaluator\.rulebook\.ast|evaluator\.judgement\.evaluate$"
)


def _own_calls(function: ast.AsyncFunctionDef) -> Iterator[str]:
    """Names called by the function itself, not by functions within it."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
        left += ast.iter_child_nodes(node)


BLOCKING = {
    "read_json", "model_validate", "read_dossiers", "read_data", "read_yaml", "evaluate", "judge_dossier",
    "check_layers", "loads", "result", "canonical_bytes", "form", "write_template", "page", "find_actor",
    "any_actor", "actor_of", "current_judge", "reading_judge", "execute", "scalar", "sleep", "rmtree",
    "problem_page", "dossier_data", "only_profile", "checked_data", "inspect",
}  # fmt: skip


def test_no_coroutine_calls_what_blocks() -> None:
    wrong = []
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef):
                found = BLOCKING & set(_own_calls(node))
                wrong += [f"{path.relative_to(ROOT)}: {node.name} calls {name}" for name in found]
    assert wrong == []


class Watched:
    """An application whose requests are watched in the thread of the event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.seen = app, dict[str, str]()
        self.state = getattr(app, "state", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        def heard(frame: FrameType, event: str, _: Any) -> None:
            module = frame.f_globals.get("__name__", "")
            if event == "call" and HEAVY.match(module) and not LIGHT.match(module):
                self.seen.setdefault(f"{module}.{frame.f_code.co_qualname}", scope["path"])

        sys.setprofile(heard)
        try:
            await self.app(scope, receive, send)
        finally:
            sys.setprofile(None)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watched, Service]]:
    service = Service(sqlite_url(tmp_path_factory.mktemp("watched")), seeded=False)
    service.add("admin")
    seen = Watched(service.app)
    service.client = TestClient(seen, raise_server_exceptions=False)
    with service:
        yield seen, service


def test_no_route_works_on_the_event_loop(watched: tuple[Watched, Service]) -> None:
    seen, service = watched
    asked = 0
    for route in [r for m in (*ROUTERS, *pages.MODULES) for r in m.router.routes]:
        assert isinstance(route, Route)
        path = re.sub(r"\{[^}]*\}", "1", route.path)
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            body: dict[str, Any] = {"json": {"a": 1}} if method in ("POST", "PUT", "PATCH") else {}
            if not path.startswith("/api/") and body:
                body = {"data": {"a": "1"}, "files": {"file": ("a.xlsx", b"PK")}}
            headers = service.headers("admin")
            service.client.request(method, path, headers=headers, follow_redirects=False, **body)
            asked += 1
    assert asked > 100
    assert seen.seen == {}


@pytest.mark.parametrize("query", ["", "?counterfactual=false", "?department=natural_resources"])
def test_no_verdict_is_reached_on_the_event_loop(
    watched: tuple[Watched, Service], query: str
) -> None:
    seen, service = watched
    text = json.dumps(example("d01"))
    for body in (text, text + " " * 70_000, "{", text.replace("{", '{"x":1,', 1)):
        service.client.post(f"/api/v1/evaluations{query}", content=body, headers=JSON)
    assert seen.seen == {}


def test_what_works_on_the_event_loop_is_seen() -> None:
    app = FastAPI()

    @app.post("/")
    async def parse(request: Request) -> Any:
        return json.loads(await request.body())

    seen = Watched(app)
    assert TestClient(seen).post("/", json=[1]).json() == [1]
    assert "json.decoder.JSONDecoder.decode" in seen.seen
