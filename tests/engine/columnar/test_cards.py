"""Cards in columns against the reference: verdict, rules, both ends of every score, and the grade."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from random import Random

import pytest

from evaluator.cases.book import read_cases
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.engine.columnar.cards import (
    held,
    judged,
    mixed,
    random_cards,
    random_dossiers,
    told,
    wanted,
)
from tests.portfolio.tables import drawn
from tests.strategies import rulesets
from tests.support import ROOT

CARDS, DOSSIERS = 60, 2_000


def test_random_cards_over_random_dossiers() -> None:
    found = random_cards(6, 40)
    for columns in found:
        assert judged(columns) == wanted(columns), columns.ruleset.layers
    # What no decimals of 38 digits hold is left out, but it must stay the exception.
    assert sum(len(c.rows) for c in found) > 6 * 40 * 0.8


@pytest.mark.parametrize("name", ["shijiazhuang", "shouxian", "tuanfeng"])
def test_the_cards_of_the_profiles(name: str) -> None:
    root = ROOT / "profiles" / name
    ruleset = load_directory(root)
    cases = read_cases(ruleset, Problems(), root)
    # What stands beside each other in different cases, so that the figures are on the thresholds.
    judged_on = [(c.profile, c.as_of or c.profile.submitted_on) for c in cases.rules]
    rows = mixed(judged_on, 200, Random(7))
    found = list(held(ruleset, rows))
    assert sum(len(c.rows) for c in found) == len(rows)
    for columns in found:
        expected = wanted(columns)
        assert judged(columns) == expected
        assert len({r[0] for r in expected}) > 1


@cache
def drawn_cards() -> list[Ruleset]:
    """The cards of all parts: each part judges its own."""
    return drawn(rulesets(max_rules=1, max_depth=1, cards=True, plain=True), CARDS)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(12))
def test_three_engines_agree_on_many_cards_and_dossiers(part: int) -> None:
    """120,000 dossiers: each of 60 cards is compiled once and judges 2,000 of them together."""
    cards = drawn_cards()[part::12]
    compared = 0
    for n, ruleset in enumerate(cards):
        rows = mixed(random_dossiers(ruleset, 50), DOSSIERS, Random(part * 100 + n))
        with closing(Evaluator(ruleset, "durable")) as evaluator:
            # Durable decides, and the reference says where it finds something else.
            evaluations = {id(row): evaluator.evaluate(*row) for row in rows}
        for row in rows:
            assert not evaluations[id(row)].disputed, (ruleset.layers, row)
        for columns in held(ruleset, rows):
            assert judged(columns) == [told(evaluations[id(row)]) for row in columns.rows]
            compared += len(columns.rows)
    assert compared > len(cards) * DOSSIERS * 0.8
