"""Who supplied what: the fields that a department fills in, kept with every version that has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.database.review_tables import Task
from api.errors import Conflict
from api.store.preconditions import must_be, task_now
from api.store.review.waiting import own_task
from api.store.work import Actor, Work
from api.transport.seen import Seen
from evaluator.dossier.fields import FieldType, Registry

KEY = "supplied"


@dataclass(frozen=True, slots=True)
class Supply:
    """What a department fills in: the task that asks for it, in the state that was seen; the fields
    by the names of ``asked_names``.
    """

    task: int
    seen: Seen
    names: tuple[str, ...]


def asked_names(
    findings: Iterable[Mapping[str, Any]], department: str, registry: Registry
) -> tuple[str, ...]:
    """What a department's findings miss and it supplies itself, in the order of the registry.

    A field by its name, an entry of a record with closed keys as ``emissions.COD``.
    """
    missing = {
        name
        for f in findings
        if department in f["departments"] and f["status"] == "unknown"
        for name in f.get("missing", ())
    }
    out: list[str] = []
    for name, field in registry.fields.items():
        if field.supplied_by != department:
            continue
        if field.type is not FieldType.RECORD:
            out += [name] if name in missing else []
        elif field.keys:
            every = name in missing
            out += [f"{name}.{k}" for k in field.keys if every or f"{name}.{k}" in missing]
        elif any(m.partition(".")[0] == name for m in missing):
            out.append(name)
    return tuple(out)


def label_of(name: str, registry: Registry) -> str:
    """A name of ``asked_names`` as people read it."""
    stem, _, key = name.partition(".")
    label = registry.label(stem)
    return f"{label}（{registry.fields[stem].keys.get(key, key)}）" if key else label


def as_asked(work: Work, supply: Supply) -> Task:
    """The task, held, that still asks and is as it was seen. Raises Missing, Denied, Conflict."""
    task, project = own_task(work, supply.task)
    if task.decision_id != project.decision_id:
        raise Conflict("项目有了新的一版，这件会审事项问的是以前的")
    now = task_now(work.session, task)
    must_be(work.session, supply.seen, now, f"第 {task.id} 号会审事项", [f"task:{task.id}"])
    return task


def entry(task: Task, actor: Actor, now: dt.datetime, names: Iterable[str]) -> dict[str, Any]:
    """One filling-in, for the record of a version."""
    return {
        "department": task.department,
        "person": actor.display_name,
        "at": now.isoformat(timespec="seconds"),
        "task": task.id,
        "names": [*names],
    }


def carried(
    before: Mapping[str, Any] | None, old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The entries of the version before (its ``acceptance``), for the values that are still theirs."""
    out = []
    for was in (before or {}).get(KEY, ()):
        names = [n for n in was["names"] if same(n, old, new)]
        if names:
            out.append({**was, "names": names})
    return out


def same(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a value is there in both and the same; an entry of a record by its key."""
    stem, _, key = name.partition(".")
    was, now = old.get(stem), new.get(stem)
    if not key:
        return was is not None and was == now
    return _item(was, key) is not None and _item(was, key) == _item(now, key)


def _item(value: Any, key: str) -> Any:
    entries = value if isinstance(value, list) else ()
    return next((e for e in entries if key in e.values()), None)


def visible(acceptance: Any, departments: frozenset[str]) -> Any:
    """What a department sees of how a version came in: of the entries, its own."""
    if not isinstance(acceptance, dict) or KEY not in acceptance:
        return acceptance
    own = [e for e in acceptance[KEY] if e["department"] in departments]
    rest = {k: v for k, v in acceptance.items() if k != KEY}
    return rest | ({KEY: own} if own else {})
