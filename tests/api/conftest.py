"""One application for the tests that store nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.support import settings


@pytest.fixture(scope="session")
def stateless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the service; nothing is stored through it."""
    path = tmp_path_factory.mktemp("stateless") / "admission.db"
    app = create_app(settings(engine="reference", database_url=f"sqlite:///{path}"))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
