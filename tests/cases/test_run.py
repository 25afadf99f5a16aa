"""A case that does not hold says why; a rule without cases says which."""

from __future__ import annotations

import pytest

from evaluator.cases.book import read_cases
from evaluator.cases.run import (
    coverage_gaps,
    run_cases,
    run_dossier_case,
    run_rule_case,
    run_rule_cases,
)
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.rulebook.load import load_layers
from tests.cases.shipped import EVALUATOR, ROOT, RULESET, rendered
from tests.rulebook.corpus import MINIMAL, texts
from tests.support import RULES, ruleset_of

WRONG = [
    ("expect: satisfied, dossier: {}", "应为“符合”，得到“材料不足”"),
    (
        "expect: unknown, missing: [zone], dossier: {}",
        "缺少的字段应为zone，得到zone_positioning_fit",
    ),
    (
        "expect: violated, boundary: true, dossier: {zone_positioning_fit: none}",
        "没有一项比较的两边相等",
    ),
]


@pytest.mark.parametrize(("rest", "words"), WRONG)
def test_a_case_that_does_not_hold_says_why(rest: str, words: str) -> None:
    problems = Problems()
    text = f"- {{rule: positive.zone_fit, name: 甲, {rest}}}"
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not problems, rendered(problems)
    result = run_rule_case(cases.rules[0], EVALUATOR.engine, EVALUATOR)
    assert not result.passed
    assert words in result.problem().render()


def test_a_dossier_case_that_does_not_hold_says_why() -> None:
    text = (
        "- {name: 甲, verdict: pass, violated: [], unknown_includes: [negative.catalogue_eliminated],"
        " dossier: {catalogue_class: eliminated}}"
    )
    problems = Problems()
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    result = run_dossier_case(cases.dossiers[0], EVALUATOR)
    assert result.found == "reject"
    assert len(result.failures) == 3


def test_gaps_name_the_rule_and_the_kind() -> None:
    problems = Problems()
    text = "- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}}"
    gaps = coverage_gaps(RULESET, read_cases(RULESET, problems, ROOT, {"x.cases.yaml": text}))
    kinds = {g.rule: set(g.kinds) for g in gaps}
    assert kinds["positive.zone_fit"] == {"satisfied", "violated"}
    assert kinds["positive.land_tax"] == {
        "satisfied",
        "violated",
        "unknown",
        "not_applicable",
        "boundary",
    }
    land_tax = next(g.problem() for g in gaps if g.rule == "positive.land_tax")
    assert land_tax.message == (
        "规则“positive.land_tax”缺少“符合”、“不符合”、“材料不足”、“不适用”、“恰在界限上”的案例"
    )


def test_what_is_wrong_with_a_case_and_what_to_do() -> None:
    files = texts(MINIMAL)
    dossier = "{industry_code: C2011, land_use_mode: stock_land, annual_tax: 199, land_area: 10}"
    name = "rules/more.cases.yaml"
    files[name] = (
        f"- {{rule: positive.land_tax, name: 低, expect: satisfied, dossier: {dossier}}}\n"
    )
    ruleset = load_layers((("base", files),))
    problems = Problems()
    evaluator = Evaluator(ruleset, "reference")
    found = run_rule_cases(read_cases(ruleset, problems), evaluator.engine, evaluator)
    (wrong,) = (r.problem() for r in found if not r.passed)
    assert problems == []
    assert wrong.place.label().startswith(f"{name}:1:")
    assert "案例“低”（positive.land_tax）：应为“符合”，得到“不符合”。亩均税收 19.9" in wrong.message
    assert "改案例" in (wrong.hint or "")


STAGED = """
- {rule: positive.tax, name: 线索时没填税收, expect: not_due, stage: lead, dossier: {land_area: 10}, missing: [annual_tax]}
- {rule: positive.tax, name: 会审时没填税收, expect: unknown, stage: review, dossier: {land_area: 10}}
- {name: 线索可以跟进, stage: lead, verdict: pass, dossier: {industry_code: C3985, two_high: false}}
- {name: 会审还不行, stage: review, verdict: refer, dossier: {industry_code: C3985, two_high: false}}
"""


def test_a_case_is_judged_at_its_stage() -> None:
    rules = RULES.replace("  list: negative\n", "  list: negative\n  due: lead\n")
    ruleset, problems = ruleset_of(rules), Problems()
    cases = read_cases(ruleset, problems, files={"a.cases.yaml": STAGED})
    assert not problems
    results = run_cases(cases, Evaluator(ruleset, "reference"))
    assert [r.failures for r in results] == [()] * 4
    at_review = STAGED.replace("stage: lead", "stage: review")
    cases = read_cases(ruleset, problems, files={"a.cases.yaml": at_review})
    failed = [r.failures for r in run_cases(cases, Evaluator(ruleset, "reference")) if r.failures]
    assert failed[0] == ("应为“未到环节”，得到“材料不足”",)
    assert "结论应为“准入”" in failed[1][0]


def test_a_case_of_what_is_not_due_names_its_stage() -> None:
    problems = Problems()
    text = "- {rule: positive.tax, name: 甲, expect: not_due, dossier: {land_area: 10}}\n"
    read_cases(ruleset_of(), problems, files={"a.cases.yaml": text})
    assert [(p.code, p.hint) for p in problems] == [("C106", "加上 stage: 环节名")]
