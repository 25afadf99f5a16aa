"""Standards that say of a profile what nobody meant: a lowered floor above which an inherited one rejects;
numbers of another size."""

from __future__ import annotations

import pytest

from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import Layers
from tests.rulebook.corpus import MINIMAL, texts

REJECT = """
- id: positive.land_tax_reject
  title: 亩均税收否决
  list: positive
  dimension: output
  applies_when: {field: land_use_mode, in: [new_industrial_land, stock_land]}
  require: {metric: land_tax, at_least: {criterion: tax_reject}}
  effect: reject
  departments: [tax]
  basis: [{criterion: tax_reject}]
  message: 亩均税收 {value}，低于 {required}
  remedy: 提高税收贡献
"""
LINE = """  tax_reject:
    title: 否决线
    kind: floor
    unit: 万元/亩/年
    values: [{from: 2020-01-01, source: law, verified: true, value: 10}]
"""
COUNTY = """language: 1
profile: {id: county, title: 县, extends: base}
sources: {county: {title: 县办法}}
criteria:
  tax_floor:
    title: 亩均税收下限
    kind: floor
    unit: UNIT
    values: [{from: 2020-01-01, source: county, verified: false, value: 8}]
"""


def layers(unit: str = "万元/亩/年", value: str = "8") -> Layers:
    below = texts(MINIMAL)
    below["criteria.yaml"] = below["criteria.yaml"].rstrip() + "\n" + LINE
    below["rules/rules.yaml"] = below["rules/rules.yaml"].rstrip() + "\n" + REJECT
    above = COUNTY.replace("UNIT", unit).replace("value: 8}", f"value: {value}}}")
    return ("base", below), ("county", {"criteria.yaml": above})


def codes(given: Layers) -> list[str]:
    return [p.code for p in check_layers(given)[1]]


def test_a_lowered_pass_floor_below_the_inherited_reject_floor_is_told() -> None:
    found = [p for p in check_layers(layers())[1] if p.code == "W917"]
    assert [p.message for p in found] == [
        "“positive.land_tax_reject”的否决线 10 比“positive.land_tax”的 8 万元/亩/年 还严（全部项目，2020-01-01 起）"
    ]
    assert "W917" not in codes(layers(value="12"))


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("亿元/亩/年", "10", True),
        ("元/亩/年", "10", True),
        ("万元/公顷/年", "300", False),
        ("万元/亩/年", "12", False),
    ],
)
def test_a_standard_of_another_size_than_what_it_measures(
    unit: str, value: str, told: bool
) -> None:
    assert ("W951" in codes(layers(unit, value))) is told
