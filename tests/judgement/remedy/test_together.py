"""Advice that can be followed: bounds that one answer meets, the next step up, no authority's finding."""

from __future__ import annotations

from typing import Any

from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.remedy.changes import Counterfactual, Outcome
from evaluator.judgement.remedy.search import counterfactual
from evaluator.rulebook.ast import Ruleset
from tests.judgement.rules import rule
from tests.support import profile, ruleset_of

INTENSITY = rule("{metric: intensity, at_least: 300}", more="due: lead")
PARTS = rule("{field: fixed_asset_investment, at_most: {field: total_investment}}").replace(
    "positive", "integrity"
)


def advice(ruleset: Ruleset, **values: Any) -> Counterfactual:
    return counterfactual(Evaluator(ruleset, "reference").evaluate(profile(**values)))


def condition(ruleset: Ruleset, **values: Any) -> str | None:
    (fill,) = advice(ruleset, **values).fill
    return fill.condition


def test_the_bounds_of_all_rules_are_met_by_one_answer() -> None:
    ruleset = ruleset_of(INTENSITY + PARTS)
    said = condition(ruleset, land_area=50, total_investment=16000)
    assert said == "不低于 15000 万元，不高于 16000 万元"


def test_where_no_answer_meets_them_all_that_is_said_with_who_asks_for_what() -> None:
    ruleset = ruleset_of(INTENSITY + PARTS.replace("title: 甲", "title: 投资构成"))
    said = condition(ruleset, land_area=50, total_investment=14800)
    assert said is not None
    assert said.startswith("没有能同时满足各条规则的答复：")
    assert "“甲”要不低于 15000 万元" in said
    assert "“投资构成”要不高于 14800 万元" in said


def test_a_rulebook_without_stages_keeps_its_advice() -> None:
    ruleset = ruleset_of(INTENSITY.replace("  due: lead\n", "") + PARTS)
    assert condition(ruleset, land_area=50, total_investment=14800) == "不低于 15000 万元"


def test_the_next_step_up_is_offered_and_not_the_best() -> None:
    require = "{field: equipment_level, in: [international, domestic_leading]}"
    ruleset = ruleset_of(rule(require, more="due: lead"))
    (change,) = advice(ruleset, equipment_level="outdated").single
    assert change.new == "domestic_leading"


def test_what_an_authority_found_is_no_thing_to_change() -> None:
    text = rule("{field: planning_conformity, equals: true}", more="due: lead")
    rejecting = ruleset_of(text.replace("effect: refer", "effect: reject"))
    assert advice(rejecting, planning_conformity=False).outcome is Outcome.INCURABLE
    found = advice(ruleset_of(text), planning_conformity=False)
    assert (found.outcome, found.single) == (Outcome.REVIEW, ())
