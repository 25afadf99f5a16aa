"""Every mistake in the corpus is told as its golden text says; the good rulebooks are told nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evaluator.problems.errors import RulebookError
from evaluator.rulebook.checks import CHECKS, DATED, check_directory, check_layers
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_layers
from tests.rulebook.corpus import BAD, CORPUS, bad_layers

GOOD = tuple(sorted(p for p in (CORPUS / "good").iterdir() if p.is_dir()))
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))


@pytest.mark.parametrize("directory", GOOD, ids=lambda p: p.name)
def test_good(directory: Path) -> None:
    ruleset, problems = check_directory(directory)
    assert [p.render() for p in problems] == []
    assert ruleset is not None


@pytest.mark.parametrize("directory", BAD, ids=lambda p: p.name)
def test_bad(directory: Path) -> None:
    _, problems = check_layers(bad_layers(directory))
    found = "\n".join(p.render() for p in problems) + "\n"
    golden = directory / "expected.txt"
    if UPDATE:
        golden.write_text(found, "utf-8")
    assert found == golden.read_text("utf-8")


@pytest.mark.parametrize("directory", BAD, ids=lambda p: p.name)
def test_bad_is_one_mistake(directory: Path) -> None:
    """The code in the folder's name is told first, at a place; no other error is told beside it."""
    code = directory.name.partition("-")[0].upper()
    _, problems = check_layers(bad_layers(directory))
    assert problems[0].code == code
    assert problems[0].place.line is not None
    assert {p.code for p in problems if p.severity == "error"} <= {code}


@pytest.mark.parametrize("directory", BAD, ids=lambda p: p.name)
def test_errors_never_load(directory: Path) -> None:
    layers = bad_layers(directory)
    ruleset, problems = check_layers(layers)
    lints = {check.code for check in (*CHECKS, *DATED)}
    if all(p.code in lints or p.severity == "warning" for p in problems):
        assert ruleset is not None
        assert load_layers(layers).identity == ruleset.identity
    else:
        assert ruleset is None
        with pytest.raises(RulebookError):
            load_layers(layers)


def test_golden_for_every_lint() -> None:
    told = {d.name.partition("-")[0].upper() for d in BAD}
    assert {check.code for check in (*CHECKS, *DATED)} <= told


def test_directory_reads_as_layers() -> None:
    assert check_layers(read_directory(GOOD[0]))[1] == []
