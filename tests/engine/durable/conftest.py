"""An engine over a small ruleset, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluator.engine.durable.engine import DurableEngine
from evaluator.rulebook.ast import Ruleset
from tests.engine.durable.rules import many_rules


@pytest.fixture
def small() -> Iterator[tuple[Ruleset, DurableEngine]]:
    ruleset = many_rules(30)
    engine = DurableEngine(ruleset)
    yield ruleset, engine
    engine.close()
