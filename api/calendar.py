"""Working days in China: weekends, public holidays, and weekends worked instead.

The holiday arrangements that the State Council publishes each November come with the package
``chinesecalendar``. A year it does not know yet is counted by weekends and the statutory holidays of
fixed date alone, and ``is_known`` says so; ``extra`` (a setting) adds or takes away days at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import chinese_calendar

__all__ = ["WorkCalendar"]

FIRST, LAST = min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year
FIXED = {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}


class WorkCalendar:
    """Counts working days. ``off`` and ``on`` are dates that override what is known."""

    def __init__(self, off: Iterable[dt.date] = (), on: Iterable[dt.date] = ()) -> None:
        self._off = frozenset(off)
        self._on = frozenset(on)

    @staticmethod
    def is_known(year: int) -> bool:
        """Whether the official arrangement of that year is known."""
        return bool(FIRST <= year <= LAST)

    def is_workday(self, day: dt.date) -> bool:
        """Whether offices work on ``day``."""
        if day in self._off:
            return False
        if day in self._on:
            return True
        if self.is_known(day.year):
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5 and (day.month, day.day) not in FIXED

    def add(self, day: dt.date, workdays: int) -> dt.date:
        """The date ``workdays`` working days after ``day``; the day itself does not count."""
        if workdays < 0:
            raise ValueError("workdays must not be negative")
        while workdays > 0:
            day += dt.timedelta(days=1)
            if self.is_workday(day):
                workdays -= 1
        return day

    def between(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start`` up to and with ``end``; negative where ``end`` is earlier."""
        if end < start:
            return -self.between(end, start)
        days = (end - start).days
        return sum(self.is_workday(start + dt.timedelta(days=n)) for n in range(1, days + 1))
