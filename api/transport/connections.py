"""Connections that say nothing, or too many of them: uvicorn's protocol with limits of its own.

A request's head has to be there within ``head_seconds`` of the connection, or of its first byte on one
that is kept. One address gets at most half of the connections, unless a proxy stands before all of
them. How long a body may take is looked after where it is read, ``middleware.py``.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

# Files, databases and pipes that a process has open beside its connections.
OTHER_FILES = 200


class Guarded(H11Protocol):
    """HTTP/1.1 that closes what does not speak; one set of limits for the process, by ``limit``."""

    head_seconds: ClassVar[float] = 10
    most: ClassVar[int] = 800
    each: ClassVar[int] = 400
    by_source: ClassVar[Counter[str]] = Counter()
    source = ""
    _head: asyncio.TimerHandle | None = None

    @classmethod
    def limit(cls, head_seconds: float, connections: int, proxied: bool) -> None:
        """Set the limits; ``proxied``: all connections come from one address."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = connections + OTHER_FILES
        if soft < wanted:
            soft = min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        cls.head_seconds = head_seconds
        cls.most = max(2, min(connections, soft - OTHER_FILES))
        cls.each = cls.most if proxied else cls.most // 2

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection; one too many is closed before it says anything."""
        super().connection_made(transport)
        source = self.client[0] if self.client else "-"
        if len(self.connections) > self.most or self.by_source[source] >= self.each:
            # It is lost only later; until then it takes no place from others.
            self.connections.discard(self)
            transport.abort()
            return
        self.source = source
        self.by_source[source] += 1
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._stop()
        if self.source:
            self.by_source[self.source] -= 1
            if not self.by_source[self.source]:
                del self.by_source[self.source]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes: of a head that is not whole, or of a request under way."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self._stop()

    def _wait(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(self.head_seconds, self._late)

    def _stop(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _late(self) -> None:
        self._head = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
