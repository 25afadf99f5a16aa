"""Cases of layered rulebooks: each speaks of its own layer, and of what nothing above changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.coverage import coverage
from evaluator.cases.mutation import mutate
from evaluator.cases.run import coverage_gaps, run_cases, run_dossier_case
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.rulebook.corpus import MINIMAL, texts
from tests.rulebook.test_load import floor, profile, write

ROOT = Path(__file__).parents[2]
PROFILES = sorted(p for p in (ROOT / "profiles").iterdir() if p.is_dir())
BOTH = ("reference", "durable")
RULES = texts(MINIMAL)["rules/rules.yaml"].split("\n\n")
LAND_TAX, BAD_INDUSTRY, _ = RULES
LISTED = (
    "  bad_industries:\n    title: 禁止引进的行业\n    kind: list\n    values:\n"
    "      - {from: 2020-01-01, source: law, verified: true, codes: [C19]}\n"
)
BASE_CASES = """
- {name: 石化, dossier: {industry_code: C2511}, verdict: reject}
- {name: 文件, file: materials/one.yaml, verdict: reject}
"""


def layered(tmp_path: Path, above: dict[str, str]) -> tuple[Ruleset, Path]:
    """The minimal rulebook with two whole dossiers, and a profile above it."""
    write(tmp_path, texts(MINIMAL))
    write(tmp_path, {"rules/whole.cases.yaml": BASE_CASES})
    write(tmp_path, {"materials/one.yaml": "dossier: {industry_code: C2511}\n"})
    top = write(tmp_path / "profiles" / "local", above)
    return load_directory(top), top


def cases_of(ruleset: Ruleset, root: Path) -> Cases:
    problems = Problems()
    cases = read_cases(ruleset, problems, root)
    assert not problems, [p.render() for p in problems]
    return cases


@pytest.mark.parametrize("directory", PROFILES, ids=lambda p: p.name)
def test_every_profile_has_its_cases_and_they_hold(directory: Path) -> None:
    ruleset = load_directory(directory)
    cases = cases_of(ruleset, directory)
    for engine in BOTH:
        evaluator = Evaluator(ruleset, engine)
        results = run_cases(cases, evaluator)
        evaluator.close()
        assert [r.problem().render() for r in results if not r.passed] == [], engine
    assert [g.problem().render() for g in coverage_gaps(ruleset, cases)] == []
    assert coverage(ruleset, cases).ratio() == 1
    assert cases.dossiers


# What a profile changes, and which rules the cases below it then no longer speak of.
CHANGES = [
    pytest.param(
        {"criteria.yaml": profile("../..", floor("{value: 8}"))},
        {"positive.land_tax"},
        id="criterion compared",
    ),
    pytest.param(
        {"criteria.yaml": profile("../..", LISTED)},
        {"negative.bad_industry"},
        id="list of codes",
    ),
    pytest.param(
        {"criteria.yaml": profile("../.."), "rules/own.yaml": BAD_INDUSTRY},
        {"negative.bad_industry"},
        id="rule",
    ),
]


@pytest.mark.parametrize(("above", "changed"), CHANGES)
def test_a_case_below_counts_for_what_the_profile_leaves_alone(
    tmp_path: Path, above: dict[str, str], changed: set[str]
) -> None:
    ruleset, top = layered(tmp_path, above)
    cases = cases_of(ruleset, top)
    below = {"positive.land_tax", "negative.bad_industry", "negative.unit_energy"}
    assert {c.rule for c in cases.rules} == below - changed
    assert cases.dossiers == ()
    assert cases.left_out == len(changed) + 2
    gaps = {g.rule: g for g in coverage_gaps(ruleset, cases)}
    (rule,) = changed
    assert gaps[rule].layer == "local"
    assert "“local”" in (gaps[rule].problem().hint or "")
    assert all(g.layer is None for id_, g in gaps.items() if id_ != rule)
    # A profile answers for what it changes; the rest is the business of the rulebook below.
    assert {i.subject for i in coverage(ruleset, cases).items if i.kind == "status"} == changed


def test_a_profile_that_changes_no_rule_has_all_cases(tmp_path: Path) -> None:
    note = "accepted:\n  - {code: W921, names: [positive.land_tax], reason: 看过}\n"
    ruleset, top = layered(tmp_path, {"criteria.yaml": profile("../..") + note})
    cases = cases_of(ruleset, top)
    assert cases.left_out == 0
    assert (len(cases.rules), len(cases.dossiers)) == (3, 2)
    assert mutate(ruleset, cases).outcomes == ()


def test_the_profiles_own_cases(tmp_path: Path) -> None:
    """May have names used below, and dossier files of their own and of below: the nearest counts."""
    own = """
- rule: positive.land_tax
  name: 恰为下限
  expect: satisfied
  boundary: true
  dossier: {industry_code: C2710, land_use_mode: new_industrial_land, land_area: 10, annual_tax: 80}
- {name: 文件, file: materials/one.yaml, verdict: reject, violated: [negative.bad_industry]}
- {name: 自己的, file: materials/two.yaml, verdict: refer}
"""
    above = {
        "criteria.yaml": profile("../..", floor("{value: 8}")),
        "rules/local.cases.yaml": own,
        "materials/two.yaml": "dossier: {industry_code: C1311}\n",
    }
    ruleset, top = layered(tmp_path, above)
    cases = cases_of(ruleset, top)
    assert [c.name for c in cases.dossiers] == ["文件", "自己的"]
    evaluator = Evaluator(ruleset, "reference")
    results = run_cases(cases, evaluator)
    assert [r.failures for r in results if not r.passed] == []
    # The nearest file of that name counts.
    write(top, {"materials/one.yaml": "dossier: {industry_code: C1311}\n"})
    failed = run_dossier_case(cases_of(ruleset, top).dossiers[0], evaluator)
    assert not failed.passed
    assert (
        "结论应为“不予准入”，得到“提交会审”：negative.unit_energy（单位产品能耗）材料不足、"
        in failed.failures[0]
    )
    # Below, the profile's files do not exist.
    problems = Problems()
    read_cases(load_directory(tmp_path), problems, tmp_path)
    assert problems == []
    write(
        tmp_path,
        {"rules/whole.cases.yaml": "- {name: 甲, file: materials/two.yaml, verdict: refer}\n"},
    )
    read_cases(load_directory(top), problems, top)
    assert [(p.code, p.place.source.name) for p in problems] == [("C108", "rules/whole.cases.yaml")]


def test_a_wrong_verdict_names_the_rules_behind_it() -> None:
    ruleset = load_directory(ROOT)
    text = "- {name: 甲, file: examples/d01-complete-good.yaml, change: {land_area: 240}, verdict: pass}"
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT, {"rules/x.cases.yaml": text})
    evaluator = Evaluator(ruleset, "reference")
    (found,) = run_dossier_case(cases.dossiers[0], evaluator).failures
    assert found.startswith("结论应为“准入”，得到“提交会审”：integrity.plot_ratio（")
    assert "positive.land_output（亩均产值）不符合" in found
