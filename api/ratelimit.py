"""How many requests a source may make: a token bucket for each address, within this process.

Each worker counts on its own, so the limit over all is the limit times the workers. It is meant
against a client run wild, not against an attack: that is the gateway's business.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

__all__ = ["RateLimit"]


class RateLimit:
    """``per_minute`` requests a minute, as many at once; 0 is no limit."""

    def __init__(self, per_minute: int, kept: int = 20_000) -> None:
        self.per_minute = per_minute
        self._kept = kept
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, source: str, now: float | None = None) -> int:
        """Take one token: 0, or the seconds until there is one again."""
        if not self.per_minute:
            return 0
        moment = time.monotonic() if now is None else now
        with self._lock:
            left, last = self._buckets.get(source, (float(self.per_minute), moment))
            left = min(self.per_minute, left + (moment - last) * self.per_minute / 60)
            taken = left >= 1
            self._buckets[source] = (left - 1 if taken else left, moment)
            self._buckets.move_to_end(source)
            if len(self._buckets) > self._kept:
                self._buckets.popitem(last=False)
        return 0 if taken else max(1, int((1 - left) * 60 / self.per_minute) + 1)
