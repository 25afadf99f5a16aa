"""The calendar day in China, by which everything here is counted: deadlines, effective dates, years."""

from __future__ import annotations

import datetime as dt

CHINA = dt.timezone(dt.timedelta(hours=8))


def china_day(now: dt.datetime) -> dt.date:
    """The day in China at a moment."""
    return now.astimezone(CHINA).date()


def today() -> dt.date:
    """The day in China now."""
    return dt.datetime.now(CHINA).date()
