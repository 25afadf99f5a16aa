"""What the tests of portfolios share."""

from __future__ import annotations

import pytest

from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.support import ROOT


@pytest.fixture(scope="session")
def shipped() -> Ruleset:
    """The shipped rulebook."""
    return load_directory(ROOT)
