"""Conditions of an admission are checked once, by the department that they name."""

from __future__ import annotations

from typing import Any

from tests.api.support import Service


def conditional(service: Service) -> tuple[int, dict[str, Any]]:
    """A decision and its one condition, for ecology."""
    decision = service.submit("d01")["decision"]
    body = {
        "outcome": "conditional",
        "reason": "研究同意",
        "conditions": [{"text": "取得环评批复", "due_on": "2030-06-30", "department": "ecology"}],
    }
    made = service.call("committee", "POST", f"/decisions/{decision}/conclusion", json=body)
    assert made.status_code == 201, made.text
    return decision, made.json()["conditions"][0]


def listed(service: Service, role: str) -> set[int]:
    return {c["id"] for c in service.call(role, "GET", "/conditions").json()["items"]}


def check(service: Service, role: str, condition: int, **body: Any) -> Any:
    return service.call(role, "POST", f"/conditions/{condition}/check", json=body)


def test_the_department_checks_once(service: Service) -> None:
    decision, condition = conditional(service)
    number = condition["id"]
    assert number in listed(service, "department:ecology")
    assert number in listed(service, "committee")
    assert number not in listed(service, "department:natural_resources")
    said = {"met": True, "note": "环评批复〔2026〕8 号"}
    assert check(service, "department:natural_resources", number, **said).status_code == 403
    assert check(service, "department:ecology", 10**9, **said).status_code == 404
    assert check(service, "department:ecology", number, met=True, note=" ").status_code == 422
    done = check(service, "department:ecology", number, **said)
    assert (done.status_code, done.json()["met"]) == (200, True)
    assert check(service, "department:ecology", number, met=False, note="x").status_code == 409
    assert number not in listed(service, "committee")
    kept = service.call("committee", "GET", f"/decisions/{decision}/conclusion").json()
    assert kept["conditions"][0]["note"] == "环评批复〔2026〕8 号"


def test_a_condition_of_a_revised_conclusion_is_checked_no_more(service: Service) -> None:
    decision, condition = conditional(service)
    body = {"outcome": "admit", "reason": "研究", "revision_reason": "条件取消"}
    path = f"/decisions/{decision}/conclusion"
    assert service.call("committee", "POST", path, json=body).status_code == 201
    assert condition["id"] not in listed(service, "department:ecology")
    late = check(service, "department:ecology", condition["id"], met=True, note="x")
    assert late.status_code == 409
