"""One review task as a page: what it is about, what it asks to be filled in, the opinion's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from api.access.security import store_of
from api.judging.judge import Judge
from api.pages.assess.dossier_form import Input, Mistake, sections
from api.pages.assess.verdict_view import SEVERITY
from api.pages.frame.render import page
from api.pages.frame.words import EFFECTS
from api.store.projects import decisions
from api.store.projects.supplied import asked_names
from api.store.review.tasks import TaskOut, find_tasks
from api.store.work import Actor
from api.transport.problems import ProblemError
from api.transport.uploads import FORM_FILES, Policy, size_words
from api.workdays.china import today
from evaluator.dossier.fields import Registry

# What stands in the way while it is unknown.
WEIGHTY = ("reject", "refer")


@dataclass(frozen=True, slots=True)
class Given:
    """What was posted and not taken: an opinion with what is wrong with it, or values with theirs."""

    wrong: tuple[str, str] | None = None
    opinion: Mapping[str, str] | None = None
    typed: Mapping[str, str] | None = None
    mistakes: tuple[Mistake, ...] = ()


NOTHING = Given()


def task_of(request: Request, actor: Actor, task_id: int) -> TaskOut:
    """The task. Raises ProblemError 404 where there is none for this actor."""
    store = store_of(request)
    with store.db.read() as session:
        tasks = find_tasks(session, actor, store.calendar, today(), after=task_id - 1, limit=1)
    if not tasks or tasks[0].id != task_id:
        raise ProblemError(404, f"没有第 {task_id} 号会审事项，或者不在您的查看范围内。")
    return tasks[0]


def inputs_of(
    registry: Registry,
    names: Iterable[str],
    typed: Mapping[str, str],
    mistakes: Iterable[Mistake] = (),
) -> tuple[Input, ...]:
    """The form's inputs for these names, with what was typed into them."""
    asked = {*names}
    shown = (i for s in sections(registry, typed, mistakes) for i in s.inputs)
    return tuple(i for i in shown if i.name in asked)


def open_words(findings: Iterable[Mapping[str, Any]]) -> str:
    """What is still unknown among a department's findings: “5 项否决项、2 项会审项”; empty for nothing."""
    unknown = [f["effect"] for f in findings if f["status"] == "unknown"]
    counts = ((unknown.count(effect), EFFECTS[effect]) for effect in WEIGHTY)
    return "、".join(f"{n} 项{word}" for n, word in counts if n)


def findings_of(result: Mapping[str, Any], department: str) -> list[dict[str, Any]]:
    """The findings that a department's task is about, the gravest first."""
    found = [
        f
        for f in result["findings"]
        if department in f["departments"] and f["status"] in ("violated", "unknown")
    ]
    return sorted(
        found, key=lambda f: (f["status"] != "violated", SEVERITY[f["effect"]], f["rule"])
    )


def _upload_words(policy: Policy) -> str:
    one, all_ = size_words(policy.max_bytes), size_words(FORM_FILES * policy.max_bytes)
    return f"{policy.words}；每个不超过 {one}，合计不超过 {all_}；没有可不选"


def task_page(
    request: Request,
    judge: Judge,
    actor: Actor,
    task_id: int,
    status: int = 200,
    given: Given = NOTHING,
    filled: bool = False,
) -> Response:
    """The task, with what was given and not taken. ``filled``: it came of a filling-in."""
    task, store, registry = (
        task_of(request, actor, task_id),
        store_of(request),
        judge.ruleset.registry,
    )
    with store.db.read() as session:
        view = decisions.get(session, store.rulesets, actor, task.decision)
        history = [
            t
            for t in find_tasks(
                session,
                actor,
                store.calendar,
                today(),
                number=task.number,
                department=task.department,
            )
            if t.id != task_id and t.opinions
        ]
    findings = findings_of(view.result, task.department)
    mine = task.department in actor.departments
    waits = mine and task.light is not None
    names = asked_names(findings, task.department, registry) if waits else ()
    typed = given.typed or {}
    return page(
        request,
        "task.html",
        status,
        task=task,
        mine=mine,
        history=history,
        wrong=given.wrong,
        given=given.opinion or {},
        findings=findings,
        name=registry.department,
        verdict=view.verdict,
        word=str(view.result["sentence"]).partition("：")[0].rstrip("。") if view.stage else "",
        policy=request.app.state.attachments,
        words=_upload_words(request.app.state.attachments),
        inputs=inputs_of(registry, names, typed, given.mistakes),
        mistakes=given.mistakes,
        lost=() if waits else tuple(typed.items()),
        label=registry.label,
        still=open_words(findings),
        filled=filled,
    )
