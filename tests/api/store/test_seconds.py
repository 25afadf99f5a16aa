"""Out of two pairs of eyes no administrator makes four."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.database.tables import AccountRequest
from tests.api.support import Service


@pytest.fixture
def office(service: Service) -> Service:
    if "admin:other" not in service.keys:
        from api.store import accounts, apikeys
        from api.store.work import SYSTEM, Actor

        with service.store.work(SYSTEM) as work:
            view, _ = accounts.create_account(
                work, "admin-other", "另一位", ["admin"], "password of admin-other"
            )
        actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
        with service.store.work(actor) as work:
            _, service.keys["admin:other"] = apikeys.create_key(work, "tests", None, False, None)
    service.app.state.attempts.forget()
    return service


def account(office: Service, name: str) -> Any:
    listed = office.call("admin", "GET", "/accounts").json()
    return next(a for a in listed if a["name"] == name)


def confirm(office: Service, request: Any, role: str = "admin:other") -> Any:
    return office.call(role, "POST", f"/accounts/requests/{request['id']}/confirmation")


def test_a_role_that_approves_is_given_by_two(office: Service) -> None:
    path = "/accounts/submitter/roles"
    asked = office.call("admin", "PUT", path, json={"roles": ["publisher", "submitter"]}).json()
    waiting = asked["waiting"]
    assert (waiting["kind"], waiting["asked_by"]) == ("roles", "admin")
    assert account(office, "submitter")["roles"] == ["submitter"]
    again = office.call("admin", "PUT", path, json={"roles": ["committee", "submitter"]})
    assert again.status_code == 409
    assert confirm(office, waiting, "admin").status_code == 403
    done = confirm(office, waiting)
    assert done.status_code == 200, done.text
    assert account(office, "submitter")["roles"] == ["publisher", "submitter"]
    assert confirm(office, waiting).status_code == 409
    # So is taking it away: who approves is not shut out by one person's word.
    back = office.call("admin", "PUT", path, json={"roles": ["submitter"]}).json()["waiting"]
    assert confirm(office, back).status_code == 200
    # A role that does not approve is one administrator's to give.
    usual = office.call("admin", "PUT", "/accounts/auditor/roles", json={"roles": ["auditor"]})
    assert usual.json()["waiting"] is None


def test_a_new_account_has_no_such_role_at_first(office: Service) -> None:
    body = {"name": "new-publisher", "roles": ["publisher", "auditor"]}
    made = office.call("admin", "POST", "/accounts", json=body).json()
    assert made["roles"] == ["auditor"]
    assert confirm(office, made["waiting"]).status_code == 200
    assert account(office, "new-publisher")["roles"] == ["auditor", "publisher"]


def test_a_reset_password_is_nobodys_but_its_owners(office: Service) -> None:
    old = {"name": "publisher", "password": "password of publisher"}
    client = TestClient(office.app)
    asked = office.call("admin", "POST", "/accounts/publisher/password").json()
    assert asked["waiting"]["kind"] == "password"
    # Nothing is changed by asking.
    assert client.post("/api/v1/session", json=old).status_code == 200
    done = confirm(office, asked["waiting"]).json()
    assert client.get("/api/v1/session").status_code == 401
    for part in (asked["password"], done["second_half"]):
        half = {"name": "publisher", "password": part}
        assert client.post("/api/v1/session", json=half).status_code == 401
    both = {"name": "publisher", "password": asked["password"] + done["second_half"]}
    assert client.post("/api/v1/session", json=both).status_code == 200
    with office.store.db.read() as session:
        kept = session.execute(text("SELECT * FROM account_requests")).all()
        log = session.execute(text("SELECT after FROM audit_log")).all()
    assert asked["password"] not in str(kept) + str(log)
    assert done["second_half"] not in str(kept) + str(log)


def test_what_has_changed_since_is_asked_for_anew(office: Service) -> None:
    path = "/accounts/committee"
    waiting = office.call("admin", "POST", f"{path}/password").json()["waiting"]
    blocked = office.call("admin", "PUT", f"{path}/active", json={"active": False}).json()
    assert blocked["waiting"] is None, "to shut somebody out one is enough"
    assert confirm(office, waiting).status_code == 409
    back = office.call("admin", "PUT", f"{path}/active", json={"active": True}).json()["waiting"]
    assert not account(office, "committee")["active"]
    assert confirm(office, back).status_code == 200
    assert account(office, "committee")["active"]
    path = f"/accounts/requests/{waiting['id']}"
    assert office.call("admin", "DELETE", path).status_code == 204
    assert confirm(office, waiting).status_code == 409
    states = {r["id"]: r["state"] for r in office.call("admin", "GET", "/accounts/requests").json()}
    assert (states[waiting["id"]], states[back["id"]]) == ("refused", "done")


def test_nobody_asks_for_themselves_and_nothing_waits_for_ever(office: Service) -> None:
    own = office.call(
        "admin", "PUT", "/accounts/admin/roles", json={"roles": ["admin", "publisher"]}
    )
    assert own.status_code == 409
    waiting = office.call("admin", "POST", "/accounts/maintainer/password").json()["waiting"]
    assert waiting is None, "a maintainer approves nothing"
    body = {"roles": ["maintainer", "publisher"]}
    late = office.call("admin", "PUT", "/accounts/maintainer/roles", json=body).json()["waiting"]
    with office.store.db.write() as session:
        old = dt.datetime.now(dt.UTC) - dt.timedelta(days=8)
        session.get_one(AccountRequest, late["id"]).asked_at = old
    assert confirm(office, late).status_code == 409
    listed = office.call("admin", "GET", "/accounts/requests").json()
    assert next(r for r in listed if r["id"] == late["id"])["state"] == "past"
