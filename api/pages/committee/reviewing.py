"""Joint review: one task, a department's opinion on it, the committee's conclusion."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from api.access.security import store_of
from api.errors import Changed, Invalid
from api.judging.current import ReadingJudge
from api.pages.assess.verdict_view import SEVERITY
from api.pages.frame.errors import PageRoute, writing
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.store.projects import decisions, moving
from api.store.review import attachments, conclusions, opinions
from api.store.review.tasks import TaskOut, find_tasks
from api.store.work import Actor
from api.transport.parameters import Id, Number
from api.transport.problems import ProblemError
from api.transport.seen import seen_in
from api.transport.telemetry import judged, request_id
from api.transport.uploads import FORM_FILES, Policy, inspect, size_words
from api.workdays.china import today

router = APIRouter(include_in_schema=False, route_class=PageRoute)
LONGEST = 5000


def _giver(request: Request) -> Actor:
    """Who may give an opinion; asked before the form is read, which may be large."""
    return entitled(request, "review.opinion")


Giver = Annotated[Actor, Depends(_giver)]


def _task(request: Request, actor: Actor, task_id: int) -> TaskOut:
    store = store_of(request)
    with store.db.read() as session:
        tasks = find_tasks(session, actor, store.calendar, today(), after=task_id - 1, limit=1)
    if not tasks or tasks[0].id != task_id:
        raise ProblemError(404, f"没有第 {task_id} 号会审事项，或者不在您的查看范围内。")
    return tasks[0]


@router.get("/tasks/{task_id}")
def task(request: Request, judge: ReadingJudge, task_id: Id) -> Response:
    """One task: what it is about, what was said, the form for saying it."""
    actor = entitled(request, "review.read")
    return _task_page(request, judge.ruleset.registry.department, actor, task_id)


def _upload_words(policy: Policy) -> str:
    one, all_ = size_words(policy.max_bytes), size_words(FORM_FILES * policy.max_bytes)
    return f"{policy.words}；每个不超过 {one}，合计不超过 {all_}；没有可不选"


def _task_page(
    request: Request,
    name: object,
    actor: Actor,
    task_id: int,
    status: int = 200,
    wrong: tuple[str, str] | None = None,
    given: dict[str, str] | None = None,
) -> Response:
    task = _task(request, actor, task_id)
    store = store_of(request)
    with store.db.read() as session:
        view = decisions.get(session, store.rulesets, actor, task.decision)
    findings = [
        f
        for f in view.result["findings"]
        if task.department in f["departments"] and f["status"] in ("violated", "unknown")
    ]
    findings.sort(key=lambda f: (f["status"] != "violated", SEVERITY[f["effect"]], f["rule"]))
    return page(
        request,
        "task.html",
        status,
        task=task,
        mine=task.department in actor.departments,
        wrong=wrong,
        given=given or {},
        findings=findings,
        name=name,
        verdict=view.verdict,
        word=str(view.result["sentence"]).partition("：")[0].rstrip("。") if view.stage else "",
        policy=request.app.state.attachments,
        words=_upload_words(request.app.state.attachments),
    )


@router.post("/tasks/{task_id}/opinion")
def opinion(
    request: Request, judge: ReadingJudge, actor: Giver, form: Form, task_id: Id
) -> Response:
    """A department's opinion, with the files that go with it."""
    name = judge.ruleset.registry.department
    said, reason = str(form.get("opinion", "")), str(form.get("reason", ""))[:LONGEST]
    given = {"opinion": said, "reason": reason}
    if said not in opinions.OPINIONS:
        wrong = ("opinion", "请选择同意、不同意或要求补正")
        return _task_page(request, name, actor, task_id, 422, wrong, given)
    seen = seen_in(form)
    try:
        policy: Policy = request.app.state.attachments
        uploads = [
            inspect(f.file, f.filename, policy)
            for f in form.getlist("files")
            if isinstance(f, UploadFile) and f.filename
        ]
        with store_of(request).work(actor, request_id.get()) as work:
            kept = [attachments.attach(work, task_id, u).id for u in uploads]
            opinions.give_opinion(work, task_id, seen, said, reason, kept)
    except Changed as changed:
        told = "；".join((str(changed), *changed.changes))
        return _task_page(request, name, actor, task_id, 409, ("reason", told), given)
    except Invalid as error:
        return _task_page(
            request,
            name,
            actor,
            task_id,
            422,
            (error.field, f"{error.detail}。{error.hint}" if error.hint else error.detail),
            given,
        )
    return RedirectResponse(f"/tasks/{task_id}", 303)


@router.post("/projects/{number}/stage")
def move_on(request: Request, form: Form, number: Number) -> Response:
    """The project on to its next stage, judged there."""
    actor = entitled(request, "review.conclude")
    reason = str(form.get("reason", "")).strip()[:LONGEST]
    seen = seen_in(form)
    with writing(reason):
        receipt = moving.move_on(store_of(request), actor, number, seen, reason, request_id.get())
    judged(receipt.data["verdict"])
    return RedirectResponse(f"/decisions/{receipt.data['decision']}", 303)


@router.post("/decisions/{decision_id}/conclude")
def conclude(request: Request, form: Form, decision_id: Id) -> Response:
    """The committee's conclusion, beside the machine's verdict."""
    actor = entitled(request, "review.conclude")
    outcome = str(form.get("outcome", ""))
    if outcome not in ("admit", "reject"):
        raise ProblemError(422, "请选择同意准入或不予准入。")
    texts = {
        k: str(form.get(k, "")).strip()[:LONGEST]
        for k in ("reason", "authority", "document_number")
    }
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    with writing(texts["reason"]), store.work(actor, request_id.get()) as work:
        conclusions.conclude(
            work,
            ruleset,
            decision_id,
            seen_in(form),
            outcome,
            texts["reason"],
            texts["authority"] or None,
            texts["document_number"] or None,
        )
    return RedirectResponse(f"/decisions/{decision_id}#conclusion", 303)
