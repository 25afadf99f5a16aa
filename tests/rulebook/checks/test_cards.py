"""Scorecards that do not add up are found, each under a code of its own."""

from __future__ import annotations

import pytest

from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import read_directory
from tests.support import ROOT

BOARD = ROOT / "profiles" / "shijiazhuang"
PARK = ROOT / "profiles" / "shouxian"


def codes(directory: object, name: str, old: str, new: str) -> set[str]:
    assert directory in (BOARD, PARK)
    ((layer, files),) = read_directory(BOARD if directory is BOARD else PARK)
    assert old in files[name]
    changed = {**files, name: files[name].replace(old, new)}
    return {p.code for p in check_layers(((layer, changed),))[1] if p.severity == "warning"}


@pytest.mark.parametrize(
    ("directory", "name", "old", "new", "code"),
    [
        (BOARD, "rules/scorecards/board.yaml", "full_marks: 95", "full_marks: 100", "W931"),
        (BOARD, "rules/scorecards/board.yaml", "national: 8", "national: 9", "W932"),
        (BOARD, "rules/scorecards/board.yaml", "at_least: 75", "at_least: 96", "W933"),
        (
            PARK,
            "rules/scorecards/park.yaml",
            "{at_least: 3, points: 5}",
            "{at_least: 1, points: 5}",
            "W934",
        ),
        (
            PARK,
            "rules/scorecards/park.yaml",
            "{at_least: 3, points: 5}",
            "{at_least: 3, points: 6}",
            "W932",
        ),
        (
            PARK,
            "rules/scorecards/park.yaml",
            "    - {id: short,",
            "    - {id: high, title: 高, at_least: {criterion: pass_points}, verdict: refer}\n"
            "    - {id: mid, title: 中, at_least: 20, verdict: refer}\n"
            "    - {id: same, title: 同, at_least: 20, verdict: refer}\n"
            "    - {id: short,",
            "W935",
        ),
        (
            BOARD,
            "rules/scorecards/board.yaml",
            "{national: 8, provincial: 5, none: 0}",
            "{national: 5, provincial: 5, none: 5}",
            "W936",
        ),
    ],
)
def test_what_does_not_add_up_is_found(
    directory: object, name: str, old: str, new: str, code: str
) -> None:
    assert code in codes(directory, name, old, new)


@pytest.mark.parametrize("directory", [BOARD, PARK])
def test_the_shipped_cards_add_up(directory: object) -> None:
    names = {"W931", "W932", "W933", "W934", "W935", "W936"}
    title = "title:"
    assert not names & codes(directory, "criteria.yaml", title, title)
