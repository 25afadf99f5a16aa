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
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.judging.reading import only_profile
from api.judging.workers import Workers, source_of
from api.pages.assess import cases
from api.pages.assess.dossier_form import (
    Filled,
    Mistake,
    fill,
    sections,
    typed_from,
    typed_of,
)
from api.pages.assess.examples import Examples
from api.pages.assess.form_check import check_one
from api.pages.assess.judged import docx_response, opinion_page, verdict_page, why_page
from api.pages.assess.origins import carried, sentences, still
from api.pages.assess.posted import form_page, keeping_of, profile_of, stage_of, texts_of
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import environment, page
from api.pages.frame.session import Form, actor_of, entitled
from api.pages.frame.words import in_words, value_text
from api.store.core import Store
from api.store.projects import decisions, lookup
from api.store.projects.acceptance import OFFICIAL
from api.store.projects.duplicates import Duplicates, Wanted, duplicates
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
) -> Response:
    """The empty form, or one filled in from an example or a former project."""
    typed = {"submitted_on": today().isoformat()}
    if copy:
        return form_page(request, judge, Filled(typed | _copied(request, judge, copy)))
    if example:
        examples: Examples = request.app.state.examples
        chosen = examples.get(judge, example)
        if chosen is None:
            raise ProblemError(404, f"没有示例“{example[:60]}”。")
        typed = typed_from(chosen.profile, judge.ruleset.registry)
    return form_page(request, judge, Filled(typed), blank=not example)


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
        profile = workers.call(source_of(request), only_profile, name, data, registry)
    except DossierError as error:
        return form_page(request, judge, Filled({}), 422, uploaded=name, cells=error.problems)
    except ProblemError as error:
        if error.status != 422:
            raise
        said = "；".join((error.detail, *(e["detail"] for e in error.errors)))
        wrong = Mistake("file", "申报表文件", said)
        return form_page(request, judge, Filled({}, None, [wrong]), 422)
    return form_page(request, judge, Filled(typed_from(profile, registry)), uploaded=name)


@router.post("/assess/field", dependencies=[Depends(may_compute)])
def field_check(
    judge: CurrentJudge, form: Form, name: Annotated[str, Query(max_length=120)]
) -> Response:
    """What the service makes of one field, as it is typed; a fragment."""
    mistakes, said = check_one(form, name, judge.ruleset.registry)
    text = environment().get_template("field_says.html").render(mistakes=mistakes, said=said)
    return Response(text, media_type="text/html; charset=utf-8")


@router.post("/assess/edit", dependencies=[Depends(may_compute)])
def edit(request: Request, judge: CurrentJudge, form: Form) -> Response:
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
    )


@router.post("/assess/confirm", dependencies=[Depends(may_compute)])
def confirm(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The form read: its mistakes, or everything for checking over."""
    filled = fill(texts_of(form), judge.ruleset.registry)
    if filled.profile is None:
        return form_page(request, judge, filled, 422, keep=keeping_of(form), origins=carried(form))
    shown = sections(judge.ruleset.registry, filled.typed)
    store, actor = store_of(request), actor_of(request)
    day, came = store.day(), still(carried(form), filled.typed)
    keep = keeping_of(form)
    return page(
        request,
        "confirm.html",
        like=_like(store, actor, filled.profile, keep.number),
        sections=shown,
        typed=filled.typed,
        stages=[(s.id, s.title) for s in judge.ruleset.stages] if judge.ruleset.staged else [],
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
    return cases.trial(judge, profile, stage_of(judge, form), carried(form))


@router.post("/assess/result")
def result(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """Judge without keeping."""
    return verdict_page(request, _trial(request, judge, form))


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
