"""How a project would pass: the smallest changes, each judged again before it is shown.

Never proposes to change what cannot be changed (industry, history, names: ``changeable: false``),
and never proposes to mend a figure that is doubted: what the integrity rules found has to be
verified, not rewritten. What is missing is asked for, with the condition its answer has to meet
where that is settled; no number is invented for it.
"""

from __future__ import annotations

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.remedy.changes import Counterfactual, Outcome
from evaluator.judgement.remedy.completing import completes
from evaluator.judgement.remedy.filling import fills
from evaluator.judgement.remedy.lacking import to_answer
from evaluator.judgement.remedy.mending import Mending
from evaluator.judgement.remedy.obstacles import obstacles_of
from evaluator.judgement.remedy.standing import Standing
from evaluator.rulebook.verdict import Verdict

# With more answers missing than this, that some set of answers passes says nothing.
MAX_COMPLETED = 12


def counterfactual(evaluation: Evaluation) -> Counterfactual:
    """How the dossier of ``evaluation`` would pass."""
    if evaluation.verdict is Verdict.PASS:
        return Counterfactual(Outcome.NONE, reaches=Verdict.PASS)
    if evaluation.disputed:
        return Counterfactual(Outcome.NOT_FOUND, disputed=True)
    standing = Standing(evaluation)
    obstacles, rules = obstacles_of(standing), standing.rules
    if obstacles.incurable:
        incurable = tuple(rules[i] for i in obstacles.incurable)
        return Counterfactual(Outcome.INCURABLE, incurable=incurable)
    mending = Mending(standing, obstacles)
    single = mending.single()
    joint = () if single else mending.joint()
    mended = bool(single or joint) or not obstacles.mendable
    profile = standing.changed(single[:1] or joint)
    open_fields, missing = to_answer(standing, obstacles.waiting)
    fill = tuple(fills(standing, missing, obstacles.waiting, profile))
    if single:
        outcome = Outcome.SINGLE
    elif joint:
        outcome = Outcome.JOINT
    elif mended and fill:
        outcome = Outcome.FILL
    elif mended and obstacles.excused:
        outcome = Outcome.REVIEW
    else:
        outcome = Outcome.NOT_FOUND
    reached = (
        mended
        and not obstacles.excused
        and len(fill) <= MAX_COMPLETED
        and completes(standing, profile)
    )
    return Counterfactual(
        outcome,
        single,
        joint,
        fill,
        review=tuple(rules[i] for i in obstacles.review),
        verify=tuple(rules[i] for i in obstacles.verify),
        open_fields=open_fields,
        reaches=Verdict.PASS if reached else None,
        pass_word=evaluation.pass_word,
    )
