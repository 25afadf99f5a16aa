"""What a change does: for every way in which a verdict could change, a project or a proof."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import z3

from evaluator.dossier.dossier import Profile
from evaluator.judgement.wording import rule_names
from evaluator.prove.report import Answer, Report, State
from evaluator.prove.single import settled
from evaluator.prove.solve import TIMEOUT_MS, Outcome, Question, Side, Space
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import VERDICT_LABELS, Status, Verdict


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of move: ``answer`` proves it impossible or shows it; ``rules`` moved it."""

    before: Verdict
    after: Verdict
    answer: Answer
    rules: tuple[str, ...]


def compare(
    old: Ruleset, new: Ruleset, as_of: dt.date, timeout_ms: int = TIMEOUT_MS
) -> tuple[tuple[Change, ...], Report]:
    """All six moves between verdicts from ``old`` to ``new``, for dossiers judged on ``as_of``."""
    space = Space((old, new), as_of, timeout_ms=timeout_ms)
    before, after = space.sides
    changes = [_move(space, before, after, x, y) for x in Verdict for y in Verdict if x is not y]
    report = Report(as_of, space.domain.registry, tuple(c.answer for c in changes), space.questions)
    return tuple(changes), report


def _move(space: Space, old: Side, new: Side, x: Verdict, y: Verdict) -> Change:
    def holds(profile: Profile) -> bool:
        return old.verdict(profile) is x and new.verdict(profile) is y

    formula = z3.And(old.verdicts[x.value], new.verdicts[y.value])
    question = Question(formula, old.fields | new.fields, holds, old.exact and new.exact)
    reply = space.ask(question)
    words = f"由“{VERDICT_LABELS[x]}”变为“{VERDICT_LABELS[y]}”"
    open_ = settled(reply, "transition", (x.value, y.value), f"{words}的项目是否存在")
    if open_:
        return Change(x, y, open_, ())
    if reply.outcome is Outcome.NONE:
        answer = Answer("transition", (x.value, y.value), State.OK, f"没有项目{words}", True)
        return Change(x, y, answer, ())
    assert reply.witness is not None
    witness = space.simpler(reply.witness, holds)
    moved = _moved(old, new, witness)
    answer = Answer(
        "transition",
        (x.value, y.value, *moved),
        State.NOTE,
        f"有项目{words}，涉及规则 {rule_names(moved, new.ruleset, old.ruleset)}",
        False,
        (witness,),
    )
    return Change(x, y, answer, moved)


def _moved(old: Side, new: Side, profile: Profile) -> tuple[str, ...]:
    """Rules whose finding or effect differs on a dossier and counts for the verdict."""
    a, b = old.statuses(profile), new.statuses(profile)
    out = []
    for rule in sorted(a.keys() | b.keys()):
        if a.get(rule) is not b.get(rule) or (
            a[rule] is not Status.SATISFIED
            and old.ruleset.rules[rule].effect is not new.ruleset.rules[rule].effect
        ):
            out.append(rule)
    return tuple(out)
