"""Coverage and mutation: what no case touches, and which slips no case notices."""

from __future__ import annotations

from html.parser import HTMLParser

from evaluator.casebook import Cases, read_cases
from evaluator.coverage import coverage
from evaluator.errors import Problem
from evaluator.mutants import KINDS
from evaluator.mutation import mutate
from evaluator.quality_html import quality_html
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.suggest import suggest_cases
from tests.support import ROOT, ruleset_of

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
    problems: list[Problem] = []
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
    problems: list[Problem] = []
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


def test_the_shipped_rulebook_keeps_its_floors() -> None:
    """Every status of every rule has a case; slips of logic are nearly all noticed."""
    ruleset = load_directory(ROOT)
    problems: list[Problem] = []
    cases = read_cases(ruleset, problems, ROOT)
    assert not problems
    assert coverage(ruleset, cases).ratio("status") == 1
    assert coverage(ruleset, cases).ratio("branch") >= 0.95
    mutation = mutate(ruleset, cases)
    assert mutation.ratio("drop") == 1
    for kind in ("strict", "flip", "join", "scope"):
        assert mutation.ratio(kind) >= 0.9, kind


def test_suggested_cases_kill_what_was_left() -> None:
    """For every slip that no case notices the solver finds a case, or proves that it is no slip."""
    ruleset = ruleset_of(RULES)
    few = cases_of(ruleset, "\n".join(FULL.splitlines()[2:3] + FULL.splitlines()[-1:]))
    before = mutate(ruleset, few)
    found = list(suggest_cases(ruleset, few))
    assert all(s.case for s in found)
    more = cases_of(ruleset, "\n".join(s.case or "" for s in found))
    after = mutate(ruleset, Cases((*few.rules, *more.rules), few.dossiers))
    assert before.ratio() < 0.8
    assert after.ratio() == 1, after.render()


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
    same = [s.what for s in found if s.case is None]
    assert same == ["“土地等别不低于 1”的界限改为 0"]
    assert all(s.proven for s in found if s.case is None)
