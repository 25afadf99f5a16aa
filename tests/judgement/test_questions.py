"""Which missing fields are asked for, in which order; and that the others change nothing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.questions import answered, questions
from evaluator.judgement.result import result
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Verdict
from tests.draws import draws
from tests.judgement.drawn import judged
from tests.judgement.rules import rule
from tests.strategies import dossiers
from tests.support import DAY, ROOT, profile, ruleset_of

STAGES = ("lead", "review", "signing")
TAX = "{metric: land_tax, at_least: 20}"


def evaluate(ruleset: Ruleset, stage: str | None = None, **values: Any) -> Evaluation:
    return Evaluator(ruleset, "reference").evaluate(profile(**values), stage=stage)


def named(number: str, require: str, more: str = "", effect: str = "refer") -> str:
    text = rule(require, more=more).replace("positive.a", f"positive.{number}")
    return text.replace("effect: refer", f"effect: {effect}")


def asked(evaluation: Evaluation) -> list[tuple[str, bool, str]]:
    return [(q.name, q.needed, q.can) for q in questions(evaluation)]


RULES = (
    named("a", TAX, "due: lead")
    + named("b", "{field: two_high, equals: false}", "due: lead", "reject")
    + named("c", "{field: employees, at_least: 10}", "due: signing")
    + named("d", "{field: debt_ratio, at_most: 70}", effect="advise")
)


def test_what_alone_can_reject_is_asked_first_and_what_is_not_due_last() -> None:
    found = evaluate(ruleset_of(RULES), "lead", land_area=10)
    assert asked(found) == [
        ("two_high", True, "reject"),
        ("annual_tax", True, "verdict"),
        ("employees", False, "verdict"),
    ]
    (first, *_) = questions(found)
    assert (first.rules, first.departments) == (("positive.b",), ("development_reform",))
    assert result(found)["questions"][0] == {
        "field": "two_high",
        "needed": True,
        "can": "reject",
        "rules": ["positive.b"],
        "departments": ["development_reform"],
    }
    assert answered(found) == 1
    signing = evaluate(ruleset_of(RULES), "signing", land_area=10)
    assert ("employees", True, "verdict") in asked(signing)


def test_of_equals_what_more_rules_wait_for_is_asked_first() -> None:
    more = named("e", "{field: employees, at_most: 9000}") + named("f", "{field: zone, equals: 东}")
    found = evaluate(ruleset_of(named("c", "{field: employees, at_least: 10}") + more), "review")
    assert [q.name for q in questions(found)] == ["employees", "zone"]


def test_after_a_reject_nothing_is_asked() -> None:
    found = evaluate(ruleset_of(RULES), "lead", two_high=True)
    assert (found.verdict, questions(found)) == (Verdict.REJECT, ())


def test_after_a_refer_only_what_can_still_reject_is_asked() -> None:
    found = evaluate(ruleset_of(RULES), "signing", land_area=10, annual_tax=1)
    assert asked(found) == [("two_high", True, "reject")]


def test_where_no_answer_settles_a_rule_only_what_can_reject_is_asked() -> None:
    # A divisor of zero stays so: the verdict is a refer, or with the other answer a reject.
    found = evaluate(ruleset_of(RULES), "signing", land_area=0, annual_tax=5)
    assert asked(found) == [("two_high", True, "reject")]


def test_a_field_that_can_only_reject_with_others_does_not_reject_alone() -> None:
    ruleset = ruleset_of(named("a", TAX, effect="reject"))
    assert asked(evaluate(ruleset, "review")) == [
        ("land_area", True, "verdict"),
        ("annual_tax", True, "verdict"),
    ]
    assert asked(evaluate(ruleset, "review", land_area=3)) == [("annual_tax", True, "reject")]


def test_a_choice_that_no_answer_of_breaches_does_not_reject() -> None:
    any_of = "{field: catalogue_class, in: [encouraged, permitted, restricted, eliminated]}"
    ruleset = ruleset_of(named("a", any_of, effect="reject"))
    assert asked(evaluate(ruleset, "review")) == [("catalogue_class", True, "verdict")]


def test_a_record_is_one_answer_until_it_is_given() -> None:
    ruleset = ruleset_of(named("a", "{field: emissions.COD, at_most: 5}"))
    assert asked(evaluate(ruleset, "review")) == [("emissions", True, "verdict")]
    given_one = [{"pollutant": "SO2", "value": 1, "unit": "吨/年"}]
    found = evaluate(ruleset, "review", emissions=given_one)
    assert asked(found) == [("emissions.COD", True, "verdict")]


def test_a_breach_that_an_answer_mends_is_asked_about() -> None:
    ruleset = ruleset_of(named("a", "{known: zone}"))
    found = evaluate(ruleset, "review")
    assert (found.verdict, asked(found)) == (Verdict.REFER, [("zone", True, "verdict")])


def test_what_a_settled_neighbour_makes_idle_is_not_asked() -> None:
    require = "{any: [{all: [{field: two_high, equals: true}, {field: zone, equals: 东}]}, {field: employees, at_least: 1}]}"
    found = evaluate(ruleset_of(named("a", require)), "review", two_high=False)
    assert [q.name for q in questions(found)] == ["employees"]


def test_a_rulebook_without_stages_gives_no_questions_in_its_result() -> None:
    found = evaluate(ruleset_of(named("a", TAX)))
    assert "questions" not in result(found)
    assert [q.name for q in questions(found)] == ["land_area", "annual_tax"]


@draws(60, 300)
@given(judged(), st.sampled_from(STAGES), st.data())
def test_answering_what_is_not_listed_changes_no_verdict(
    case: tuple[Ruleset, Profile, dt.date], stage: str, data: st.DataObject
) -> None:
    ruleset, stated, day = case
    evaluator = Evaluator(ruleset, "reference")
    before = evaluator.evaluate(stated, day, stage)
    listed = {q.name for q in questions(before)}
    event(f"{before.verdict.value}, {'some' if listed else 'none'}")
    if before.verdict is Verdict.REJECT:
        assert not listed
    other = data.draw(dossiers(ruleset, present=100))
    filled = stated
    for name, value in other.values.items():
        if "." not in name and name not in listed and name not in stated.values:
            filled = filled.with_value(name, value)
    after = evaluator.evaluate(filled, day, stage)
    assert after.verdict is before.verdict


@draws(20, 80)
@given(judged(), st.sampled_from(STAGES), st.data())
def test_a_single_answer_that_changes_the_verdict_was_listed_with_what_it_did(
    case: tuple[Ruleset, Profile, dt.date], stage: str, data: st.DataObject
) -> None:
    ruleset, stated, day = case
    evaluator = Evaluator(ruleset, "reference")
    before = evaluator.evaluate(stated, day, stage)
    listed = {q.name: q for q in questions(before)}
    other = data.draw(dossiers(ruleset, present=100))
    for name, value in other.values.items():
        if "." in name or name in stated.values:
            continue
        after = evaluator.evaluate(stated.with_value(name, value), day, stage).verdict
        if after is not before.verdict:
            assert name in listed
        if after is Verdict.REJECT and before.verdict is not Verdict.REJECT:
            assert listed[name].can == "reject"
        if after is Verdict.PASS and before.verdict is not Verdict.PASS:
            assert listed[name].needed


SHIJIAZHUANG = load_directory(ROOT / "profiles" / "shijiazhuang")


@draws(40, 200)
@given(
    dossiers(SHIJIAZHUANG, present=70), dossiers(SHIJIAZHUANG, present=100), st.sampled_from(STAGES)
)
def test_of_a_card_too_what_is_not_listed_changes_no_verdict(
    stated: Profile, other: Profile, stage: str
) -> None:
    evaluator = Evaluator(SHIJIAZHUANG, "reference")
    before = evaluator.evaluate(stated, DAY, stage)
    listed = {q.name for q in questions(before)}
    filled = stated
    for name, value in other.values.items():
        if "." not in name and name not in listed and name not in stated.values:
            filled = filled.with_value(name, value)
    assert evaluator.evaluate(filled, DAY, stage).verdict is before.verdict


def test_what_can_change_the_grade_is_asked_before_what_only_a_rule_waits_for() -> None:
    values = {
        "dishonest_enterprise": False,
        "open_penalty": False,
        "illegal_land_use": False,
        "core_licence_held": True,
        "fixed_asset_investment": 10000,
        "land_area": 40,
        "enterprise_title": "none",
        "stable_customers": False,
    }
    stated = make_profile(
        SHIJIAZHUANG.registry,
        project_id="S",
        project_name="打分",
        submitted_on="2024-06-03",
        **values,
    )
    found = Evaluator(SHIJIAZHUANG, "reference").evaluate(stated, stage="review")
    names = [q.name for q in questions(found)]
    assert names.index("annual_tax") < names.index("chain_role")
    assert {name: can for name, _, can in asked(found)}["chain_role"] == "grade"


def test_a_record_given_in_part_is_another_question_than_one_not_given() -> None:
    """The rule reads the same parts, all missing; what is asked for is the part, or the record."""
    ruleset = ruleset_of(named("a", "{field: emissions.COD, at_most: 5}"))
    one = Evaluator(ruleset, "reference")
    part = profile(emissions=[{"pollutant": "NOx", "value": "1"}])
    for given_, name in (
        (part, "emissions.COD"),
        (profile(), "emissions"),
        (part, "emissions.COD"),
    ):
        assert [q.name for q in questions(one.evaluate(given_))] == [name]
