"""Scores are intervals: answers only narrow them, and what every answer says is already said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from evaluator.dossier.dossier import make_profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.explain import findings
from evaluator.judgement.result import result
from evaluator.judgement.scores import score_sentence, scores
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Verdict
from tests.draws import draws
from tests.engine.pair import check, engines
from tests.judgement.test_properties import fill
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

DAY = "2026-01-01"
CLEAR = {
    "dishonest_enterprise": False,
    "open_penalty": False,
    "illegal_land_use": False,
    "core_licence_held": True,
}
NOTHING_MORE = {"enterprise_title": "none", "stable_customers": False, "chain_role": "none"}


@pytest.fixture(scope="module")
def board() -> Evaluator:
    return Evaluator(load_directory(ROOT / "profiles" / "shijiazhuang"), "reference")


def judged(evaluator: Evaluator, **values: Any) -> Evaluation:
    head = {"project_id": "P1", "project_name": "甲", "submitted_on": DAY}
    return evaluator.evaluate(make_profile(evaluator.ruleset.registry, **head, **CLEAR, **values))


def per_land(investment: int, land: int, tax: int) -> dict[str, int]:
    return {"fixed_asset_investment": investment, "land_area": land, "annual_tax": tax}


WORKED = [
    (
        {
            **per_land(10000, 40, 900),
            "enterprise_title": "provincial",
            "stable_customers": True,
            "chain_role": "fills_gap",
        },
        ("80.7", "80.7", "conditional", Verdict.PASS),
    ),
    ({**per_land(6000, 40, 600), **NOTHING_MORE}, ("43", "43", "refused", Verdict.REJECT)),
    ({**per_land(12000, 40, 1500), **NOTHING_MORE}, ("80", "80", "pass", Verdict.PASS)),
    (
        {**per_land(12000, 40, 1500), "enterprise_title": "none", "chain_role": "none"},
        ("80", "84", "pass", Verdict.PASS),
    ),
]


@pytest.mark.parametrize(("values", "expected"), WORKED)
def test_the_figures_worked_by_hand_come_out(
    board: Evaluator, values: dict[str, Any], expected: tuple[str, str, str, Verdict]
) -> None:
    evaluation = judged(board, **values)
    (card,) = result(evaluation)["scores"]
    assert (card["low"], card["high"], card["grade"], evaluation.verdict) == expected
    assert card["max"] == "95"
    assert card["verdict"] == evaluation.verdict.value


def test_items_say_their_part_exactly(board: Evaluator) -> None:
    (card,) = result(judged(board, **WORKED[0][0]))["scores"]
    investment = card["items"][0]
    assert investment == {
        "item": "investment",
        "low": "125/3",
        "high": "125/3",
        "max": "50",
        "status": "scored",
    }
    assert [i["low"] for i in card["items"]] == ["125/3", "27", "5", "4", "3"]


def test_open_items_are_open_and_the_grade_waits(board: Evaluator) -> None:
    evaluation = judged(board, **per_land(12000, 40, 800), **{**NOTHING_MORE, "chain_role": None})
    (card,) = result(evaluation)["scores"]
    assert (card["low"], card["high"]) == ("74", "77")
    # The tax line is not met, so that 74 or 77 is the same grade.
    assert card["grade"] == "conditional"
    evaluation = judged(board, **per_land(9000, 40, 500), **{**NOTHING_MORE, "chain_role": None})
    (card,) = result(evaluation)["scores"]
    assert (card["low"], card["high"], card["grade"], card["to_next"]) == (
        "52.5",
        "55.5",
        "refused",
        "4.5",
    )
    evaluation = judged(board, **per_land(10000, 40, 600), **{**NOTHING_MORE, "chain_role": None})
    (card,) = result(evaluation)["scores"]
    assert (card["low"], card["high"], card["grade"], card["verdict"]) == (
        "59.7",
        "62.7",
        None,
        None,
    )
    assert evaluation.verdict is Verdict.REFER
    (found,) = [f for f in findings(evaluation) if f.rule.list == "scorecard"]
    assert found.missing == ("chain_role",)
    assert "可能是附条件通过、不通过" in found.message
    assert "59.7 至 62.7 分" in found.message


def test_distance_to_the_next_grade_counts_the_points_it_takes(board: Evaluator) -> None:
    evaluation = judged(board, **per_land(6000, 40, 600), **NOTHING_MORE)
    (graded,) = scores(evaluation)
    assert graded.to_next == 17  # 60 makes it conditional, whatever the lines say.
    assert "差 17 分到上一等次" in score_sentence(graded)
    assert [x.part.item.id for x in graded.lost][:2] == ["investment", "tax"]


def test_a_note_is_never_lost(board: Evaluator) -> None:
    assert "附条件" in result(judged(board, **WORKED[0][0]))["sentence"]


def test_a_divisor_of_zero_leaves_the_whole_item_open(board: Evaluator) -> None:
    values = {**per_land(12000, 0, 1500), "floor_area": 0, "plot_ratio": 0, **NOTHING_MORE}
    (card,) = result(judged(board, **values))["scores"]
    assert (card["low"], card["high"], card["grade"]) == ("0", "80", None)
    (found,) = [f for f in findings(judged(board, **values)) if f.rule.list == "scorecard"]
    assert any("亩均投资" in reason for reason in found.reasons)


def test_without_cards_a_result_says_nothing_of_scores() -> None:
    evaluator = Evaluator(load_directory(ROOT), "reference")
    head = {"project_id": "P1", "project_name": "甲", "submitted_on": DAY}
    data = result(evaluator.evaluate(make_profile(evaluator.ruleset.registry, **head)))
    assert "scores" not in data


def test_a_score_comes_out_the_same_from_its_text(board: Evaluator) -> None:
    a, b = (json.dumps(result(judged(board, **WORKED[0][0]))["scores"]) for _ in range(2))
    assert a == b


SHOUXIAN = [
    (
        {
            "catalogue_class": "encouraged",
            "mean_output_3y": 4,
            "land_area": 100,
            "annual_tax": 1000,
        },
        ["10", "5", "5", "10", "10"],
        "40",
    ),
    (
        {"catalogue_class": "permitted", "mean_output_3y": 2, "land_area": 100, "annual_tax": 700},
        ["5", "2", "3", "2", "9.7"],
        "21.7",
    ),
]


@pytest.mark.parametrize(("values", "items", "total"), SHOUXIAN)
def test_the_five_items_of_shouxian_come_out(
    values: dict[str, Any], items: list[str], total: str
) -> None:
    evaluator = Evaluator(load_directory(ROOT / "profiles" / "shouxian"), "reference")
    head = {"project_id": "P1", "project_name": "甲", "submitted_on": DAY}
    evaluation = evaluator.evaluate(make_profile(evaluator.ruleset.registry, **head, **values))
    (card,) = result(evaluation)["scores"]
    assert [i["low"] for i in card["items"]] == items
    assert (card["low"], card["high"]) == (total, total)


def test_points_that_a_department_has_not_given_count_from_none_to_full() -> None:
    evaluator = Evaluator(load_directory(ROOT / "profiles" / "tuanfeng"), "reference")
    head = {"project_id": "P1", "project_name": "甲", "submitted_on": DAY}
    given = {f"points_{i}": m for i, m in (("tax", 16), ("jobs", 5), ("investment_size", 17))}
    evaluation = evaluator.evaluate(make_profile(evaluator.ruleset.registry, **head, **given))
    (card,) = result(evaluation)["scores"]
    assert (card["low"], card["high"], card["grade"]) == ("38", "100", None)


# --- properties --------------------------------------------------------------------------------


@draws(60, 600)
@given(st.data())
def test_answers_only_narrow_a_score(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets(max_rules=1, max_depth=1, cards=True))
    engine = ReferenceEngine(ruleset)
    for _ in range(4):
        profile = data.draw(dossiers(ruleset, present=40))
        day = data.draw(as_of_dates(ruleset))
        other = data.draw(dossiers(ruleset, present=100))
        names = data.draw(st.permutations(sorted(other.values)))
        for part in (names[: len(names) // 3], names):
            later = fill(profile, other, part)
            (before,), (after,) = engine.scores(profile, day), engine.scores(later, day)
            assert before.low <= after.low <= after.high <= before.high
            for a, b in zip(before.items, after.items, strict=True):
                assert a.low <= b.low <= b.high <= a.high
            event(f"narrower: {(before.low, before.high) != (after.low, after.high)}")
            profile = later


@draws(40, 300)
@given(st.data())
def test_a_grade_that_is_settled_stays(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets(max_rules=1, max_depth=1, cards=True))
    evaluator = Evaluator(ruleset, "reference")
    for _ in range(4):
        profile = data.draw(dossiers(ruleset, present=60))
        day = data.draw(as_of_dates(ruleset))
        other = data.draw(dossiers(ruleset, present=100))
        before = evaluator.evaluate(profile, day)
        after = evaluator.evaluate(fill(profile, other, sorted(other.values)), day)
        if before.verdict is Verdict.REJECT:
            assert after.verdict is Verdict.REJECT
        settled = {g.card.id: g for g in scores(after)}
        for graded in scores(before):
            then = settled.get(graded.card.id)
            if then is not None:
                ids = {g.id for g in graded.possible}
                assert {g.id for g in then.possible} <= ids
                event(f"grade: {graded.grade is not None}")


@draws(40, 600)
@given(st.data())
def test_durable_agrees_on_random_cards(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets(max_rules=2, max_depth=1, cards=True))
    with engines(ruleset) as pair:
        for _ in range(4):
            check(pair, data.draw(dossiers(ruleset, present=75)), data.draw(as_of_dates(ruleset)))
