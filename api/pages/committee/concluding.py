"""The committee's conclusion: the act, and the letter that tells it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from api.access.security import store_of
from api.errors import Changed, Conflict, Invalid
from api.pages.assess.opinion import DOCX
from api.pages.committee.decision_page import CONDITION_ROWS, Refused, case_at, decision_page
from api.pages.committee.letter import TITLES, letter_context, letter_docx
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import OUTCOMES
from api.store.projects import decisions
from api.store.review import conclusions
from api.store.review.outcomes import Concluding, Condition
from api.store.work import Actor
from api.transport.answers import download
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import request_id

router = APIRouter(include_in_schema=False, route_class=PageRoute)
LONGEST = 5000
TEXTS = (
    "outcome",
    "reason",
    "authority",
    "document_number",
    "body",
    "concluded_on",
    "undecided",
    "silence_reason",
    "revision_reason",
)
CELLS = ("text", "due_on", "department")


def _given(form: FormData) -> dict[str, str]:
    names = [*TEXTS, *(f"conditions.{n}.{c}" for n in range(CONDITION_ROWS) for c in CELLS)]
    return {name: str(form.get(name, "")).strip()[:LONGEST] for name in names}


def _day(text: str, field: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, f"“{text[:20]}”不是日期，请写成 2026-12-31") from None


def _asked(given: dict[str, str]) -> tuple[Concluding, list[int]]:
    """The act, and which row of the form each condition stood in. Raises Invalid."""
    if given["outcome"] not in OUTCOMES:
        raise Invalid("outcome", "请选择一种结论")
    typed = given["undecided"]
    if typed and not (typed.isascii() and typed.isdecimal() and len(typed) < 7):
        raise Invalid("undecided", f"“{typed[:20]}”不是项数，请只输入数字")
    rows = [
        n for n in range(CONDITION_ROWS) if any(given[f"conditions.{n}.{cell}"] for cell in CELLS)
    ]
    conditions = tuple(
        Condition(
            given[f"conditions.{n}.text"],
            _day(given[f"conditions.{n}.due_on"], f"conditions/{n}/due_on"),
            given[f"conditions.{n}.department"],
        )
        for n in rows
    )
    asked = Concluding(
        outcome=given["outcome"],
        reason=given["reason"],
        authority=given["authority"] or None,
        document_number=given["document_number"] or None,
        body=given["body"] or None,
        concluded_on=_day(given["concluded_on"], "concluded_on"),
        undecided=int(typed) if typed else None,
        conditions=conditions,
        silence_reason=given["silence_reason"] or None,
        revision_reason=given["revision_reason"] or None,
    )
    return asked, rows


@router.post("/decisions/{decision_id}/conclude")
def conclude(request: Request, form: Form, decision_id: Id) -> Response:
    """The committee's conclusion, beside the machine's verdict; refused, the form keeps what was typed."""
    actor = entitled(request, "review.conclude")
    given, seen = _given(form), seen_in(form)
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    rows: list[int] = []

    def again(status: int, field: str, text: str) -> Response:
        refused = Refused(field, text, given)
        return decision_page(request, actor, decision_id, status, refused)

    try:
        asked, rows = _asked(given)
        with store.work(actor, request_id.get()) as work:
            conclusions.conclude(work, ruleset, decision_id, seen, asked, store.silence)
    except Changed as changed:
        return again(409, "reason", "；".join((str(changed), *changed.changes)))
    except Conflict as conflict:
        return again(409, "reason", str(conflict))
    except Invalid as error:
        return again(422, *_in_form(error, rows))
    return RedirectResponse(f"/decisions/{decision_id}?done={asked.outcome}", 303)


def _in_form(error: Invalid, rows: list[int]) -> tuple[str, str]:
    """A condition's field and number as they stand in the form: empty rows above it count there."""
    head, _, rest = error.field.partition("/")
    number, _, cell = rest.partition("/")
    if head != "conditions" or not (number.isdecimal() and int(number) < len(rows)):
        return error.field, error.detail
    at = rows[int(number)]
    named = error.detail.replace(f"第 {int(number) + 1} 个条件", f"第 {at + 1} 个条件", 1)
    return f"conditions/{at}/{cell}", named


def _letter(request: Request, actor: Actor, decision_id: int) -> dict[str, Any]:
    """Raises ProblemError 404 without a conclusion, 403 for who does not see the whole."""
    store = store_of(request)
    with store.db.read() as session:
        view, case = case_at(store, session, actor, decision_id)
        made = conclusions.conclusions_of(session, actor, decision_id)
    if not view.whole:
        raise ProblemError(403, "决定书涉及其他部门负责的内容，不在您的查看范围内。")
    if not made:
        raise ProblemError(404, "委员会还没有作结论，没有决定书。")
    decisions.log_read(store, actor, decision_id, "letter", request_id.get())
    before = made[1] if len(made) > 1 else None
    return letter_context(case, made[0], before, view.stage) | {"decision": decision_id}


@router.get("/decisions/{decision_id}/letter")
def letter(request: Request, decision_id: Id) -> Response:
    """The letter for printing."""
    context = _letter(request, entitled(request, "read"), decision_id)
    return page(request, "letter.html", **context)


@router.get("/decisions/{decision_id}/letter.docx")
def letter_file(request: Request, decision_id: Id) -> Response:
    """The letter as a Word file."""
    context = _letter(request, entitled(request, "read"), decision_id)
    number = context["number"]
    named = download(f"{TITLES[context['outcome']]}-{number}.docx", f"letter-{number}.docx")
    head = {"Content-Disposition": named}
    return Response(letter_docx(context), media_type=DOCX, headers=head)
