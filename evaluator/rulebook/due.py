"""Which rules are due at a stage: before it a missing answer counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from evaluator.problems.choices import which
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.stage import Stage
from evaluator.rulebook.verdict import Status

_kept: WeakKeyDictionary[Ruleset, dict[str, frozenset[str]]] = WeakKeyDictionary()


class NoStage(ValueError):
    """A rulebook has no stage of that name; the text says so in Chinese."""


def find_stage(ruleset: Ruleset, name: str | None) -> Stage | None:
    """The stage of that id or title. Without a name the last, which is the admission; None where the
    rulebook says nothing of stages. Raises NoStage."""
    if name is None:
        return ruleset.stages[-1] if ruleset.staged else None
    for stage in ruleset.stages:
        if name in (stage.id, stage.title):
            return stage
    hint = which(name, {stage.id: stage.title for stage in ruleset.stages})
    raise NoStage(f"没有环节“{name}”。{hint or ''}")


def not_due(ruleset: Ruleset, stage: Stage | None) -> frozenset[str]:
    """The rules whose stage is later than ``stage``."""
    if stage is None:
        return frozenset()
    by_stage = _kept.get(ruleset)
    if by_stage is None:
        order = {s.id: n for n, s in enumerate(ruleset.stages)}
        by_stage = _kept[ruleset] = {
            s.id: frozenset(r.id for r in ruleset.rules.values() if order[r.due] > n)
            for n, s in enumerate(ruleset.stages)
        }
    return by_stage[stage.id]


def at_stage(statuses: Mapping[str, Status], later: frozenset[str]) -> Mapping[str, Status]:
    """The statuses where the rules ``later`` are not yet due."""
    if not later:
        return statuses
    unknown, waits = Status.UNKNOWN, Status.NOT_DUE
    return {i: waits if s is unknown and i in later else s for i, s in statuses.items()}
