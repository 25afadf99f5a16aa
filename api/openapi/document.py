"""The OpenAPI document: the dossier as request body, and examples from the shipped files."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.judging.batches import NDJSON, PARQUET, PATH
from api.openapi.tidy import each_operation, tidy, words
from api.transport.batch_lines import BATCH_LINES
from api.transport.body import BODIES, XLSX
from api.transport.schemas import ProblemOut
from evaluator.dossier.dossier import dossier_schema
from evaluator.dossier.fields import Registry
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml

MAX_EXAMPLES = 6
SECURITY = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "API 密钥：adk_…"},
    "session": {"type": "apiKey", "in": "cookie", "name": "admission_session"},
}
OPEN = frozenset({"/api/v1/session/oidc", "/api/v1/session/oidc/callback"})
REF = "#/components/schemas/{model}"
# Bodies that are read as JSON only; projects are handed in as files too.
JSON_ONLY = ("/api/v1/evaluations", "/api/v1/questions")
DOSSIER_BODIES = (
    *((path, "post") for path in JSON_ONLY),
    ("/api/v1/projects", "post"),
    ("/api/v1/projects/{number}/versions", "post"),
)


def operation_id(route: APIRoute) -> str:
    """A short name that does not change with the path: that of the route's function, in camel case."""
    first, *rest = route.name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def examples_in(directory: Path) -> dict[str, Any]:
    """OpenAPI examples out of ``directory/*.yaml``; empty where there is no such directory."""
    out: dict[str, Any] = {}
    for path in sorted(directory.glob("*.yaml"))[:MAX_EXAMPLES]:
        node = read_yaml(path.name, path.read_text("utf-8"), Problems())
        dossier = node.get("dossier") if isinstance(node, YMap) else None
        if isinstance(dossier, YMap):
            value = as_json(plain(dossier))
            out[path.stem] = {"summary": value.get("project_name", path.stem), "value": value}
    return out


def as_json(value: Any) -> Any:
    """What YAML gives as JSON data: numbers and dates as text."""
    if isinstance(value, dict):
        return {k: as_json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_json(v) for v in value]
    return str(value) if isinstance(value, (Decimal, dt.date)) else value


Roles = Mapping[str, frozenset[str] | None]


def install(app: FastAPI, registry: Registry, examples: dict[str, Any], roles: Roles) -> None:
    """Make ``app.openapi()`` describe the dossier, one problem schema, and who may do what.

    ``roles``: by operation, those of which one is needed; empty for any account, None for nobody.
    """

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, registry, examples, roles)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]
    path = app.openapi_url
    app.router.routes[:] = [r for r in app.router.routes if getattr(r, "path", None) != path]
    lock = threading.Lock()
    kept: list[bytes] = []

    def document(_: Request) -> Response:
        """The document, written once: it is large, and always the same."""
        with lock:
            if not kept:
                kept.append(json.dumps(build(), ensure_ascii=False, separators=(",", ":")).encode())
        return Response(kept[0], media_type="application/json")

    app.router.add_route(path or "", document, include_in_schema=False)


def _document(
    app: FastAPI, registry: Registry, examples: dict[str, Any], roles: Roles
) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components["Dossier"] = dossier_schema(registry)
    models: list[type[BaseModel]] = [ProblemOut, *BATCH_LINES, *BODIES.values()]
    for model in models:
        schema = model.model_json_schema(ref_template=REF)
        components.update(schema.pop("$defs", {}))
        components[model.__name__] = schema
    for path, method in DOSSIER_BODIES:
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            content: dict[str, Any] = {"schema": {"$ref": REF.format(model="Dossier")}}
            if examples:
                content["examples"] = examples
            body = {"application/json": content}
            if path not in JSON_ONLY:
                body[XLSX] = {"schema": {"type": "string", "format": "binary"}}
            operation["requestBody"] = {"required": True, "content": body}
    document["paths"][PATH]["post"]["requestBody"] = _batch_body(examples)
    for operations in document["paths"].values():
        for operation in operations.values():
            refused = operation["responses"].get("422", {}).get("content", {})
            if "application/json" in refused:  # FastAPI's own form of 422, which we never send.
                del refused["application/json"]
    document["components"]["securitySchemes"] = SECURITY
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if "403" in operation["responses"] and path not in OPEN:
                operation["security"] = [{name: []} for name in SECURITY]
    components.pop("HTTPValidationError", None)
    components.pop("ValidationError", None)
    document["tags"] = [{"name": n, "description": d} for n, d in words()["tags"].items()]
    tidy(document)
    for _, _, operation in each_operation(document):
        _who(operation, roles.get(operation["operationId"]))
        _answers(operation, components)
    return document


def _who(operation: dict[str, Any], roles: frozenset[str] | None) -> None:
    """Say which roles may, in words and for programs."""
    said = "不用登录。" if roles is None else "登录即可。"
    if roles:
        operation["x-roles"] = sorted(roles)
        said = f"角色：{'、'.join(sorted(roles))}。"
    told = operation.get("description") or operation["summary"]
    operation["description"] = f"{told.rstrip('。')}。{said}"


@cache
def examples() -> dict[str, Any]:
    """An answer of each operation, out of a walk through all of them."""
    found: dict[str, Any] = json.loads(
        files("api.openapi").joinpath("examples.json").read_text("utf-8")
    )
    return found


def _answers(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """An example of the answer, and that its ETag is what If-Match takes."""
    for status, response in operation["responses"].items():
        content = response.get("content", {}).get("application/json")
        if not status.startswith("2") or content is None:
            continue
        example = examples().get(operation["operationId"])
        if example is not None:
            content["example"] = example
        name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        if "seen" in components.get(name, {}).get("properties", {}):
            response["headers"] = {
                "ETag": {
                    "description": "与答复里的 seen 相同，带引号；办理时放在 If-Match 里",
                    "schema": {"type": "string"},
                }
            }


def _batch_body(examples: dict[str, Any]) -> dict[str, Any]:
    """The body of a batch: a dossier a line, or a file that no schema can describe."""
    item = {"$ref": REF.format(model="Dossier")}
    lines: dict[str, Any] = {"schema": {"type": "string"}, "itemSchema": item}
    if examples:
        shown = [entry["value"] for entry in list(examples.values())[:2]]
        text = "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in shown)
        lines["examples"] = {"two": {"summary": "两份材料", "value": text}}
    table = {"schema": {"type": "string", "format": "binary"}}
    return {"required": True, "content": {NDJSON: lines, PARQUET: table}}
