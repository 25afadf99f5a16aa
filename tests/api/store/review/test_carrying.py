"""A new version asks again only what has moved: opinions on the rest stay."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.support import Service, example


@pytest.fixture(scope="module")
def office(service: Service) -> Service:
    for department in service.store.rulesets.current().ruleset.registry.reviewers:
        if f"department:{department}" not in service.keys:
            service.add(f"department:{department}")
    return service


def tasks(service: Service, number: str) -> dict[str, dict[str, Any]]:
    """The newest task of each department."""
    found = service.call("committee", "GET", "/tasks", params={"number": number}).json()["items"]
    return {t["department"]: t for t in found}


def say(service: Service, task: dict[str, Any], opinion: str, reason: str = "") -> Any:
    path = f"/tasks/{task['id']}/opinions"
    body = {"opinion": opinion, "reason": reason}
    return service.call(f"department:{task['department']}", "POST", path, json=body)


def version(service: Service, number: str, **changed: Any) -> dict[str, Any]:
    body = {**example("r01"), **changed}
    answer = service.call("submitter", "POST", f"/projects/{number}/versions", json=body)
    assert answer.status_code == 201, answer.text
    out = answer.json()
    assert isinstance(out, dict)
    return out


def test_only_what_moved_is_asked_again(office: Service) -> None:
    number = office.submit("r01")["number"]
    before = tasks(office, number)
    assert len(before) > 4
    for task in before.values():
        assert say(office, task, "agree").status_code == 200
    again = version(office, number, eia_class="form")
    moved = {d for f in again["changes"]["findings"] for d in _departments(office, again, f)}
    after = tasks(office, number)
    assert "ecology" in moved
    asked = {d for d, t in after.items() if t["state"] == "open"}
    assert asked <= moved
    stayed = set(before) - moved
    assert stayed
    for department in stayed & set(after):
        task = after[department]
        assert (task["id"], task["state"]) == (before[department]["id"], "done")
        assert (task["version"], len(task["opinions"])) == (2, 1)


def _departments(service: Service, receipt: dict[str, Any], moved: dict[str, Any]) -> list[str]:
    found = service.call("committee", "GET", f"/decisions/{receipt['decision']}/findings").json()
    return next((f["departments"] for f in found if f["rule"] == moved["rule"]), [])


def test_what_waited_for_the_applicant_comes_back(office: Service) -> None:
    """It is grey meanwhile, not overdue; then it is the department's again, with what it had asked."""
    number = office.submit("r01")["number"]
    task = tasks(office, number)["natural_resources"]
    assert say(office, task, "supplement", "请补红线图").status_code == 200
    waiting = tasks(office, number)["natural_resources"]
    assert (waiting["state"], waiting["light"]) == ("supplement", "grey")
    version(office, number, employees=801)
    back = tasks(office, number)["natural_resources"]
    assert (back["id"], back["state"], back["light"]) == (task["id"], "open", "green")
    assert [o["reason"] for o in back["opinions"]] == ["请补红线图"]
    assert back["seen"] != waiting["seen"]


def test_a_department_that_is_asked_again_sees_what_it_said(office: Service) -> None:
    number = office.submit("r01")["number"]
    task = tasks(office, number)["ecology"]
    say(office, task, "supplement", "请补环评类别")
    version(office, number, eia_class="form")
    found = office.call("department:ecology", "GET", "/tasks", params={"number": number}).json()[
        "items"
    ]
    assert [t["state"] for t in found] in (["withdrawn", "open"], ["withdrawn"])
    assert "请补环评类别" in [o["reason"] for t in found for o in t["opinions"]]
