"""Exactness at thresholds: no binary float, no rounding, no unit slip anywhere on the way."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from evaluator.judgement.explain import explain
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from evaluator.values.numbers import Exact, exact_text, round_half_even, shown, shown_apart
from evaluator.values.units import UnitError, parse_quantity, parse_unit
from tests.support import CRITERIA, judge, ruleset_of


def rule(require: str, criteria: str = CRITERIA, metrics: str | None = None) -> Ruleset:
    text = f"""
- id: positive.r
  title: 门槛
  list: positive
  require: {require}
  effect: refer
  departments: [tax]
  basis: [{{source: law, clause: 第一条}}]
"""
    return ruleset_of(text, criteria) if metrics is None else ruleset_of(text, criteria, metrics)


TAX = "{metric: land_tax, at_least: {criterion: tax_floor}}"
HECTARE = "{metric: intensity, at_least: {criterion: intensity_floor}}"
SUM = (
    "- {id: total, title: 合计, unit: 万元, formula: {add: [registered_capital, paid_in_capital]}}"
)


@pytest.mark.parametrize(
    ("require", "metrics", "values", "status"),
    [
        (TAX, None, {"annual_tax": "2000", "land_area": "100"}, Status.SATISFIED),
        (TAX, None, {"annual_tax": "19.9999999999", "land_area": "1"}, Status.VIOLATED),
        (TAX, None, {"annual_tax": "19.996", "land_area": "1"}, Status.VIOLATED),
        (TAX, None, {"annual_tax": "20.0000000000000000001", "land_area": "1"}, Status.SATISFIED),
        # 20/3 per third of a mu: a division that does not end, still exactly at the threshold.
        (TAX, None, {"annual_tax": "20", "land_area": "2000/2000"}, Status.SATISFIED),
        (
            "{metric: land_tax, equals: 20}",
            None,
            {"annual_tax": "60", "land_area": "3"},
            Status.SATISFIED,
        ),
        # 0.1 + 0.2 is 0.3.
        (
            "{metric: total, equals: 0.3}",
            SUM,
            {"registered_capital": "0.1", "paid_in_capital": "0.2"},
            Status.SATISFIED,
        ),
        (
            "{metric: total, more_than: 0.3}",
            SUM,
            {"registered_capital": 0.1, "paid_in_capital": 0.2},
            Status.VIOLATED,
        ),
        # 3000 万元/公顷 is 200 万元/亩, given in 公顷, 亩 and 平方米.
        (
            HECTARE,
            None,
            {"industry_code": "C13", "fixed_asset_investment": "200", "land_area": "1 亩"},
            Status.SATISFIED,
        ),
        (
            HECTARE,
            None,
            {"industry_code": "C13", "fixed_asset_investment": "3000", "land_area": "1 公顷"},
            Status.SATISFIED,
        ),
        (
            HECTARE,
            None,
            {
                "industry_code": "C13",
                "fixed_asset_investment": "0.3 亿元",
                "land_area": "10000 平方米",
            },
            Status.SATISFIED,
        ),
        (
            HECTARE,
            None,
            {"industry_code": "C13", "fixed_asset_investment": "199.99999999", "land_area": "1 亩"},
            Status.VIOLATED,
        ),
        (
            HECTARE,
            None,
            {
                "industry_code": "C13",
                "fixed_asset_investment": "3000",
                "land_area": "10000.0001 平方米",
            },
            Status.VIOLATED,
        ),
    ],
)
def test_threshold(
    require: str, metrics: str | None, values: dict[str, Any], status: Status
) -> None:
    assert judge(rule(require, metrics=metrics), **values).statuses["positive.r"] is status


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("19.995", Status.SATISFIED),
        ("19.994999", Status.VIOLATED),
        ("19.985", Status.VIOLATED),
        ("20", Status.SATISFIED),
    ],
)
def test_rounded_comparison_when_the_criterion_asks(value: str, status: Status) -> None:
    criteria = CRITERIA.replace(
        "title: 亩均税收下限\n", "title: 亩均税收下限\n    compare: {rounded: 2}\n"
    )
    evaluation = judge(rule(TAX, criteria), annual_tax=value, land_area="1")
    assert evaluation.statuses["positive.r"] is status


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        ("2.5", 0, "2"),
        ("3.5", 0, "4"),
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("-2.5", 0, "-2"),
    ],
)
def test_rounding_is_half_to_even(value: str, digits: int, rounded: str) -> None:
    assert round_half_even(Fraction(value), digits) == Fraction(rounded)


@pytest.mark.parametrize(
    ("value", "required", "texts"),
    [
        ("19.996", "20", ("19.996", "20")),
        ("19.9999999999", "20", ("19.9999999999", "20")),
        ("20", "20", ("20", "20")),
        ("18.2", "20", ("18.2", "20")),
        ("20.004", "20", ("20.004", "20")),
        ("1/3", "0.33", ("0.333", "0.33")),
    ],
)
def test_what_is_shown_never_contradicts(value: str, required: str, texts: tuple[str, str]) -> None:
    assert shown_apart(Fraction(value), Fraction(required)) == texts


def test_finding_shows_the_digits_that_decide() -> None:
    finding = explain(judge(rule(TAX), annual_tax="19.9999999999", land_area=1), "positive.r")
    assert (finding.measure.value, finding.measure.required) == ("19.9999999999", "20")
    assert finding.measure.gap == "0.0000000001"


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("18 公顷", "亩", "270"),
        ("1.2 亿元", "万元", "12000"),
        ("60%", "%", "60"),
        ("0.6", "%", "0.6"),
        ("982184.97 平方米", "亩", "1473.277455"),
        ("1 亩", "平方米", "2000/3"),
        ("2 年", "月", "24"),
        ("1,234.5", "万元", "1234.5"),
        ("3亿千瓦时", "万千瓦时", "30000"),
        ("5 亿元", "万元/年", "50000"),
        ("270万元/亩", "万元/公顷", "4050"),
        (Exact("2000/3"), "平方米", "2000/3"),
    ],
)
def test_quantity(text: str, unit: str, number: str) -> None:
    assert parse_quantity(text, parse_unit(unit)) == Fraction(number)
    assert exact_text(Fraction(number)) == number


@pytest.mark.parametrize(
    "text", ["18 公倾", "十八", "1e3", "1.2.3", "18 吨", "", "-", "1 2", "∞", "1" * 31]
)
def test_quantity_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, parse_unit("亩"))


def test_shown_drops_trailing_zeros_only() -> None:
    assert [shown(Fraction(x), 2) for x in ("100", "1.50", "0", "-0.004", "1200")] == [
        "100",
        "1.5",
        "0",
        "0",
        "1200",
    ]
