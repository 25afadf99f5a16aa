"""标准地协议: the draft as a Word file, signing, amendments with approval, actuals by the same rules."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Annotated, Any

from docxtpl import DocxTemplate
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from jinja2 import Environment, StrictUndefined

from api.access.security import store_of
from api.database.tables import Decision
from api.errors import Changed, Conflict, Invalid
from api.pages.assess.cases import Case
from api.pages.assess.opinion import DOCX
from api.pages.committee.decision_page import KINDS, Refused, case_at, conclusion_at
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import HERE, page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import STATUSES, amount, chinese_date
from api.store import accounts
from api.store.projects import lookup
from api.store.promises import agreements, commitments
from api.store.promises.agreements import AgreementOut, Signing
from api.store.promises.commitments import AMOUNTS, FUNDED, CommitmentOut
from api.store.promises.figures import Figure, figures_of
from api.store.review.conclusions import ConclusionOut
from api.store.review.outcomes import ADMITTED
from api.store.service import facts
from api.store.service.facts import FactsOut
from api.store.work import Actor
from api.transport.answers import download
from api.transport.parameters import Id, Number
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import request_id
from api.workdays.china import today
from evaluator.dossier.dossier import Profile

router = APIRouter(include_in_schema=False, route_class=PageRoute)
# What an agreement sets a day for; signing itself is its own day.
DUE = tuple(k for k in KINDS if k != "signed")
DONE = {
    "signed": "已签订协议，承诺已登记。",
    "asked": "已提出变更，等委员会另一人批准。",
    "approved": "已批准变更，承诺已改。",
    "refused": "没有批准变更，承诺不变。",
}


def _day(text: str, field: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, "请填写日期，如 2026-12-31") from None


def _page(
    request: Request,
    actor: Actor,
    number: str,
    status: int = 200,
    refused: Refused | None = None,
    told: str = "",
) -> Response:
    store = store_of(request)
    with store.db.read() as session:
        project = lookup.get(session, actor, number)
        view, case = case_at(store, session, actor, project.decision)
        if not view.whole:
            raise ProblemError(403, "协议涉及全部材料，不在您的查看范围内。")
        signed = agreements.of_project(session, actor, number)
        made = commitments.of_project(session, actor, number, today())
        decision = session.get_one(Decision, signed.decision if signed else project.decision)
        judge = store.rulesets.past(session, decision.ruleset)
        profile = judge.read_snapshot(commitments.dossier_of(decision))
        reached = {c.kind: c.reports[0].value for c in made if c.kind in AMOUNTS and c.reports}
        checks = agreements.actuals(judge, decision, {k: v for k, v in reached.items() if v})
        seen = str(lookup.seen(session, actor, number))
        people = accounts.display_names(session)
    return page(
        request,
        "agreement.html",
        status,
        project=project,
        signed=signed,
        figures=signed.figures if signed else figures_of(view.result, profile, case.ruleset),
        made=made,
        checks=checks,
        may_sign=project.state in ADMITTED,
        kinds={k: KINDS[k] for k in DUE if k not in {c.kind for c in made}},
        seen=seen,
        people=people,
        me=actor.name,
        statuses=STATUSES,
        refused=refused,
        given=refused.given if refused else {},
        told=told,
        day=today(),
    )


@router.get("/projects/{number}/agreement")
def agreement(
    request: Request, number: Number, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The agreement of a project: the draft's figures, or what was signed and what came of it."""
    return _page(request, entitled(request, "commitment.read"), number, told=DONE.get(done, ""))


@router.get("/projects/{number}/agreement.docx")
def agreement_file(request: Request, number: Number) -> Response:
    """The agreement as a Word file, to be signed on paper."""
    actor, store = entitled(request, "commitment.read"), store_of(request)
    with store.db.read() as session:
        project = lookup.get(session, actor, number)
        view, case = case_at(store, session, actor, project.decision)
        if not view.whole:
            raise ProblemError(403, "协议涉及全部材料，不在您的查看范围内。")
        concluded = conclusion_at(session, actor, view.id)
        if project.state not in ADMITTED or concluded is None:
            raise ProblemError(409, "委员会同意准入或附条件准入以后才有协议。")
        signed = agreements.of_project(session, actor, number)
        made = commitments.of_project(session, actor, number, today())
        known = facts.of_project(session, actor, number)
        profile = store.rulesets.past(session, view.ruleset).read_snapshot(view.dossier)
    context = agreement_context(case, profile, concluded, known, signed, made)
    named = download(f"标准地协议-{number}.docx", f"agreement-{number}.docx")
    head = {"Content-Disposition": named}
    return Response(agreement_docx(context), media_type=DOCX, headers=head)


def agreement_context(
    case: Case,
    profile: Profile,
    concluded: ConclusionOut,
    known: FactsOut,
    signed: AgreementOut | None,
    made: tuple[CommitmentOut, ...],
) -> dict[str, Any]:
    """Everything the agreement says, as texts; ``templates/agreement.docx`` has the words around it."""
    registry = case.ruleset.registry
    listed = signed.figures if signed else figures_of(case.data, profile, case.ruleset)
    standards = [f for f in listed if f.standard]
    return {
        "paper": signed.paper if signed else "（待编）",
        "name": case.title,
        "number": case.origin.number,
        "code": known.national_code or "（待赋码）",
        "enterprise": case.enterprise or "（投资主体）",
        "place": known.place or "（待填）",
        "building": known.building or "（待填）",
        "product": known.product or "（待填）",
        "as_of": chinese_date(case.data["as_of"]),
        "standards": [_row(n, f) for n, f in enumerate(standards, 1)],
        "amounts": [_row(n, f) for n, f in enumerate((f for f in listed if not f.standard), 1)],
        "milestones": [
            {
                "title": c.title,
                "promised": amount(c.promised, c.unit) if c.promised else "—",
                "due": chinese_date(c.due_on),
            }
            for c in made
        ],
        "conditions": [
            {
                "number": n,
                "text": one.text.strip().rstrip("。"),
                "due": chinese_date(one.due_on),
                "department": registry.department(one.department),
            }
            for n, one in enumerate(concluded.conditions, 1)
        ],
        "body": concluded.body or "",
        "on": chinese_date(concluded.concluded_on),
        "signed_on": chinese_date(signed.signed_on) if signed else "    年  月  日",
        "example": any("示例值" in f.basis for f in standards),
    }


def _row(n: int, f: Figure) -> dict[str, Any]:
    return {
        "number": n,
        "title": f.title,
        "committed": f"{f.word} {amount(f.value, f.unit or None)}",
        "standard": f"{f.word} {amount(f.standard, f.unit or None)}" if f.standard else "—",
        "basis": f.basis or "—",
    }


def agreement_docx(context: Mapping[str, Any]) -> bytes:
    """The agreement as a Word file."""
    document = DocxTemplate(HERE / "templates" / "agreement.docx")
    strict = Environment(autoescape=True, undefined=StrictUndefined)
    document.render(dict(context), strict, autoescape=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@router.post("/projects/{number}/agreement")
def sign(request: Request, form: Form, number: Number) -> Response:
    """Sign it; refused, the form keeps what was typed."""
    actor, seen = entitled(request, "commitment.manage"), seen_in(form)
    names = ("paper", "signed_on", "funded", *(f"due.{k}" for k in DUE))
    given = {n: str(form.get(n, "")).strip()[:200] for n in names}
    store = store_of(request)
    try:
        due = {k: _day(given[f"due.{k}"], f"due.{k}") for k in DUE if given[f"due.{k}"]}
        money = given["funded"].replace(",", "") or None
        if money is not None and FUNDED not in due:
            raise Invalid("due.funded", "写了到位资金的数，也要写期限")
        day = _day(given["signed_on"], "signed_on")
        with store.work(actor, request_id.get()) as work:
            decision = lookup.get(work.session, actor, number).decision
            ruleset = work.session.get_one(Decision, decision).ruleset
            judge = store.rulesets.past(work.session, ruleset)
            agreements.sign(work, judge, number, Signing(given["paper"], day, due, money), seen)
    except Changed:
        raise
    except Conflict as conflict:
        return _page(request, actor, number, 409, Refused("paper", str(conflict), given, "sign"))
    except Invalid as error:
        return _page(request, actor, number, 422, Refused(error.field, error.detail, given, "sign"))
    return RedirectResponse(f"/projects/{number}/agreement?done=signed", 303)


@router.post("/projects/{number}/promises/{commitment_id}/amend")
def amend(request: Request, form: Form, number: Number, commitment_id: Id) -> Response:
    """Ask for a commitment to be changed; refused, the form keeps what was typed."""
    actor, seen = entitled(request, "commitment.manage"), seen_in(form)
    given = {n: str(form.get(n, "")).strip()[:2000] for n in ("due_on", "promised", "reason")}
    at = f"amend{commitment_id}"
    try:
        promised = given["promised"].replace(",", "") or None
        with store_of(request).work(actor, request_id.get()) as work:
            day = _day(given["due_on"], "due_on")
            agreements.amend(work, commitment_id, day, promised, given["reason"], seen)
    except Changed:
        raise
    except (Conflict, Invalid) as refusal:
        return _refused(request, actor, number, refusal, given, at)
    return RedirectResponse(f"/projects/{number}/agreement?done=asked", 303)


@router.post("/projects/{number}/amendments/{amendment_id}/decide")
def decide(request: Request, form: Form, number: Number, amendment_id: Id) -> Response:
    """Approve or refuse an amendment; refused, the form keeps what was typed."""
    actor, seen = entitled(request, "commitment.manage"), seen_in(form)
    given = {"note": str(form.get("note", "")).strip()[:2000]}
    approved = form.get("approved") == "1"
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            agreements.decide(work, amendment_id, approved, given["note"], seen)
    except Changed:
        raise
    except (Conflict, Invalid) as refusal:
        return _refused(request, actor, number, refusal, given, f"decide{amendment_id}")
    done = "approved" if approved else "refused"
    return RedirectResponse(f"/projects/{number}/agreement?done={done}", 303)


def _refused(
    request: Request,
    actor: Actor,
    number: str,
    refusal: Conflict | Invalid,
    given: dict[str, str],
    form: str,
) -> Response:
    if isinstance(refusal, Invalid):
        told = Refused(refusal.field, refusal.detail, given, form)
        return _page(request, actor, number, 422, told)
    field = "note" if form.startswith("decide") else "reason"
    return _page(request, actor, number, 409, Refused(field, str(refusal), given, form))
