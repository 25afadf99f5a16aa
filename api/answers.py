"""Answers written as they are: no model stands between the record and the client."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

from fastapi import Response

__all__ = ["answer"]


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``data`` (JSON data, dates, dataclasses) as a response. The route's model documents it."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    return Response(body, status, headers, media_type="application/json")
