"""What a project promised, and what was really done."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from api.access.security import store_of
from api.pages.frame.errors import PageRoute
from api.pages.frame.session import Form, entitled
from api.store.projects import lookup
from api.store.promises import commitments
from api.store.promises.commitments import AMOUNTS, MILESTONES, Promise
from api.transport.parameters import Id, Number
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
KINDS = {
    **MILESTONES,
    "investment": "投资（万元）",
    "output": "产值（万元/年）",
    "tax": "税收（万元/年）",
    "energy": "能耗（吨标准煤/年）",
}


def _day(form: FormData, name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(form.get(name, "")))
    except ValueError:
        raise ProblemError(422, "请填写日期，如 2026-12-31。") from None


@router.post("/projects/{number}/promise")
def promise(request: Request, form: Form, number: Number) -> Response:
    """Record one promise."""
    actor = entitled(request, "commitment.manage")
    kind = str(form.get("kind", ""))
    if kind not in KINDS:
        raise ProblemError(422, "请选择承诺的事项。")
    amount = str(form.get("promised", "")).strip().replace(",", "") or None
    wanted = Promise(kind, _day(form, "due_on"), amount if kind in AMOUNTS else None)
    seen = seen_in(form)
    with store_of(request).work(actor, request_id.get()) as work:
        commitments.promise(work, number, (wanted,), seen)
        decision = lookup.get(work.session, actor, number).decision
    return RedirectResponse(f"/decisions/{decision}#promises", 303)


@router.post("/projects/{number}/promises/{commitment_id}/report")
def report(request: Request, form: Form, number: Number, commitment_id: Id) -> Response:
    """Report what was done on a date, or reached by it."""
    actor = entitled(request, "commitment.report")
    value = str(form.get("value", "")).strip().replace(",", "") or None
    day, note = _day(form, "on_date"), str(form.get("note", "")).strip()[:2000]
    seen = seen_in(form)
    with store_of(request).work(actor, request_id.get()) as work:
        decision = lookup.get(work.session, actor, number).decision
        commitments.report(work, commitment_id, day, value, note, seen)
    return RedirectResponse(f"/decisions/{decision}#promises", 303)
