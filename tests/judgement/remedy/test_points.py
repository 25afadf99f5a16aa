"""What would raise a score to its line: the least change, exactly, over several items where one is
too little, and never points that somebody gave."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.remedy.changes import Counterfactual, Outcome
from evaluator.judgement.remedy.search import counterfactual
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Verdict
from tests.support import ROOT, make_profile, ruleset_of

BASE = {"project_id": "T1", "project_name": "测试", "submitted_on": "2026-06-03"}
BOARD: dict[str, Any] = {
    "dishonest_enterprise": False,
    "open_penalty": False,
    "illegal_land_use": False,
    "core_licence_held": True,
    "fixed_asset_investment": 6000,
    "land_area": 40,
    "annual_tax": 600,
    "enterprise_title": "none",
    "stable_customers": False,
    "chain_role": "none",
}
TWO = """
- id: two
  title: 两项
  full_marks: 20
  departments: [tax]
  basis: [{criterion: tax_floor}]
  items:
    - {id: tax, title: 税收, full_marks: 10, points: {bands: annual_tax, rows: [{at_least: 100, points: 10}, {at_least: 50, points: 4}, {points: 0}]}}
    - {id: jobs, title: 就业, full_marks: 10, points: {ratio: employees, to: 80, cap: 1}}
  grades:
    - {id: good, title: 好, at_least: 16, verdict: pass}
    - {id: poor, title: 差, verdict: reject}
"""


def advice(ruleset: Ruleset, values: dict[str, Any]) -> Counterfactual:
    profile = make_profile(ruleset.registry, **{**BASE, **values})
    return counterfactual(Evaluator(ruleset, "reference").evaluate(profile))


def verdict(ruleset: Ruleset, values: dict[str, Any]) -> Verdict:
    profile = make_profile(ruleset.registry, **{**BASE, **values})
    return Evaluator(ruleset, "reference").evaluate(profile).verdict


def test_the_least_change_reaches_the_line_and_a_step_less_does_not() -> None:
    """43 points, 60 needed, rounded to a tenth: 18 + x / 40 / 300 * 50 has to come to 59.95."""
    board = load_directory(ROOT / "profiles" / "shijiazhuang")
    found = advice(board, BOARD)
    assert found.outcome is Outcome.SINGLE
    by_field = {c.field.name: c.new for c in found.single}
    assert by_field["fixed_asset_investment"] == 10068
    for name, value in by_field.items():
        assert verdict(board, {**BOARD, name: value}) is Verdict.PASS, name
    assert (
        verdict(board, {**BOARD, "fixed_asset_investment": Decimal("10067.99")}) is Verdict.REJECT
    )
    area = by_field["land_area"]
    assert isinstance(area, Fraction)
    assert verdict(board, {**BOARD, "land_area": area + Fraction(1, 100)}) is Verdict.REJECT


def test_where_one_change_is_too_little_several_items_are_raised() -> None:
    ruleset = ruleset_of("[]", two=TWO)
    values = {"annual_tax": 20, "employees": 10}
    found = advice(ruleset, values)
    assert found.outcome is Outcome.JOINT
    changed = {c.field.name: c.new for c in found.joint}
    assert verdict(ruleset, {**values, **changed}) is Verdict.PASS
    assert changed == {"annual_tax": 100, "employees": 48}
    assert found.reaches is Verdict.PASS


def test_where_all_items_together_are_too_little_nothing_is_proposed() -> None:
    ruleset = ruleset_of(
        "[]", two=TWO.replace("at_least: 16", "at_least: 20").replace("cap: 1", "cap: 0.9")
    )
    found = advice(ruleset, {"annual_tax": 20, "employees": 10})
    assert found.outcome is Outcome.NOT_FOUND
    assert not found.joint


def test_points_that_a_department_gave_are_no_figure_of_the_plan() -> None:
    ruleset = load_directory(ROOT / "profiles" / "tuanfeng")
    fields = [f for f in ruleset.registry.fields if f.startswith("points_")]
    values: dict[str, Any] = dict.fromkeys(fields, 3)
    values |= {"dishonest_enterprise": False, "two_high": False, "planning_conformity": True}
    found = advice(ruleset, values)
    assert not found.single
    assert not found.joint
    assert "须由会审决定" in found.text() or "不能通过修改方案补救" in found.text()
