"""Applications and stores for tests, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.database.db import Database
from tests.api.support import Service, settings, sqlite_url
from tests.support import without

POSTGRES = os.environ.get("ADMISSION_TEST_POSTGRES", "postgresql+psycopg://127.0.0.1:5432/postgres")


@pytest.fixture(scope="session")
def stateless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the service; nothing is stored through it."""
    app = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("stateless"))))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def postgres_database(template: str = "template0") -> Iterator[str]:
    """The URL of a database of its own, dropped afterwards; every test process makes its own."""
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    name = f"admission_test_{uuid.uuid4().hex[:12]}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"))
    except OperationalError as error:
        admin.dispose()
        without(f"PostgreSQL is needed for these tests and does not answer: {error}")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def migrated() -> Iterator[str]:
    """The name of a PostgreSQL database with the program's structure and nothing in it."""
    with postgres_database() as url:
        db = Database(url)
        db.migrate()
        db.close()
        name = make_url(url).database
        assert name is not None
        yield name


@contextmanager
def new_database(request: pytest.FixtureRequest, directory: Path) -> Iterator[str]:
    """A database of the kind of ``request``, with nothing in it and its structure up to date."""
    if request.param == "sqlite":
        yield sqlite_url(directory)
    else:
        with postgres_database(request.getfixturevalue("migrated")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with nothing in it, its structure up to date."""
    with new_database(request, tmp_path) as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The service with one account for each role, on a database of each kind; one for a module."""
    directory = tmp_path_factory.mktemp("service")
    with new_database(request, directory) as url, Service(url) as made:
        yield made
