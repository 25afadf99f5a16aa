"""A PostgreSQL server."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _interpreted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling hundreds of expressions takes PostgreSQL longer than a few rows: only for the soak."""
    if request.node.get_closest_marker("soak") is None:
        monkeypatch.setenv("PGOPTIONS", "-c jit=off")
