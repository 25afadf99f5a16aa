"""What a project promised, and what was really done."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from api.access.security import store_of
from api.errors import Changed, Conflict, Invalid
from api.pages.committee.decision_page import KINDS, Refused, decision_page
from api.pages.frame.errors import PageRoute
from api.pages.frame.session import Form, entitled
from api.store.projects import lookup
from api.store.promises import commitments
from api.store.promises.commitments import Promise
from api.store.work import Actor
from api.transport.parameters import Id, Number
from api.transport.seen import seen_in
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)


def _day(given: dict[str, str], name: str) -> dt.date:
    try:
        return dt.date.fromisoformat(given[name])
    except ValueError:
        raise Invalid(name, "请填写日期，如 2026-12-31") from None


def _given(form: FormData, *names: str) -> dict[str, str]:
    return {name: str(form.get(name, "")).strip()[:2000] for name in names}


def _decision(request: Request, actor: Actor, number: str) -> int:
    with store_of(request).db.read() as session:
        return lookup.get(session, actor, number).decision


@router.post("/projects/{number}/promise")
def promise(request: Request, form: Form, number: Number) -> Response:
    """Record one promise; refused, the form keeps what was typed."""
    actor = entitled(request, "commitment.manage")
    given, seen = _given(form, "kind", "due_on", "promised"), seen_in(form)
    decision = _decision(request, actor, number)
    try:
        if given["kind"] not in KINDS:
            raise Invalid("kind", "请选择承诺的事项")
        amount = given["promised"].replace(",", "") or None
        wanted = Promise(given["kind"], _day(given, "due_on"), amount)
        with store_of(request).work(actor, request_id.get()) as work:
            commitments.promise(work, number, (wanted,), seen)
    except Changed:
        raise
    except Conflict as conflict:
        refused = Refused("kind", str(conflict), given, "promise")
        return decision_page(request, actor, decision, 409, refused)
    except Invalid as error:
        field = error.field.rpartition("/")[2]
        refused = Refused(field, error.detail, given, "promise")
        return decision_page(request, actor, decision, 422, refused)
    return RedirectResponse(f"/decisions/{decision}?done=promised#promises", 303)


@router.post("/projects/{number}/promises/{commitment_id}/report")
def report(request: Request, form: Form, number: Number, commitment_id: Id) -> Response:
    """Report what was done on a date, or reached by it; refused, the form keeps what was typed."""
    actor = entitled(request, "commitment.report")
    given, seen = _given(form, "value", "on_date", "note"), seen_in(form)
    decision = _decision(request, actor, number)
    try:
        value = given["value"].replace(",", "") or None
        day = _day(given, "on_date")
        with store_of(request).work(actor, request_id.get()) as work:
            commitments.report(work, commitment_id, day, value, given["note"], seen)
    except Invalid as error:
        refused = Refused(error.field, error.detail, given, f"report{commitment_id}")
        return decision_page(request, actor, decision, 422, refused)
    return RedirectResponse(f"/decisions/{decision}?done=reported#promises", 303)
