"""A small rulebook to edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lsp.editor import CASES
from tests.support import CRITERIA, LABELS, METRICS, RULES


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small rulebook of the tests, in a directory whose name has a space and Chinese in it."""
    root = tmp_path / "规则 集"
    (root / "rules").mkdir(parents=True)
    for name, text in (
        ("criteria.yaml", CRITERIA),
        ("rules/metrics.yaml", METRICS),
        ("rules/rules.yaml", RULES),
        ("rules/labels.yaml", LABELS),
        ("rules/rules.cases.yaml", CASES),
    ):
        (root / name).write_text(text, "utf-8")
    return root
