"""Invariants are no rules, and report their mistakes."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import RulebookError
from evaluator.prove import prove
from evaluator.rulebook.load import load_layers
from tests.prove.planted import TODAY, base_layers


def test_invariants_are_no_rules_and_report_their_mistakes() -> None:
    text = "- {id: a, title: 甲, when: {field: two_hihg, equals: true}, never: pas}\n"
    files = {**base_layers(), "rules/invariants.yaml": text}
    ruleset = load_layers((("base", files),))
    with pytest.raises(RulebookError) as caught:
        prove(ruleset, TODAY)
    assert [p.code for p in caught.value.problems] == ["E301", "E203"]
