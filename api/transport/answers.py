"""Answers written as they are: no model stands between the record and the client."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from typing import Any
from urllib.parse import quote

from fastapi import Response

# What some system does not take in a file's name.
_UNFIT = re.compile(r'[\x00-\x1f\x7f\\/:*?"<>|]')


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``data`` (JSON data, dates, dataclasses) as a response. The route's model documents it.

    What can be acted upon carries its state, ``seen``, as the ETag too: that is what If-Match takes.
    """
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain).encode()
    seen = data.get("seen") if isinstance(data, dict) else getattr(data, "seen", None)
    if isinstance(seen, str):
        headers = {**(headers or {}), "ETag": f'"{seen}"'}
    return Response(body, status, headers, media_type="application/json")


def download(name: str, plain: str) -> str:
    """A Content-Disposition that saves the answer as ``name`` (RFC 6266, RFC 8187).

    ``plain`` is for clients that know ASCII names only; what does not fit is left out of both.
    """
    fallback = re.sub(r"[^A-Za-z0-9._-]", "", plain).replace("-.", ".")
    encoded = quote(_UNFIT.sub("", name).encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"
