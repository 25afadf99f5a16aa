"""Drafts, and submitting for a 受理编号."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from api.access.security import store_of
from api.errors import Changed, Conflict, Invalid, Missing
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.pages.assess import origins
from api.pages.assess.dossier_form import Filled, Mistake, fill, raw_of, typed_of
from api.pages.assess.posted import (
    ABOUT,
    Keeping,
    form_page,
    keeping_of,
    profile_of,
    stage_of,
    texts_of,
)
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import environment, page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import chinese_time
from api.store.projects import decisions, drafts, lookup, submissions
from api.store.projects.acceptance import Days
from api.store.projects.submissions import Submission
from api.store.service import facts
from api.store.service.facts import CODE, FACTS
from api.transport.parameters import Id, Number, parse_day
from api.transport.problems import ProblemError
from api.transport.seen import Seen, seen_in
from api.transport.telemetry import judged, request_id

DAYS = tuple(f.name for f in fields(Days))
router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/assess/submit")
def submit(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """Submit what was checked over; the same page sent twice is received once."""
    actor = entitled(request, "submit")
    keep = keeping_of(form)
    profile = profile_of(request, judge, form)
    key = str(form.get("once", ""))[:100] or None
    dossier = profile.to_dict(judge.ruleset.registry)
    seen = seen_in(form) if keep.number else None
    stage = None if keep.number else stage_of(judge, form)
    asked = Submission(
        dossier,
        keep.number or None,
        key,
        _days(form),
        seen,
        stage=stage,
        origins=_origins(form, judge),
        facts=keep.about,
    )
    store = store_of(request)
    try:
        receipt = submissions.submit(store, actor, asked, request_id.get())
    except Changed as changed:
        return _again(request, judge, form, "；".join((str(changed), *changed.changes)))
    except (Conflict, Invalid) as refusal:
        if not keep.about:
            raise
        said = refusal.detail if isinstance(refusal, Invalid) else str(refusal)
        return _again(request, judge, form, said, f"{ABOUT}{CODE}")
    if not receipt.repeated:
        judged(receipt.data["verdict"])
        if keep.draft is not None:
            _discard(request, keep.draft)
    return RedirectResponse(f"/decisions/{receipt.data['decision']}?received=1", 303)


def _origins(form: FormData, judge: Judge) -> dict[str, dict[str, str]]:
    typed = fill(texts_of(form), judge.ruleset.registry).typed
    return origins.told(origins.carried(form), typed)


def _again(
    request: Request, judge: Judge, form: FormData, told: str, at: str = "project_name"
) -> Response:
    """The form with all that was typed, on the project as it now is, and what happened to it."""
    keep, actor = keeping_of(form), entitled(request, "submit")
    seen = ""
    if keep.number:
        with store_of(request).db.read() as session:
            seen = str(lookup.seen(session, actor, keep.number))
    typed = fill(texts_of(form), judge.ruleset.registry).typed
    filled = Filled(typed, None, [Mistake(at, "这个项目", told)])
    came = origins.carried(form)
    return form_page(request, judge, filled, 409, keep=replace(keep, seen=seen), origins=came)


def _days(form: FormData) -> Days:
    """What an official fills in beside the dossier."""
    text = {n: str(form.get(n, "")).strip() for n in DAYS}
    return Days(
        received_on=parse_day(text["received_on"] or None, "received_on"),
        received_note=text["received_note"][:200],
        as_of=parse_day(text["as_of"] or None, "as_of"),
        as_of_reason=text["as_of_reason"][:2000],
    )


def _discard(request: Request, draft_id: int, seen: Seen | None = None) -> None:
    """Throw a draft away (a submitted one as it is); that it is gone already is no matter."""
    actor = entitled(request, "draft")
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            drafts.discard(work, draft_id, seen)
    except Missing:
        return


@router.post("/drafts/save")
def save(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """Keep the form as it is typed."""
    actor = entitled(request, "draft")
    keep = keeping_of(form)
    filled = fill(texts_of(form), judge.ruleset.registry)
    raw = raw_of(filled.typed, judge.ruleset.registry)
    came = origins.told(origins.carried(form), filled.typed)
    with store_of(request).work(actor, request_id.get()) as work:
        if keep.draft is None:
            draft = drafts.create(work, raw, keep.number or None, came, keep.about)
        else:
            draft = drafts.save(work, keep.draft, raw, keep.revision, came, keep.about)
    return RedirectResponse(f"/drafts/{draft.id}?saved=1", 303)


@router.post("/drafts/auto")
def keep_quietly(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """Keep the form while it is being typed; a fragment with the draft's new revision."""
    actor = entitled(request, "draft")
    keep = keeping_of(form)
    filled = fill(texts_of(form), judge.ruleset.registry)
    raw = raw_of(filled.typed, judge.ruleset.registry)
    came = origins.told(origins.carried(form), filled.typed)
    store, told = store_of(request), ""
    try:
        with store.work(actor, request_id.get()) as work:
            if keep.draft is None:
                draft = drafts.create(work, raw, keep.number or None, came, keep.about)
            else:
                draft = drafts.save(work, keep.draft, raw, keep.revision, came, keep.about)
        keep = Keeping(draft.id, draft.revision, keep.number, keep.seen)
        told = f"草稿已自动保存，{chinese_time(draft.updated_at)}"
    except (Conflict, Missing):
        told = "草稿没有自动保存：它已在别处修改或丢弃。请点“保存草稿”前先核对"
        keep = Keeping(None, 0, keep.number, keep.seen)
    text = environment().get_template("kept.html").render(keep=keep, told=told)
    return Response(text, media_type="text/html; charset=utf-8")


@router.get("/drafts/{draft_id}")
def resume(
    request: Request,
    judge: CurrentJudge,
    draft_id: Id,
    saved: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """Go on with a draft."""
    actor = entitled(request, "draft")
    with store_of(request).db.read() as session:
        draft = drafts.get(session, actor, draft_id)
        came = drafts.origins_of(session, actor, draft_id)
        about = drafts.facts_of(session, actor, draft_id)
        seen = str(lookup.seen(session, actor, draft.number)) if draft.number else ""
    typed = typed_of(draft.dossier, judge.ruleset.registry)
    keep = Keeping(draft.id, draft.revision, draft.number or "", seen, about=about)
    packed = {n: origins.packed(o) for n, o in came.items()}
    return form_page(request, judge, Filled(typed), keep=keep, saved=bool(saved), origins=packed)


@router.get("/drafts/{draft_id}/discard")
def ask(request: Request, draft_id: Id) -> Response:
    """Whether the draft is really to be thrown away."""
    actor = entitled(request, "draft")
    with store_of(request).db.read() as session:
        draft = drafts.get(session, actor, draft_id)
    return page(request, "discard.html", draft=draft)


@router.post("/drafts/{draft_id}/discard")
def discard(request: Request, form: Form, draft_id: Id) -> Response:
    """Throw a draft away."""
    _discard(request, draft_id, seen_in(form))
    return RedirectResponse("/projects", 303)


@router.get("/projects/{number}/edit")
def amend(request: Request, judge: CurrentJudge, number: Number) -> Response:
    """The newest dossier of a project, to be supplemented."""
    actor = entitled(request, "submit")
    store = store_of(request)
    with store.db.read() as session:
        project = lookup.get(session, actor, number)
        seen = str(lookup.seen(session, actor, number))
        view = decisions.get(session, store.rulesets, actor, project.decision)
        known = facts.of_project(session, actor, number)
    if not view.whole:
        raise ProblemError(403, "只有申报人和委员会可以补正申报材料。")
    about = {n: text for n in (CODE, *FACTS) if (text := getattr(known, n))}
    typed = typed_of(view.dossier, judge.ruleset.registry)
    return form_page(
        request, judge, Filled(typed), keep=Keeping(number=number, seen=seen, about=about)
    )
