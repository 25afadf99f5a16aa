"""Overdue commitments: listed, supervised until an actual is reported, struck off by a person."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from api.store.promises import overdue, rates
from api.store.work import SYSTEM
from tests.api.support import Service, now

TODAY = dt.date(2026, 7, 1)
NOTE = {"note": "请尽快兑现"}


def _promised(service: Service, *promises: dict[str, Any], stem: str = "d01") -> dict[str, Any]:
    """A new project's commitments by kind."""
    number = service.submit(stem)["number"]
    path = f"/projects/{number}/commitments"
    made = service.call("committee", "POST", path, json={"promises": list(promises)})
    assert made.status_code == 201, made.text
    return {c["kind"]: c for c in made.json()}


def _listed(service: Service, role: str = "committee", number: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        page = service.call(
            role, "GET", "/commitments/overdue", params={"limit": 2, **cursor}
        ).json()
        found |= {c["kind"]: c for c in page["items"] if c["number"] == number}
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def _report(service: Service, promise: dict[str, Any], **body: str) -> None:
    path = f"/commitments/{promise['id']}/reports"
    body = {"on_date": "2026-02-01", **body}
    assert service.call("submitter", "POST", path, json=body).status_code == 204


def test_what_is_late_and_unmet_is_listed(service: Service) -> None:
    made = _promised(
        service,
        {"kind": "signed", "due_on": "2025-01-10"},
        {"kind": "started", "due_on": "2026-01-31"},
        {"kind": "capacity", "due_on": "2199-01-01"},
        {"kind": "tax", "due_on": "2026-01-31", "promised": "100"},
        {"kind": "investment", "due_on": "2026-01-15", "promised": "100"},
        {"kind": "energy", "due_on": "2026-01-15", "promised": "100"},
    )
    number = made["signed"]["number"]
    assert set(_listed(service, number=number)) == {
        "signed",
        "started",
        "tax",
        "investment",
        "energy",
    }
    _report(service, made["signed"])  # Late, but met.
    _report(service, made["tax"], value="85")
    _report(service, made["investment"], value="100")
    _report(service, made["energy"], value="130")
    found = _listed(service, number=number)
    assert set(found) == {"started", "tax", "energy"}
    assert found["tax"]["light"] == "yellow"
    assert (found["tax"]["reached"], found["tax"]["promised"]) == ("85", "100")
    assert (found["started"]["light"], found["energy"]["light"]) == ("red", "red")
    late = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date() - dt.date(2026, 1, 31)
    assert found["started"]["days_late"] == late.days
    assert found["started"]["project"]
    assert _listed(service, "submitter", number) == found
    assert _listed(service, "submitter:other", number) == {}


@pytest.mark.parametrize("batch", [1, 3, 200])
def test_the_list_is_what_the_lights_say(
    service: Service, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(overdue, "BATCH", batch)
    for value in ("40", "100"):
        made = _promised(
            service,
            {"kind": "tax", "due_on": "2026-03-01", "promised": "100"},
            {"kind": "output", "due_on": "2026-03-01", "promised": "100"},
        )
        _report(service, made["tax"], value=value)
    with service.store.db.read() as session:
        found = list(overdue.each(session, SYSTEM, TODAY))
        assert [(v.due_on, v.id) for v in found] == sorted((v.due_on, v.id) for v in found)
        expected = sum(
            not s.met and s.due_on < TODAY for s in rates.standings(session, SYSTEM, TODAY)
        )
        assert len(found) == expected
        free = list(overdue.each(session, SYSTEM, TODAY, unwatched=True))
        assert len(free) == overdue.total(session, SYSTEM, TODAY)
        assert {v.id for v in found} - {v.id for v in free} == {
            v.id for v in found if v.supervision
        }


def test_a_milestone_is_supervised_until_it_is_reported(service: Service) -> None:
    made = _promised(
        service,
        {"kind": "started", "due_on": "2026-01-31"},
        {"kind": "capacity", "due_on": "2199-01-01"},
    )
    number, promise = made["started"]["number"], made["started"]
    path = f"/commitments/{promise['id']}/supervision"
    early = f"/commitments/{made['capacity']['id']}/supervision"
    assert service.call("committee", "POST", early, json=NOTE).status_code == 409
    assert (
        service.call("committee", "POST", "/commitments/999999/supervision", json=NOTE).status_code
        == 404
    )
    started = service.call("committee", "POST", path, json=NOTE)
    assert started.status_code == 201, started.text
    told = started.json()
    assert (told["commitment"], told["task"], told["promise"]) == (promise["id"], None, "开工")
    assert (told["department"], told["settled"], told["number"]) == (None, False, number)
    assert service.call("committee", "POST", path, json=NOTE).status_code == 409
    assert _listed(service, number=number)["started"]["supervision"] == told["id"]
    closing = f"/supervisions/{told['id']}/closure"
    refused = service.call("committee", "POST", closing, json=NOTE)
    assert (refused.status_code, "还没有填报实绩" in refused.text) == (409, True)
    _report(service, promise)
    assert _listed(service, number=number) == {}
    listed = service.call("committee", "GET", "/supervisions", params={"open_only": "true"}).json()[
        "items"
    ]
    assert [(s["id"], s["settled"]) for s in listed] == [(told["id"], True)]
    assert service.call("committee", "POST", closing, json={"note": " "}).status_code == 422
    closed = service.call("committee", "POST", closing, json={"note": "已开工，现场核实"})
    assert (closed.status_code, closed.json()["closed_by"]) == (200, "committee")
    assert service.call("committee", "POST", closing, json=NOTE).status_code == 409
    query = (
        f"SELECT action FROM audit_log WHERE subject = 'commitment:{promise['id']}' ORDER BY seq"
    )
    with service.store.db.read() as session:
        assert session.execute(text(query)).scalars().all() == [
            "supervision.start",
            "supervision.close",
        ]


def test_an_amount_still_too_small_is_listed_again_after_it_was_struck_off(
    service: Service,
) -> None:
    promise = _promised(service, {"kind": "tax", "due_on": "2026-01-31", "promised": "100"})["tax"]
    _report(service, promise, value="50")
    path = f"/commitments/{promise['id']}/supervision"
    told = service.call("committee", "POST", path, json=NOTE).json()
    assert not told["settled"]  # What was reported before does not answer it.
    _report(service, promise, value="60")
    closing = f"/supervisions/{told['id']}/closure"
    assert service.call("committee", "POST", closing, json={"note": "已补缴"}).status_code == 200
    left = _listed(service, number=promise["number"])["tax"]
    assert (left["supervision"], left["reached"]) == (None, "60")


def test_a_project_that_was_refused_owes_nothing(service: Service) -> None:
    promise = _promised(service, {"kind": "signed", "due_on": "2026-01-31"})["signed"]
    number = promise["number"]
    decision = service.call("committee", "GET", f"/projects/{number}").json()["decision"]
    said = {"outcome": "reject", "reason": "x", "authority": "市政府", "document_number": "1 号"}
    assert (
        service.call(
            "committee", "POST", f"/decisions/{decision}/conclusion", json=said
        ).status_code
        == 201
    )
    assert _listed(service, number=number) == {}
    path = f"/commitments/{promise['id']}/supervision"
    assert service.call("committee", "POST", path, json=NOTE).status_code == 409


def test_the_page_and_its_file(service: Service) -> None:
    made = _promised(
        service,
        {"kind": "funded", "due_on": "2026-01-31"},
        {"kind": "tax", "due_on": "2019-01-31", "promised": "1000"},
    )
    _report(service, made["tax"], value="900")
    headers = service.headers("committee")
    page = service.client.get("/supervision", headers=headers)
    assert page.status_code == 200
    decision = _listed(service, number=made["tax"]["number"])["tax"]["decision"]
    part = page.text.split('<h2 id="promises">')[1]
    assert f'<a href="/decisions/{decision}#promises">' in part
    assert "税收" in part
    assert "期限 2019年1月31日" in part
    assert "已逾期" in part
    assert "承诺 1,000 万元/年，最近实绩 900 万元/年" in part
    path = f"/commitments/{made['funded']['id']}/supervise"
    note = {"seen": str(now(service.store, "POST", path))}
    blank = {**note, "note": " "}
    assert service.client.post(path, data=blank, headers=headers).status_code == 422
    told = service.client.post(path, data=note | NOTE, headers=headers, follow_redirects=False)
    assert (told.status_code, told.headers["location"]) == (303, "/supervision")
    part = service.client.get("/supervision", headers=headers).text.split("督办中和已销号")[1]
    assert "承诺资金到位，期限 2026年1月31日" in part
    assert "督办中，填报实绩后可以销号" in part
    file = service.client.get("/supervision.csv", headers=headers).text
    assert "承诺：资金到位" in file
    assert service.client.get("/supervision?after=x", headers=headers).status_code == 422
