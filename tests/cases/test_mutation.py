"""Coverage and mutation: what no case touches, and which slips no case notices."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.card_mutants import card_mutants
from evaluator.cases.coverage import coverage
from evaluator.cases.mutants import CARDS, KINDS, rule_mutants
from evaluator.cases.mutation import Runner, mutate
from evaluator.problems.errors import Problems
from evaluator.prove import compare
from evaluator.prove.report import State
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.cases.small import FULL, RULES, cases_of, without
from tests.support import ROOT, ruleset_of


def test_full_cases_cover_everything_and_kill_every_mutant() -> None:
    ruleset = ruleset_of(RULES)
    cases = cases_of(ruleset, FULL)
    assert coverage(ruleset, cases).ratio() == 1, coverage(ruleset, cases).render()
    mutation = mutate(ruleset, cases)
    assert mutation.ratio() == 1, mutation.render()
    assert {o.kind for o in mutation.outcomes} == set(KINDS) - CARDS - {"join"}


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
    # Below half a standard is below the standard too, which refers already.
    ("negative.low_investment", "处置 refer → advise"),
    ("negative.low_output", "处置 refer → advise"),
    ("negative.low_tax", "处置 refer → advise"),
    # Its industries are two-high, or declared wrongly as not two-high.
    ("negative.capacity_parity", "处置 refer → advise"),
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


@pytest.mark.soak
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


# What no case of the board's card can notice. Where both lines are met the score is at least 80, so
# that a pass never waits for its 75 points, and who stands on both lines exactly passes before the
# conditional grade is asked.
BOARD_SAME = {
    ("39", "threshold"),
    ("39", "strict"),
    ("50", "strict"),
    ("51", "strict"),
}


@pytest.mark.parametrize(
    "name",
    [
        "shouxian",
        "tuanfeng",
        "xichang",
        "xuancheng",
        "shijiazhuang",
        "bazhou",
        "shaoxing",
        "leping",
        "fuzhou",
        "pingqiao",
        "qianzhan",
        "liaocheng",
    ],
)
def test_every_slip_in_a_profile_is_noticed(name: str) -> None:
    directory = ROOT / "profiles" / name
    ruleset = load_directory(directory)
    problems = Problems()
    mutation = mutate(ruleset, read_cases(ruleset, problems, directory))
    assert not problems
    left = {(str(o.place.line), o.kind) for o in mutation.survivors}
    assert left == (BOARD_SAME if name == "shijiazhuang" else set()), mutation.render()


def test_a_line_of_a_score_moves_by_what_parts_two_scores() -> None:
    """The scores of this card are tenths: 23.99 would be the same line as 24."""
    ruleset = load_directory(ROOT / "profiles" / "shouxian")
    moved = [o.what for o in mutate(ruleset, Cases((), ())).outcomes if o.subject == "pass_points"]
    assert moved == ["24 分 改为 24.1 分", "24 分 改为 23.9 分"]


def test_a_grade_slips_in_its_card_and_not_in_the_rules_made_of_it() -> None:
    ruleset = load_directory(ROOT / "profiles" / "tuanfeng")
    card = ruleset.scorecards["assessment"]
    flips = [m for m in card_mutants(card, ruleset, dt.date(2024, 6, 3)) if m.kind == "flip"]
    assert [m.place.line for m in flips] == [21, 22]
    kinds = {m.kind for r in card.rule_ids for m in rule_mutants(ruleset.rules[r], ruleset)}
    assert kinds == {"drop"}
