"""Databases that nothing has been done to yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind, without structure."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/admission.db"
    else:
        with postgres_database() as url:
            yield url
