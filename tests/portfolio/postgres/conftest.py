"""A PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

# The same setting as the tests of the service have, which is an address of SQLAlchemy's form.
from tests.portfolio.postgres.places import SERVER


@pytest.fixture(autouse=True)
def _interpreted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling hundreds of expressions takes PostgreSQL longer than a few rows: only for the soak."""
    if request.node.get_closest_marker("soak") is None:
        monkeypatch.setenv("PGOPTIONS", "-c jit=off")


@pytest.fixture
def server() -> Iterator[psycopg.Connection]:
    """A connection whose tables are gone with the test."""
    try:
        connection = psycopg.connect(SERVER, connect_timeout=3)
    except psycopg.OperationalError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server")
    with connection:
        yield connection
        connection.rollback()
