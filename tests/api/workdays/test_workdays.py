"""Working days: public holidays, weekends worked instead, years not known yet."""

from __future__ import annotations

import datetime as dt

import pytest

from api.store.review.tasks import light
from api.workdays.workdays import WorkCalendar

D = dt.date


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (D(2026, 10, 1), False),
        (D(2026, 10, 7), False),
        (D(2026, 10, 8), True),
        (D(2026, 10, 10), True),  # a Saturday worked instead
        (D(2026, 2, 17), False),  # Spring Festival
        (D(2026, 11, 24), True),
        (D(2026, 11, 28), False),
        (D(2040, 10, 1), False),
        (D(2040, 10, 4), True),
    ],
)
def test_workdays(day: dt.date, works: bool) -> None:
    assert WorkCalendar().is_workday(day) is works


def test_a_due_date_skips_the_golden_week() -> None:
    # 2026-09-29 and 30, then 8 and 9 October, then Saturday the 10th, worked instead.
    assert WorkCalendar().add(D(2026, 9, 28), 5) == D(2026, 10, 10)
    assert WorkCalendar().add(D(2026, 9, 28), 0) == D(2026, 9, 28)


def test_days_set_by_hand_win() -> None:
    calendar = WorkCalendar(off=[D(2026, 11, 25)], on=[D(2026, 11, 28)])
    assert not calendar.is_workday(D(2026, 11, 25))
    assert calendar.is_workday(D(2026, 11, 28))
    assert calendar.add(D(2026, 11, 24), 1) == D(2026, 11, 26)


def test_between_is_the_inverse_of_add() -> None:
    calendar = WorkCalendar()
    start = D(2026, 9, 1)
    for workdays in range(40):
        assert calendar.between(start, calendar.add(start, workdays)) == workdays
    assert calendar.between(D(2026, 10, 8), D(2026, 9, 30)) == -1


@pytest.mark.parametrize(
    ("state", "today", "colour"),
    [
        ("open", D(2026, 11, 16), "green"),
        ("open", D(2026, 11, 19), "yellow"),
        ("open", D(2026, 11, 23), "yellow"),
        ("open", D(2026, 11, 24), "red"),
        ("supplement", D(2026, 11, 24), "grey"),
        ("done", D(2026, 11, 24), None),
    ],
)
def test_lights_by_time_left(state: str, today: dt.date, colour: str | None) -> None:
    assert light(state, D(2026, 11, 23), today, WorkCalendar()) == colour
