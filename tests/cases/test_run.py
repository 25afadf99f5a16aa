"""The shipped rulebook held to its cases; and the reader of cases held to its promises."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from pathlib import Path

import pytest

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.run import coverage_gaps, run_dossier_case, run_rule_case, run_rule_cases
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Kind
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.verdict import Status, Verdict
from tests.rulebook.corpus import MINIMAL, texts

ROOT = Path(__file__).parents[2]
RULESET: ast.Ruleset = load_directory(ROOT)
EVALUATOR = Evaluator(RULESET, "reference")
PROBLEMS = Problems()
CASES = read_cases(RULESET, PROBLEMS, ROOT)


def rendered(problems: Problems) -> str:
    return "\n".join(p.render() for p in problems)


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


# --- missing is never green ------------------------------------------------------------------------

KEY_FACTS = (
    "unified_social_credit_code",
    "dishonest_enterprise",
    "major_violation_3y",
    "industry_code",
    "catalogue_class",
    "market_access",
    "zone_positioning_fit",
    "chain_role",
    "chain_name",
    "total_investment",
    "fixed_asset_investment",
    "equipment_investment",
    "funds_in_place",
    "land_use_mode",
    "planning_conformity",
    "annual_output",
    "annual_revenue",
    "annual_added_value",
    "annual_profit",
    "annual_tax",
    "employees",
    "construction_months",
    "technology_readiness",
    "technology_source",
    "equipment_level",
    "annual_energy",
    "annual_electricity",
    "energy_review",
    "two_high",
    "eia_class",
    "zoning_conformity",
    "in_approved_park",
    "emissions",
    "emission_offsets",
    "emissions.COD",
    "emissions.VOCs",
    "emission_offsets.SO2",
    "hazardous_chemicals",
    "market_share_planned",
    "market_size",
    "orders_in_hand",
    "capacity_utilisation",
    "subsidy_requested",
    "subsidy_in_profit",
)
LAND = ("land_area", "floor_area", "plot_ratio", "building_coefficient", "office_land_share")


def example(name: str) -> Profile:
    path = ROOT / "examples" / name
    problems = Problems()
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
        if rule.effect is not ast.Effect.ADVISE
        for condition in (rule.applies_when, rule.require)
        for leaf in walk.leaves(condition)
        if isinstance(leaf, ast.Member) and leaf.prefix and leaf.criterion
    }
    coarse = set(RULESET.criteria["industry_codes_needing_detail"].periods[-1].codes)
    above: set[str] = set()
    for name in used:
        criterion = RULESET.criteria[name]
        assert criterion.kind is Kind.LIST
        for period in criterion.periods:
            above |= {code[:n] for code in period.codes for n in range(3, len(code))}
    assert above == coarse


# --- the reader of cases ---------------------------------------------------------------------------

TABLE = "rule: positive.zone_fit, name: 甲"
BAD = [
    ("rule: positive.land_tax", "C101"),
    ("- 一句话", "C101"),
    ("- {rule: positive.land_tex, name: 甲, expect: satisfied, dossier: {}}", "C102"),
    ("- {rule: negative.energy_review_due_coal, name: 甲, expect: unknown, dossier: {}}", "C103"),
    ("- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}, missing: [zon]}", "C105"),
    (
        "- {rule: positive.zone_fit, name: 甲, expect: satisfied, missing: [zone], dossier: {}}",
        "C106",
    ),
    ("- {name: 甲, verdict: pass}", "C107"),
    ("- {name: 甲, verdict: pass, file: examples/none.yaml}", "C108"),
    ("- {name: 甲, verdict: pass, dossier: {zone: 东}, change: {zone: 西}}", "C107"),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, change: {zonee: 西}}",
        "D101",
    ),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, change: {emissions.XX: 1}}",
        "D101",
    ),
    (f"- {{{TABLE}, columns: [name, zonee, expect], rows: [[乙, 东, unknown]]}}", "C111"),
    (f"- {{{TABLE}, columns: [name, zone, zone], rows: [[乙, 东, 西]]}}", "E302"),
    (
        f"- {{{TABLE}, dossier: {{zone: 东}}, columns: [name, zone, expect], rows: [[乙, 西, unknown]]}}",
        "C111",
    ),
    (f"- {{{TABLE}, expect: unknown, columns: [name, expect], rows: [[乙, unknown]]}}", "C111"),
    (
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml, columns: [zone], rows: [[东]]}",
        "C111",
    ),
    (f"- {{{TABLE}, columns: [name, expect], rows: [[乙, unknown, 丙]]}}", "C112"),
    (f"- {{{TABLE}, columns: [name, expect], rows: [乙]}}", "C112"),
    (f"- {{{TABLE}, columns: [name, expect], rows: []}}", "E201"),
    (f"- {{{TABLE}, rows: [[乙, unknown]]}}", "E201"),
    (f"- {{{TABLE}, columns: [name, expect], rows: [[乙, green]]}}", "E203"),
    (f"- {{{TABLE}, columns: [name, land_area, expect], rows: [[乙, 大, unknown]]}}", "D103"),
    ("- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zonee: 东}}", "D101"),
    (
        "- {rule: positive.zone_fit, name: 甲, expect: satisfied, dossier: {zone_positioning_fit: 好}}",
        "D106",
    ),
    (
        "- {rule: positive.zone_fit, name: 甲, expects: satisfied, expect: unknown, dossier: {}}",
        "E204",
    ),
    ("- {rule: positive.zone_fit, name: 甲, expect: green, dossier: {}}", "E203"),
    ("- {rule: positive.zone_fit, expect: unknown, dossier: {}}", "E201"),
]


@pytest.mark.parametrize(("text", "code"), BAD, ids=[f"{c}-{i}" for i, (_, c) in enumerate(BAD)])
def test_a_bad_case_is_reported_with_its_place(text: str, code: str) -> None:
    problems = Problems()
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not cases.rules
    assert not cases.dossiers
    assert code in [p.code for p in problems], rendered(problems)
    assert all(p.place.source.name == "rules/x.cases.yaml" and p.place.line for p in problems)


def test_a_second_case_of_the_same_name_is_reported() -> None:
    case = "- {rule: positive.zone_fit, name: 甲, expect: unknown, dossier: {}}\n"
    problems = Problems()
    read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": case * 2})
    assert [(p.code, p.place.line) for p in problems] == [("C104", 2)]


def read(text: str) -> Cases:
    problems = Problems()
    cases = read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
    assert not problems, rendered(problems)
    return cases


def test_a_table_is_the_same_as_its_cases_one_by_one() -> None:
    table = read(
        """
- rule: negative.offset_cod
  name: 替代倍数
  as_of: 2025-01-01
  dossier: {eia_class: report, emissions: [{pollutant: SO2, value: 1}]}
  columns: [name, emissions.COD, emission_offsets.COD, expect]
  rows:
    - [恰好, 10, 10, satisfied]
    - [差一点, 10, 9.99, violated]
    - [没填, 10, null, unknown]
- rule: negative.offset_cod
  name: 不写名字的
  expect: not_applicable
  dossier: {emissions: [{pollutant: COD, value: 0}]}
  columns: [eia_class, construction_kind]
  rows:
    - [form, new]
    - [report, null]
"""
    )
    one = "dossier: {eia_class: report, emissions: [{pollutant: SO2, value: 1}, {pollutant: COD, value: 10}]"
    other = "dossier: {emissions: [{pollutant: COD, value: 0}], eia_class:"
    single = read(
        f"""
- {{rule: negative.offset_cod, name: 替代倍数：恰好, as_of: 2025-01-01, expect: satisfied, {one}, emission_offsets: [{{pollutant: COD, value: 10}}]}}}}
- {{rule: negative.offset_cod, name: 替代倍数：差一点, as_of: 2025-01-01, expect: violated, {one}, emission_offsets: [{{pollutant: COD, value: 9.99}}]}}}}
- {{rule: negative.offset_cod, name: 替代倍数：没填, as_of: 2025-01-01, expect: unknown, {one}}}}}
- {{rule: negative.offset_cod, name: 不写名字的：form、new, expect: not_applicable, {other} form, construction_kind: new}}}}
- {{rule: negative.offset_cod, name: 不写名字的：report、未填, expect: not_applicable, {other} report}}}}
"""
    )

    def said(cases: Cases) -> list[tuple[object, ...]]:
        return [
            (c.rule, c.name, c.expect, c.as_of, sorted(c.profile.to_dict(RULESET.registry).items()))
            for c in cases.rules
        ]

    def unnamed(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [(*f[:4], [x for x in f[4] if x[0] != "project_name"]) for f in found]  # type: ignore[attr-defined]

    assert unnamed(said(table)) == unnamed(said(single))
    assert [c.place.line for c in table.rules] == [8, 9, 10, 17, 18]


def test_a_changed_file_is_the_file_with_the_change() -> None:
    (case,) = read(
        "- {name: 甲, verdict: pass, file: examples/d01-complete-good.yaml,"
        " change: {orders_in_hand: 0, land_class: null, emissions.COD: 3, emissions.SO2: null}}"
    ).dossiers
    whole = example("d01-complete-good.yaml")
    changed = whole.with_value("orders_in_hand", Fraction(0)).with_value("land_class", None)
    changed = changed.with_value("emissions.COD", Fraction(3)).with_value("emissions.SO2", None)
    assert case.profile.to_dict(RULESET.registry) == changed.to_dict(RULESET.registry)
    assert case.file is None


def test_what_is_wrong_with_a_table_is_told_once() -> None:
    rows = "[[乙, unknown], [丙, unknown], [丁, unknown]]"
    for start, code in (
        ("rule: positive.zone_fitt, name: 甲", "C102"),
        ("rule: positive.zone_fit, name: 甲, dossier: {zonee: 东}", "D101"),
        ("rule: positive.zone_fit, name: 甲, as_of: 明天", "E202"),
    ):
        problems = Problems()
        text = f"- {{{start}, columns: [name, expect], rows: {rows}}}"
        read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
        assert [p.code for p in problems] == [code]


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
    dossier = "{industry_code: C2010, land_use_mode: stock_land, annual_tax: 199, land_area: 10}"
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


def test_a_table_of_cases_without_a_name_is_told_once() -> None:
    files = texts(MINIMAL)
    name = "rules/more.cases.yaml"
    files[name] = (
        "- rule: positive.land_tax\n  columns: [name, annual_tax, expect]\n"
        "  rows:\n    - [甲, 1, violated]\n    - [乙, 2, violated]\n"
    )
    problems = Problems()
    read_cases(load_layers((("base", files),)), problems)
    (found,) = problems
    assert (found.code, found.place.label()) == ("E201", f"{name}:1:3")
    assert "name: 表名" in (found.hint or "")
