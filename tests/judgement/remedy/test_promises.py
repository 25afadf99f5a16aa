"""What is promised of a way to pass holds, whatever the ruleset and the dossier."""

from __future__ import annotations

import datetime as dt

from hypothesis import event, given

from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.remedy.search import counterfactual
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from tests.draws import draws
from tests.judgement.drawn import judged


@draws(20)
@given(judged())
def test_a_counterfactual_that_promises_pass_passes(
    case: tuple[Ruleset, Profile, dt.date],
) -> None:
    ruleset, profile, day = case
    evaluator = Evaluator(ruleset, "reference")
    evaluation = evaluator.evaluate(profile, day)
    answer = counterfactual(evaluation)
    event(answer.outcome)
    left = {r.id for r in (*answer.verify, *answer.review, *answer.incurable)}
    plans = [(c,) for c in answer.single] or ([answer.joint] if answer.joint else [])
    for number, plan in enumerate(plans):
        changed = profile
        for change in plan:
            assert change.field.changeable
            assert change.field.name in profile.values
            changed = changed.with_value(change.field.name, change.new)
        after = evaluator.evaluate(changed, day)
        for rule_id in after.blocking:
            if after.statuses[rule_id] is Status.VIOLATED:
                assert rule_id in left
            else:
                assert evaluation.statuses[rule_id] is Status.UNKNOWN or rule_id in left
        if number == 0 and answer.reaches is not None and not answer.fill:
            assert after.verdict is answer.reaches
