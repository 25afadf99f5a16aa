"""The whole trace of one finding: conditions as a tree, formulas with their numbers, the YAML lines."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.trace import trace_of
from evaluator.rulebook.verdict import Status
from tests.judgement.rules import rule
from tests.support import judge, ruleset_of

BOTH = (
    "{any: [{field: plot_ratio, at_least: 2}, {not: {field: two_high, equals: true}}, "
    "{metric: land_tax, at_least: 20}]}"
)


def judged(require: str = BOTH, **values: Any) -> Evaluation:
    return judge(ruleset_of(rule(require)), **values)


def shape(node: dict[str, Any]) -> Any:
    """The tree as (kind, truth, children)."""
    return node["kind"], node["truth"], [shape(c) for c in node.get("children", [])]


def test_the_tree_is_that_of_the_condition() -> None:
    trace = trace_of(judged(plot_ratio=1, two_high=True, annual_tax=30), "positive.a")
    assert shape(trace["require"]) == (
        "any",
        "unknown",
        [
            ("leaf", "false", []),
            ("not", "false", [("leaf", "true", [])]),
            ("leaf", "unknown", []),
        ],
    )
    assert trace["applies_when"] is None
    assert trace["status_label"] == "材料不足"
    ratio, _, tax = trace["require"]["children"]
    assert ratio["text"] == "容积率 1，应不低于 2"
    assert tax["text"].endswith("（用地面积未填）")


@pytest.mark.parametrize(
    ("values", "numbers", "value"),
    [
        ({"annual_tax": 30, "land_area": 2}, "30 万元/年 ÷ 2 亩", "15"),
        ({"annual_tax": 30}, "30 万元/年 ÷ 未填", None),
        ({"annual_tax": 30, "land_area": 0}, "30 万元/年 ÷ 0 亩", None),
    ],
)
def test_a_formula_is_told_with_its_numbers(
    values: dict[str, Any], numbers: str, value: str | None
) -> None:
    trace = trace_of(judged("{metric: land_tax, at_least: 20}", **values), "positive.a")
    (metric,) = trace["metrics"]
    assert (metric["id"], metric["numbers"], metric["value"]) == ("land_tax", numbers, value)
    assert (metric["unknown"] is None) == (value is not None)


def test_the_status_and_the_finding_are_those_of_the_evaluation() -> None:
    for values in ({}, {"plot_ratio": 3}, {"plot_ratio": 1, "two_high": True, "annual_tax": 0}):
        evaluation = judged(**values)
        trace = trace_of(evaluation, "positive.a")
        assert trace["finding"]["status"] == evaluation.statuses["positive.a"].value
        truths = {Status.SATISFIED: "true", Status.VIOLATED: "false", Status.UNKNOWN: "unknown"}
        assert trace["require"]["truth"] == truths[evaluation.statuses["positive.a"]]


def test_the_lines_are_those_of_the_rule() -> None:
    ruleset = ruleset_of(rule(BOTH) + rule(BOTH).replace("positive.a", "positive.b"))
    source = trace_of(judge(ruleset), "positive.a")["source"]
    assert source["file"] == "rules/rules.yaml"
    assert source["yaml"].startswith("- id: positive.a\n")
    assert source["yaml"].endswith(BOTH)
    with pytest.raises(KeyError):
        trace_of(judge(ruleset), "positive.c")
