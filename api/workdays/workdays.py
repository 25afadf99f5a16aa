"""Working days in China: weekends, public holidays, and weekends worked instead.

The holiday arrangements that the State Council publishes each November come with the package
``chinesecalendar``, or from a file of the office (``holidays``), which wins. Until a year's
arrangement is there its days are counted by weekends and the statutory holidays of fixed date alone,
and ``is_estimated`` says of a stretch of days that it was counted so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

import chinese_calendar

FIRST, LAST = min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year
# 全国年节及纪念日放假办法 as of 2025; the holidays that move with the lunar year are not among them.
FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
# A New Year's holiday and the days worked for it may begin in the week before, and it is the new
# year's arrangement that says so.
UNSETTLED_FROM = (12, 26)
PUBLISHED_IN = 11  # The month in which the next year's arrangement is published.


@dataclass(frozen=True, slots=True)
class YearPlan:
    """The arrangement of one year: days off, weekend days worked instead, and who said so."""

    year: int
    source: str
    off: frozenset[dt.date]
    on: frozenset[dt.date]


class WorkCalendar:
    """Counts working days.

    ``plans`` are whole years' arrangements; ``off`` and ``on`` are single dates that override all.
    """

    def __init__(
        self,
        off: Iterable[dt.date] = (),
        on: Iterable[dt.date] = (),
        plans: Iterable[YearPlan] = (),
    ) -> None:
        self.plans = {p.year: p for p in plans}
        self._off, self._on = frozenset(off), frozenset(on)
        self._planned_off = frozenset(d for p in self.plans.values() for d in p.off)
        self._planned_on = frozenset(d for p in self.plans.values() for d in p.on)
        self._years: dict[int, tuple[int, ...]] = {}

    def source_of(self, year: int) -> str | None:
        """Where the arrangement of ``year`` comes from; None where there is none yet."""
        if year in self.plans:
            return self.plans[year].source
        return "chinesecalendar" if FIRST <= year <= LAST else None

    def is_settled(self, day: dt.date) -> bool:
        """Whether it is known for good whether offices work on ``day``."""
        if day in self._off or day in self._on:
            return True
        late = (day.month, day.day) >= UNSETTLED_FROM
        years = (day.year, day.year + 1) if late else (day.year,)
        return all(self.source_of(y) is not None for y in years)

    def awaited(self, today: dt.date) -> int | None:
        """The year whose arrangement should be there on ``today`` and is not.

        From November on the next year's should, which is when the State Council publishes it.
        """
        years = range(today.year, today.year + (2 if today.month >= PUBLISHED_IN else 1))
        return next((y for y in years if self.source_of(y) is None), None)

    def is_estimated(self, start: dt.date, end: dt.date) -> bool:
        """Whether one of the days after ``start`` up to ``end`` is not settled."""
        days = (end - start).days
        return not all(self.is_settled(start + dt.timedelta(days=n)) for n in range(1, days + 1))

    def is_workday(self, day: dt.date) -> bool:
        """Whether offices work on ``day``, as far as is known."""
        if day in self._off:
            return False
        if day in self._on:
            return True
        if day in self._planned_off:
            return False
        if day in self._planned_on:
            return True
        if day.year not in self.plans and FIRST <= day.year <= LAST:
            return bool(chinese_calendar.is_workday(day))
        fixed = day.year not in self.plans and (day.month, day.day) in FIXED
        return day.weekday() < 5 and not fixed

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
        whole = sum(self._sums(year)[-1] for year in range(start.year, end.year))
        return whole + self._upto(end) - self._upto(start)

    def _upto(self, day: dt.date) -> int:
        """Working days of the year up to and with ``day``."""
        return self._sums(day.year)[(day - dt.date(day.year, 1, 1)).days]

    def _sums(self, year: int) -> tuple[int, ...]:
        # A list of overdue tasks asks for the same years again and again.
        if year not in self._years:
            first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
            works = (
                self.is_workday(first + dt.timedelta(n)) for n in range((last - first).days + 1)
            )
            self._years[year] = tuple(accumulate(works))
        return self._years[year]
