"""A department fills in what its task asks for: its own fields, kept with its name, judged at once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.database.tables import AuditEntry, Decision
from api.store.projects.supplied import asked_names, carried, visible
from tests.api.support import Service, example, shipped

LAND, ECOLOGY = "department:natural_resources", "department:ecology"


def task_of(service: Service, number: str, role: str) -> dict[str, Any]:
    """The waiting task of a role's department."""
    found = service.call(role, "GET", "/tasks", params={"number": number, "state": "open"}).json()[
        "items"
    ]
    assert len(found) == 1, found
    assert isinstance(found[0], dict)
    return found[0]


def fill(service: Service, task: dict[str, Any], role: str, **values: Any) -> Any:
    return service.call(role, "POST", f"/tasks/{task['id']}/values", json={"values": values})


def test_what_is_filled_in_is_a_new_version_judged_at_once(service: Service) -> None:
    receipt = service.submit("r01")
    number = receipt["number"]
    task = task_of(service, number, LAND)
    done = fill(service, task, LAND, plot_ratio="1.25", land_class="6 等")
    assert done.status_code == 422, "the class is a number"
    assert done.json()["errors"][0]["pointer"] == "/values/land_class"
    done = fill(service, task, LAND, plot_ratio="1.25", floor_area="2万平方米")
    assert done.status_code == 201, done.text
    out = done.json()
    assert (out["number"], out["version"]) == (number, 2)
    registry = shipped().registry
    assert {*out["supplied"]} == {registry.label("plot_ratio"), registry.label("floor_area")}
    assert "reasons" not in out
    assert "sentence" not in out
    before = service.call("committee", "GET", f"/decisions/{receipt['decision']}").json()
    after = service.call("committee", "GET", f"/decisions/{out['decision']}").json()
    changed = {
        k
        for k in {*before["dossier"], *after["dossier"]}
        if before["dossier"].get(k) != after["dossier"].get(k)
    }
    assert changed == {"plot_ratio", "floor_area"}
    assert after["acceptance"]["accepted_on"] == after["as_of"] == "2024-06-03"
    statuses = {f["rule"]: f["status"] for f in before["result"]["findings"]}
    moved = [f for f in after["result"]["findings"] if f["status"] != statuses[f["rule"]]]
    assert moved
    assert all("natural_resources" in f["departments"] for f in moved)
    states = service.call("committee", "GET", "/tasks", params={"number": number}).json()["items"]
    assert {(t["version"], t["state"]) for t in states} == {(1, "withdrawn"), (2, "open")}
    assert out["task"] == task_of(service, number, LAND)["id"]
    replay = service.call("committee", "GET", f"/decisions/{out['decision']}/replay").json()
    assert replay["identical"]


def test_who_supplied_it_is_kept_with_each_version_and_in_the_audit_log(service: Service) -> None:
    number = service.submit("r01")["number"]
    first = task_of(service, number, LAND)
    assert fill(service, first, LAND, plot_ratio="1.25", office_land_share="5%").status_code == 201
    second = task_of(service, number, ECOLOGY)
    given = {"emissions": [{"pollutant": "COD", "value": "1"}]}
    assert fill(service, second, ECOLOGY, **given).status_code == 201
    detail = service.call("submitter", "GET", f"/projects/{number}").json()
    kept = service.call("submitter", "GET", f"/decisions/{detail['decision']}").json()
    told = [
        (e["department"], e["person"], e["task"], {*e["names"]})
        for e in kept["acceptance"]["supplied"]
    ]
    land = {"plot_ratio", "office_land_share"}
    assert told == [
        ("natural_resources", "department-natural_resources", first["id"], land),
        ("ecology", "department-ecology", second["id"], {"emissions.COD"}),
    ]
    # A department sees its own entry only.
    own = service.call(ECOLOGY, "GET", f"/decisions/{detail['decision']}").json()["acceptance"]
    assert [e["department"] for e in own["supplied"]] == ["ecology"]
    with service.store.db.read() as session:
        entry = session.scalar(
            select(AuditEntry).where(
                AuditEntry.action == "task.fill", AuditEntry.subject == f"task:{first['id']}"
            )
        )
        assert entry is not None
        assert entry.actor == "department-natural_resources"
        assert {*entry.after["names"]} == {"plot_ratio", "office_land_share"}
        decided = session.get_one(Decision, kept["id"])
        assert decided.decided_by == service.actors[ECOLOGY].account_id
    # What the applicant then changes is no longer the department's.
    again = {**kept["dossier"], "plot_ratio": "1.3"}
    sent = service.call("submitter", "POST", f"/projects/{number}/versions", json=again)
    assert sent.status_code == 201, sent.text
    left = sent.json()["acceptance"]["supplied"]
    assert [e["names"] for e in left] == [["office_land_share"], ["emissions.COD"]]


def test_nothing_else_is_taken(service: Service) -> None:
    number = service.submit("r01")["number"]
    task = task_of(service, number, LAND)
    before = service.call("committee", "GET", f"/projects/{number}").json()["version"]
    for values, field in (
        ({"annual_tax": "1"}, "annual_tax"),  # another's
        ({"land_area": "60"}, "land_area"),  # its own, and there already
        ({"project_name": "别的"}, "project_name"),
        ({"plot_ratio": None}, "plot_ratio"),
        ({"no_such": "1"}, "no_such"),
        ({"plot_ratio": "1.2", "rd_staff": "3"}, "rd_staff"),
    ):
        refused = fill(service, task, LAND, **values)
        assert refused.status_code == 422, (values, refused.text)
        assert refused.json()["errors"][0]["pointer"] == f"/values/{field}"
    assert fill(service, task, LAND).status_code == 422
    assert fill(service, task, ECOLOGY, plot_ratio="1.2").status_code == 403
    mine = task_of(service, number, ECOLOGY)
    other = {"emission_offsets": [{"pollutant": "heavy_metals", "value": "1"}]}
    refused = fill(service, mine, ECOLOGY, **other)
    assert refused.status_code == 422
    assert "重金属" in refused.json()["detail"]
    assert service.call("committee", "GET", f"/projects/{number}").json()["version"] == before


def test_a_page_of_before_fills_nothing_in(service: Service) -> None:
    number = service.submit("r01")["number"]
    task = task_of(service, number, LAND)
    path, body = f"/tasks/{task['id']}/values", {"values": {"plot_ratio": "1.2"}}
    asked = {"opinion": "supplement", "reason": "缺图"}
    assert service.call(LAND, "POST", f"/tasks/{task['id']}/opinion", json=asked).status_code == 200
    old = service.call(LAND, "POST", path, json=body, headers={"if-match": task["seen"]})
    assert old.status_code == 409
    assert "有变化" in old.json()["detail"]
    assert (
        service.call(
            "submitter",
            "POST",
            f"/projects/{number}/versions",
            json=example("r01") | {"plot_ratio": "0.5"},
        ).status_code
        == 201
    )
    gone = service.call(LAND, "POST", path, json=body)
    assert gone.status_code == 409
    assert "撤回" in gone.json()["detail"]


def test_a_record_keeps_what_was_in_it(service: Service) -> None:
    dossier = {**example("d01"), "emissions": [{"pollutant": "COD", "value": "1", "unit": "吨/年"}]}
    sent = service.call("submitter", "POST", "/projects", json=dossier).json()
    task = task_of(service, sent["number"], ECOLOGY)
    twice = fill(service, task, ECOLOGY, emissions=[{"pollutant": "COD", "value": "2"}])
    assert twice.status_code == 422, "somebody said so already"
    done = fill(service, task, ECOLOGY, emissions=[{"pollutant": "SO2", "value": "0.04"}])
    assert done.status_code == 201, done.text
    kept = service.call("committee", "GET", f"/decisions/{done.json()['decision']}").json()
    assert [e["key"] for e in kept["dossier"]["emissions"]] == ["COD", "SO2"]


def test_what_is_asked_is_what_is_missed_and_one_supplies() -> None:
    registry = shipped().registry
    finding = {
        "departments": ["ecology"],
        "status": "unknown",
        "missing": ["emissions.SO2", "plot_ratio", "eia_class"],
    }
    other = {**finding, "departments": ["natural_resources"], "missing": ["plot_ratio"]}
    broken = {**finding, "status": "violated", "missing": []}
    named = asked_names([finding, other, broken], "ecology", registry)
    assert {*named} == {"eia_class", "emissions.SO2"}
    assert asked_names([other], "natural_resources", registry) == ("plot_ratio",)
    assert asked_names([finding], "tax", registry) == ()


@pytest.mark.parametrize(
    ("new", "left"),
    [
        ({"a": "1", "r": [{"k": "X", "value": "1"}]}, ["a", "r.X"]),
        ({"a": "2", "r": [{"k": "X", "value": "1"}]}, ["r.X"]),
        ({"a": "1", "r": [{"k": "X", "value": "2"}]}, ["a"]),
        ({}, None),
    ],
)
def test_an_entry_goes_on_while_its_values_are_the_same(new: Any, left: Any) -> None:
    old = {"a": "1", "r": [{"k": "X", "value": "1"}]}
    before = {"supplied": [{"department": "tax", "names": ["a", "r.X"]}]}
    found = carried(before, old, new)
    assert [e["names"] for e in found] == ([left] if left else [])
    assert carried(None, old, new) == []
    assert visible({"x": 1, **before}, frozenset({"ecology"})) == {"x": 1}
