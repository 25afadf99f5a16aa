"""What the tests of portfolios share."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.portfolio.postgres.places import SERVER
from tests.support import ROOT, without


@pytest.fixture(scope="session")
def shipped() -> Ruleset:
    """The shipped rulebook."""
    return load_directory(ROOT)


@pytest.fixture
def server() -> Iterator[psycopg.Connection]:
    """A connection whose tables are gone with the test."""
    try:
        connection = psycopg.connect(SERVER, connect_timeout=3)
    except psycopg.OperationalError as error:
        without(f"PostgreSQL does not answer: {error}")
    with connection:
        yield connection
        connection.rollback()
