"""A card's numbers and bands in a file: all else stays, letter by letter; its cases follow."""

from __future__ import annotations

import difflib

import pytest

from evaluator.amend.card import NewBand, amended_card, banded, figures
from evaluator.amend.card_cases import corrected_cases
from evaluator.amend.splice import CannotSplice
from evaluator.cases.book import read_cases
from evaluator.cases.run import run_cases
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import Layers, read_directory
from evaluator.rulebook.load import load_layers
from tests.support import ROOT

PARK, BOARD = ("shouxian", "park"), ("shijiazhuang", "board")


def held(which: tuple[str, str]) -> tuple[Layers, Ruleset, str]:
    profile, card = which
    layers = read_directory(ROOT / "profiles" / profile)
    return layers, load_layers(layers), dict(layers[-1][1])[f"rules/scorecards/{card}.yaml"]


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line[0] + line[2:].strip() for line in lines if line[0] in "+-"]


def test_every_number_of_a_card_is_named() -> None:
    _, ruleset, text = held(BOARD)
    listed = figures(text, ruleset.scorecards["board"], ruleset.registry)
    said = {(f.group, f.label): f.text for f in listed}
    assert said["整张表", "满分"] == "95"
    assert said["企业称号", "国家级得分"] == "8"
    assert said["等次“通过”", "不低于"] == "75"
    assert len({f.path for f in listed}) == len(listed)
    _, ruleset, text = held(PARK)
    listed = figures(text, ruleset.scorecards["park"], ruleset.registry)
    said = {(f.group, f.label): f.text for f in listed}
    assert said["年税收", "第 1 档：不低于"] == "1000"
    assert said["亩均产值", "第 2 档：每加：得分"] == "-0.1"
    assert banded(text, ruleset.scorecards["park"])["tax"] == "不低于"


def test_numbers_change_and_bands_come_and_go() -> None:
    _, ruleset, text = held(PARK)
    card, registry = ruleset.scorecards["park"], ruleset.registry
    values = {"items.tax.points.rows.0.points": "9.5"}
    added = [NewBand("tax", "600", "3"), NewBand("tax", "2,000", "10")]
    removed = ["items.output.points.rows.0.at_least"]
    after = amended_card(text, card, registry, values, added, removed)
    assert changed(text, after) == [
        "-- {at_least: 3, points: 5}",
        "-- {at_least: 1000, points: 10}",
        "+- {at_least: 2000, points: 10}",
        "+- {at_least: 1000, points: 9.5}",
        "+- {at_least: 600, points: 3}",
    ]


@pytest.mark.parametrize(
    ("values", "added", "said"),
    [
        ({"items.tax.full_marks": "十"}, [], "不是数"),
        ({"items.tax.full_marks": "1e5"}, [], "不是数"),
        ({"items.tax.full_marks": "10} # "}, [], "不是数"),
        ({}, [NewBand("tax", "1000", "8")], "已经有"),
        ({}, [NewBand("industry", "1", "8")], "不能用表加一档"),
    ],
)
def test_what_is_no_number_is_refused(
    values: dict[str, str], added: list[NewBand], said: str
) -> None:
    _, ruleset, text = held(PARK)
    with pytest.raises(CannotSplice, match=said):
        amended_card(text, ruleset.scorecards["park"], ruleset.registry, values, added)


def test_its_cases_say_what_it_gives_then() -> None:
    layers, ruleset, text = held(BOARD)
    values = {
        "items.customers.full_marks": "6",
        "items.title.full_marks": "6",
        "items.title.points.values.national": "6",
    }
    path = "rules/scorecards/board.yaml"
    after = amended_card(text, ruleset.scorecards["board"], ruleset.registry, values)
    files = {**dict(layers[-1][1]), path: after}
    new = load_layers((*layers[:-1], (layers[-1][0], files)))
    cases = read_cases(new, Problems())
    failing = [r for r in run_cases(cases, Evaluator(new, "reference")) if not r.passed]
    assert len(failing) >= 6
    ((layer, name, told, names),) = corrected_cases(new, cases, new.scorecards["board"])
    assert layer == layers[-1][0]
    assert len(names) == len(failing)
    moved = changed(files[name], told)
    assert len(moved) == 2 * len(names)
    assert any("[80, 86], pass, satisfied]" in line for line in moved)
    again = load_layers((*layers[:-1], (layers[-1][0], {**files, name: told})))
    left = run_cases(read_cases(again, Problems()), Evaluator(again, "reference"))
    assert [r.case.name for r in left if not r.passed] == []
