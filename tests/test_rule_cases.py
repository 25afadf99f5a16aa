"""The shipped rulebook held to its cases; and the reader of cases held to its promises."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from evaluator.cases import (
    DossierCase,
    RuleCase,
    coverage_gaps,
    read_cases,
    run_dossier_case,
    run_rule_case,
)
from evaluator.criteria import Kind
from evaluator.dossier import Profile, parse_dossier
from evaluator.errors import Problem
from evaluator.evaluate import Evaluator
from evaluator.rulebook.ast import Effect, Member, Ruleset, leaves
from evaluator.rulebook.load import load_directory
from evaluator.source import Place, SourceText
from evaluator.verdict import Status, Verdict
from evaluator.yamlio import YMap, plain, read_yaml

ROOT = Path(__file__).resolve().parent.parent
RULESET: Ruleset = load_directory(ROOT)
EVALUATOR = Evaluator(RULESET, "reference")
PROBLEMS: list[Problem] = []
CASES = read_cases(RULESET, PROBLEMS, ROOT)


def rendered(problems: list[Problem]) -> str:
    return "\n".join(p.render() for p in problems)


@pytest.mark.parametrize("case", CASES.rules, ids=lambda c: f"{c.rule}-{c.name}")
def test_rule_case(case: RuleCase) -> None:
    result = run_rule_case(case, EVALUATOR.engine, EVALUATOR)
    assert result.passed, result.problem().render()


@pytest.mark.parametrize("case", CASES.dossiers, ids=lambda c: c.name)
def test_dossier_case(case: DossierCase) -> None:
    result = run_dossier_case(case, EVALUATOR)
    assert result.passed, result.problem().render()


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
    words = {Effect.REJECT: "否决", Effect.REFER: "会审", Effect.ADVISE: "提示"}
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
    assert all(RULESET.rules[i].effect is Effect.ADVISE for i in guidance)


# --- missing is never green ------------------------------------------------------------------------

KEY_FACTS = (
    "unified_social_credit_code", "dishonest_enterprise", "major_violation_3y", "industry_code",
    "catalogue_class", "market_access", "zone_positioning_fit", "chain_role", "chain_name",
    "total_investment", "fixed_asset_investment", "equipment_investment", "funds_in_place",
    "land_use_mode", "planning_conformity", "annual_output", "annual_revenue",
    "annual_added_value", "annual_profit", "annual_tax", "employees", "construction_months",
    "technology_readiness", "technology_source", "equipment_level", "annual_energy",
    "annual_electricity", "energy_review", "two_high", "eia_class", "zoning_conformity",
    "in_approved_park", "emissions", "emission_offsets", "emissions.COD", "emissions.VOCs",
    "emission_offsets.SO2", "hazardous_chemicals", "market_share_planned", "market_size",
    "orders_in_hand", "capacity_utilisation", "subsidy_requested", "subsidy_in_profit",
)  # fmt: skip
LAND = ("land_area", "floor_area", "plot_ratio", "building_coefficient", "office_land_share")


def example(name: str) -> Profile:
    path = ROOT / "examples" / name
    problems: list[Problem] = []
    node = read_yaml(name, path.read_text("utf-8"), problems)
    assert isinstance(node, YMap)
    dossier = node.get("dossier")
    assert dossier is not None
    profile = parse_dossier(
        plain(dossier), RULESET.registry, lambda _: Place(SourceText(name, "")), problems
    )
    assert profile is not None, rendered(problems)
    return profile


GOOD = {
    "d01-complete-good.yaml": (*KEY_FACTS, *LAND),
    "d02-leased-plant-good.yaml": (*KEY_FACTS, "plant_area"),
}
REMOVALS = [(file, field) for file, fields in GOOD.items() for field in fields]


@pytest.mark.parametrize(("file", "field"), REMOVALS)
def test_a_missing_key_fact_refers(file: str, field: str) -> None:
    profile = example(file)
    assert EVALUATOR.evaluate(profile).verdict is Verdict.PASS
    assert EVALUATOR.evaluate(profile.with_value(field, None)).verdict is Verdict.REFER


@pytest.mark.parametrize("file", GOOD)
def test_what_does_not_apply_is_not_asked(file: str) -> None:
    evaluation = EVALUATOR.evaluate(example(file))
    assert Status.UNKNOWN not in evaluation.statuses.values()
    assert [label.id for label in evaluation.labels] == ["four_high"]


@pytest.mark.parametrize("file", GOOD)
@pytest.mark.parametrize("day", ["2023-07-01", "2024-08-23", "2025-08-31", "2025-09-01"])
def test_a_good_project_passes_under_every_instrument(file: str, day: str) -> None:
    assert EVALUATOR.evaluate(example(file), dt.date.fromisoformat(day)).verdict is Verdict.PASS


def test_coarse_industry_codes_cannot_slip_past_the_lists() -> None:
    """Every code above a listed class is itself listed as too coarse to judge."""
    used = {
        leaf.criterion
        for rule in RULESET.rules.values()
        if rule.effect is not Effect.ADVISE
        for condition in (rule.applies_when, rule.require)
        for leaf in leaves(condition)
        if isinstance(leaf, Member) and leaf.prefix and leaf.criterion
    }
    coarse = RULESET.criteria["industry_codes_needing_detail"].periods[-1].code_set
    above: set[str] = set()
    for name in used:
        criterion = RULESET.criteria[name]
        assert criterion.kind is Kind.LIST
        for period in criterion.periods:
            above |= {code[:n] for code in period.codes for n in range(3, len(code))}
    assert above == coarse


# --- the reader of cases ---------------------------------------------------------------------------

BAD = [
    ("rule: positive.land_tax", "C101"),
    ("- 一句话", "C101"),
    ("- {rule: positive.land_tex, name: 甲, expect: satisfied, dossier: {}}", "C102"),
    ("- {rule: negative.energy_review_due_coal, name: 甲, expect: unknown, dossier: {}}", "C103"),
    ("- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}, missing: [zon]}", "C105"),
    ("- {rule: positive.zone_fit, name: 甲, expect: satisfied, missing: [zone], dossier: {}}", "C106"),
    ("- {name: 甲, verdict: pass}", "C107"),
    ("- {name: 甲, verdict: pass, file: examples/none.yaml}", "C108"),
    ("- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zonee: 东}}", "D101"),
    ("- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zone_positioning_fit: 好}}", "D106"),
    ("- {rule: positive.zone_fit, name: 甲, expects: satisfied, expect: unknown, dossier: {}}", "E204"),
    ("- {rule: positive.zone_fit, name: 甲, expect: green, dossier: {}}", "E203"),
    ("- {rule: positive.zone_fit, expect: unknown, dossier: {}}", "E201"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), BAD, ids=[f"{c}-{i}" for i, (_, c) in enumerate(BAD)])
def test_a_bad_case_is_reported_with_its_place(text: str, code: str) -> None:
    problems: list[Problem] = []
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not cases.rules
    assert not cases.dossiers
    assert code in [p.code for p in problems], rendered(problems)
    assert all(p.place.source.name == "rules/x.cases.yaml" and p.place.line for p in problems)


def test_a_second_case_of_the_same_name_is_reported() -> None:
    case = "- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}}\n"
    problems: list[Problem] = []
    read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": case * 2})
    assert [(p.code, p.place.line) for p in problems] == [("C104", 2)]


WRONG = [
    ("expect: satisfied, dossier: {}", "应为“符合”，得到“材料不足”"),
    ("expect: unknown, missing: [zone], dossier: {}", "缺少的字段应为zone，得到zone_positioning_fit"),
    ("expect: violated, boundary: true, dossier: {zone_positioning_fit: none}", "没有一项比较的两边相等"),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "words"), WRONG)
def test_a_case_that_does_not_hold_says_why(rest: str, words: str) -> None:
    problems: list[Problem] = []
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
    problems: list[Problem] = []
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    result = run_dossier_case(cases.dossiers[0], EVALUATOR)
    assert result.found == "reject"
    assert len(result.failures) == 3


def test_gaps_name_the_rule_and_the_kind() -> None:
    problems: list[Problem] = []
    text = "- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}}"
    gaps = coverage_gaps(RULESET, read_cases(RULESET, problems, ROOT, {"x.cases.yaml": text}))
    assert {g.kind for g in gaps if g.rule == "positive.zone_fit"} == {"satisfied", "violated"}
    assert {g.kind for g in gaps if g.rule == "positive.land_tax"} == {
        "satisfied", "violated", "unknown", "not_applicable", "boundary",
    }  # fmt: skip
