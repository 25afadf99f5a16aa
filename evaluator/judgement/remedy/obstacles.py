"""What keeps a dossier from passing, sorted by what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.engine.reference.state import ZERO
from evaluator.judgement.explain import left_open
from evaluator.judgement.remedy.lacking import lacking
from evaluator.judgement.remedy.standing import Standing
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import Status


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Ids of blocking rules.

    ``waiting`` rules lack answers. Of the others, ``mendable`` ones may be met by other figures,
    ``verify`` ones rest on figures that are doubted, ``review`` ones only a joint review can settle.
    Where a rule is ``incurable``, nothing else matters.
    """

    waiting: frozenset[str]
    mendable: frozenset[str] = frozenset()
    verify: tuple[str, ...] = ()
    review: tuple[str, ...] = ()
    incurable: tuple[str, ...] = ()

    @property
    def excused(self) -> frozenset[str]:
        """The rules that no change is held to."""
        return frozenset((*self.verify, *self.review))


def obstacles_of(standing: Standing) -> Obstacles:
    """The obstacles of a dossier that does not pass."""
    evaluation, rules = standing.evaluation, standing.rules
    waiting = frozenset(i for i in evaluation.blocking if lacking(standing, i))
    breached = [i for i in evaluation.blocking if i not in waiting]
    unclear = {i for i in breached if evaluation.statuses[i] is Status.UNKNOWN}
    stuck = {i for i in breached if not any(map(standing.may_change, standing.reads[i]))}
    incurable = [i for i in breached if i in stuck - unclear and rules[i].effect is Effect.REJECT]
    if incurable:
        return Obstacles(waiting, incurable=tuple(incurable))
    # A divisor of zero is a figure that cannot be right; without a standard nobody can judge.
    verify = [
        i
        for i in breached
        if rules[i].list == "integrity" or (i in unclear and _by_zero(standing, i))
    ]
    review = [i for i in breached if i in stuck | unclear and i not in verify]
    mendable = frozenset(breached).difference(verify, review)
    return Obstacles(waiting, mendable, tuple(verify), tuple(review))


def _by_zero(standing: Standing, rule_id: str) -> bool:
    _, reasons = left_open(standing.evaluation.assessment.traces[rule_id])
    return any(reason.startswith(ZERO) for reason in reasons)
