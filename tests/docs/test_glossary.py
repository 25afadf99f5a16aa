"""docs/glossary.md and the code use the same names and the same Chinese words."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

import pytest

from evaluator.dossier.fields import base_registry
from evaluator.rulebook.ast import Effect
from evaluator.rulebook.verdict import (
    EFFECT_LABELS,
    LIST_LABELS,
    STATUS_LABELS,
    VERDICT_LABELS,
    Status,
    Verdict,
)
from tests.support import ROOT

SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.M | re.S)
ROW = re.compile(r"^\| ([^|]+) \| `([^`]+)` \|", re.M)
TABLES = {
    title: [(m[1], m[2]) for m in ROW.finditer(body)]
    for title, body in SECTION.findall((ROOT / "docs" / "glossary.md").read_text("utf-8"))
}


@pytest.mark.parametrize(("word", "identifier"), TABLES["Concepts"])
def test_each_concept_is_in_the_code(word: str, identifier: str) -> None:
    module, _, name = identifier.rpartition(".")
    if module:
        assert isinstance(getattr(importlib.import_module(module), name), type)
    else:
        assert base_registry().fields[name].label == word


@pytest.mark.parametrize(
    ("title", "labels"),
    [
        ("Verdicts", VERDICT_LABELS),
        ("Findings", STATUS_LABELS),
        ("Effects", EFFECT_LABELS),
        ("Lists", LIST_LABELS),
    ],
)
def test_each_word_is_the_one_users_see(title: str, labels: Mapping[str, str]) -> None:
    assert {identifier: word for word, identifier in TABLES[title]} == {
        str(key): word for key, word in labels.items()
    }


def test_every_value_has_a_word() -> None:
    assert set(VERDICT_LABELS) == set(Verdict)
    assert set(STATUS_LABELS) == set(Status)
    assert set(EFFECT_LABELS) == {e.value for e in Effect}


def test_no_name_stands_for_two_concepts() -> None:
    for rows in TABLES.values():
        for column in zip(*rows, strict=True):
            assert len(set(column)) == len(column)
