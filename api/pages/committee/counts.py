"""The counts of the overview, kept until something new is decided.

Counting a million findings takes seconds, and the whole leadership looks at the same page. Where
it takes long, an older count is shown for up to ``PATIENCE`` times as long as it took, and says so.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Conclusion, Report
from api.database.tables import Decision
from api.store import statistics
from api.store.promises.rates import RateOut, rates_of, standings
from api.store.statistics import RuleCountOut, VerdictCountOut
from api.store.work import SYSTEM
from evaluator.rulebook.ast import Ruleset

SLOW = 0.5  # Seconds; what counts faster is counted anew whenever something has changed.
PATIENCE = 20
KEPT = 16
REASONS = 15
GROUPS = ("month", "industry", "department")
WATCHED = (Decision, Commitment, Report, Conclusion)


Key = tuple[str, dt.date | None, dt.date | None]
# The newest decision, commitment, report and conclusion, and the day, which moves the lights.
Newest = tuple[int, int, int, int, dt.date]


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of a period, and when; ``newest`` tells what had happened by then.

    ``promises``: commitments by what was promised and their light.
    """

    groups: dict[str, tuple[VerdictCountOut, ...]]
    reasons: tuple[RuleCountOut, ...]
    unhit: tuple[RuleCountOut, ...]
    rates: tuple[RateOut, ...]
    promises: dict[str, Counter[str]]
    newest: Newest
    at: dt.datetime
    seconds: float
    done: float


class CountsMemo:
    """Counts by ruleset and period; one thread counts while others wait for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, Counts] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self,
        session: Session,
        ruleset: Ruleset,
        start: dt.date | None,
        end: dt.date | None,
        today: dt.date,
    ) -> Counts:
        """The counts of the projects accepted from ``start`` to ``end``, both included.

        They are of all projects: whoever may see statistics sees every project.
        """
        key = (ruleset.identity, start, end)
        with self._lock:
            latest = [session.scalar(select(func.max(t.id))) or 0 for t in WATCHED]
            newest = (latest[0], latest[1], latest[2], latest[3], today)
            counts = self._kept.get(key)
            if counts is None or not self._good(counts, newest):
                counts = self._count(session, ruleset, start, end, newest)
                self._kept[key] = counts
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return counts

    def _good(self, counts: Counts, newest: Newest) -> bool:
        if counts.newest == newest:
            return True
        return counts.seconds > SLOW and self._clock() - counts.done < PATIENCE * counts.seconds

    def _count(
        self,
        session: Session,
        ruleset: Ruleset,
        start: dt.date | None,
        end: dt.date | None,
        newest: Newest,
    ) -> Counts:
        begun = self._clock()
        groups = {by: statistics.verdicts(session, by, ruleset, start, end) for by in GROUPS}
        reasons = statistics.top_reasons(session, ruleset, start, end, REASONS)
        unhit = statistics.unhit_rules(session, ruleset)
        day = newest[-1]
        kept = list(standings(session, SYSTEM, day, start=start, end=end))
        promises: dict[str, Counter[str]] = {}
        for standing in kept:
            promises.setdefault(standing.title, Counter())[standing.light] += 1
        done = self._clock()
        return Counts(
            groups=groups,
            reasons=reasons,
            unhit=unhit,
            rates=rates_of(kept, day),
            promises=promises,
            newest=newest,
            at=dt.datetime.now(dt.UTC),
            seconds=done - begun,
            done=done,
        )
