"""Query parameters that nobody asked for, or that stand twice, are errors.

A misspelt filter would otherwise be ignored, and the answer read as if it had been applied.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant

from api.transport.problems import ProblemError
from evaluator.problems.choices import suggest

MAX_ERRORS = 20
_known: dict[Any, frozenset[str]] = {}


def _names(dependant: Dependant) -> set[str]:
    names = {field.alias for field in dependant.query_params}
    for inner in dependant.dependencies:
        names |= _names(inner)
    return names


async def strict_query(request: Request) -> None:
    """Raise ProblemError 422 for a parameter that the route does not declare, or one given twice."""
    if not request.scope["query_string"]:
        return
    endpoint = request.scope["endpoint"]
    allowed = _known.get(endpoint)
    if allowed is None:
        allowed = _known[endpoint] = frozenset(_names(request.scope["route"].dependant))
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        entry = {"parameter": name[:60], "code": "A110"}
        if name not in allowed:
            hint = suggest(name, allowed) or f"可用：{'、'.join(sorted(allowed)) or '无'}"
            errors.append({**entry, "detail": f"没有“{name[:60]}”这个查询参数", "hint": hint})
        elif name in seen:
            errors.append({**entry, "detail": f"“{name[:60]}”写了两次"})
        seen.add(name)
        if len(errors) == MAX_ERRORS:
            errors.append({"parameter": name[:60], "code": "A110", "detail": "其余的没有再看"})
            break
    if errors:
        raise ProblemError(422, "请求参数有误", errors)
