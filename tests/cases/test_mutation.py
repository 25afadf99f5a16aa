"""Coverage and mutation: what no case touches, and which slips no case notices."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser
from pathlib import Path

from typer.testing import CliRunner

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.coverage import coverage
from evaluator.cases.mutants import KINDS, rule_mutants
from evaluator.cases.mutation import Runner, mutate
from evaluator.cases.proposed import Proposed, Whole
from evaluator.cases.report import quality_html
from evaluator.cases.suggest import render, suggest_cases
from evaluator.cli.app import app
from evaluator.problems.errors import Problems
from evaluator.prove import compare
from evaluator.prove.report import State
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from tests.support import CRITERIA, LABELS, METRICS, ROOT, ruleset_of

RULES = """
- id: positive.tax
  title: 亩均税收
  list: positive
  applies_when: {field: land_use_mode, in: [new_industrial_land, stock_land]}
  require: {metric: land_tax, at_least: {criterion: tax_floor}}
  effect: reject
  departments: [tax]
  basis: [{criterion: tax_floor}]
"""
FULL = """
- {rule: positive.tax, name: 恰好, expect: satisfied, dossier: {land_use_mode: new_industrial_land, annual_tax: 20, land_area: 1}}
- {rule: positive.tax, name: 高, expect: satisfied, dossier: {land_use_mode: stock_land, annual_tax: 21, land_area: 1}}
- {rule: positive.tax, name: 低一步, expect: violated, dossier: {land_use_mode: stock_land, annual_tax: 19.99, land_area: 1}}
- {rule: positive.tax, name: 恰好低一步, expect: violated, dossier: {land_use_mode: new_industrial_land, annual_tax: 19.99, land_area: 1}}
- {rule: positive.tax, name: 缺税收, expect: unknown, dossier: {land_use_mode: new_industrial_land, land_area: 1}}
- {rule: positive.tax, name: 缺用地方式, expect: unknown, dossier: {annual_tax: 1, land_area: 1}}
- {rule: positive.tax, name: 租用, expect: not_applicable, dossier: {land_use_mode: leased_plant, annual_tax: 1, land_area: 1}}
- {name: 税收低, verdict: reject, dossier: {land_use_mode: new_industrial_land, annual_tax: 1, land_area: 1}}
"""


def cases_of(ruleset: Ruleset, text: str) -> Cases:
    problems = Problems()
    cases = read_cases(ruleset, problems, files={"a.cases.yaml": text})
    assert not problems, problems
    return cases


def without(name: str) -> str:
    return "\n".join(line for line in FULL.splitlines() if f"name: {name}," not in line)


def test_full_cases_cover_everything_and_kill_every_mutant() -> None:
    ruleset = ruleset_of(RULES)
    cases = cases_of(ruleset, FULL)
    assert coverage(ruleset, cases).ratio() == 1, coverage(ruleset, cases).render()
    mutation = mutate(ruleset, cases)
    assert mutation.ratio() == 1, mutation.render()
    assert {o.kind for o in mutation.outcomes} == set(KINDS) - {"join"}


def test_each_case_that_is_missing_is_missed() -> None:
    """Leaving one kind of case out shows in the report that is about it."""
    ruleset = ruleset_of(RULES)
    left = cases_of(ruleset, without("恰好"))
    assert [i.what for i in coverage(ruleset, left).items if not i.covered] == [
        "恰为 20 万元/亩/年"
    ]
    assert {o.kind for o in mutate(ruleset, left).survivors} == {
        "threshold",
        "strict",
        "option",
    } - {"option"}
    steps = cases_of(ruleset, without("低一步").replace("annual_tax: 19.99", "annual_tax: 15"))
    assert [o.what for o in mutate(ruleset, steps).survivors] == [
        "20 万元/亩/年 改为 19.99 万元/亩/年"
    ]
    stock = cases_of(ruleset, "\n".join(x for x in FULL.splitlines() if "stock_land" not in x))
    assert [o.kind for o in mutate(ruleset, stock).survivors] == ["option"]
    effect = cases_of(ruleset, without("税收低"))
    assert [o.kind for o in mutate(ruleset, effect).survivors] == ["effect"]
    known = cases_of(ruleset, without("缺税收"))
    open_ = [i.what for i in coverage(ruleset, known).items if not i.covered]
    assert open_ == ["“亩均税收不低于“亩均税收下限””未知"]


def test_no_cases_kill_nothing() -> None:
    ruleset = ruleset_of(RULES)
    mutation = mutate(ruleset, cases_of(ruleset, "[]"))
    assert mutation.ratio() == 0
    assert coverage(ruleset, cases_of(ruleset, "[]")).ratio() == 0


def test_a_failing_case_kills_nothing() -> None:
    ruleset = ruleset_of(RULES)
    wrong = "- {rule: positive.tax, name: 错, expect: violated, dossier: {land_use_mode: stock_land, annual_tax: 21, land_area: 1}}\n"
    assert mutate(ruleset, cases_of(ruleset, wrong)).ratio() == 0


def test_the_html_report_is_well_formed_and_escaped() -> None:
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    page = quality_html("标准 <甲>", coverage(ruleset, cases), mutate(ruleset, cases))
    assert "标准 &lt;甲&gt;：案例质量" in page

    class Balance(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            del attrs
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Balance()
    parser.open = []
    parser.feed(page)
    assert parser.open == []


# The slips of the shipped rulebook that no case can notice, and why.
SAME = {
    # A tax, a value added or a profit above the output or revenue is out of its plausible range
    # too, and those rules refer.
    ("integrity.output_accounts", "处置 refer → advise"),
    # Below the share that the law asks for, the share that the park asks for is missed too; where
    # the law asks for more (steel, aluminium, cement) the project is two-high and referred anyway.
    ("integrity.project_capital", "处置 refer → advise"),
    # C2671 and C2672 are chemical industry: two-high, or declared wrongly as not two-high.
    ("negative.city_excluded_industry", "处置 refer → advise"),
    # It applies to two-high projects alone, and these are referred already.
    ("negative.two_high_site", "处置 refer → advise"),
    # Energy and output are never negative.
    ("energy_per_output_floor", "0 吨标准煤/万元 改为 -0.001 吨标准煤/万元"),
}


def shipped() -> tuple[Ruleset, Cases]:
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    assert not problems
    return ruleset, cases


def test_the_shipped_rulebook_leaves_nothing_untouched() -> None:
    """Every status, branch, table row and threshold of the shipped rulebook has a case on it."""
    assert [i for i in coverage(*shipped()).items if not i.covered] == []


def test_every_slip_in_the_shipped_rulebook_is_noticed() -> None:
    """Each mutant fails a case, but for those that are named with the reason."""
    mutation = mutate(*shipped())
    assert {(o.subject, o.what) for o in mutation.survivors} == SAME, mutation.render()
    assert len(mutation.survivors) == len(SAME)
    assert mutation.ratio() > 0.99


def test_what_no_case_can_notice_is_proven_to_change_no_verdict() -> None:
    """The rest of the shipped rulebook decides the same without these effects, for any project."""
    ruleset, cases = shipped()
    runner = Runner(ruleset, cases)
    day = dt.date(2026, 1, 1)
    for name in ("positive.land_tax", *sorted(s for s, _ in SAME if "." in s)):
        slips = [m for m in rule_mutants(ruleset.rules[name], ruleset) if m.kind == "effect"]
        (weaker,) = [m for m in slips if m.what.endswith("advise")]
        answers = compare(ruleset, runner.with_slip(weaker), day)[1].answers
        same = all(a.state is State.OK for a in answers)
        assert same is (name != "positive.land_tax"), [a.message for a in answers]


def test_suggested_cases_kill_what_was_left() -> None:
    """For every slip that no case notices a case is found, or a proof that it is no slip."""
    ruleset = ruleset_of(RULES)
    few = cases_of(ruleset, "\n".join(FULL.splitlines()[2:3] + FULL.splitlines()[-1:]))
    before = mutate(ruleset, few)
    found = list(suggest_cases(ruleset, few))
    assert all(s.case for s in found)
    more = cases_of(ruleset, render(found, ruleset.registry))
    after = mutate(ruleset, Cases((*few.rules, *more.rules), few.dossiers))
    assert before.ratio() < 0.8
    assert after.ratio() == 1, after.render()


SEED = """
- {rule: positive.tax, name: 高于, expect: satisfied, boundary: false, dossier: {industry_code: C3562, land_use_mode: stock_land, annual_tax: 300, land_area: 10}}
- {rule: positive.tax, name: 低于, expect: violated, dossier: {industry_code: C3562, land_use_mode: stock_land, annual_tax: 100, land_area: 10}}
"""


def test_a_suggestion_stands_on_the_threshold_and_one_step_beside_it() -> None:
    """In round numbers of the cases that are there, named by what it stands on, never by a guess."""
    ruleset = ruleset_of(RULES)
    found = [s for s in suggest_cases(ruleset, cases_of(ruleset, SEED)) if s.case]
    text = render([s for s in found if "20 万元/亩/年" in s.what], ruleset.registry)
    assert text == (
        "- rule: positive.tax\n"
        "  name: 亩均税收下限：恰在界限和差一步\n"
        "  dossier: {industry_code: C3562, land_use_mode: stock_land, land_area: 10}\n"
        "  columns: [name, annual_tax, expect]\n"
        "  rows:\n"
        "    - [恰为 20 万元/亩/年, 200, satisfied]\n"
        "    - [19.99 低于 20 万元/亩/年, 199.9, violated]\n"
    )
    definite = {Status.SATISFIED.value, Status.VIOLATED.value, Status.NOT_APPLICABLE.value}
    assert {s.case.expect for s in found if isinstance(s.case, Proposed)} <= definite


def test_an_effect_is_tried_on_a_good_project_with_one_thing_wrong(tmp_path: Path) -> None:
    ruleset = ruleset_of(RULES)
    (tmp_path / "good.yaml").write_text(
        "dossier: {project_id: P1, project_name: 好项目, submitted_on: 2024-06-03,"
        " land_use_mode: stock_land, annual_tax: 300, land_area: 10}\n",
        "utf-8",
    )
    good = "- {name: 好项目, file: good.yaml, verdict: pass}\n"
    problems = Problems()
    cases = read_cases(ruleset, problems, tmp_path, {"a.cases.yaml": SEED + good})
    found = [s.case for s in suggest_cases(ruleset, cases) if isinstance(s.case, Whole)]
    assert [(w.name, dict(w.change), w.verdict) for w in found] == [
        ("亩均税收", {"annual_tax": "150"}, "reject")
    ]
    text = render(suggest_cases(ruleset, cases), ruleset.registry)
    more = read_cases(ruleset, problems, tmp_path, {"a.cases.yaml": SEED + good + text})
    assert not problems
    assert mutate(ruleset, more).ratio("effect") == 1
    # With no good project to start from nothing is proposed, and nothing said to be proven.
    left = [s for s in suggest_cases(ruleset, cases_of(ruleset, SEED)) if "处置" in s.what]
    assert [(s.case, s.proven) for s in left] == [(None, False)]


def test_a_slip_that_changes_nothing_is_proven_so() -> None:
    rules = """
- id: positive.whole
  title: 土地等别
  list: positive
  require: {all: [{field: land_class, at_least: 1}, {field: land_class, at_most: 9}]}
  effect: refer
  departments: [tax]
  basis: [{criterion: tax_floor}]
"""
    ruleset = ruleset_of(rules)
    found = list(suggest_cases(ruleset, cases_of(ruleset, "[]")))
    same = [s for s in found if s.case is None and "处置" not in s.what]
    assert [s.what for s in same] == ["“土地等别不低于 1”的界限改为 0"]
    assert all(s.proven for s in same)


def test_the_command_writes_what_the_floor_then_asks_for(tmp_path: Path) -> None:
    """coverage, mutate and suggest on a rulebook directory, as a maintainer goes about it."""
    files = {"criteria.yaml": CRITERIA, "rules/metrics.yaml": METRICS, "rules/labels.yaml": LABELS}
    for name, text in {**files, "rules/a.yaml": RULES, "rules/a.cases.yaml": SEED}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    runner = CliRunner()

    def run(*words: str) -> int:
        return runner.invoke(app, ["rules", words[0], str(tmp_path), *words[1:]]).exit_code

    assert (run("mutate", "--floor", "0.9"), run("coverage", "--floor", "0.9")) == (1, 1)
    assert (run("mutate", "--floor", "0.2"), run("coverage", "--floor", "0.2")) == (0, 0)
    assert run("suggest", "-o", str(tmp_path / "rules" / "b.cases.yaml")) == 0
    assert (run("mutate", "--floor", "0.9"), run("mutate", "--floor", "1")) == (0, 1)
    # What is not known is no slip: cases of missing data are for a person to write.
    # Where a case fails, nothing is suggested: what it would notice is not known.
    wrong = SEED.replace("expect: satisfied", "expect: violated", 1)
    (tmp_path / "rules" / "a.cases.yaml").write_text(wrong, "utf-8")
    refused = runner.invoke(app, ["rules", "suggest", str(tmp_path)])
    assert refused.exit_code == 1
    assert "C110" in refused.output
    assert "1 个案例不通过，先改好再拟新的。" in refused.output
