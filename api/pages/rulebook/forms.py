"""修改: a standard's value, a rule's effect, departments, wording and period, without YAML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api import jobs
from api.access.security import settings_of, store_of
from api.errors import Invalid
from api.filters import find_part
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import EFFECTS
from api.store.proposals import drafting, forms
from api.store.proposals.forms import NEW, Basis, Proposed, StandardGiven
from api.store.work import Actor
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.amend.rule import Given
from evaluator.rulebook.ast import Rule
from evaluator.rulebook.criteria import Criterion, Row
from evaluator.values.numbers import exact_text

router = APIRouter(include_in_schema=False, route_class=PageRoute)
TEXTS = ("title", "message", "remedy", "note")
NAMES = {
    "title": "名称",
    "effect": "不符合的处置",
    "departments": "责任部门",
    "message": "提示语",
    "remedy": "怎样补正",
    "note": "说明",
    "from": "起始日期",
    "until": "截止日期",
}


def basis_of(request: Request) -> Basis:
    with store_of(request).db.read() as session:
        return forms.basis(session, settings_of(request).root)


def drafted(request: Request, actor: Actor, found: Basis, made: Proposed) -> Response:
    """The proposal, and the way to it."""
    root = settings_of(request).root
    with store_of(request).work(actor, request_id.get()) as work:
        forms.unchanged_since(work.session, found, root)
        number = drafting.create(work, made.title, made.reason, root, made.text).id
    jobs.wake(request)
    return RedirectResponse(f"/proposals/{number}", 303)


def typed_in(form: Any) -> dict[str, str]:
    return {k: str(v).strip()[:5000] for k, v in form.items() if isinstance(v, str)}


# --- a standard -----------------------------------------------------------------------------------


@router.get("/criteria/{criterion_id}/edit")
def standard(request: Request, criterion_id: str) -> Response:
    """The form of a standard's new value."""
    actor = entitled(request, "proposal.draft")
    found = basis_of(request)
    criterion = find_part("准入标准", criterion_id, found.ruleset.criteria)
    start = forms.next_month(today())
    given = {
        "start": start.isoformat(),
        "source": NEW,
        "read_by": actor.display_name,
    }
    return _standard_page(request, found, criterion, given)


def _standard_page(
    request: Request,
    found: Basis,
    criterion: Criterion,
    given: Mapping[str, str],
    wrong: Invalid | None = None,
) -> Response:
    try:
        start = dt.date.fromisoformat(given.get("start", ""))
    except ValueError:
        start = forms.next_month(today())
    cannot = ""
    rows: tuple[Row, ...] = ()
    try:
        rows = forms.rows_on(criterion, start)
    except Invalid as error:
        cannot = error.detail
    registry = found.ruleset.registry
    views = [
        (
            row.number,
            "；".join(registry.row_words(d, ws) for d, ws in row.keys.items()) or "全部",
            given.get(f"value-{row.number}") or exact_text(row.value),
            row.unit.name if row.unit and row.unit.name != "1" else "",
            row.provenance.source.citation(row.provenance.clause),
        )
        for row in rows
    ]
    return page(
        request,
        "standard_form.html",
        422 if wrong else 200,
        criterion=criterion,
        rows=views,
        cannot=cannot,
        given=given,
        wrong=wrong,
        sources=found.ruleset.sources,
        new=NEW,
    )


@router.post("/criteria/{criterion_id}/edit")
def change_standard(request: Request, form: Form, criterion_id: str) -> Response:
    """The form as a proposal; or again, with what is wrong with it."""
    actor = entitled(request, "proposal.draft")
    typed, found = typed_in(form), basis_of(request)
    criterion = find_part("准入标准", criterion_id, found.ruleset.criteria)
    values = {
        int(k.removeprefix("value-")): v
        for k, v in typed.items()
        if k.startswith("value-") and k.removeprefix("value-").isdecimal() and len(k) < 16
    }
    given = StandardGiven(
        start=typed.get("start", ""),
        values=values,
        source=typed.get("source", ""),
        title=typed.get("title", "")[:300],
        number=typed.get("number", "")[:100],
        clause=typed.get("clause", "")[:200],
        verified="verified" in typed,
        read_by=typed.get("read_by", "")[:100],
        reason=typed.get("reason", ""),
        correction=typed.get("correction", "")[:500] if typed.get("kind") == "correction" else "",
    )
    try:
        if typed.get("kind") == "correction" and not given.correction:
            raise Invalid("correction", "请写明以前怎样读错了")
        made = forms.propose_standard(found, criterion, given, today())
    except Invalid as error:
        return _standard_page(request, found, criterion, typed, error)
    return drafted(request, actor, found, made)


# --- a rule ---------------------------------------------------------------------------------------


@router.get("/rules/{rule_id}/edit")
def rule(request: Request, rule_id: str) -> Response:
    """The form of a rule."""
    entitled(request, "proposal.draft")
    found = basis_of(request)
    shown = find_part("规则", rule_id, found.ruleset.rules)
    given = {k: _text(_now(shown)[k]) for k in NAMES if k != "departments"}
    return _rule_page(request, found, shown, given, shown.departments)


def _now(shown: Rule) -> dict[str, Given]:
    return {
        "title": shown.title,
        "effect": shown.effect.value,
        "departments": shown.departments,
        "message": shown.message,
        "remedy": shown.remedy,
        "note": shown.note,
        "from": shown.start,
        "until": shown.end,
    }


def _text(value: Given) -> str:
    return "" if value is None else str(value)


def _rule_page(
    request: Request,
    found: Basis,
    shown: Rule,
    given: Mapping[str, str],
    departments: tuple[str, ...],
    wrong: Invalid | None = None,
) -> Response:
    return page(
        request,
        "rule_form.html",
        422 if wrong else 200,
        rule=shown,
        given=given,
        chosen=departments,
        departments=found.ruleset.registry.departments,
        effects=EFFECTS,
        wrong=wrong,
        today=today().isoformat(),
    )


@router.post("/rules/{rule_id}/edit")
def change_rule(request: Request, form: Form, rule_id: str) -> Response:
    """The form as a proposal; or again, with what is wrong with it."""
    actor = entitled(request, "proposal.draft")
    typed, found = typed_in(form), basis_of(request)
    shown = find_part("规则", rule_id, found.ruleset.rules)
    listed = [str(d) for d in form.getlist("departments")]
    # Those that stay keep their order: the first is the one that leads.
    chosen = tuple(sorted(dict.fromkeys(listed), key=lambda d: _rank(d, shown.departments)))
    try:
        wanted: dict[str, Given] = {k: typed.get(k) or None for k in TEXTS}
        wanted["effect"] = typed.get("effect") if typed.get("effect") in EFFECTS else None
        wanted["departments"] = chosen
        for key in ("from", "until"):
            text = typed.get(key, "")
            wanted[key] = forms.day_of(key, text) if text else None
        for key in ("title", "effect", "departments"):
            if not wanted[key]:
                raise Invalid(key, f"{NAMES[key]}不能空着")
        unknown = [d for d in chosen if d not in found.ruleset.registry.departments]
        if unknown:
            raise Invalid("departments", "没有这个部门")
        now = _now(shown)
        changes = {k: v for k, v in wanted.items() if v != now[k]}
        what = "、".join(NAMES[k] for k in changes)
        made = forms.propose_rule(found, shown, changes, what, typed.get("reason", ""))
    except Invalid as error:
        return _rule_page(request, found, shown, typed, chosen, error)
    return drafted(request, actor, found, made)


def _rank(department: str, before: tuple[str, ...]) -> int:
    return before.index(department) if department in before else len(before)
