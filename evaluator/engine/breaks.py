"""The days between which no rule and no period of a criterion begins or ends."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right

from evaluator.rulebook.ast import Ruleset

Stretch = tuple[int, int]
# So many pairs of dates are remembered.
MAX_DATES = 4096


def break_days(ruleset: Ruleset) -> list[dt.date]:
    """Every day on which something starts to count or has ceased to; between two nothing changes."""
    one = dt.timedelta(days=1)
    days: set[dt.date] = set()
    for criterion in ruleset.criteria.values():
        for p in criterion.periods:
            days.add(p.start)
            if p.end is not None and p.end < dt.date.max:
                days.add(p.end + one)
            if p.accepted_before is not None:
                days.add(p.accepted_before)
    for rule in ruleset.rules.values():
        if rule.start is not None:
            days.add(rule.start)
        if rule.end is not None and rule.end < dt.date.max:
            days.add(rule.end + one)
    return sorted(days)


class Stretches:
    """Where two dates lie among the days on which nothing begins or ends: equal pairs, equal law."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._breaks = break_days(ruleset)
        self._known: dict[tuple[dt.date, dt.date], Stretch] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, as_of: dt.date, submitted_on: dt.date) -> Stretch:
        """The stretch of the day judged as of, and of the day of acceptance."""
        dates = as_of, submitted_on
        known = self._known.get(dates)
        if known is None:
            if len(self._known) >= MAX_DATES:
                self._known.clear()
            known = bisect_right(self._breaks, as_of), bisect_right(self._breaks, submitted_on)
            self._known[dates] = known
        return known


def widened(days: tuple[dt.date, dt.date], ruleset: Ruleset) -> tuple[dt.date, dt.date]:
    """A first and last day moved apart as far as nothing begins or ends in between."""
    breaks = [dt.date.min, *break_days(ruleset), dt.date.max]
    first, last = days
    after = breaks[min(bisect_right(breaks, last), len(breaks) - 1)]
    end = after if after == dt.date.max else after - dt.timedelta(days=1)
    return breaks[bisect_right(breaks, first) - 1], end


def boundaries(ruleset: Ruleset, since: dt.date) -> tuple[dt.date, ...]:
    """``since`` and every later day on which a rule or criterion value comes in force or ends."""
    day = dt.timedelta(days=1)
    days = {since}
    for period in (p for c in ruleset.criteria.values() for p in c.periods):
        days.add(period.start)
        days.update([period.end + day] if period.end else [])
    for rule in ruleset.rules.values():
        days.update([rule.start] if rule.start else [])
        days.update([rule.end + day] if rule.end else [])
    return tuple(sorted(d for d in days if d >= since))
