"""A dossier at a stage: what is not yet due, what that is called, and what later stages may change."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import NOTHING_DUE, Evaluation, Evaluator
from evaluator.judgement.explain import explain
from evaluator.judgement.result import result, sentence
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import NoStage, find_stage, not_due
from evaluator.rulebook.verdict import Status, Verdict
from tests.draws import draws
from tests.judgement.drawn import judged
from tests.judgement.rules import rule
from tests.strategies import dossiers
from tests.support import good, profile, ruleset_of

STAGES = ("lead", "review", "signing")
TAX = "{metric: land_tax, at_least: 20}"


def at(ruleset: Ruleset, stage: str | None, **values: Any) -> Evaluation:
    return Evaluator(ruleset, "reference").evaluate(profile(**values), stage=stage)


def staged(due: str) -> Ruleset:
    """A rule that is due at ``due``, and one on the industry that is due from the lead on."""
    early = rule("{field: two_high, equals: false}", more="due: lead").replace(".a", ".b")
    return ruleset_of(rule(TAX, more=f"due: {due}") + early)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("lead", (Verdict.REFER, Verdict.REFER, Verdict.REFER)),
        ("review", (Verdict.PASS, Verdict.REFER, Verdict.REFER)),
        ("signing", (Verdict.PASS, Verdict.PASS, Verdict.REFER)),
    ],
)
def test_a_missing_answer_counts_from_its_stage_on(due: str, expected: tuple[Verdict, ...]) -> None:
    evaluator = Evaluator(staged(due), "reference")
    stated = profile(**good(annual_tax=None))
    found = [evaluator.evaluate(stated, stage=stage) for stage in STAGES]
    assert tuple(e.verdict for e in found) == expected
    for evaluation, verdict in zip(found, expected, strict=True):
        waits = Status.UNKNOWN if verdict is Verdict.REFER else Status.NOT_DUE
        assert evaluation.statuses["positive.a"] is waits
        assert result(evaluation)["findings"][0]["status"] == waits.value


def test_a_breach_counts_at_every_stage() -> None:
    evaluator = Evaluator(staged("signing"), "reference")
    for stage in STAGES:
        assert (
            evaluator.evaluate(profile(**good(annual_tax=1)), stage=stage).verdict is Verdict.REFER
        )


def test_each_stage_has_its_own_words_and_only_the_last_admits() -> None:
    evaluator = Evaluator(staged("signing"), "reference")
    stated = profile(**good(annual_tax=None))
    lead, signing = (evaluator.evaluate(stated, stage=s) for s in ("lead", "签约前"))
    assert sentence(lead).startswith("可以跟进：到这一环节为止的各项要求均已满足")
    assert "到以后环节还要看 1 项" in sentence(lead)
    assert sentence(signing).startswith("提交会审")
    assert "到签约前环节才要，没有填“达产年税收”" in explain(lead, "positive.a").message
    assert explain(lead, "positive.a").missing == ("annual_tax",)
    assert (
        "即可跟进"
        in result(at(staged("lead"), "lead", **good(annual_tax=None)))["counterfactual"]["text"]
    )
    complete = evaluator.evaluate(profile(**good()))
    assert complete.stage is not None
    assert (complete.stage.id, sentence(complete)[:3]) == ("signing", "准入：")


def test_where_nothing_is_due_nothing_passes() -> None:
    ruleset = ruleset_of(rule(TAX, more="due: review"))
    evaluation = Evaluator(ruleset, "reference").evaluate(profile(), stage="lead")
    assert (evaluation.verdict, evaluation.cause) == (Verdict.REFER, NOTHING_DUE)
    assert NOTHING_DUE in sentence(evaluation)


def test_a_rulebook_without_stages_is_judged_as_ever() -> None:
    ruleset = ruleset_of(rule(TAX))
    assert not ruleset.staged
    evaluator = Evaluator(ruleset, "reference")
    plain = evaluator.evaluate(profile(**good(annual_tax=None)))
    assert plain.verdict is Verdict.REFER
    assert "stage" not in result(plain)
    # Asked for one, it is judged at it: every rule is due at the review.
    asked = evaluator.evaluate(profile(**good(annual_tax=None)), stage="lead")
    assert result(asked)["stage"] == "lead"
    assert asked.statuses == {"positive.a": Status.NOT_DUE}


def test_a_stage_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(NoStage, match=r"没有环节“leed”.*lead"):
        Evaluator(staged("lead"), "reference").evaluate(profile(), stage="leed")


@draws(25, 200)
@given(judged())
def test_a_later_stage_never_undoes_a_reject_nor_turns_a_refer_green(
    case: tuple[Ruleset, Profile, dt.date],
) -> None:
    ruleset, stated, day = case
    evaluator = Evaluator(ruleset, "reference")
    found = [evaluator.evaluate(stated, day, stage) for stage in STAGES]
    event(" ".join(e.verdict.value for e in found))
    for earlier, later in itertools.pairwise(found):
        if earlier.verdict is Verdict.REJECT:
            assert later.verdict is Verdict.REJECT
        if earlier.verdict is Verdict.REFER:
            assert later.verdict is not Verdict.PASS
    # At the last stage everything is due: nothing is spared.
    assert Status.NOT_DUE not in found[-1].statuses.values()
    assert found[-1].statuses == evaluator.reference.statuses(stated, day)


@draws(20, 150)
@given(judged(), st.sampled_from(STAGES), st.data())
def test_at_every_stage_filling_never_undoes_a_reject(
    case: tuple[Ruleset, Profile, dt.date], stage: str, data: st.DataObject
) -> None:
    ruleset, stated, day = case
    evaluator = Evaluator(ruleset, "reference")
    before = evaluator.evaluate(stated, day, stage).verdict
    assume(before is Verdict.REJECT)
    other = data.draw(dossiers(ruleset))
    filled = stated
    for name, value in other.values.items():
        if "." not in name and name not in filled.values:
            filled = filled.with_value(name, value)
    assert evaluator.evaluate(filled, day, stage).verdict is Verdict.REJECT


def test_both_engines_judge_at_a_stage_alike() -> None:
    ruleset = staged("signing")
    durable = Evaluator(ruleset)
    reference = Evaluator(ruleset, "reference")
    for values in (good(), good(annual_tax=None), {}, good(annual_tax=1)):
        for stage in STAGES:
            a, b = (e.evaluate(profile(**values), stage=stage) for e in (durable, reference))
            assert (a.verdict, a.statuses, a.cause) == (b.verdict, b.statuses, b.cause)
    durable.close()


def test_what_is_not_due_shrinks_from_stage_to_stage() -> None:
    ruleset = staged("review")
    left = [not_due(ruleset, find_stage(ruleset, stage)) for stage in STAGES]
    assert left == [frozenset({"positive.a"}), frozenset(), frozenset()]
