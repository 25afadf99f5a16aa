"""Faults of the hand around the rule files, each told for what it is and by the right file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cli.app import app
from evaluator.problems.errors import Problem
from evaluator.rulebook.checks import check_directory, run_checks
from evaluator.rulebook.load import load_layers
from tests.rulebook.corpus import MINIMAL, texts

FILES = texts(MINIMAL)
R, C = "rules/rules.yaml", "criteria.yaml"


def found(tmp_path: Path, **changed: str) -> list[Problem]:
    """The problems of the minimal rulebook with files changed or added ("rules__a.yaml")."""
    files = {**FILES, **{k.replace("__", "/"): v for k, v in changed.items()}}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return check_directory(tmp_path)[1]


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("rules/new.case.yaml", "会当作规则读", "new.cases.yaml"),
        ("rules/new.yaml.txt", "不会读", "new.yaml"),
        ("new.yaml", "不在 rules 目录里", "移到 rules"),
        ("new.cases.yaml", "不在 rules 目录里", "移到 rules"),
        ("rules/new.yml", "扩展名应是 .yaml", "new.yaml"),
    ],
)
def test_a_file_that_is_not_read_is_named(tmp_path: Path, name: str, said: str, hint: str) -> None:
    text = FILES["rules/rules.cases.yaml"] if "case" in name else FILES[R]
    (problem,) = found(tmp_path, **{name.replace("/", "__"): text})
    assert (problem.code, problem.place.source.name) == ("E703", name)
    assert said in problem.message
    assert hint in (problem.hint or "")


def test_what_is_beside_the_rulebook_and_no_rules_is_let_be(tmp_path: Path) -> None:
    assert (
        found(tmp_path, **{"docker-compose.yaml": "services: {}\n", "rules__readme.txt": "x"}) == []
    )


@pytest.mark.parametrize("copy", ["land - 副本.yaml", "rules (1).yaml", "rules copy.yaml"])
def test_the_copy_is_the_duplicate(tmp_path: Path, copy: str) -> None:
    problems = found(tmp_path, **{f"rules__{copy}": FILES[R]})
    twice = [p for p in problems if p.code == "E302"]
    assert len(twice) == FILES[R].count("- id: ")
    assert {p.place.source.name for p in twice} == {f"rules/{copy}"}
    assert {n.source.name for p in twice for _, n in p.notes} == {R}


@pytest.mark.parametrize("word", ["not_equals", "ne", '"!="'])
def test_unequal_is_not_told_to_be_equal(tmp_path: Path, word: str) -> None:
    rule = FILES[R].replace("{field: two_high, equals: true}", f"{{field: two_high, {word}: true}}")
    told = found(tmp_path, **{"rules__rules.yaml": rule})
    (problem,) = (p for p in told if p.code == "E207")
    assert "不等于" in (problem.hint or "")
    assert "not: {…, equals: …}" in (problem.hint or "")


@pytest.mark.parametrize(("typed", "meant"), [("2O", "20"), ("l8", "18"), ("1o.5", "10.5")])
def test_a_letter_among_digits(tmp_path: Path, typed: str, meant: str) -> None:
    text = FILES[C].replace("{value: 20}", f"{{value: {typed}}}")
    told = found(tmp_path, **{"criteria.yaml": text})
    (problem,) = (p for p in told if p.code == "E202")
    assert "字母" in problem.message
    assert f"是不是 {meant}？" in (problem.hint or "")


def test_an_expired_rule_counts_from_the_day_after() -> None:
    rules = FILES[R].replace("  effect: refer\n", "  effect: refer\n  until: 2024-12-31\n", 1)
    ruleset = load_layers((("base", {**FILES, R: rules}),))
    for day, codes in ((dt.date(2024, 12, 31), []), (dt.date(2025, 1, 1), ["W950"])):
        told = [p.code for p in run_checks(ruleset, day) if p.code == "W950"]
        assert told == codes


def test_quiet_hides_nothing_that_can_change_a_verdict(tmp_path: Path) -> None:
    rules = FILES[R].replace("  effect: refer\n", "  effect: refer\n  until: 2024-12-31\n", 1)
    text = FILES[C].replace("  law:\n", "  unused: {title: 没有用到}\n  law:\n")
    found(tmp_path, **{"rules__rules.yaml": rules, "criteria.yaml": text})
    loud = CliRunner().invoke(app, ["rules", "check", str(tmp_path)]).output
    quiet = CliRunner().invoke(app, ["rules", "check", str(tmp_path), "--quiet"]).output
    assert "W950" in loud
    assert "W902" in loud
    assert "W950" in quiet
    assert "W902" not in quiet
