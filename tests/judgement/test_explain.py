"""What findings and remedies say, where saying it wrongly is easy: negations, rows, zeros, ties."""

from __future__ import annotations

import pytest

from evaluator.judgement.explain import explain
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.trace import trace_of
from tests.judgement.rules import rule
from tests.support import CRITERIA, judge, ruleset_of

FACTOR = (
    CRITERIA
    + """
  factor:
    title: 系数
    kind: value
    unit: "1"
    by: [land_class]
    values:
      - from: 2020-01-01
        source: law
        clause: 总则
        verified: true
        rows:
          - {land_class: 1, value: 3, clause: 一等条款, verified: false}
          - {land_class: 2, value: 5, clause: 二等条款}
"""
)


@pytest.mark.parametrize(
    ("require", "value", "said", "gap"),
    [
        ("{not: {field: land_area, at_least: 10}}", 15, "甲 15 亩，不低于要求的 10 亩", "5"),
        ("{not: {field: land_area, at_least: 10}}", 10, "甲 10 亩，不低于要求的 10 亩", None),
        ("{not: {field: land_area, more_than: 10}}", 15, "甲 15 亩，高于要求的 10 亩", "5"),
        ("{not: {field: land_area, equals: 10}}", 10, "甲 10 亩，等于要求的 10 亩", None),
        ("{field: land_area, at_least: 10}", 5, "甲 5 亩，低于要求的 10 亩", "5"),
    ],
)
def test_a_negated_comparison_is_told_as_it_is(
    require: str, value: int, said: str, gap: str | None
) -> None:
    found = explain(judge(ruleset_of(rule(require)), land_area=value), "positive.a")
    assert (found.message, found.measure.gap) == (said, gap)


def test_a_message_may_name_a_part_of_a_record() -> None:
    text = rule("{field: emissions.COD, at_most: 10}", more='message: "{{COD}} {emissions.COD}"')
    ruleset = ruleset_of(text)
    emissions = [{"pollutant": "COD", "value": "10.4", "unit": "吨/年"}]
    assert explain(judge(ruleset, emissions=emissions), "positive.a").message == "{COD} 10.4 吨/年"


def test_what_is_missing_is_told_with_who_supplies_it() -> None:
    ruleset = ruleset_of(rule("{field: two_high, equals: false}"))
    said = "甲：没有填“两高项目”（发展改革部门提供）"
    assert explain(judge(ruleset), "positive.a").message == said


def test_a_row_within_a_formula_is_cited_and_shown() -> None:
    """The table's row, not its first one; an example value there makes the requirement one."""
    require = "{field: plot_ratio, at_least: {multiply: [{criterion: factor}, 2]}}"
    ruleset = ruleset_of(rule(require, "{criterion: factor}"), criteria=FACTOR)
    for land_class, clause, example in ((1, "一等条款", True), (2, "二等条款", False)):
        evaluation = judge(ruleset, plot_ratio=1, land_class=land_class)
        found = explain(evaluation, "positive.a")
        assert [c.clause for c in found.basis] == [clause]
        assert found.example is example
        assert [c["basis"]["clause"] for c in trace_of(evaluation, "positive.a")["criteria"]] == [
            clause
        ]


def test_the_basis_is_the_row_that_was_required() -> None:
    """Not the one by which the rule applies."""
    text = rule(
        "{field: plot_ratio, at_least: {criterion: factor}}",
        "{criterion: factor}",
        "applies_when: {field: plot_ratio, at_most: {criterion: factor, land_class: 2}}",
    )
    evaluation = judge(ruleset_of(text, criteria=FACTOR), plot_ratio=1, land_class=1)
    found = explain(evaluation, "positive.a")
    assert found.measure.required == "3"
    assert [c.clause for c in found.basis] == ["一等条款"]
    assert found.example


def test_what_an_item_lacks_is_asked_for() -> None:
    criteria = (
        CRITERIA
        + """
  clinker:
    title: 熟料
    kind: ceiling
    by: [product, industry_code]
    values:
      - from: 2020-01-01
        source: law
        verified: true
        rows:
          - {product: 水泥熟料, industry_code: C30, value: 100, unit: 千克标准煤/吨}
          - {product: 水泥熟料, value: 120, unit: 千克标准煤/吨}
"""
    )
    text = rule("{each: product_energy, at_most: {criterion: clinker}}", "{criterion: clinker}")
    items = [{"product": "水泥熟料", "value": "110", "unit": "千克标准煤/吨"}]
    evaluation = judge(ruleset_of(text, criteria=criteria), product_energy=items)
    assert explain(evaluation, "positive.a").missing == ("industry_code",)
    found = counterfactual(evaluation)
    assert (found.outcome, found.open_fields) == ("fill", ("industry_code",))
    assert [f.field.name for f in found.fill] == ["industry_code"]
