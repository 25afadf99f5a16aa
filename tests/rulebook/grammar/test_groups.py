"""Groups that an exemption switches off, rules that a profile drops, whole numbers in a list, dates."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest

from evaluator.cases.book import read_cases
from evaluator.engine.durable.engine import DurableEngine
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.inwords import condition_words
from evaluator.problems.errors import Problems, RulebookError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.verdict import Status
from tests.support import CRITERIA, LABELS, METRICS, profile, ruleset_of

RULE = """
    - id: positive.tax
      title: 亩均税收
      list: positive
      require: {metric: land_tax, at_least: {criterion: tax_floor}}
      effect: EFFECT
      departments: [tax]
      basis: [{criterion: tax_floor}]
"""
GROUP = (
    """
- unless: {any: [{field: national_major_project, equals: true}, {field: employees, in: [7, 8]}]}
  if_missing: MISSING
  rules:
"""
    + RULE
)
DAY = dt.date(2024, 6, 3)


def of(missing: str, effect: str) -> Ruleset:
    return ruleset_of(GROUP.replace("MISSING", missing).replace("EFFECT", effect))


def status(ruleset: Ruleset, **values: Any) -> Status:
    given = {k: v for k, v in values.items() if v is not None}
    dossier = profile(land_area=10, **given)
    found = Evaluator(ruleset, "reference").evaluate(dossier, DAY).statuses["positive.tax"]
    engine = DurableEngine(ruleset)
    try:
        assert engine.statuses(dossier, DAY)["positive.tax"] is found
    finally:
        engine.close()
    return found


def expected(major: bool | None, employees: int | None, tax: int, missing: str) -> Status:
    exempt = major is True or employees in (7, 8)
    open_ = not exempt and (major is None or employees is None)
    if exempt:
        return Status.NOT_APPLICABLE
    if tax >= 200:
        return Status.SATISFIED
    return Status.UNKNOWN if open_ and missing == "ask" else Status.VIOLATED


@pytest.mark.parametrize(
    ("missing", "effect"), [("ask", "reject"), ("ask", "refer"), ("not_exempt", "refer")]
)
def test_an_exemption_switches_rules_off_and_its_missing_answer_means_what_is_written(
    missing: str, effect: str
) -> None:
    ruleset = of(missing, effect)
    for major, employees, tax in product((None, True, False), (None, 7, 9), (100, 200)):
        found = status(ruleset, national_major_project=major, employees=employees, annual_tax=tax)
        assert found is expected(major, employees, tax, missing), (major, employees, tax)


def test_a_rule_that_rejects_waits_for_its_exemption() -> None:
    with pytest.raises(RulebookError) as error:
        of("not_exempt", "reject")
    assert [p.code for p in error.value.problems if p.severity == "error"] == ["E601"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  if_missing: ask\n", "", "E201"),
        ("if_missing: ask", "if_missing: perhaps", "E203"),
        ("title: 亩均税收", "title: 亩均税收\n      if_missing: ask", "E207"),
        ("  rules:", "  rule:", "E2"),
    ],
)
def test_a_group_that_is_not_whole_is_refused(old: str, new: str, code: str) -> None:
    text = GROUP.replace("MISSING", "ask").replace("EFFECT", "refer")
    assert old in text
    with pytest.raises(RulebookError) as error:
        ruleset_of(text.replace(old, new))
    assert any(p.code.startswith(code) for p in error.value.problems)


def layered(above: str) -> Ruleset:
    base = {
        "criteria.yaml": CRITERIA,
        "rules/metrics.yaml": METRICS,
        "rules/labels.yaml": LABELS,
        "rules/rules.yaml": "\n".join(
            line[4:] for line in RULE.replace("EFFECT", "refer").splitlines()
        ),
        "rules/a.cases.yaml": "- {rule: positive.tax, name: 甲, expect: violated, dossier: {annual_tax: 1, land_area: 1}}\n"
        "- {name: 乙, verdict: refer, dossier: {annual_tax: 1, land_area: 1}}\n",
    }
    top = {
        "criteria.yaml": "language: 1\nprofile: {id: top, title: 上层, extends: base}\n",
        "rules/top.yaml": above,
    }
    return load_layers((("base", base), ("top", top)))


def test_a_profile_drops_a_rule_by_its_name_and_its_cases_with_it() -> None:
    ruleset = layered("- {drop: positive.tax, note: 本市另有规定}\n")
    assert not ruleset.rules
    assert dict(ruleset.dropped) == {"positive.tax": "top"}
    problems = Problems()
    cases = read_cases(ruleset, problems)
    assert (cases.rules, cases.dossiers, cases.left_out) == ((), (), 2)
    assert not problems
    assert ruleset.identity != layered("[]\n").identity


def test_what_is_not_there_cannot_be_dropped() -> None:
    for above in ("- {drop: positive.taxes}\n", "- {drop: negative.any}\n"):
        with pytest.raises(RulebookError) as error:
            layered(above)
        assert [p.code for p in error.value.problems] == ["E338"]
    again = RULE.replace("EFFECT", "advise")
    again = "\n".join(line[4:] for line in again.splitlines())
    with pytest.raises(RulebookError) as error:
        layered(f"{again}\n- {{drop: positive.tax}}\n")
    assert "E338" in [p.code for p in error.value.problems]


def one(require: str) -> Ruleset:
    text = RULE.replace("EFFECT", "refer").replace(
        "{metric: land_tax, at_least: {criterion: tax_floor}}", require
    )
    return ruleset_of("\n".join(line[4:] for line in text.splitlines()))


def test_a_whole_number_may_be_one_of_several() -> None:
    for require, good in (("in", (7, 8)), ("not_in", (9,))):
        ruleset = one(f"{{field: employees, {require}: [7, 8]}}")
        for number in (None, 7, 8, 9):
            wanted = (
                Status.UNKNOWN
                if number is None
                else (Status.SATISFIED if number in good else Status.VIOLATED)
            )
            assert status(ruleset, employees=number) is wanted
    for wrong in ("[7.5]", "[]", "[a]", "3"):
        with pytest.raises(RulebookError):
            one(f"{{field: employees, in: {wrong}}}")


def test_dates_are_compared_with_one_another() -> None:
    day = profile().submitted_on
    for op, good in (
        ("at_most", (-1, 0)),
        ("less_than", (-1,)),
        ("at_least", (0, 1)),
        ("more_than", (1,)),
        ("equals", (0,)),
    ):
        ruleset = one(f"{{field: enterprise_founded_on, {op}: {{field: submitted_on}}}}")
        for shift in (-1, 0, 1):
            founded = (day + dt.timedelta(days=shift)).isoformat()
            wanted = Status.SATISFIED if shift in good else Status.VIOLATED
            assert status(ruleset, enterprise_founded_on=founded) is wanted, (op, shift)
        assert status(ruleset) is Status.UNKNOWN
    words = condition_words(ruleset.rules["positive.tax"].require, ruleset)
    assert words == "成立日期就是受理日期"
    for wrong in ("at_least: 2024-01-01", "in: [2024-01-01]", "at_least: {field: annual_tax}"):
        with pytest.raises(RulebookError) as error:
            one(f"{{field: enterprise_founded_on, {wrong}}}")
        assert {p.code for p in error.value.problems} <= {"E309", "E306"}
