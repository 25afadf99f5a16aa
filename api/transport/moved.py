"""Paths that have moved within v1: the old ones go on, and say where the new one is (RFC 9745, RFC 8288).

They are not in the contract any more; ``docs/api.md`` says how long they are kept.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Path:
    """An old path, as a pattern, what stands for it now, and the day since which it is deprecated."""

    old: re.Pattern[str]
    new: str
    since: dt.date

    @property
    def stamp(self) -> bytes:
        """The value of the Deprecation header: that day's first second."""
        start = dt.datetime.combine(self.since, dt.time(), dt.UTC)
        return f"@{int(start.timestamp())}".encode()


_SINCE = dt.date(2026, 12, 1)
MOVED = tuple(
    Path(re.compile(f"/api/v1{old}"), f"/api/v1{new}", _SINCE)
    for old, new in (
        ("/ruleset", "/rulesets/current"),
        ("/schema/dossier", "/schemas/dossier"),
        ("/tasks/([0-9]+)/opinion", r"/tasks/\1/opinions"),
        ("/tasks/([0-9]+)/supervision", r"/tasks/\1/supervisions"),
        ("/commitments/([0-9]+)/supervision", r"/commitments/\1/supervisions"),
    )
)


class Moved:
    """ASGI middleware that serves an old path as the new one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for path in MOVED if scope["type"] == "http" else ():
            match = path.old.fullmatch(scope["path"])
            if match is not None:
                new = match.expand(path.new)
                scope = {**scope, "path": new, "raw_path": new.encode()}
                send = _telling(send, path.stamp, new.encode())
                break
        await self.app(scope, receive, send)


def _telling(send: Send, stamp: bytes, new: bytes) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            head = [
                (b"deprecation", stamp),
                (b"link", b"<" + new + b'>; rel="successor-version"'),
            ]
            message = {**message, "headers": [*message.get("headers", ()), *head]}
        await send(message)

    return told
