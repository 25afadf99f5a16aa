"""Finding projects: filters, Chinese text, pages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.database.tables import Project
from api.store.projects import lookup
from api.store.projects.lookup import Filter
from api.store.work import Actor
from tests.api.store.projects.conftest import STEMS, find_projects
from tests.api.support import Service

CHAIR = Actor(900, "chair", "李主任", frozenset({"committee"}))


def test_pages_hold_every_project_once(filled: Service) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = filled.call("committee", "GET", "/projects", params=params).json()
        seen += [p["number"] for p in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(STEMS)
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("格力", 1),
        ("珠海格力", 1),
        ("格力 杭州", 1),
        ("格力 北京", 0),
        ("%", 0),
        ("_", 0),
        ("智能电器产业园", 1),
        ("ＺＲ20", len(STEMS)),
    ],
)
def test_chinese_text(filled: Service, q: str, found: int) -> None:
    assert len(find_projects(filled, q=q)) == found


def test_filters_agree_with_what_was_decided(filled: Service) -> None:
    every = find_projects(filled)
    for verdict in ("pass", "refer", "reject"):
        expected = [p["number"] for p in every if p["verdict"] == verdict]
        assert [p["number"] for p in find_projects(filled, verdict=verdict)] == expected
    for project in every:
        decision = filled.call("committee", "GET", f"/decisions/{project['decision']}").json()
        hits = [f for f in decision["result"]["findings"] if f["status"] in ("violated", "unknown")]
        for finding in hits[:2]:
            numbers = [p["number"] for p in find_projects(filled, rule=finding["rule"])]
            assert project["number"] in numbers
            department = finding["departments"][0]
            numbers = [p["number"] for p in find_projects(filled, department=department)]
            assert project["number"] in numbers
        if project["industry"]:
            same = find_projects(filled, industry=project["industry"][:3])
            assert project["number"] in [p["number"] for p in same]
    assert find_projects(filled, **{"from": "2199-01-01"}) == []
    assert len(find_projects(filled, **{"from": "2000-01-01", "to": "2199-01-01"})) == len(every)


@pytest.mark.parametrize(
    "params",
    [{"cursor": "zzz"}, {"cursor": "cA"}, {"verdict": "maybe"}, {"limit": 0}, {"department": "x"}],
)
def test_wrong_parameters_are_refused(filled: Service, params: dict[str, Any]) -> None:
    assert filled.call("committee", "GET", "/projects", params=params).status_code == 422


def test_every_project_once(filled: Service) -> None:
    with filled.store.db.read() as session:
        numbers = [p.number for p in lookup.each(session, CHAIR, Filter())]
        assert numbers == list(session.scalars(select(Project.number).order_by(Project.id.desc())))
