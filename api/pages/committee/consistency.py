"""前后一致: refused projects that are no worse than admitted ones, with both reasons."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.judging.current import ReadingJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.store.review.consistency import MAX_PROJECTS, consistency

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/consistency")
def pairs(request: Request, judge: ReadingJudge) -> Response:
    """The pairs, newest first."""
    entitled(request, "consistency")
    ruleset = judge.ruleset
    with store_of(request).db.read() as session:
        found = consistency(session, ruleset)
    titles = {r.id: r.title for r in ruleset.rules.values()}
    titles |= {c.id: c.title for c in ruleset.scorecards.values()}
    return page(
        request, "consistency.html", found=found, titles=titles, most=MAX_PROJECTS, ruleset=ruleset
    )
