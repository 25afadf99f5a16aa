"""What stands in the way of a dossier, and what comes of a search for a way to pass."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.remedy.changes import Outcome
from evaluator.judgement.remedy.obstacles import obstacles_of
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.remedy.standing import Standing
from evaluator.rulebook.verdict import Verdict
from tests.support import judge, profile, ruleset_of

HEAD = """
- id: {list}.{id}
  title: 规则
  list: {list}
  effect: {effect}
  departments: [tax]
  basis: [{{source: law}}]
  require: {require}
"""


def rules(*entries: tuple[str, str, str]) -> str:
    """Rules r0, r1 … of (list, effect, require)."""
    return "".join(
        HEAD.format(list=kind, id=f"r{n}", effect=effect, require=require)
        for n, (kind, effect, require) in enumerate(entries)
    )


TAX = ("positive", "refer", "{field: annual_tax, at_least: 20}")
AREA = ("positive", "refer", "{field: land_area, at_most: 10}")
INDUSTRY = ("negative", "reject", "{not: {field: industry_code, starts_with: [C25]}}")
REFERRED = ("negative", "refer", "{not: {field: industry_code, starts_with: [C25]}}")
DOUBTED = ("integrity", "refer", "{field: annual_tax, at_most: 100}")
ZERO = ("positive", "refer", "{metric: land_tax, at_least: 1}")

CASES: list[tuple[list[tuple[str, str, str]], dict[str, Any], str, Outcome, dict[str, Any]]] = [
    ([TAX], {"annual_tax": 20}, "", Outcome.NONE, {}),
    ([TAX], {"annual_tax": 1}, "mendable", Outcome.SINGLE, {"annual_tax": 20}),
    ([TAX, AREA], {"annual_tax": 1, "land_area": 11}, "mendable", Outcome.JOINT, {}),
    ([TAX], {}, "waiting", Outcome.FILL, {}),
    ([INDUSTRY], {"industry_code": "C2511"}, "incurable", Outcome.INCURABLE, {}),
    ([REFERRED], {"industry_code": "C2511"}, "review", Outcome.REVIEW, {}),
    ([DOUBTED], {"annual_tax": 101}, "verify", Outcome.REVIEW, {}),
    ([ZERO], {"annual_tax": 1, "land_area": 0}, "verify", Outcome.REVIEW, {}),
]


def judged(entries: list[tuple[str, str, str]], values: dict[str, Any]) -> Evaluation:
    return judge(ruleset_of(rules(*entries)), **values)


@pytest.mark.parametrize(("entries", "values", "kind", "outcome", "change"), CASES)
def test_each_obstacle_is_of_one_kind_and_leads_to_one_outcome(
    entries: list[tuple[str, str, str]],
    values: dict[str, Any],
    kind: str,
    outcome: Outcome,
    change: dict[str, Any],
) -> None:
    evaluation = judged(entries, values)
    answer = counterfactual(evaluation)
    assert answer.outcome is outcome
    assert answer.to_dict()["outcome"] == outcome.value
    if outcome is not Outcome.NONE:
        obstacles = obstacles_of(Standing(evaluation))
        kinds = ("waiting", "mendable", "verify", "review", "incurable")
        sorted_ = {k: set(getattr(obstacles, k)) for k in kinds if getattr(obstacles, k)}
        assert sorted_ == {kind: set(evaluation.blocking)}
        assert obstacles.excused == {*obstacles.verify, *obstacles.review}
    assert {c.field.name: c.new for c in answer.single} == change


def test_what_cannot_be_met_is_not_found() -> None:
    impossible = ("positive", "refer", "{field: land_area, less_than: 0}")
    answer = counterfactual(judged([impossible], {"land_area": 5}))
    assert (answer.outcome, answer.reaches) == (Outcome.NOT_FOUND, None)


def test_changes_that_are_needed_together_pass_together_and_not_alone() -> None:
    evaluation = judged([TAX, AREA], {"annual_tax": 1, "land_area": 11})
    answer = counterfactual(evaluation)
    assert {c.field.name for c in answer.joint} == {"annual_tax", "land_area"}
    assert answer.reaches is Verdict.PASS
    for left_out in answer.joint:
        values = {c.field.name: c.new for c in answer.joint if c is not left_out}
        stated = {"annual_tax": 1, "land_area": 11, **values}
        assert judge(evaluation.ruleset, **stated).verdict is Verdict.REFER


def test_a_change_of_one_figure_that_breaches_another_rule_is_no_remedy() -> None:
    """More land would mend one rule and breach another: nothing is offered that does."""
    more = ("positive", "refer", "{field: land_area, at_least: 12}")
    answer = counterfactual(judged([more, AREA], {"land_area": 5}))
    assert (answer.outcome, answer.single, answer.joint) == (Outcome.NOT_FOUND, (), ())


def test_a_dossier_is_left_as_it_was() -> None:
    evaluation = judged([TAX], {"annual_tax": 1})
    standing = Standing(evaluation)
    (change,) = counterfactual(evaluation).single
    assert standing.changed(()) is evaluation.profile
    assert standing.changed([change]).values["annual_tax"] == change.new
    assert evaluation.profile == profile(annual_tax=1)
