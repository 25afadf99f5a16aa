"""Places for costly work, shared out fairly between the sources that ask.

A source (a client's address, or an account) never holds the last free place while it holds another,
and of those that wait the source that was served longest ago comes first. Lives on one event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Busy(Exception):
    """No place became free within the time, or too many wait already."""


class Slots:
    """``total`` places; at most ``waiting`` wait, each for ``seconds``."""

    def __init__(self, total: int, waiting: int, seconds: float) -> None:
        self.total, self.waiting, self.seconds = total, waiting, seconds
        self.each = max(1, total - 1)
        self.held: Counter[str] = Counter()
        # In the order in which sources are next; each with its requests, oldest first.
        self._queue: OrderedDict[str, list[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def take(self, source: str) -> AsyncIterator[None]:
        """Hold a place. Raises Busy."""
        await self.enter(source)
        try:
            yield
        finally:
            self.leave(source)

    def _free(self, source: str) -> bool:
        return self.held.total() < self.total and self.held[source] < self.each

    async def enter(self, source: str) -> None:
        """Hold a place until ``leave``. Raises Busy."""
        if self._free(source) and source not in self._queue:
            self.held[source] += 1
            return
        mine = self._queue.get(source, [])
        # Nobody's queue may be so long that the others find none.
        if len(mine) >= max(1, self.waiting // 2) or self.queued() >= self.waiting:
            raise Busy
        turn = asyncio.get_running_loop().create_future()
        self._queue.setdefault(source, mine).append(turn)
        try:
            async with asyncio.timeout(self.seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave(source)  # The turn came in the same moment.
            else:
                self._forget(source, turn)
            if isinstance(error, TimeoutError):
                raise Busy from None
            raise

    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._queue.values()))

    def _forget(self, source: str, turn: asyncio.Future[None]) -> None:
        waiting = self._queue.get(source, [])
        if turn in waiting:
            waiting.remove(turn)
        if not waiting:
            self._queue.pop(source, None)

    def leave(self, source: str) -> None:
        """Give a place back."""
        self.held[source] -= 1
        if not self.held[source]:
            del self.held[source]
        self._serve()

    def _serve(self) -> None:
        while (source := next((s for s in self._queue if self._free(s)), None)) is not None:
            turn = self._queue[source].pop(0)
            if self._queue[source]:
                self._queue.move_to_end(source)
            else:
                del self._queue[source]
            if not turn.done():
                self.held[source] += 1
                turn.set_result(None)
