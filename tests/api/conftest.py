"""Applications and stores for tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from api.app import create_app
from tests.api.support import Service, settings

POSTGRES = os.environ.get("ADMISSION_TEST_POSTGRES", "postgresql+psycopg://127.0.0.1:5432/postgres")
MUST = os.environ.get("CI") == "true" or os.environ.get("ADMISSION_REQUIRE_POSTGRES") == "1"


@pytest.fixture(scope="session")
def stateless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the service; nothing is stored through it."""
    path = tmp_path_factory.mktemp("stateless") / "admission.db"
    app = create_app(settings(database_url=f"sqlite:///{path}"))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def _postgres() -> Iterator[str]:
    """The URL of a database of its own, dropped afterwards; every test process makes its own."""
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"admission_test_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    except OperationalError as error:
        admin.dispose()
        if MUST:
            pytest.fail(f"PostgreSQL is needed for these tests and does not answer: {error}")
        pytest.skip("PostgreSQL does not answer")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/admission.db"
    else:
        yield from _postgres()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service with one account for each role, on a database of each kind; one for a module."""
    if request.param == "sqlite":
        with Service(f"sqlite:///{tmp_path_factory.mktemp('service')}/admission.db") as found:
            yield found
    else:
        for url in _postgres():
            with Service(url) as found:
                yield found
