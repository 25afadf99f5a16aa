"""Filling in the form, checking it over, judging it without keeping anything."""

from __future__ import annotations

import datetime as dt
import io
import secrets
from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from api.access.security import allowed, may_compute, store_of
from api.filters import find_stage
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.judging.partly import Unread, readable_dossier
from api.judging.workers import Workers, source_of
from api.pages.assess import cases
from api.pages.assess.bases import base_of, changed, moved
from api.pages.assess.dossier_form import Filled, Mistake, fill, sections, typed_from, typed_of
from api.pages.assess.doubts import doubts
from api.pages.assess.form_check import check_one
from api.pages.assess.industries import found_industries
from api.pages.assess.judged import docx_response, opinion_page, verdict_page, why_page
from api.pages.assess.live import mattering
from api.pages.assess.origins import carried, sentences, still
from api.pages.assess.posted import (
    BASE,
    Keeping,
    form_page,
    keeping_of,
    profile_of,
    stage_of,
    texts_of,
    wrong_about,
)
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import environment, page
from api.pages.frame.session import Form, actor_of, entitled
from api.pages.frame.words import in_words, value_text
from api.store.core import Store
from api.store.projects import decisions, lookup
from api.store.projects.acceptance import OFFICIAL
from api.store.projects.duplicates import Duplicates, Wanted, duplicates
from api.store.service.facts import LABELS
from api.store.work import Actor
from api.transport.answers import download
from api.transport.body import XLSX
from api.transport.problems import ProblemError
from api.workdays.china import today
from evaluator.dossier.dossier import Profile
from evaluator.dossier.template import write_template
from evaluator.problems.errors import DossierError

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/assess")
def blank(
    request: Request,
    judge: CurrentJudge,
    example: Annotated[str, Query(max_length=80)] = "",
    copy: Annotated[str, Query(max_length=40)] = "",
    decision: Annotated[str, Query(max_length=15)] = "",
    stage: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """The empty form; one filled in from a former project; or an example or a stored decision, to be
    tried out with other numbers."""
    typed, at = {"submitted_on": today().isoformat()}, find_stage(judge, stage or None)
    if copy:
        filled = Filled(typed | _copied(request, judge, copy))
        return form_page(request, judge, filled, stage=at)
    base = f"example/{example}" if example else f"decision/{decision}" if decision else ""
    if base:
        typed = typed_from(base_of(request, judge, base), judge.ruleset.registry)
    keep = Keeping(base=base)
    return form_page(request, judge, Filled(typed), keep=keep, blank=not base, stage=at)


@router.get("/assess/industries")
def industry_search(request: Request, q: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Industry codes found by the name of a class or the common word for a product."""
    return page(request, "industries.html", q=q.strip(), found=found_industries(q.strip()))


@router.get("/assess/template.xlsx")
def template(judge: CurrentJudge, example: Annotated[str, Query(max_length=80)] = "") -> Response:
    """The form as a spreadsheet."""
    del example
    if "template" not in judge.kept:
        book = io.BytesIO()
        write_template(judge.ruleset.registry, book)
        judge.kept["template"] = book.getvalue()
    head = {"Content-Disposition": download("项目申报表.xlsx", "dossier-template.xlsx")}
    return Response(judge.kept["template"], media_type=XLSX, headers=head)


@router.post("/assess/upload", dependencies=[Depends(may_compute)])
def upload(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """A filled-in spreadsheet into the form; what is wrong is shown by cell."""
    given = form.get("file")
    if not isinstance(given, UploadFile) or not given.filename:
        wrong = Mistake("file", "申报表文件", "请先选择填好的 .xlsx 申报表，再点“读入”")
        return form_page(request, judge, Filled({}, None, [wrong]), 422)
    name = given.filename.replace("\\", "/").rpartition("/")[2][:80]
    if not name.lower().endswith(".xlsx"):
        wrong = Mistake(
            "file", "申报表文件", f"“{name}”不是 .xlsx 文件。请用下载的申报表填写，另存为 .xlsx"
        )
        return form_page(request, judge, Filled({}, None, [wrong]), 422)
    workers: Workers = request.app.state.workers
    data, registry = given.file.read(), judge.ruleset.registry
    try:
        read = workers.call(source_of(request), readable_dossier, name, data, registry)
    except DossierError as error:
        cells = tuple(Unread(p, "") for p in error.problems)
        return form_page(request, judge, Filled({}), 422, uploaded=name, cells=cells)
    except ProblemError as error:
        if error.status != 422:
            raise
        said = "；".join((error.detail, *(e["detail"] for e in error.errors)))
        wrong = Mistake("file", "申报表文件", said)
        return form_page(request, judge, Filled({}, None, [wrong]), 422)
    # What was not understood stands in the form as it stands in the cell; the rest is kept.
    typed = typed_from(read.profile, registry) | read.texts
    filled = fill(typed, registry) if read.wrong else Filled(typed)
    status = 422 if read.wrong else 200
    return form_page(request, judge, filled, status, uploaded=name, cells=read.wrong, kept=True)


@router.post("/assess/field", dependencies=[Depends(may_compute)])
def field_check(
    judge: CurrentJudge, form: Form, name: Annotated[str, Query(max_length=120)]
) -> Response:
    """What the service makes of one field, as it is typed; a fragment."""
    mistakes, said, doubt = check_one(form, name, judge.ruleset.registry)
    text = (
        environment()
        .get_template("field_says.html")
        .render(mistakes=mistakes, said=said, doubt=doubt)
    )
    return Response(text, media_type="text/html; charset=utf-8")


@router.post("/assess/ask", dependencies=[Depends(may_compute)])
def still_asked(judge: CurrentJudge, form: Form) -> Response:
    """What still matters of the form as it stands; a fragment."""
    typed = fill(texts_of(form), judge.ruleset.registry).typed
    told = mattering(judge, typed, stage_of(judge, form))
    text = environment().get_template("still_asked.html").render(told=told)
    return Response(text, media_type="text/html; charset=utf-8")


@router.post("/assess/edit", dependencies=[Depends(may_compute)])
def edit(
    request: Request,
    judge: CurrentJudge,
    form: Form,
    stage: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Back to the form with everything that was typed, also from before the login."""
    filled = fill(texts_of(form), judge.ruleset.registry)
    restored = form.get("restored") == "1"
    return form_page(
        request,
        judge,
        Filled(filled.typed),
        keep=keeping_of(form),
        restored=restored,
        origins=carried(form),
        stage=find_stage(judge, stage) if stage else stage_of(judge, form),
    )


@router.post("/assess/confirm", dependencies=[Depends(may_compute)])
def confirm(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The form read: its mistakes, or everything for checking over."""
    registry = judge.ruleset.registry
    filled, keep, stage = fill(texts_of(form), registry), keeping_of(form), stage_of(judge, form)
    filled.mistakes += wrong_about(keep.about)
    if filled.profile is None or filled.mistakes:
        return form_page(request, judge, filled, 422, keep=keep, origins=carried(form), stage=stage)
    shown = sections(registry, filled.typed)
    store, actor = store_of(request), actor_of(request)
    day, came = store.day(), still(carried(form), filled.typed)
    base = base_of(request, judge, keep.base) if keep.base else None
    return page(
        request,
        "confirm.html",
        like=_like(store, actor, filled.profile, keep.number),
        sections=shown,
        typed=filled.typed,
        stages=[(s.id, s.title) for s in judge.ruleset.stages] if judge.ruleset.staged else [],
        stage=stage,
        labels=LABELS,
        doubts=list(doubts(filled.profile, filled.typed, registry)),
        changed=changed(base, filled.profile, registry) if base is not None else None,
        once=secrets.token_urlsafe(16),
        text=_shown(filled.profile, judge),
        keep=keep,
        origins=came,
        came=sentences(came),
        today=day,
        earliest=day - dt.timedelta(days=store.paper_days),
        official=actor is not None and OFFICIAL in actor.roles,
    )


def _trial(request: Request, judge: Judge, form: FormData) -> cases.Case:
    profile = profile_of(request, judge, form)
    base = keeping_of(form).base
    hidden = {BASE: base} if base else {}
    return cases.trial(judge, profile, stage_of(judge, form), carried(form), hidden)


@router.post("/assess/result")
def result(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """Judge without keeping; of what is tried out with other numbers, what they changed."""
    case, base = _trial(request, judge, form), keeping_of(form).base
    changes = None
    if base:
        old, new = base_of(request, judge, base), profile_of(request, judge, form)
        changes = moved(judge, old, new, case, stage_of(judge, form))
    return verdict_page(request, case, changes=changes)


@router.post("/assess/why/{rule}")
def why(request: Request, judge: CurrentJudge, form: Form, rule: str) -> Response:
    """Why a trial's finding is what it is."""
    profile = profile_of(request, judge, form)
    stage = stage_of(judge, form)
    case = cases.trial(judge, profile, stage, carried(form))
    return why_page(request, case, judge.evaluate(profile, stage=stage), rule)


@router.post("/assess/opinion")
def opinion(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """A trial's opinion for printing."""
    return opinion_page(request, _trial(request, judge, form))


@router.post("/assess/opinion.docx")
def opinion_file(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """A trial's opinion as a Word file."""
    return docx_response(_trial(request, judge, form))


def _copied(request: Request, judge: Judge, number: str) -> dict[str, str]:
    """A former project's newest dossier without what is its own. Raises ProblemError 403."""
    actor, store = entitled(request, "submit"), store_of(request)
    with store.db.read() as session:
        decision = lookup.get(session, actor, number).decision
        view = decisions.get(session, store.rulesets, actor, decision)
    if not view.whole:
        raise ProblemError(403, "只能复制自己申报的项目。")
    typed = typed_of(view.dossier, judge.ruleset.registry)
    return {k: v for k, v in typed.items() if k not in ("project_id", "submitted_on")}


def _like(store: Store, actor: Actor | None, profile: Profile, number: str) -> Duplicates | None:
    """Projects that may be the same one; None for whoever submits nothing."""
    if actor is None or not allowed(actor, "submit"):
        return None
    values = profile.values
    wanted = Wanted(
        project_id=profile.id,
        name=profile.name,
        enterprise=str(values.get("enterprise_name") or ""),
        credit_code=str(values.get("unified_social_credit_code") or ""),
        number=number or None,
    )
    with store.db.read() as session:
        return duplicates(session, actor, wanted)


def _shown(profile: Profile, judge: Judge) -> dict[str, str]:
    """Each value for checking over, large amounts in words as well."""
    out = {}
    for name, field in judge.ruleset.registry.references.items():
        value = profile.values.get(name)
        if value is not None:
            said = in_words(field, value) if isinstance(value, Fraction) else None
            out[name] = value_text(field, value) + (f"（{said}）" if said else "")
    return out
