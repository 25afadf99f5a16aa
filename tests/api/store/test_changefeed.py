"""The feed of changes: what a system that keeps a copy has to read again, for each who may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.support import Service

ROLE = "department:natural_resources"


def follow(service: Service, role: str, cursor: str | None = None, **asked: Any) -> Any:
    """All changes after a cursor, page by page, and the cursor to go on from."""
    items: list[dict[str, Any]] = []
    while True:
        given = {**asked, **({"cursor": cursor} if cursor else {})}
        page = service.call(role, "GET", "/changes", params=given).json()
        items += page["items"]
        cursor = page["next"]
        if not page["more"]:
            return items, cursor


@dataclass(frozen=True)
class Told:
    """A project handed in, and the end of the feed before it was."""

    service: Service
    receipt: dict[str, Any]
    start: str


@pytest.fixture
def told(service: Service) -> Told:
    for department in service.store.rulesets.current().ruleset.registry.reviewers:
        if f"department:{department}" not in service.keys:
            service.add(f"department:{department}")
    _, start = follow(service, "committee")
    return Told(service, service.submit("r01"), start)


def test_what_happened_since_a_cursor(told: Told) -> None:
    service, receipt, start = told.service, told.receipt, told.start
    items, cursor = follow(service, "committee", start)
    opened = [i for i in items if i["kind"] == "task"]
    assert {i["change"] for i in opened} == {"opened"}
    others = [(i["kind"], i["change"]) for i in items if i not in opened]
    assert others == [("project", "submitted"), ("decision", "decided")]
    assert {i["decision"] for i in items} == {receipt["decision"]}
    assert {i["number"] for i in items} == {receipt["number"]}
    assert follow(service, "committee", cursor) == ([], cursor)
    for item in opened:
        task = service.call("committee", "GET", f"/tasks/{item['task']}").json()
        role = f"department:{task['department']}"
        assert service.call(
            role, "POST", f"/tasks/{task['id']}/opinions", json={"opinion": "agree"}
        ).json()["state"] == ("done")
    more, cursor = follow(service, "committee", cursor)
    assert [i["change"] for i in more] == ["opinion"] * len(opened)
    undecided = service.undecided(receipt["decision"])
    said = {"outcome": "reject", "reason": "不宜引进", "undecided": undecided}
    path = f"/decisions/{receipt['decision']}/conclusion"
    assert service.call("committee", "POST", path, json=said).status_code == 201
    concluded, cursor = follow(service, "committee", cursor, kind="conclusion")
    assert [i["decision"] for i in concluded] == [receipt["decision"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_of_any_size_tell_the_same(told: Told, limit: int) -> None:
    service, start = told.service, told.start
    service.submit("r16")
    whole, end = follow(service, "committee", start)
    parts, stop = follow(service, "committee", start, limit=limit)
    assert (parts, stop) == (whole, end)
    sequence = [i["seq"] for i in whole]
    assert sequence == sorted(sequence)


def test_a_department_is_told_of_its_own_tasks_and_nobody_of_another_s_projects(
    told: Told,
) -> None:
    service, receipt, start = told.service, told.receipt, told.start
    own, _ = follow(service, ROLE, start)
    shown = [service.call(ROLE, "GET", f"/tasks/{i['task']}") for i in own if i["task"]]
    assert {a.status_code for a in shown} == {200}
    assert {a.json()["department"] for a in shown} == {"natural_resources"}
    whole, _ = follow(service, "committee", start)
    other = next(i["task"] for i in whole if i["task"] and i not in own)
    assert service.call(ROLE, "GET", f"/tasks/{other}").status_code == 403
    assert follow(service, "submitter:other", start)[0] == []
    assert follow(service, "submitter", start)[0] == whole
    assert service.call("committee", "GET", "/tasks/999999").status_code == 404
    assert receipt["number"] in {i["number"] for i in own}


def test_lists_tell_what_changed_since_a_moment(told: Told) -> None:
    service, receipt = told.service, told.receipt
    project = service.call("committee", "GET", f"/projects/{receipt['number']}")
    since = {"updated_since": project.json()["updated_at"]}
    later = {"updated_since": "2100-01-01T00:00:00+08:00"}
    for path in ("/projects", "/tasks"):
        assert service.call("committee", "GET", path, params=since).json()["items"]
        assert service.call("committee", "GET", path, params=later).json()["items"] == []
    for path in ("/projects", "/tasks", "/supervisions"):
        bad = service.call("committee", "GET", path, params={"updated_since": "2026-01-01"})
        (wrong,) = bad.json()["errors"]
        assert (bad.status_code, wrong["parameter"]) == (422, "updated_since")
    assert project.headers["etag"] == f'"{project.json()["seen"]}"'


def test_pages_of_tasks_follow_the_cursor(told: Told) -> None:
    service = told.service
    whole = service.call("committee", "GET", "/tasks", params={"limit": 200}).json()
    assert len(whole["items"]) > 2
    assert whole["next"] is None
    found, cursor = [], None
    while True:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = service.call("committee", "GET", "/tasks", params=asked).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole["items"]
    foreign = service.call("committee", "GET", "/supervisions", params={"cursor": "dDE"})
    assert foreign.status_code == 422


def test_a_path_that_has_moved_goes_on_and_says_so(service: Service) -> None:
    old = service.client.get("/api/v1/ruleset")
    new = service.client.get("/api/v1/rulesets/current")
    assert old.json() == new.json()
    assert old.headers["deprecation"].startswith("@")
    assert old.headers["link"] == '</api/v1/rulesets/current>; rel="successor-version"'
    assert "deprecation" not in new.headers
