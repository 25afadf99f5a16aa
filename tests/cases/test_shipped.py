"""The shipped rulebook held to its cases."""

from __future__ import annotations

import pytest

from evaluator.cases.run import coverage_gaps, run_dossier_case, run_rule_case
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Kind
from tests.cases.shipped import CASES, EVALUATOR, PROBLEMS, ROOT, RULESET, rendered


@pytest.mark.parametrize("rule", RULESET.rules)
def test_cases_of_a_rule(rule: str) -> None:
    own = [c for c in CASES.rules if c.rule == rule]
    results = [run_rule_case(case, EVALUATOR.engine, EVALUATOR) for case in own]
    assert results
    assert not [r for r in results if not r.passed], rendered(
        [r.problem() for r in results if not r.passed]
    )


def test_cases_of_whole_dossiers() -> None:
    results = [run_dossier_case(case, EVALUATOR) for case in CASES.dossiers]
    assert len(results) > 90
    assert not [r for r in results if not r.passed], rendered(
        [r.problem() for r in results if not r.passed]
    )


def test_cases_are_read_without_problems() -> None:
    assert not PROBLEMS, rendered(PROBLEMS)


def test_every_rule_has_every_kind_of_case() -> None:
    gaps = coverage_gaps(RULESET, CASES)
    assert not gaps, rendered([g.problem() for g in gaps])


def test_every_rule_is_complete() -> None:
    for rule in RULESET.rules.values():
        assert rule.departments, rule.id
        assert rule.basis, rule.id
        assert rule.message, rule.id
        assert rule.remedy, rule.id
        assert rule.dimension in RULESET.dimensions, rule.id


def test_the_manual_lists_every_rule_with_its_effect() -> None:
    words = {ast.Effect.REJECT: "否决", ast.Effect.REFER: "会审", ast.Effect.ADVISE: "提示"}
    lines = (ROOT / "docs" / "rulebook.md").read_text("utf-8").splitlines()
    rows = [[c.strip() for c in line.split("|")] for line in lines if line.startswith("| `")]
    listed = {r[1].strip("`"): r[4] for r in rows if len(r) == 8}
    expected = {rule.id: words[rule.effect] for rule in RULESET.rules.values()}
    assert listed == expected


def test_four_high_dimensions_hold_only_what_the_label_means() -> None:
    label = next(x for x in RULESET.labels if x.id == "four_high")
    assert set(label.dimensions) == {"investment_intensity", "technology", "output", "chain"}
    guidance = [r.id for r in RULESET.rules.values() if r.dimension == "guidance"]
    assert guidance
    assert all(RULESET.rules[i].effect is ast.Effect.ADVISE for i in guidance)


def test_coarse_industry_codes_cannot_slip_past_the_lists() -> None:
    """Every code above a listed class is itself listed as too coarse to judge."""
    used = {
        leaf.criterion
        for rule in RULESET.rules.values()
        if rule.effect is not ast.Effect.ADVISE
        for condition in (rule.applies_when, rule.require)
        for leaf in walk.leaves(condition)
        if isinstance(leaf, ast.Member) and leaf.prefix and leaf.criterion
        if leaf.field == "industry_code"
    }
    coarse = set(RULESET.criteria["industry_codes_needing_detail"].periods[-1].codes)
    above: set[str] = set()
    for name in used:
        criterion = RULESET.criteria[name]
        assert criterion.kind is Kind.LIST
        for period in criterion.periods:
            above |= {code[:n] for code in period.codes for n in range(3, len(code))}
    assert above == coarse
