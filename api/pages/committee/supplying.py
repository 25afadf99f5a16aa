"""A department fills in what its task asks for; the project is judged again at once."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from api.access.security import store_of
from api.errors import Changed, Conflict, Invalid
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.pages.assess.dossier_form import Mistake, fill, raw_of, typed_of
from api.pages.assess.posted import texts_of
from api.pages.committee.task_page import Given, findings_of, task_of, task_page
from api.pages.frame.errors import PageRoute
from api.pages.frame.session import Form, entitled
from api.store.projects import decisions, supplying
from api.store.projects.supplied import asked_names
from api.store.work import Actor
from api.transport.parameters import Id
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import judged, request_id
from evaluator.problems.errors import DossierError

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.post("/tasks/{task_id}/values")
def supply(request: Request, judge: CurrentJudge, form: Form, task_id: Id) -> Response:
    """What a department fills in; its mistakes are shown at their fields."""
    actor = entitled(request, "review.opinion")
    seen = seen_in(form)
    typed, mistakes = _checked(request, judge, actor, task_id, form)
    if mistakes:
        return task_page(request, judge, actor, task_id, 422, Given(typed=typed, mistakes=mistakes))
    values = raw_of(typed, judge.ruleset.registry)
    try:
        out = supplying.supply(store_of(request), actor, task_id, seen, values, request_id.get())
    except (Conflict, Invalid, DossierError) as error:
        told = str(error)
        if isinstance(error, Changed):
            told = "；".join((told, *error.changes))
        if isinstance(error, DossierError):
            told = "；".join(p.message for p in error.problems)
        status = 409 if isinstance(error, Conflict) else 422
        wrong = (Mistake("", "", told),)
        return task_page(request, judge, actor, task_id, status, Given(typed=typed, mistakes=wrong))
    judged(out.verdict)
    if out.task is not None:
        return RedirectResponse(f"/tasks/{out.task}?filled=1", 303)
    return RedirectResponse(f"/tasks?{urlencode({'filled': out.number})}", 303)


def _checked(
    request: Request, judge: Judge, actor: Actor, task_id: int, form: FormData
) -> tuple[dict[str, str], tuple[Mistake, ...]]:
    """What was typed into the fields that are asked for, and what is wrong with it."""
    task, store, registry = (
        task_of(request, actor, task_id),
        store_of(request),
        judge.ruleset.registry,
    )
    if task.department not in actor.departments:
        raise ProblemError(403, "这件会审事项不由您的部门负责。")
    with store.db.read() as session:
        view = decisions.get(session, store.rulesets, actor, task.decision)
    names = asked_names(findings_of(view.result, task.department), task.department, registry)
    given = texts_of(form)
    typed = {k: v.strip() for k, v in given.items() if v.strip() and _asked(k, names)}
    if not typed:
        return typed, (Mistake("", "", "一项也没有填。不清楚的可以空着，至少填一项再提交"),)
    known = {k: view.dossier[k] for k in supplying.IDENTITY if k in view.dossier}
    filled = fill({**typed_of(known, registry), **typed}, registry)
    return typed, tuple(filled.mistakes)


def _asked(name: str, names: tuple[str, ...]) -> bool:
    return name in names or name.partition(".")[0] in names
