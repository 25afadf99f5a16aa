"""The sheet for the weekly meeting: one A4 page, every number with its list behind it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.judging.current import ReadingJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import OUTCOMES_BY_STATE, digits, stage_title
from api.store.review.outcomes import STATE_OF
from api.store.review.tasks import YELLOW_WORKDAYS
from api.store.weekly import weekly
from api.workdays.china import today
from evaluator.values.numbers import shown

NAMED = 3  # Departments of one project.
router = APIRouter(include_in_schema=False, route_class=PageRoute)


def yi(value: Fraction) -> str:
    """万元 as 亿元, two digits."""
    return digits(shown(value / 10_000, 2))


def plain(value: Fraction) -> str:
    """A sum with at most two digits."""
    return digits(shown(value, 2))


def _who(names: list[str]) -> str:
    """Who is responsible; many are counted."""
    more = f"等 {len(names)} 个部门" if len(names) > NAMED else ""
    return "、".join(names[:NAMED]) + more


@router.get("/weekly")
def sheet(request: Request, judge: ReadingJudge) -> Response:
    """Red and yellow projects, what is under talks and admitted, against last month."""
    entitled(request, "statistics")
    store, day = store_of(request), today()
    with store.db.read() as session:
        told = weekly(session, day, store.calendar.add(day, YELLOW_WORKDAYS))
    registry = judge.ruleset.registry
    return page(
        request,
        "weekly.html",
        w=told,
        day=day,
        yi=yi,
        plain=plain,
        who=lambda names: _who([registry.department(n) for n in names]),
        stages=[(stage_title(judge.ruleset, s) or "不分环节", n) for s, n in told.stages.items()],
        outcomes=[(k, OUTCOMES_BY_STATE[state]) for k, state in STATE_OF.items()],
        first=day.replace(day=1),
        before=(day.replace(day=1) - dt.timedelta(days=1)).replace(day=1),
        ended=day.replace(day=1) - dt.timedelta(days=1),
    )
