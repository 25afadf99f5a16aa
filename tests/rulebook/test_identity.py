"""What a ruleset is known by: its content, not the form it was written in."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import RulebookError
from tests.support import CRITERIA, RULES, ruleset_of


def test_identity_is_of_content_not_of_form() -> None:
    base = ruleset_of().identity
    entries = ["- id" + part for part in RULES.split("- id")[1:]]
    assert ruleset_of("".join(reversed(entries))).identity == base
    assert ruleset_of("# 注释\n" + RULES).identity == base
    assert ruleset_of(criteria=CRITERIA.replace("value: 20}", "value: 20.0}")).identity == base
    assert ruleset_of(criteria=CRITERIA.replace("value: 20}", "value: 20.1}")).identity != base
    with pytest.raises(RulebookError):
        ruleset_of(RULES + entries[0])
