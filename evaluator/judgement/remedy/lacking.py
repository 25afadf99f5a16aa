"""Which missing fields keep a rule open, and which of them the dossier has to answer."""

from __future__ import annotations

import itertools
from functools import partial

from evaluator.dossier.fields import Field
from evaluator.judgement.explain import left_open
from evaluator.judgement.remedy.standing import BAD, Standing
from evaluator.rulebook import ast, walk
from evaluator.rulebook.verdict import Status, Verdict

# Answers tried for one missing field.
MAX_ANSWERS = 24


def lacking(standing: Standing, rule_id: str) -> tuple[str, ...]:
    """The missing fields that leave a rule open, or that a breached one waits for."""
    found = standing.lacked.get(rule_id)
    if found is None:
        found = standing.lacked[rule_id] = _recalled(standing, rule_id)
    return found


def _recalled(standing: Standing, rule_id: str) -> tuple[str, ...]:
    # An answer that is a day is tried some years before the day judged as of.
    on = standing.day if rule_id in standing.asking_days else None
    key = ("open", on, *standing.key(rule_id, standing.evaluation.tokens))
    return standing.memo.recall(key, partial(_lacking, standing, rule_id))


def _lacking(standing: Standing, rule_id: str) -> tuple[str, ...]:
    evaluation = standing.evaluation
    if evaluation.statuses[rule_id] is Status.VIOLATED:
        return _awaited(standing, standing.rules[rule_id])
    return left_open(evaluation.assessment.traces[rule_id])[0]


def _awaited(standing: Standing, rule: ast.Rule) -> tuple[str, ...]:
    """Fields that a breached rule asks to be filled in, where some answer mends it."""
    profile = standing.profile
    awaited: dict[str, None] = {}
    for leaf in walk.leaves(rule.require, rule.applies_when):
        if not isinstance(leaf, ast.Known) or leaf.field in profile.values:
            continue
        answers = standing.candidates.answers(rule, standing.fields[leaf.field], profile)
        for value in itertools.islice(answers, MAX_ANSWERS):
            if standing.status(rule, profile.with_value(leaf.field, value)) not in BAD:
                awaited[leaf.field] = None
                break
    return tuple(awaited)


def to_answer(
    standing: Standing, waiting: frozenset[str]
) -> tuple[tuple[str, ...], tuple[Field, ...]]:
    """Of what the ``waiting`` rules lack: what can still change the verdict, and all of it."""
    evaluation = standing.evaluation
    settled = evaluation.verdict is Verdict.REJECT
    referred = len(waiting) < len(evaluation.blocking)
    deciding: dict[str, None] = {}
    counts: dict[str, int] = {}
    for rule_id in evaluation.blocking:
        if rule_id not in waiting:
            continue
        names = lacking(standing, rule_id)
        for name in names:
            counts[name] = counts.get(name, 0) + 1
        if not settled and (not referred or standing.rules[rule_id].effect is ast.Effect.REJECT):
            deciding.update(dict.fromkeys(names))
    # What opens the most findings first; the registry's order among equals.
    asked = (field for name, field in standing.fields.items() if name in counts)
    return tuple(deciding), tuple(sorted(asked, key=lambda field: -counts[field.name]))
