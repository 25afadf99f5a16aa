"""改几个数再算: an example or a stored decision, tried out with other numbers; only what differs is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from api.access.security import store_of
from api.judging.judge import Judge
from api.pages.assess.cases import Case
from api.pages.assess.examples import Examples
from api.pages.frame.session import entitled
from api.pages.frame.words import value_text
from api.store.projects import decisions
from api.store.projects.changes import changed_fields, moved_findings
from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry
from evaluator.dossier.values import read_value
from evaluator.judgement.result import result
from evaluator.values.numbers import stored


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: the input it is changed at, and its two values in words."""

    name: str
    label: str
    was: str
    now: str


def base_of(request: Request, judge: Judge, base: str) -> Profile:
    """What is tried out with other numbers. Raises ProblemError 403 or 404."""
    kind, _, name = base.partition("/")
    if kind == "example":
        examples: Examples = request.app.state.examples
        chosen = examples.get(judge, name)
        if chosen is not None:
            return chosen.profile
    elif kind == "decision" and name.isascii() and name.isdecimal() and len(name) < 16:
        actor, store = entitled(request, "read"), store_of(request)
        with store.db.read() as session:
            view = decisions.get(session, store.rulesets, actor, int(name))
        if not view.whole:
            raise ProblemError(403, "只有看得到全部材料的人可以改数试算。")
        return judge.read_snapshot(view.dossier)
    raise ProblemError(404, f"没有“{base[:80]}”可以改数试算。")


def changed(old: Profile, new: Profile, registry: Registry) -> tuple[Change, ...]:
    """The fields that differ, in words."""
    pairs = changed_fields(old.to_dict(registry), new.to_dict(registry), registry)
    return tuple(
        Change(
            f["field"], f["label"], *(_words(registry, f["field"], f[k]) for k in ("from", "to"))
        )
        for f in pairs
    )


def _words(registry: Registry, name: str, raw: Any) -> str:
    if raw is None:
        return "未填"
    field = registry.fields[name]
    return value_text(field, read_value(field, stored(raw)))


def moved(
    judge: Judge, old: Profile, new: Profile, case: Case, stage: str | None
) -> dict[str, Any]:
    """What the changes did, as the verdict page shows it: verdict, fields, findings.

    Both are judged by the rules in force, so that nothing but the numbers differs.
    """
    evaluation = judge.evaluate(old, stage=stage)
    before = result(evaluation, with_counterfactual=False)
    return {
        "trial": True,
        "verdict": {
            "from": before["verdict"],
            "to": case.data["verdict"],
            "from_word": evaluation.word,
        },
        "fields": [
            {"label": c.label, "from": c.was, "to": c.now}
            for c in changed(old, new, judge.ruleset.registry)
        ],
        "findings": moved_findings(before, case.data),
    }
