"""Values worth trying: exactly where a comparison turns, and the words that a rule names."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest

from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook import worth
from evaluator.rulebook.verdict import Status
from tests.support import CRITERIA, DAY, profile, ruleset_of

RULE = """
- id: positive.a
  title: 甲
  list: positive
  effect: refer
  departments: [tax]
  basis: [{source: law}]
  require: {require}
"""


@pytest.mark.parametrize(
    ("require", "name", "given", "turns"),
    [
        ("{field: land_area, at_least: 10}", "land_area", {}, [10]),
        ("{field: land_area, at_least: 1 公顷}", "land_area", {}, [15]),
        ("{not: {field: land_area, equals: 10}}", "land_area", {"land_area": 3}, [10]),
        ("{metric: land_tax, at_least: 20}", "annual_tax", {"land_area": 3}, [60]),
        ("{metric: land_tax, at_least: 20}", "land_area", {"annual_tax": 60}, [3]),
        ("{metric: land_tax, at_least: 20}", "land_area", {}, []),
        ("{field: annual_tax, at_least: 10}", "land_area", {}, []),
        (
            "{any: [{field: land_area, at_least: 10}, {field: land_area, less_than: 2}]}",
            "land_area",
            {},
            [10, 2],
        ),
    ],
)
def test_numbers_are_those_at_which_a_comparison_turns(
    require: str, name: str, given: dict[str, object], turns: list[int]
) -> None:
    ruleset = ruleset_of(RULE.replace("{require}", require))
    (rule,) = ruleset.rules.values()
    field = ruleset.registry.fields[name]
    engine, dossier = ReferenceEngine(ruleset), profile(**given)
    found = list(worth.turns(rule, field, ruleset, engine.values(dossier, DAY)))
    assert found == turns
    # They are where it turns: the rule says something else on one side of each than on the other.
    step = Fraction(1, 1000)
    for turn in found:
        at = [dossier.with_value(name, turn + side * step) for side in (-1, 0, 1)]
        statuses = [next(engine.judge([rule], p, DAY))[1] for p in at]
        assert set(statuses) == {Status.SATISFIED, Status.VIOLATED}


def test_words_are_those_of_the_rule_and_of_its_lists_in_force() -> None:
    criteria = (
        CRITERIA
        + """
  listed:
    title: 目录
    kind: list
    values:
      - {from: 2020-01-01, until: 2024-12-31, source: law, verified: true, codes: [C25]}
      - {from: 2025-01-01, source: law, verified: true, codes: [C26, C31]}
"""
    )
    require = (
        "{all: [{not: {field: industry_code, starts_with: {criterion: listed}}}, "
        "{field: industry_code, not_in: [C3985]}, {field: zone, in: [东片区]}]}"
    )
    ruleset = ruleset_of(RULE.replace("{require}", require), criteria)
    (rule,) = ruleset.rules.values()
    code, zone = (ruleset.registry.fields[n] for n in ("industry_code", "zone"))
    assert list(worth.words(rule, code, ruleset)) == [("C3985", False)]
    before, after = dt.date(2024, 6, 1), dt.date(2025, 6, 1)
    assert list(worth.words(rule, code, ruleset, before)) == [("C25", True), ("C3985", False)]
    assert [w for w, _ in worth.words(rule, code, ruleset, after)] == ["C26", "C31", "C3985"]
    assert list(worth.words(rule, zone, ruleset, after)) == [("东片区", False)]


def test_few_values_are_all_tried() -> None:
    fields = ruleset_of().registry.fields
    assert worth.choices(fields["two_high"]) == (True, False)
    assert worth.choices(fields["land_use_mode"]) == tuple(fields["land_use_mode"].values)
    assert len(worth.choices(fields["land_use_mode"])) > 2
    assert worth.choices(fields["land_area"]) == ()


@pytest.mark.parametrize(
    ("code", "whole"),
    [("C", "C4111"), ("C39", "C3911"), ("C398", "C3981"), ("B061", "B0610"), ("C3985", "C3985")],
)
def test_a_shorter_code_is_tried_as_a_whole_class_below_it(code: str, whole: str) -> None:
    assert list(worth.industries_under(code, ())) == [whole]


def test_codes_in_use_go_before_made_ones() -> None:
    known = ("C3985", "C39", "C2614", "C3911")
    assert list(worth.industries_under("C39", known)) == ["C3985", "C3911", "C3911"]
