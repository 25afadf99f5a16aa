"""What explanations keep: made once for each key, bounded, and forgetting changes nothing."""

from __future__ import annotations

import pytest

from evaluator.dossier.files import read_dossiers
from evaluator.judgement import memo
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.memo import Memo
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.load import load_directory
from tests.support import ROOT


def test_a_result_is_made_once_for_each_key() -> None:
    kept = Memo()
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    for key in (("a", 1), ("a", 2), ("a", 1), ("b", 1), ("a", 2)):
        assert kept.recall(key, lambda key=key: make(f"{key}")) == f"{key}"  # type: ignore[misc]
    assert made == [f"{key}" for key in (("a", 1), ("a", 2), ("b", 1))]
    assert len(kept) == 3


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "MAX_KEPT", 3)
    kept = Memo()
    for n in range(10):
        assert kept.recall(n, lambda n=n: n + 1) == n + 1  # type: ignore[misc]
        assert len(kept) <= 3


def test_results_are_the_same_whether_kept_or_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ruleset = load_directory(ROOT)
    paths = sorted((ROOT / "examples").glob("r0*.yaml"))[:6]
    profiles = [p for path in paths for p in read_dossiers(path, ruleset.registry)]
    keeps = Evaluator(ruleset, "reference")
    first = [canonical_bytes(result(keeps.evaluate(p))) for p in profiles]
    assert len(keeps.memo) > 3
    assert [canonical_bytes(result(keeps.evaluate(p))) for p in reversed(profiles)] == first[::-1]
    monkeypatch.setattr(memo, "MAX_KEPT", 3)
    forgets = Evaluator(ruleset, "reference")
    assert [canonical_bytes(result(forgets.evaluate(p))) for p in profiles] == first
    assert len(forgets.memo) <= 3
