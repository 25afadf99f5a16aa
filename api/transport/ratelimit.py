"""How many requests a source may make, and how often a login may fail, over all workers of a server.

What is counted lies in a small SQLite file that the workers of one server share, or in memory where
there is one. The kept libraries for this count in Redis, Memcached or the like, which a deployment
with an embedded database has not; one statement of SQLite, unsynced, takes about 10 µs. It is meant
against a client run wild, not against an attack: that is the gateway's business. When the file fails
requests go through.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

log = logging.getLogger("api")
WINDOW = 60.0
# Sums of fractions of a minute must not lose the last request of a minute.
SLACK = 1e-6
WAIT_SECONDS = 1.0


class _Counts:
    """One connection to the shared file, opened when needed; ``clock`` is the same in all workers."""

    def __init__(self, directory: Path | None, name: str, schema: str) -> None:
        self._place = str(directory / name) if directory is not None else ":memory:"
        self._schema = schema
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def run(self, statement: str, values: tuple[Any, ...]) -> list[Any] | None:
        """The rows of a statement; None where the file fails."""
        with self._lock:
            try:
                return self._open().execute(statement, values).fetchall()
            except sqlite3.Error as error:
                log.error("counts of requests: %s", error)
                return None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            made = sqlite3.connect(
                self._place, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            # Nothing here has to outlive the server.
            made.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {self._schema}")
            self._connection = made
        return self._connection

    def close(self) -> None:
        """Give the connection back; it is opened again when needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class RateLimit:
    """``per_minute`` requests a minute for each source, as many at once; 0 is no limit.

    The generic cell rate algorithm: for each source one moment (seconds of the monotonic clock of the
    machine) up to which its requests are paid for, at most a minute ahead.
    """

    def __init__(self, per_minute: int, directory: Path | None = None) -> None:
        self.per_minute = per_minute
        self._counts = _Counts(
            directory,
            "requests.db",
            "CREATE TABLE IF NOT EXISTS paid (source TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
        )
        self._cleared = 0.0

    def wait(self, source: str, now: float | None = None) -> int:
        """Take one request: 0, or the seconds until there is one again."""
        if not self.per_minute:
            return 0
        moment = time.monotonic() if now is None else now
        each = WINDOW / self.per_minute
        self._clear(moment)
        taken = self._counts.run(
            "INSERT INTO paid VALUES (?1, ?2 + ?3) ON CONFLICT DO UPDATE "
            "SET until = max(until, ?2) + ?3 WHERE max(until, ?2) + ?3 - ?2 <= ?4 RETURNING until",
            (source, moment, each, WINDOW + SLACK),
        )
        if taken is None or taken:
            return 0
        rows = self._counts.run("SELECT until FROM paid WHERE source = ?", (source,))
        until = rows[0][0] if rows else moment
        return max(1, math.ceil(until + each - WINDOW - moment - SLACK))

    def _clear(self, moment: float) -> None:
        """Forget, once a minute, sources that have paid for nothing ahead."""
        if not 0 <= moment - self._cleared < WINDOW:
            self._cleared = moment
            self._counts.run("DELETE FROM paid WHERE until < ?", (moment,))

    def close(self) -> None:
        """Let go of the counts."""
        self._counts.close()


class Attempts:
    """Failed logins by name and address: after ``limit`` within ``seconds``, wait."""

    def __init__(self, directory: Path | None = None, limit: int = 8, seconds: float = 600) -> None:
        self.limit, self.seconds = limit, seconds
        self._counts = _Counts(
            directory,
            "logins.db",
            "CREATE TABLE IF NOT EXISTS failed (key TEXT NOT NULL, at REAL NOT NULL); "
            "CREATE INDEX IF NOT EXISTS failed_key ON failed (key, at)",
        )

    def wait(self, *keys: str) -> int:
        """Seconds to wait before another try; 0 for none."""
        now = time.monotonic()
        waits = [0.0]
        for key in keys:
            # The failure that must grow old before there are fewer than ``limit`` again.
            rows = self._counts.run(
                "SELECT at FROM failed WHERE key = ? AND at > ? ORDER BY at DESC LIMIT 1 OFFSET ?",
                (key, now - self.seconds, self.limit - 1),
            )
            waits += [self.seconds - (now - at) for (at,) in rows or ()]
        return math.ceil(max(waits))

    def take(self, *keys: str) -> tuple[int, tuple[int, ...]]:
        """Count an attempt before it is made: the seconds to wait, or 0 and what it was counted as.

        However many come at once, no more than ``limit`` are ever let through.
        """
        now = time.monotonic()
        self._counts.run("DELETE FROM failed WHERE at <= ?", (now - self.seconds,))
        taken: list[int] = []
        for key in keys:
            rows = self._counts.run(
                "INSERT INTO failed SELECT ?1, ?2 WHERE "
                "(SELECT count(*) FROM failed WHERE key = ?1 AND at > ?3) < ?4 RETURNING rowid",
                (key, now, now - self.seconds, self.limit),
            )
            if rows is not None and not rows:
                self._give_back(taken)
                return max(1, self.wait(key)), ()
            taken += [rowid for (rowid,) in rows or ()]
        return 0, tuple(taken)

    def _give_back(self, taken: Iterable[int]) -> None:
        for rowid in taken:
            self._counts.run("DELETE FROM failed WHERE rowid = ?", (rowid,))

    def succeeded(self, name: str, taken: Iterable[int] = ()) -> None:
        """Forget what was counted against a name, and this attempt; never a source's others."""
        self._counts.run("DELETE FROM failed WHERE key = ?", (name,))
        self._give_back(taken)

    def forget(self) -> None:
        """Count anew."""
        self._counts.run("DELETE FROM failed", ())

    def close(self) -> None:
        """Let go of the counts."""
        self._counts.close()
