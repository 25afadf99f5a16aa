"""Projects to look up and to look into."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.support import Service

STEMS = ("d01", "r01", "r02", "r09", "r15", "r16", "r24")


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    for stem in STEMS:
        service.submit(stem)
    return service


def find_projects(service: Service, role: str = "committee", **params: Any) -> list[dict[str, Any]]:
    """What the list of projects shows a role."""
    answer = service.call(role, "GET", "/projects", params=params)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert isinstance(items, list)
    return items
