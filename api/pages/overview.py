"""总览: verdicts, reasons, rules and rates over all projects."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.body import parse_day
from api.pages.errors import PageRoute
from api.pages.render import page
from api.pages.session import entitled, today
from api.routes.stateless import CurrentJudge
from api.security import store_of
from api.store import commitments, review, statistics
from api.store.core import Store
from api.tables_review import Task
from evaluator.rulebook.ast import Ruleset

__all__ = ["router"]

router = APIRouter(include_in_schema=False, route_class=PageRoute)


def _lights(store: Store, session: Session, ruleset: Ruleset) -> dict[str, Counter[str]]:
    """Waiting review tasks by department and light."""
    query = (
        select(Task.department, Task.state, Task.due_on, func.count())
        .where(Task.state.in_(review.WAITING))
        .group_by(Task.department, Task.state, Task.due_on)
    )
    out: dict[str, Counter[str]] = {}
    for department, state, due_on, number in session.execute(query):
        light = review.light(state, due_on, today(), store.calendar)
        if light:
            out.setdefault(ruleset.registry.department(department), Counter())[light] += number
    return out


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
        lights = _lights(store, session, ruleset)
    totals = [
        sum(getattr(c, k) for c in groups["month"]) for k in ("passed", "referred", "rejected")
    ]
    return page(
        request, "overview.html", groups=groups, reasons=reasons, unhit=unhit, overridden=overridden,
        rates=rates, lights=lights, totals=totals, start=start, end=end,
    )  # fmt: skip
