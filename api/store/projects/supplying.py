"""A department fills in what its review task asks for: a new version of the dossier, judged at once.

Its own fields that its findings miss, and nothing else. What others handed in stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Task
from api.database.tables import Decision, Project
from api.errors import Conflict, Denied, Invalid, Missing
from api.judging.judge import Judge
from api.store.core import Store
from api.store.projects.acceptance import SUBMITTED
from api.store.projects.submissions import Submission, submit
from api.store.projects.supplied import Supply, asked_names, label_of
from api.store.review.waiting import must_wait
from api.store.work import Actor
from api.transport.schemas import VerdictWord, record
from api.transport.seen import Seen
from evaluator.dossier.dossier import parse_dossier
from evaluator.dossier.fields import FieldType, Registry
from evaluator.dossier.scalars import Path
from evaluator.dossier.values import Item, read_value
from evaluator.problems.errors import DossierError, Problems
from evaluator.problems.source import Place, SourceText, json_pointer
from evaluator.values.numbers import stored

VALUES = "values"
IDENTITY = ("project_id", "project_name", SUBMITTED)
_SOURCE = SourceText("请求体", "")


@record
class SuppliedOut:
    """What came of it, as far as it is the department's to see."""

    number: str
    version: int
    decision: int
    verdict: VerdictWord
    supplied: tuple[str, ...]
    task: Annotated[int | None, Field(description="本部门在新一版上的会审事项；没有要办的为 null")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A task that asks, with the dossier and findings that it is about."""

    department: str
    number: str
    dossier: dict[str, Any]
    findings: list[dict[str, Any]]


def supply(
    store: Store,
    actor: Actor,
    task_id: int,
    seen: Seen,
    values: Mapping[str, Any],
    request_id: str | None = None,
) -> SuppliedOut:
    """Take what a department filled in, judge the project again and tell what came of it.

    ``values`` is a part of a dossier as JSON data. Raises Missing, Denied, Conflict as an opinion does;
    Invalid for what the task does not ask for, DossierError for what cannot be read.
    """
    with store.db.read() as session:
        asked = _asked(session, actor, task_id)
        judge = store.rulesets.current_in(session)
    registry = judge.ruleset.registry
    names = _names(values, asked, judge)
    # What the rulebook has no field for any more is left out, as it is for the applicant's form.
    kept = stored(
        {k: v for k, v in asked.dossier.items() if k in registry.fields and k != SUBMITTED}
    )
    dossier = {**kept, **{k: _joined(kept.get(k), v) for k, v in values.items()}}
    asking = Submission(dossier, asked.number, supply=Supply(task_id, seen, names))
    receipt = submit(store, actor, asking, request_id)
    decision = int(receipt.data["decision"])
    with store.db.read() as session:
        next_ = session.scalar(
            select(Task.id).where(Task.decision_id == decision, Task.department == asked.department)
        )
    return SuppliedOut(
        number=receipt.number,
        version=receipt.data["version"],
        decision=decision,
        verdict=receipt.data["verdict"],
        supplied=tuple(label_of(n, registry) for n in names),
        task=next_,
    )


def _asked(session: Session, actor: Actor, task_id: int) -> _Asked:
    task = session.get(Task, task_id)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.department not in actor.departments:
        raise Denied("这件会审事项不由您的部门负责")
    must_wait(task)
    decision = session.get_one(Decision, task.decision_id)
    project = session.get_one(Project, task.project_id)
    result = json.loads(decision.result)
    return _Asked(task.department, project.number, json.loads(decision.dossier), result["findings"])


def _joined(old: Any, new: Any) -> Any:
    """A record with the entries that it had; any other value is new."""
    return [*old, *new] if isinstance(old, list) and isinstance(new, list) else new


def _names(values: Mapping[str, Any], asked: _Asked, judge: Judge) -> tuple[str, ...]:
    """What is filled in, by the names of ``asked_names``. Raises Invalid or DossierError."""
    registry = judge.ruleset.registry
    names = asked_names(asked.findings, asked.department, registry)
    if not names:
        raise Conflict("这件会审事项没有要本部门填的内容")
    may = f"可以填：{'、'.join(label_of(n, registry) for n in names)}"
    if not values:
        raise Invalid(VALUES, "一项也没有填", may)
    stems = {n.partition(".")[0] for n in names}
    for name in values:
        if name not in stems:
            label = registry.label(name) if name in registry.fields else name[:60]
            raise Invalid(f"{VALUES}/{name[:60]}", f"“{label}”不是这件会审事项要本部门填的", may)
    _read(values, asked, registry)
    found: list[str] = []
    for name, raw in values.items():
        field = registry.fields[name]
        value = read_value(field, raw)
        if value is None:
            raise Invalid(f"{VALUES}/{name}", f"“{field.label}”没有填")
        if field.type is FieldType.RECORD and field.keys and isinstance(value, tuple):
            found += [f"{name}.{i.key}" for i in value if isinstance(i, Item)]
        else:
            found.append(name)
    for name in found:
        if name not in names:
            label = label_of(name, registry)
            raise Invalid(
                f"{VALUES}/{name.partition('.')[0]}", f"“{label}”不是这件会审事项要本部门填的", may
            )
    return tuple(n for n in names if n in found)


def _read(values: Mapping[str, Any], asked: _Asked, registry: Registry) -> None:
    """Raise DossierError with every problem of what was filled in, at its place in the request."""
    problems = Problems()

    def place(path: Path) -> Place:
        return Place(_SOURCE, pointer=json_pointer((VALUES, *path)))

    known = {k: asked.dossier[k] for k in IDENTITY if k in asked.dossier}
    parse_dossier({**known, **values}, registry, place, problems)
    if problems:
        raise DossierError(problems)
