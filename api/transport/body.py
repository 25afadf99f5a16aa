"""Reading a JSON request body strictly: what JSON leaves open or Python lets pass is refused.

Refused: other media types, bytes that are not UTF-8, a key given twice, NaN and Infinity, lone
surrogates, NUL, nesting beyond what a request can need. Numbers stay exact (int or Decimal).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from fastapi import Depends
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.transport.problems import ProblemError, field_error
from api.transport.validation import validation_entries
from evaluator.reading.jsontext import too_many

JSON = "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODIES: dict[str, type[BaseModel]] = {}

MAX_DEPTH = 32
MAX_NUMBER = 100
MAX_NODES = 50_000
_SUSPECT = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)")
_BAD_TEXT = re.compile("[\ud800-\udfff\x00]")


# A body or an answer that is a file.
BINARY: dict[str, Any] = {
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
}


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """The ``openapi_extra`` of a route whose body is read by ``model_body(model)``."""
    BODIES[model.__name__] = model
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def model_body(model: type[BaseModel]) -> Any:
    """A dependency: the body as ``model``, read as strictly as every other body."""

    def made(raw: bytes) -> BaseModel:
        try:
            return model.model_validate(read_json(raw))
        except ValidationError as error:
            entries = validation_entries(error.errors(include_url=False))
            raise ProblemError(422, "请求体有误", entries) from None

    async def read(request: Request) -> BaseModel:
        return await run_in_threadpool(made, await json_bytes(request))

    return Depends(read)


async def json_bytes(request: Request) -> bytes:
    """The body of a request that says it is JSON. Raises ProblemError 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise ProblemError(415, "请求体应是 JSON，Content-Type 应为 application/json")
    return await request.body()


def read_json(raw: bytes) -> Any:
    """JSON data out of bytes. Raises ProblemError 400 naming what is wrong."""
    if not raw:
        _refuse("A101", "请求体是空的")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse("A102", f"请求体不是 UTF-8 文本（第 {error.start + 1} 字节）")
    try:
        data = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(
            "A103",
            f"不是有效的 JSON：第 {error.lineno} 行第 {error.colno} 列",
            "检查引号、逗号和括号",
        )
    except _Refused as error:
        _refuse(error.code, error.detail)
    except RecursionError:
        _refuse("A106", "嵌套过深")
    if too_many(data, MAX_NODES):
        _refuse("A117", f"内容过多：键和值合计不得超过 {MAX_NODES} 个")
    suspect = _SUSPECT.search(raw) is not None
    if suspect or _nested(raw):
        _check(data, 0, suspect)
    return data


def _nested(raw: bytes) -> bool:
    # Depth cannot exceed the number of opening brackets; most bodies need no walk at all.
    return raw.count(b"[") + raw.count(b"{") > MAX_DEPTH


def _check(data: Any, depth: int, text: bool) -> None:
    if depth > MAX_DEPTH:
        _refuse("A106", f"嵌套过深，最多 {MAX_DEPTH} 层")
    if isinstance(data, dict):
        for key, value in data.items():
            _check(key, depth, text)
            _check(value, depth + 1, text)
    elif isinstance(data, list):
        for value in data:
            _check(value, depth + 1, text)
    elif text and isinstance(data, str) and _BAD_TEXT.search(data):
        _refuse("A107", "文字中含有不能使用的字符（空字符或残缺的字符）")


class _Refused(Exception):
    def __init__(self, code: str, detail: str) -> None:
        self.code, self.detail = code, detail


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Refused("A104", f"“{key[:60]}”写了两次")
            seen.add(key)
    return out


def _constant(word: str) -> NoReturn:
    raise _Refused("A105", f"{word} 不是 JSON 的数")


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER:
        raise _Refused("A105", "数的位数过多")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER:
        raise _Refused("A105", "数的位数过多")
    return Decimal(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_constant=_constant,
    parse_float=_decimal,
    parse_int=_integer,
)


def _refuse(code: str, detail: str, hint: str | None = None) -> NoReturn:
    raise ProblemError(400, "请求体无法读取", [field_error(code, detail, "", hint)])
