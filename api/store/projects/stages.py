"""Which stage a submission is judged at, and which comes next."""

from __future__ import annotations

from api.database.tables import Decision
from api.errors import Conflict, Invalid
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import NoStage, find_stage
from evaluator.rulebook.stage import Stage


def stage_for(ruleset: Ruleset, named: str | None, newest: Decision | None) -> str | None:
    """The stage to judge at; None for the last. Raises Invalid, and Conflict for another stage than
    that of the project's newest decision."""
    try:
        asked = find_stage(ruleset, named)
    except NoStage as error:
        raise Invalid("stage", str(error)) from None
    if newest is None:
        return asked.id if asked is not None else None
    stage = newest.judged_at
    at = next((s for s in ruleset.stages if s.id == stage), find_stage(ruleset, None))
    if named is not None and asked != at:
        title = at.title if at is not None else "不分"
        raise Conflict(f"项目在{title}环节，补正不改环节；转到下一环节由委员会办理")
    return at.id if at is not None else None


def next_stage(ruleset: Ruleset, stage: str | None) -> Stage | None:
    """The stage after ``stage``; None after the last, and where there are no stages.

    After a stage that the ruleset does not have comes the last, which asks the most.
    """
    if stage is None or not ruleset.staged:
        return None
    ids = [s.id for s in ruleset.stages]
    if stage not in ids:
        return ruleset.stages[-1]
    return next(iter(ruleset.stages[ids.index(stage) + 1 :]), None)
