"""The login under attack: counted before it is tried, by name and by source, on both databases."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text, update

from api.database.tables import Login
from api.store import accounts, passwords
from api.store.work import SYSTEM
from tests.api.support import Service, now
from tests.support import join_all

RIGHT = "password of auditor"


@pytest.fixture
def office(service: Service) -> Iterator[Service]:
    service.app.state.attempts.forget()
    yield service
    service.app.state.attempts.forget()


def login(service: Service, name: str, password: str, source: str = "") -> Any:
    client = TestClient(service.app, raise_server_exceptions=False)
    if source:
        client = TestClient(service.app, raise_server_exceptions=False, client=(source, 50000))
    return client.post("/api/v1/session", json={"name": name, "password": password})


def test_many_at_once_are_no_more_than_one_after_the_other(
    office: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    real = passwords.fits

    def fits(password: str, kept: str | None) -> bool:
        tried.append(password)
        return real(password, kept)

    monkeypatch.setattr(accounts.passwords, "fits", fits)
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n: codes.append(login(office, "auditor", f"guess {n}").status_code)
        )
        for n in range(24)
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    limit = office.app.state.attempts.limit
    assert sorted(codes) == [401] * limit + [429] * (24 - limit)
    assert len(tried) == limit


def test_a_success_clears_the_name_and_never_the_source(office: Service) -> None:
    """Guessing at others, with one's own login in between."""
    limit = office.app.state.attempts.limit
    codes = []
    for n in range(limit + 2):
        codes.append(login(office, f"victim-{n}", "a wrong password").status_code)
        own = login(office, "submitter", "password of submitter").status_code
        assert own == (200 if codes[-1] == 401 and n < limit - 1 else own)
    assert codes[:limit] == [401] * limit
    assert codes[limit:] == [429] * 2
    # From elsewhere the name is free.
    assert login(office, "victim-1", "a wrong password", "10.0.0.9").status_code == 401


def test_ones_own_success_is_not_counted(office: Service) -> None:
    codes = [login(office, "auditor", RIGHT).status_code for _ in range(20)]
    assert codes == [200] * 20


def test_no_connection_is_held_while_hashing(
    office: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, held, told = office.store.db.engine, set(), []
    real = passwords.fits

    def fits(password: str, kept: str | None) -> bool:
        told.append(threading.get_ident() in held)
        return real(password, kept)

    def out(*_: object) -> None:
        held.add(threading.get_ident())

    def back(*_: object) -> None:
        held.discard(threading.get_ident())

    monkeypatch.setattr(accounts.passwords, "fits", fits)
    event.listen(engine, "checkout", out)
    event.listen(engine, "checkin", back)
    try:
        assert login(office, "auditor", RIGHT).status_code == 200
    finally:
        event.remove(engine, "checkout", out)
        event.remove(engine, "checkin", back)
    assert told == [False]


def test_a_first_password_runs_out(office: Service) -> None:
    made = office.call("admin", "POST", "/accounts", json={"name": "新人", "roles": ["auditor"]})
    first = made.json()["password"]
    assert login(office, "新人", first).status_code == 200
    with office.store.work(SYSTEM) as work:
        account = accounts.get_account(work.session, "新人")
        assert account.password_until is not None
        account.password_until = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    answer = login(office, "新人", first)
    assert answer.status_code == 401
    assert "首次密码已过期" in answer.json()["detail"]
    with office.store.work(SYSTEM) as work:
        accounts.change_password(work, "新人", "a password of their own")
    assert login(office, "新人", "a password of their own").status_code == 200


@pytest.mark.parametrize("name", ["System", "系统", "a\u200bb", "ѕystem", "ａdmin"])
def test_no_account_is_called_what_it_is_not(office: Service, name: str) -> None:
    answer = office.call("admin", "POST", "/accounts", json={"name": name, "roles": ["auditor"]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"
    shown = {"name": "usual", "display_name": f"{name}\u202e", "roles": ["auditor"]}
    assert office.call("admin", "POST", "/accounts", json=shown).status_code == 422


def test_a_key_ends_with_the_key_that_made_it(office: Service) -> None:
    keys = []
    headers = office.headers("committee")
    for title in ("母", "子", "孙"):
        made = office.call(None, "POST", "/keys", json={"title": title}, headers=headers)
        keys.append(made.json())
        assert made.json()["roles"] == ["committee"]
        headers = {"authorization": f"Bearer {made.json()['key']}"}
    other = office.call("committee", "POST", "/keys", json={"title": "旁"}).json()
    assert office.call("committee", "DELETE", f"/keys/{keys[0]['id']}").status_code == 200
    for key, status in (*((k, 401) for k in keys), (other, 200)):
        bearer = {"authorization": f"Bearer {key['key']}"}
        assert office.call(None, "GET", "/projects", headers=bearer).status_code == status
    with office.store.db.read() as session:
        query = "SELECT count(*) FROM audit_log WHERE action = 'key.revoke'"
        assert session.execute(text(query)).scalar() == 3


def test_the_log_says_where_from(office: Service) -> None:
    assert login(office, "auditor", "a wrong password", "10.9.8.7").status_code == 401
    assert login(office, "auditor", RIGHT, "10.9.8.6").status_code == 200
    with office.store.db.read() as session:
        query = "SELECT action, after FROM audit_log WHERE subject = 'account:auditor' ORDER BY seq"
        rows = session.execute(text(query)).all()
    assert ("login.fail", '{"source":"10.9.8.7"}') in [tuple(r) for r in rows]
    assert ("login.open", '{"source":"10.9.8.6"}') in [tuple(r) for r in rows]


# --- sessions ------------------------------------------------------------------------------------


def browser(service: Service, name: str, password: str, source: str = "testclient") -> TestClient:
    client = TestClient(service.app, raise_server_exceptions=False, client=(source, 50000))
    answer = client.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 200, answer.text
    return client


def _age(service: Service, **columns: dt.timedelta) -> None:
    """Make every session older."""
    now = dt.datetime.now(dt.UTC)
    with service.store.db.write() as session:
        session.execute(update(Login).values({k: now - v for k, v in columns.items()}))


def test_a_session_ends_unused_and_ends_for_good(office: Service) -> None:
    office.app.state.jobs.stop()  # It would write at any moment that a session was used.
    client = browser(office, "auditor", RIGHT)
    assert client.get("/api/v1/session").status_code == 200
    _age(office, seen_at=dt.timedelta(minutes=119))
    assert client.get("/api/v1/session").status_code == 200
    # That it was used is written by the watching thread, and counts before that.
    _age(office, seen_at=dt.timedelta(minutes=121))
    assert client.get("/api/v1/session").status_code == 200
    office.store.uses.write(office.store.db)
    assert client.get("/api/v1/session").status_code == 200
    _age(office, seen_at=dt.timedelta(minutes=121))
    assert client.get("/api/v1/session").status_code == 401
    again = browser(office, "auditor", RIGHT)
    _age(office, created_at=dt.timedelta(hours=13))
    assert again.get("/api/v1/session").status_code == 401


def test_ones_sessions_are_listed_and_ended(office: Service) -> None:
    here, there = browser(office, "auditor", RIGHT, "10.1.1.1"), browser(office, "auditor", RIGHT)
    other = browser(office, "submitter", "password of submitter")
    listed = here.get("/api/v1/sessions").json()
    assert [s["current"] for s in listed].count(True) == 1
    assert "10.1.1.1" in {s["source"] for s in listed}
    mine = next(s["id"] for s in there.get("/api/v1/sessions").json() if s["current"])
    assert other.delete(f"/api/v1/sessions/{mine}").status_code == 404
    page = here.get("/account").text
    assert f"/account/sessions/{mine}/end" in page
    assert here.delete(f"/api/v1/sessions/{mine}").status_code == 204
    assert there.get("/api/v1/session").status_code == 401
    assert here.get("/api/v1/session").status_code == 200
    assert here.delete(f"/api/v1/sessions/{mine}").status_code == 404


def test_what_weighs_asks_for_the_password_again(office: Service) -> None:
    client = browser(office, "admin", "password of admin")
    seen = {"if-match": str(now(office.store, "PUT", "/accounts/auditor/active"))}
    body = {"active": True}
    path = "/api/v1/accounts/auditor/active"
    _age(office, proved_at=dt.timedelta(minutes=31))
    refused = client.put(path, json=body, headers=seen)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "A123"
    assert client.post("/api/v1/session/proof", json={"password": "wrong"}).status_code == 401
    assert client.put(path, json=body, headers=seen).status_code == 403
    right = {"password": "password of admin"}
    assert client.post("/api/v1/session/proof", json=right).status_code == 204
    assert client.put(path, json=body, headers=seen).status_code == 200
    # A key is asked for nothing: whoever has it has it.
    _age(office, proved_at=dt.timedelta(minutes=31))
    assert office.call("admin", "PUT", "/accounts/auditor/active", json=body).status_code == 200


@pytest.mark.parametrize("act", ["approval", "publication"])
def test_approval_and_publication_ask_for_it(office: Service, act: str) -> None:
    client = browser(office, "publisher", "password of publisher")
    _age(office, proved_at=dt.timedelta(minutes=31))
    headers = {"if-match": f"1-{'0' * 64}"}
    path = f"/api/v1/proposals/1/{act}"
    assert client.post(path, json={}, headers=headers).status_code == 403
    right = {"password": "password of publisher"}
    assert client.post("/api/v1/session/proof", json=right).status_code == 204
    assert client.post(path, json={}, headers=headers).status_code == 404


def test_the_pages_ask_in_the_form(office: Service) -> None:
    client = browser(office, "publisher", "password of publisher")
    csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/account").text)
    assert csrf is not None
    form = {"csrf": csrf[1], "act": "approve", "seen": f"1-{'0' * 64}"}
    _age(office, proved_at=dt.timedelta(minutes=31))
    assert client.post("/proposals/1/act", data=form).status_code == 403
    wrong = client.post("/proposals/1/act", data={**form, "password": "wrong"})
    assert wrong.status_code == 401
    right = {**form, "password": "password of publisher"}
    assert client.post("/proposals/1/act", data=right).status_code == 404
