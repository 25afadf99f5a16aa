"""总览: verdicts, reasons, rules and rates over all projects."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.body import parse_day
from api.pages.errors import PageRoute
from api.pages.render import page
from api.pages.session import entitled, today
from api.routes.stateless import CurrentJudge
from api.security import allowed, store_of
from api.store import commitments, review, statistics

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/overview")
def overview(
    request: Request, judge: CurrentJudge,
    start: Annotated[str, Query(alias="from", max_length=10)] = "",
    end: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> Response:  # fmt: skip
    """Counts over the projects accepted within a period."""
    actor = entitled(request, "statistics")
    store, ruleset = store_of(request), judge.ruleset
    first, last = parse_day(start or None, "from"), parse_day(end or None, "to")
    with store.db.read() as session:
        groups = {
            by: statistics.verdicts(session, by, ruleset, first, last)
            for by in ("month", "industry", "department")
        }
        reasons = statistics.top_reasons(session, ruleset, first, last, 15)
        unhit = statistics.unhit_rules(session, ruleset)
        overridden = statistics.overridden_rules(session, ruleset)
        rates = commitments.rates(session, actor, today(), start=first, end=last)
        waiting = (
            review.tasks(session, actor, store.calendar, today(), limit=10_000)
            if allowed(actor, "review.read") else ()
        )  # fmt: skip
    lights: dict[str, Counter[str]] = {}
    for task in waiting:
        if task.light:
            lights.setdefault(ruleset.registry.department(task.department), Counter())[
                task.light
            ] += 1
    totals = [
        sum(getattr(c, k) for c in groups["month"]) for k in ("passed", "referred", "rejected")
    ]
    return page(
        request, "overview.html", groups=groups, reasons=reasons, unhit=unhit, overridden=overridden,
        rates=rates, lights=lights, totals=totals, start=start, end=end,
    )  # fmt: skip
