"""The grain of a score: no two scores of a card lie closer."""

from __future__ import annotations

from fractions import Fraction

import pytest

from evaluator.cases.grain import grain
from evaluator.rulebook.load import load_directory, load_layers
from tests.support import CRITERIA, ROOT

CARD = """
- id: card
  title: 评价
  full_marks: 10
  {card}
  departments: [tax]
  basis: [{{source: law}}]
  items: [{{id: one, title: 一, full_marks: 10, {item}}}]
  grades: [{{id: good, title: 好, at_least: 5, verdict: pass}}, {{id: rest, title: 其余, verdict: refer}}]
"""
STEPS = "points: {bands: annual_tax, rows: [{at_least: 8, points: 10}, {points: 0, each: {above: 0, step: 1, points: 1.25}, steps: HOW}]}"


@pytest.mark.parametrize(
    ("item", "card", "expected"),
    [
        ("points: {condition: {field: two_high, equals: false}}", "", 10),
        ("points: {condition: {field: two_high, equals: false}, then: 6, otherwise: 4}", "", 2),
        ("points: {condition: {field: two_high, equals: false}, then: 6}", "cap: 9", 1),
        (STEPS.replace("HOW", "whole"), "", Fraction(5, 4)),
        (STEPS.replace("HOW", "prorated"), "", None),
        (STEPS.replace("HOW", "prorated"), "round: {digits: 1}", Fraction(1, 10)),
        (f"{STEPS.replace('HOW', 'prorated')}, round: {{digits: 2}}", "", Fraction(1, 100)),
    ],
)
def test_the_grain_of_one_item(item: str, card: str, expected: Fraction | None) -> None:
    files = {
        "criteria.yaml": CRITERIA,
        "rules/scorecards/card.yaml": CARD.format(item=item, card=card),
    }
    ruleset = load_layers((("base", files),))
    assert grain(ruleset.scorecards["card"]) == expected


@pytest.mark.parametrize(
    ("profile", "card", "expected"),
    [
        ("shouxian", "park", Fraction(1, 10)),
        ("shijiazhuang", "board", Fraction(1, 10)),
        ("tuanfeng", "assessment", None),
    ],
)
def test_the_grain_of_the_cards_of_profiles(
    profile: str, card: str, expected: Fraction | None
) -> None:
    ruleset = load_directory(ROOT / "profiles" / profile)
    assert grain(ruleset.scorecards[card]) == expected
