"""What is the same is computed once; what differs in one part is told apart."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.rulebook.verdict import Status
from tests.engine.pair import HEAD, SATISFIED, VIOLATED, one_rule, status
from tests.strategies import write_yaml
from tests.support import ruleset_of


@pytest.mark.parametrize(
    ("area", "expected"), [("15", SATISFIED), ("14.9999999999", VIOLATED), ("15.0001", SATISFIED)]
)
def test_one_field_against_two_units(area: str, expected: Status) -> None:
    """Conversions are shared by factor, not only by field."""

    def floor(unit: str, value: int) -> dict[str, object]:
        period = {"from": dt.date(2020, 1, 1), "source": "law", "value": value}
        return {"title": unit, "kind": "floor", "unit": unit, "values": [period]}

    criteria: dict[str, object] = {"a": floor("公顷", 1), "b": floor("平方米", 10_000)}
    both = [{"field": "land_area", "at_least": {"criterion": c}} for c in criteria]
    require = write_yaml({"all": both})
    assert status(one_rule(require, criteria), land_area=area) is expected


LOOKALIKES = [
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emissions, less_than: {criterion: limit}}",
    ),
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emissions, at_most: {criterion: strict}}",
    ),
    (
        "{each: emissions, at_most: {criterion: limit}}",
        "{each: emission_offsets, at_most: {criterion: limit}}",
    ),
    ("{metric: emitted, at_most: 5}", "{metric: offset, at_most: 5}"),
    ("{metric: age, more_than: 0}", "{metric: reversed, more_than: 0}"),
    (
        "{field: land_area, at_least: {criterion: rounded}}",
        "{field: land_area, at_least: {criterion: full}}",
    ),
    (
        "{field: land_area, at_most: {criterion: full}}",
        "{field: land_area, at_least: {criterion: full}}",
    ),
    (
        "{field: total_investment, at_least: {criterion: table}}",
        "{field: total_investment, at_least: {criterion: table, industry_code: C26}}",
    ),
    ("{field: zone, starts_with: [东]}", "{field: zone, in: [东]}"),
    ("{field: product_codes, in: [a1]}", "{field: product_codes, in: [a2]}"),
    (
        "{field: industry_code, starts_with: {criterion: codes}}",
        "{field: industry_code, in: {criterion: codes}}",
    ),
    ("{known: zone}", "{known: chain_name}"),
    ("{metric: ratio, equals: 4}", "{metric: inverse, equals: 4}"),
]


@pytest.mark.parametrize(("true", "false"), LOOKALIKES)
def test_leaves_that_differ_in_one_part_are_told_apart(true: str, false: str) -> None:
    def made(kind: str, values: dict[str, object], **more: object) -> dict[str, object]:
        period = {"from": dt.date(2020, 1, 1), "source": "law", **values}
        return {"title": "标准", "kind": kind, **more, "values": [period]}

    limits = [{"pollutant": "COD", "value": 5}]
    rows = [{"industry_code": "C39", "value": 1}, {"industry_code": "C26", "value": 900}]
    criteria = {
        "limit": made("value", {"rows": limits}, by=["pollutant"], unit="吨/年"),
        "strict": made(
            "value", {"rows": [{**limits[0], "value": 4}]}, by=["pollutant"], unit="吨/年"
        ),
        "full": made("value", {"value": 20}, unit="亩"),
        "rounded": made("value", {"value": 20}, unit="亩", compare={"rounded": 0}),
        "table": made("value", {"rows": rows}, by=["industry_code"], unit="万元"),
        "codes": made("list", {"codes": ["C39"]}),
    }
    days = ["enterprise_founded_on", "submitted_on"]
    amounts = ["total_investment", "fixed_asset_investment"]
    formulas: dict[str, tuple[str, object]] = {
        "emitted": ("吨/年", {"sum": "emissions"}),
        "offset": ("吨/年", {"sum": "emission_offsets"}),
        "age": ("日", {"days_between": days}),
        "reversed": ("日", {"days_between": days[::-1]}),
        "ratio": ("1", {"divide": amounts}),
        "inverse": ("1", {"divide": amounts[::-1]}),
    }
    metrics = [
        {"id": name, "title": name, "unit": unit, "formula": formula}
        for name, (unit, formula) in formulas.items()
    ]
    rule = f"""
    - id: positive.one
      title: 一条
      list: positive
      require: {{all: [{true}, {{not: {false}}}]}}
      effect: advise
      departments: [tax]
      basis: [{{source: law}}]
    """
    head = write_yaml({**HEAD, "criteria": criteria})
    ruleset = ruleset_of(rule, head, write_yaml(metrics), "{dimensions: {}, labels: []}")
    emitted = {"pollutant": "COD", "value": 5}
    values: dict[str, object] = {
        "emissions": [emitted],
        "emission_offsets": [{**emitted, "value": 6}],
        "enterprise_founded_on": "2020-01-01",
        "land_area": "19.5",
        "total_investment": 400,
        "fixed_asset_investment": 100,
        "industry_code": "C3985",
        "zone": "东片区",
        "product_codes": ["a1"],
    }
    assert status(ruleset, **values) is SATISFIED  # type: ignore[arg-type]
