"""Errors as application/problem+json (RFC 9457), with one entry for each field at fault.

Every refusal of the service has this one form; ``errors`` entries are
``{pointer | parameter, detail, code, hint?}``, pointers being JSON pointers into the request body.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Route

from api.errors import (
    Changed,
    Conflict,
    Denied,
    Invalid,
    Locked,
    Missing,
    StoreError,
    Unmigrated,
    Unreadable,
)
from api.transport.validation import validation_entries
from evaluator.problems.errors import InputError
from evaluator.problems.errors import Problem as Mistake

log = logging.getLogger("api")
MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 200
STORE_STATUS = {
    Denied: 403,
    Missing: 404,
    Conflict: 409,
    Changed: 409,
    Invalid: 422,
    Unreadable: 503,
}

TITLES = {
    400: ("bad-request", "请求无法读取"),
    401: ("unauthenticated", "请先登录"),
    403: ("forbidden", "没有权限"),
    404: ("not-found", "没有找到"),
    405: ("method-not-allowed", "不支持这种请求方法"),
    408: ("too-slow", "请求没有发完"),
    409: ("conflict", "与现有记录冲突"),
    413: ("too-large", "请求体过大"),
    415: ("unsupported-media-type", "请求体类型不支持"),
    422: ("invalid", "内容有误"),
    428: ("precondition-required", "须写明办理的是哪一稿、哪一版"),
    429: ("too-many-requests", "请求过于频繁"),
    500: ("internal", "系统内部错误"),
    503: ("unavailable", "服务暂时不可用"),
}


class ProblemError(Exception):
    """A refusal: ``status``, one Chinese sentence, and the fields at fault."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(detail)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status, self.detail, self.errors, self.headers)


def field_error(
    code: str, detail: str, pointer: str = "", hint: str | None = None
) -> dict[str, Any]:
    """One ``errors`` entry for a place in the request body."""
    out: dict[str, Any] = {"pointer": pointer, "detail": detail, "code": code}
    if hint:
        out["hint"] = hint
    return out


def mistakes(problems: Iterable[Mistake]) -> list[dict[str, Any]]:
    """Problems of the evaluator as ``errors`` entries."""
    out = []
    for problem in problems:
        entry = field_error(
            problem.code, problem.message, problem.place.pointer or "", problem.hint
        )
        if problem.place.pointer is None:
            entry["at"] = problem.place.label()
        out.append(entry)
    return out


def problem_bytes(
    status: int, detail: str, errors: Iterable[Mapping[str, Any]] = (), instance: str | None = None
) -> bytes:
    """The JSON text of a problem."""
    name, title = TITLES.get(status, ("error", "请求未完成"))
    data: dict[str, Any] = {
        "type": f"urn:admission:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    listed = list(errors)
    if listed:
        data["errors"] = listed[:MAX_ERRORS]
        if len(listed) > MAX_ERRORS:
            data["more"] = len(listed) - MAX_ERRORS
    if instance:
        data["instance"] = instance
    # What a client sent may hold lone surrogates; escaping keeps the answer valid UTF-8.
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "backslashreplace")


def problem_response(
    status: int,
    detail: str,
    errors: Iterable[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
) -> Response:
    """A problem as a response; ``request_id`` lets an operator find it in the log."""
    instance = f"urn:request:{request_id}" if request_id else None
    body = problem_bytes(status, detail, errors, instance)
    return Response(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _request_id(request: Request) -> str | None:
    known = request.scope.get("admission.request_id")
    return known if isinstance(known, str) else None


def install(app: FastAPI, routes: Iterable[Route]) -> None:
    """Make every error of the application a problem; ``routes`` are all that it serves."""
    served = list(routes)

    def methods_of(path: str) -> set[str]:
        # Starlette names only the methods of the first route of a path.
        return {m for r in served if r.path_regex.match(path) for m in r.methods or ()}

    @app.exception_handler(ProblemError)
    async def _refused(request: Request, error: ProblemError) -> Response:
        return problem_response(
            error.status, error.detail, error.errors, error.headers, _request_id(request)
        )

    @app.exception_handler(InputError)
    async def _input(request: Request, error: InputError) -> Response:
        return problem_response(
            422, error.title, mistakes(error.problems), None, _request_id(request)
        )

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> Response:
        entries = validation_entries(error.errors())
        return problem_response(422, "请求参数有误", entries, None, _request_id(request))

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> Response:
        entries = []
        if isinstance(error, Invalid):
            entries = [field_error("A120", error.detail, f"/{error.field}", error.hint)]
        if isinstance(error, Changed):
            entries = [{"detail": change, "code": "A122"} for change in error.changes]
        status = STORE_STATUS[type(error)]
        return problem_response(status, str(error), entries, None, _request_id(request))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(Unmigrated)
    @app.exception_handler(Locked)
    async def _database(request: Request, error: Exception) -> Response:
        if isinstance(error, IntegrityError):
            detail = "与同时进行的另一项操作冲突，请重试"
            return problem_response(409, detail, (), None, _request_id(request))
        log.error("database: %s", str(error).split("\n", 1)[0])
        detail = "数据库暂时不可用，请稍后重试"
        if isinstance(error, Locked):
            detail = f"{error}，请稍后重试"
        return problem_response(503, detail, (), {"Retry-After": "2"}, _request_id(request))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(methods_of(request.scope["path"])))
        details = {404: "没有这个地址", 405: "这个地址不支持这种请求方法"}
        detail = details.get(
            error.status_code, TITLES.get(error.status_code, ("", "请求未完成"))[1]
        )
        return problem_response(error.status_code, detail, (), headers, _request_id(request))
