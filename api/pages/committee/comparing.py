"""Two decisions side by side: two versions, two sites, two projects; what differs and what that did."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.access.security import store_of
from api.pages.committee.decision_page import case_at
from api.pages.committee.heads import shown_value
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.store.projects import decisions, lookup
from api.store.projects.changes import changed_fields, moved_findings
from api.store.work import Actor
from api.transport.problems import ProblemError
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Which = Annotated[str, Query(max_length=40)]


@router.get("/compare")
def compare(request: Request, a: Which = "", b: Which = "") -> Response:
    """Which fields and findings of two decisions differ; each by its number or its project's."""
    actor = entitled(request, "read")
    store = store_of(request)
    with store.db.read() as session:
        both = []
        for asked in (a, b):
            found = _decision(session, actor, asked)
            both.append(case_at(store, session, actor, found) if found else None)
        versions = lookup.versions(session, actor, both[0][0].number) if both[0] else ()
    for one in both:
        if one is not None and not one[0].whole:
            raise ProblemError(403, "比较涉及其他部门负责的内容，不在您的查看范围内。")
        if one is not None:
            decisions.log_read(store, actor, one[0].id, "compare", request_id.get())
    left, right = both
    differ: dict[str, Any] | None = None
    if left and right:
        # By the registry of the second: a field that it no longer has cannot differ in its words.
        registry = right[1].ruleset.registry
        differ = {
            "fields": [
                {"label": f["label"], **{k: shown_value(registry, f["field"], f[k]) for k in ENDS}}
                for f in changed_fields(left[0].dossier, right[0].dossier, registry)
            ],
            "findings": moved_findings(left[0].result, right[0].result),
        }
    return page(
        request,
        "compare.html",
        left=left,
        right=right,
        differ=differ,
        versions=versions,
        a=a,
        b=b,
    )


ENDS = ("from", "to")


def _decision(session: Session, actor: Actor, asked: str) -> int | None:
    text = asked.strip()
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 16:
        return int(text)
    return lookup.get(session, actor, text.upper()).decision
