"""Scorecards in the prover: scores are those of the reference; grades are reached, points go one way."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
import z3
from hypothesis import event, given
from hypothesis import strategies as st

from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.scores import grade_cards
from evaluator.prove import Answer, State, prove
from evaluator.prove.exprs import TooLarge
from evaluator.prove.points import rounded
from evaluator.prove.solve import Space
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.values.numbers import ROUNDINGS, Rounding
from tests.draws import draws
from tests.prove.fixing import fixed
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

DAY = dt.date(2026, 1, 1)
CARDS = ("shouxian", "tuanfeng", "shijiazhuang")
PARK = ROOT / "profiles" / "shouxian"


# Three hundred differ: a divisor that is zero raises, and a score comes out otherwise.
@draws(40, 40)
@given(st.data())
def test_scores_are_those_of_the_reference(data: st.DataObject) -> None:
    """On any dossier: where every item has its points, the score is the number of the reference."""
    ruleset = data.draw(rulesets(max_rules=1, max_depth=1, cards=True))
    profile = data.draw(dossiers(ruleset, present=95))
    day = max(data.draw(as_of_dates(ruleset)), profile.submitted_on)
    space = Space((ruleset,), day)
    (side,) = space.sides
    for score in ReferenceEngine(ruleset).scores(profile, day):
        side.compiler.fields = set()
        try:
            low, high, settled = side.compiler.ends(score.card)
        except TooLarge:
            continue
        names = {f.partition(".")[0] for f in side.compiler.fields} | {"submitted_on"}
        solver = space.solver(names)
        solver.add(*fixed(space.domain, profile, names))
        assert solver.check() == z3.sat
        model = solver.model()
        known = z3.is_true(model.eval(settled, model_completion=True))
        event(f"settled: {known}, open: {score.open}")
        if known:
            found = [model.eval(end, model_completion=True).as_fraction() for end in (low, high)]
            assert found == [score.low, score.high]


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_rounding_is_that_of_numbers(mode: str) -> None:
    rounding = Rounding(1, mode)
    for n in range(-40, 41):
        value = Fraction(n, 40)
        said = z3.simplify(rounded(z3.RealVal(str(value)), rounding)).as_fraction()
        assert said == rounding.of(value), value


@pytest.mark.parametrize("name", CARDS)
def test_the_shipped_cards_are_proven(name: str) -> None:
    """Every grade has a project that the reference gives it; nothing is left undecided."""
    ruleset = load_directory(ROOT / "profiles" / name)
    report = prove(ruleset, DAY)
    assert report.clean, report.render()
    (card,) = ruleset.scorecards.values()
    engine = ReferenceEngine(ruleset)
    answers = {a.subjects[1]: a for a in report.answers if a.check == "scorecards"}
    for grade in card.grades:
        (witness,) = answers[grade.id].witnesses
        (graded,) = grade_cards(engine, witness, DAY)
        assert graded.grade == grade


def planted(*edits: tuple[str, str]) -> list[Answer]:
    """The alarms of the card of Shouxian with a fault."""
    ((layer, files),) = read_directory(PARK)
    text = files["rules/scorecards/park.yaml"]
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    ruleset = load_layers(((layer, {**files, "rules/scorecards/park.yaml": text}),))
    report = prove(ruleset, DAY, ("scorecards",))
    assert not report.of(State.UNDECIDED, State.FAULT), report.render()
    return list(report.of(State.ALARM))


@pytest.mark.parametrize(
    ("old", "new", "subject"),
    [
        ("{at_least: 3, points: 5}", "{at_least: 3, points: 1.5}", "output"),
        ("{at_least: 10, points: 10}", "{at_least: 10, points: 9}", "tax_intensity"),
        (
            "    - {id: short,",
            "    - {id: mid, title: 中, at_least: {criterion: pass_points}, verdict: refer}\n    - {id: short,",
            "mid",
        ),
    ],
)
def test_a_planted_fault_is_found(old: str, new: str, subject: str) -> None:
    (alarm,) = planted((old, new))
    assert alarm.subjects == ("scorecard.park", subject)
    assert alarm.proven


def test_the_card_without_a_fault_has_no_alarm() -> None:
    assert planted() == []
