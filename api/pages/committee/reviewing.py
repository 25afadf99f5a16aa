"""Joint review: one task, a department's opinion on it; a project moved on to its next stage."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import UploadFile

from api.access.security import store_of
from api.errors import Changed, Invalid
from api.judging.current import ReadingJudge
from api.pages.committee.task_page import (
    Given,
    findings_of,
    open_words,
    task_of,
    task_page,
)
from api.pages.frame.errors import PageRoute, writing
from api.pages.frame.session import Form, entitled
from api.store.projects import decisions, moving
from api.store.review import attachments, opinions
from api.store.work import Actor
from api.transport.parameters import Id, Number
from api.transport.seen import seen_in
from api.transport.telemetry import judged, request_id
from api.transport.uploads import Policy, inspect

router = APIRouter(include_in_schema=False, route_class=PageRoute)
LONGEST = 5000
# The box to tick by whoever agrees although something is still unknown.
SURE = "sure"


def _giver(request: Request) -> Actor:
    """Who may give an opinion; asked before the form is read, which may be large."""
    return entitled(request, "review.opinion")


Giver = Annotated[Actor, Depends(_giver)]


@router.get("/tasks/{task_id}")
def task(
    request: Request,
    judge: ReadingJudge,
    task_id: Id,
    filled: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """One task: what it is about, what was said, the forms for filling in and for saying it."""
    actor = entitled(request, "review.read")
    return task_page(request, judge, actor, task_id, filled=bool(filled))


@router.post("/tasks/{task_id}/opinion")
def opinion(
    request: Request, judge: ReadingJudge, actor: Giver, form: Form, task_id: Id
) -> Response:
    """A department's opinion, with the files that go with it."""
    said, reason = str(form.get("opinion", "")), str(form.get("reason", ""))[:LONGEST]
    sure = str(form.get(SURE, ""))[:1]
    given = {"opinion": said, "reason": reason, SURE: sure}

    def again(status: int, field: str, text: str) -> Response:
        return task_page(request, judge, actor, task_id, status, Given((field, text), given))

    if said not in opinions.OPINIONS:
        return again(422, "opinion", "请选择同意、不同意或要求补正")
    seen = seen_in(form)
    if said == "agree" and not sure:
        still = _still_open(request, actor, task_id)
        if still:
            return again(422, SURE, f"还有 {still}未判定。仍要同意的，请勾选确认后再提交")
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
        return again(409, "reason", "；".join((str(changed), *changed.changes)))
    except Invalid as error:
        told = f"{error.detail}。{error.hint}" if error.hint else error.detail
        return again(422, error.field, told)
    return RedirectResponse(f"/tasks/{task_id}", 303)


def _still_open(request: Request, actor: Actor, task_id: int) -> str:
    """What is unknown of a task that waits for this actor; whoever may not answer it is told so later."""
    task, store = task_of(request, actor, task_id), store_of(request)
    if task.light is None or task.department not in actor.departments:
        return ""
    with store.db.read() as session:
        view = decisions.get(session, store.rulesets, actor, task.decision)
    return open_words(findings_of(view.result, task.department))


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
