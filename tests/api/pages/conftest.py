"""A service with two judged examples, for the tests of pages that need no server of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from scripts.seeding import people, submit_examples
from tests.api.support import settings, sqlite_url


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("pages"))))
    with TestClient(made):
        actors = people(made.state.store)
        submit_examples(
            made.state.store, actors["clerk"], ("r14-mushroom-weinan", "r36-acid-mist-purifier")
        )
        yield made
