"""Cases of scorecards: expected points, what of a card is covered, and which slips are noticed."""

from __future__ import annotations

import pytest

from evaluator.cases.book import SUBMITTED_ON, read_cases
from evaluator.cases.card_mutants import card_mutants, with_card
from evaluator.cases.coverage import coverage
from evaluator.cases.mutation import mutate
from evaluator.cases.reach import Reaches
from evaluator.cases.run import run_cases
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.cards import Bands
from tests.cases.small import cases_of
from tests.support import ruleset_of

CARD = """
- id: park
  title: 园区评价
  full_marks: 30
  cap: 26
  floor: 1
  bonus_cap: 3
  departments: [tax]
  basis: [{criterion: tax_floor}]
  items:
    - id: tax
      title: 年税收
      full_marks: 10
      points:
        bands: annual_tax
        rows:
          - {at_least: 100, points: 10}
          - {at_least: 20, points: 1, each: {above: 20, step: 20, points: 3}, steps: whole, most: 9}
          - {points: 0}
    - id: land
      title: 用地
      full_marks: 12
      points: {options: land_use_mode, values: {new_industrial_land: 12, stock_land: 6}, otherwise: 0}
    - id: share
      title: 亩均税收达标
      full_marks: 8
      points: {ratio: land_tax, to: 16, cap: 1}
    - id: group
      title: 集团
      kind: bonus
      full_marks: 4
      applies_when: {field: two_high, equals: false}
      points: {condition: {field: known_place, equals: true}}
  grades:
    - {id: good, title: 好, at_least: 20, verdict: pass}
    - {id: fair, title: 中, at_least: 10, verdict: refer}
    - {id: poor, title: 差, verdict: reject}
"""


@pytest.fixture(scope="module")
def park() -> Ruleset:
    card = CARD.replace("known_place", "planning_conformity")
    return ruleset_of("[]", park=card)


def one(text: str) -> str:
    return (
        f"- {{rule: scorecard.park, name: 甲, expect: violated, {text}, dossier: {{annual_tax: 60, "
        "land_area: 5, land_use_mode: stock_land, two_high: true}}\n"
    )


def failures(ruleset: Ruleset, text: str) -> list[str]:
    results = run_cases(cases_of(ruleset, text), Evaluator(ruleset, "reference"))
    return [f for r in results for f in r.failures]


def test_expected_points_hold_to_the_digit(park: Ruleset) -> None:
    """7 for tax, 6 for land, 12 / 16 of 8 for the share; no group for a two-high project."""
    good = "points: 19, grade: fair, items: {tax: 7, land: 6, share: 12/2, group: 0}"
    assert failures(park, one(good)) == []
    assert failures(park, one("points: 19.01")) == ["得分应为 19.01，得到 19"]
    assert failures(park, one("grade: good")) == ["等次应为“好”，得到“中”"]
    assert failures(park, one("items: {share: 5.99}")) == [
        "评分项“亩均税收达标”应得 5.99 分，得到 6 分"
    ]


def test_what_is_open_is_expected_with_both_ends(park: Ruleset) -> None:
    text = (
        "- {name: 乙, verdict: refer, scores: {park: {points: [13, 25], grade: [good, fair], "
        "items: {land: [0, 12]}}}, dossier: {annual_tax: 60, land_area: 5, two_high: true}}\n"
    )
    assert failures(park, text) == []
    assert failures(park, text.replace("[13, 25]", "13")) == ["得分应为 13，得到 13 至 25"]
    assert failures(park, text.replace("[good, fair]", "good")) == ["等次应为“好”，得到“好或中”"]


def test_a_table_has_columns_for_single_items(park: Ruleset) -> None:
    text = """
- rule: scorecard.park
  name: 逐项
  dossier: {land_area: 5, two_high: true}
  columns: [name, annual_tax, land_use_mode, items.tax, items.land, points, grade, expect]
  rows:
    - [甲, 60, stock_land, 7, 6, 19, fair, violated]
    - [乙, null, null, [0, 10], [0, 12], [1, 26], [good, fair, poor], unknown]
    - [丙, 60, stock_land, null, 6, null, null, violated]
"""
    assert failures(park, text) == []
    assert failures(park, text.replace("60, stock_land, 7,", "60, stock_land, 6,")) == [
        "评分项“年税收”应得 6 分，得到 7 分"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("points: 多", "这里应是分数"),
        ("points: [3, 2]", "最低分大于最高分"),
        ("points: [1, 2, 3]", "这里应是分数"),
        ("grade: best", "没有等次“best”"),
        ("items: {taxes: 3}", "评分表“park”没有评分项“taxes”"),
        ("items: 3", "items 应是键值表"),
    ],
)
def test_what_cannot_be_expected_is_refused(park: Ruleset, text: str, said: str) -> None:
    problems = Problems()
    read_cases(park, problems, files={"a.cases.yaml": one(text)})
    assert [(p.code, p.message) for p in problems] == [("C113", said)]
    assert problems[0].hint


def test_only_cards_have_points() -> None:
    ruleset, problems = ruleset_of(), Problems()
    rule = next(iter(ruleset.rules))
    text = (
        f"- {{rule: {rule}, name: 甲, expect: violated, points: 3, dossier: {{annual_tax: 1}}}}\n"
    )
    text += "- {name: 乙, verdict: pass, scores: {park: {points: 1}}, dossier: {annual_tax: 1}}\n"
    read_cases(ruleset, problems, files={"a.cases.yaml": text})
    assert [p.code for p in problems] == ["C113", "C113"]


ROWS = """
- rule: scorecard.park
  name: 逐项
  columns: [name, annual_tax, land_area, land_use_mode, two_high, planning_conformity, points, items.tax, items.share, items.group, expect]
  rows:
    - [满, 100, 6.25, new_industrial_land, true, false, 26, 10, 8, 0, satisfied]
    - [恰为界限, 20, 2, new_industrial_land, true, true, 18, 1, 5, 0, violated]
    - [差一点, 99.99, 10, stock_land, true, true, 19.9995, 9, 4.9995, 0, violated]
    - [满一步, 40, 10, stock_land, true, true, 12, 4, 2, 0, violated]
    - [不满一步, 39.99, 10, stock_land, true, true, 8.9995, 1, 1.9995, 0, violated]
    - [没有, 19.99, 100, leased_plant, true, true, 1, 0, 0.09995, 0, violated]
    - [加分, 19.99, 100, leased_plant, false, true, 3.09995, 0, null, 4, violated]
    - [不加, 19.99, 100, leased_plant, false, false, 1, 0, null, 0, violated]
    - [到最多的分, 85, 10, stock_land, true, true, 19.25, 9, 4.25, 0, violated]
    - [没填, 85, 10, null, true, true, null, null, null, null, unknown]
"""


def test_each_band_step_cap_choice_and_grade_is_covered_or_told(park: Ruleset) -> None:
    told = [i.what for i in coverage(park, cases_of(park, ROWS)).items if not i.covered]
    parts = coverage(park, cases_of(park, ROWS)).items
    kinds = {k: sum(i.kind == k for i in parts) for k in ("points", "band", "step", "cap", "grade")}
    assert kinds == {"points": 5, "band": 3, "step": 1, "cap": 3, "grade": 3}
    assert not [t for t in told if "评分项" in t or "等次" in t or "总分" in t]
    less = "\n".join(line for line in ROWS.splitlines() if "满一步" not in line)
    told = [i.what for i in coverage(park, cases_of(park, less)).items if not i.covered]
    assert "评分项“年税收”的“不低于 20 万元/年”一档恰满一步" in told


def test_slips_in_points_bands_steps_and_caps_are_noticed(park: Ruleset) -> None:
    mutation = mutate(park, cases_of(park, ROWS))
    for kind in ("points", "band", "step"):
        assert [o.what for o in mutation.of(kind) if o.killed_by is None] == [], kind
        assert len(mutation.of(kind)) > 2
    verdicts = ROWS.replace("points, items.tax, items.share, items.group, ", "")
    for row in ROWS.splitlines():
        if row.startswith("    - ["):
            parts = row.strip("- []").split(", ")
            verdicts = verdicts.replace(row, f"    - [{', '.join([*parts[:6], parts[-1]])}]")
    blind = mutate(park, cases_of(park, verdicts))
    assert blind.ratio("step") < 0.5 < mutation.ratio("step")


def test_every_slip_of_points_gives_other_points_to_some_number(park: Ruleset) -> None:
    """None of the slips in bands is one that no case could notice."""
    card = park.scorecards["park"]
    reaches = Reaches(park, SUBMITTED_ON)
    (old,) = [i for i in card.items if isinstance(i.points, Bands)]
    assert isinstance(old.points, Bands)
    assert reaches.same(old, old.points, old.points)
    count = 0
    for mutant in card_mutants(card, park, SUBMITTED_ON):
        item = next((i for i in mutant.mutant.items if i.id == old.id), None)
        if item is not None and isinstance(item.points, Bands) and item.points is not old.points:
            count += 1
            assert not reaches.same(old, old.points, item.points), mutant.what
        assert with_card(park, mutant.mutant).scorecards["park"] is mutant.mutant
    assert count > 15


def test_a_limit_that_no_number_comes_up_to_has_no_slips(park: Ruleset) -> None:
    card = CARD.replace("most: 9", "most: 99").replace("known_place", "planning_conformity")
    ruleset = ruleset_of("[]", park=card)
    whats = [m.what for m in card_mutants(ruleset.scorecards["park"], ruleset, SUBMITTED_ON)]
    assert not [w for w in whats if "最多" in w]
    most = [
        m for m in card_mutants(park.scorecards["park"], park, SUBMITTED_ON) if "最多" in m.what
    ]
    assert len(most) == 2
    assert {m.kind for m in most} == {"cap"}
