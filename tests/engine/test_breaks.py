"""Between two break days nothing begins or ends: one look at the calendar holds for all of them."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.engine.breaks import break_days, widened
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.support import ROOT

DAY = dt.timedelta(days=1)
days = st.dates(dt.date(2010, 1, 1), dt.date(2035, 12, 31))


@lru_cache(maxsize=1)
def shipped() -> Ruleset:
    return load_directory(ROOT)


def _in_force(ruleset: Ruleset, as_of: dt.date, submitted_on: dt.date) -> tuple[object, ...]:
    periods = [c.period(as_of, submitted_on) for c in ruleset.criteria.values()]
    return tuple(r.id for r in ruleset.in_force(as_of)), *(p and p.start for p in periods)


@given(days, days, st.data())
def test_a_widened_stretch_has_the_same_rules_and_periods(
    first: dt.date, last: dt.date, data: st.DataObject
) -> None:
    ruleset = shipped()
    low, high = widened((min(first, last), max(first, last)), ruleset)
    assert low <= min(first, last) <= max(first, last) <= high
    inside = [b for b in break_days(ruleset) if low < b <= high]
    assert all(min(first, last) < b <= max(first, last) for b in inside)
    # Up to the first break after ``low`` everything is as on ``low``.
    end = min([b - DAY for b in inside], default=high)
    day = data.draw(st.dates(max(low, dt.date(2000, 1, 1)), min(end, dt.date(2040, 1, 1))))
    start = max(low, dt.date(2000, 1, 1))
    assert _in_force(ruleset, day, day) == _in_force(ruleset, start, start)


@pytest.mark.parametrize("end", [dt.date.min, dt.date.max])
def test_the_ends_of_the_calendar(end: dt.date) -> None:
    low, high = widened((end, end), shipped())
    assert low <= end <= high
