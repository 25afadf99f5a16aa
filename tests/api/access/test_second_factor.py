"""The second factor: set up, asked for, used once, lost, and no way round it, on both databases."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.store import apikeys, factors
from api.store.work import SYSTEM, Actor
from tests.api.pages.visitor import Visitor
from tests.api.support import Service, now, sqlite_url
from tests.support import join_all

STEP = factors.STEP_SECONDS


@pytest.fixture
def office(service: Service) -> Iterator[Service]:
    """Nobody has a factor, and nothing is counted."""
    service.app.state.attempts.forget()
    yield service
    service.app.state.attempts.forget()
    with service.store.work(SYSTEM) as work:
        for name in service.actors:
            factors.clear(work, name.replace(":", "-"))


def client_of(service: Service, source: str = "testclient") -> TestClient:
    return TestClient(service.app, raise_server_exceptions=False, client=(source, 50000))


def code_of(secret: str, steps: int = 0) -> str:
    when = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=STEP * steps)
    return pyotp.TOTP(secret).at(when)


def log_in(client: TestClient, name: str, code: str | None = None, password: str = "") -> Any:
    said = {"name": name, "password": password or f"password of {name}"}
    return client.post("/api/v1/session", json=said | ({"code": code} if code else {}))


def set_up(service: Service, name: str) -> tuple[str, list[str]]:
    """The secret and the recovery codes of an authenticator that now counts.

    It was set up with the code of a step ago, so that the one of now is still there to be used.
    """
    client = client_of(service)
    assert log_in(client, name).status_code == 200
    begun = client.post("/api/v1/session/factors", json={"title": "我的手机"})
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    assert f"secret={secret}" in begun.json()["uri"]
    done = client.post("/api/v1/session/factors/confirmation", json={"code": code_of(secret, -1)})
    assert done.status_code == 200, done.text
    return secret, done.json()["codes"]


def test_once_set_up_the_password_alone_opens_nothing(office: Service) -> None:
    secret, codes = set_up(office, "auditor")
    assert len(set(codes)) == factors.RECOVERY
    client = client_of(office)
    refused = log_in(client, "auditor")
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["code"] == "A128"
    assert "set-cookie" not in refused.headers
    assert client.get("/api/v1/session").status_code == 401
    assert log_in(client, "auditor", "000000").status_code == 401
    assert log_in(client, "auditor", code_of(secret)).status_code == 200
    assert client.get("/api/v1/session").json()["name"] == "auditor"
    (shown,) = client.get("/api/v1/session/factors").json()
    assert (shown["kind"], shown["title"]) == ("totp", "我的手机")
    assert secret not in str(shown)


def test_a_code_counts_once_however_many_come_with_it(office: Service) -> None:
    secret, _ = set_up(office, "auditor")
    code = code_of(secret)
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(log_in(client_of(office), "auditor", code).status_code)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert sorted(answers) == [200, 401, 401, 401]
    # Nor does one of an earlier step count after a later one.
    assert log_in(client_of(office), "auditor", code_of(secret, -1)).status_code == 401


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (0, 200), (1, 200), (3, 401)])
def test_a_clock_may_be_wrong_by_a_step(office: Service, steps: int, status: int) -> None:
    secret, _ = set_up(office, "auditor")
    assert log_in(client_of(office), "auditor", code_of(secret, steps)).status_code == status


def test_a_recovery_code_counts_once_and_is_kept_as_a_hash(office: Service) -> None:
    _, codes = set_up(office, "auditor")
    assert log_in(client_of(office), "auditor", f" {codes[3].upper()} ").status_code == 200
    assert log_in(client_of(office), "auditor", codes[3]).status_code == 401
    assert len(codes[4].replace("-", "")) == 24
    # Copied from paper without its hyphens.
    assert log_in(client_of(office), "auditor", codes[4].replace("-", "")).status_code == 200
    with office.store.db.read() as session:
        kept = session.execute(text("SELECT code_hash FROM recovery_codes")).scalars().all()
        assert not set(codes) & set(kept)
        assert factors.left(session, office.actors["auditor"].account_id) == 8


def test_codes_cannot_be_guessed_at_will(office: Service) -> None:
    """Who has the password has eight tries, from wherever they come."""
    secret, _ = set_up(office, "auditor")
    limit = office.app.state.attempts.limit
    answers = [
        log_in(client_of(office, f"10.0.0.{n}"), "auditor", f"{n:06}").status_code
        for n in range(limit + 3)
    ]
    assert answers == [401] * limit + [429] * 3
    assert log_in(client_of(office, "10.0.1.1"), "auditor", code_of(secret)).status_code == 429


def test_others_may_lock_the_name_and_its_owner_still_gets_in(office: Service) -> None:
    secret, _ = set_up(office, "auditor")
    limit = office.app.state.attempts.limit
    guesses = [
        log_in(client_of(office, f"10.0.0.{n}"), "auditor", password="a guess").status_code
        for n in range(limit + 1)
    ]
    assert guesses == [401] * limit + [429]
    owner = client_of(office, "10.0.1.1")
    assert log_in(owner, "auditor").status_code == 429
    assert log_in(owner, "auditor", "000000").status_code == 429
    # A right code with a wrong password opens nothing, and is used up.
    assert log_in(owner, "auditor", code_of(secret), "a guess").status_code == 401
    assert log_in(owner, "auditor", code_of(secret)).status_code == 429
    assert log_in(owner, "auditor", code_of(secret, 1)).status_code == 200


def test_one_is_given_up_after_the_password_only(office: Service) -> None:
    secret, _ = set_up(office, "auditor")
    client = client_of(office)
    assert log_in(client, "auditor", code_of(secret)).status_code == 200
    (factor,) = client.get("/api/v1/session/factors").json()
    with office.store.work(SYSTEM) as work:
        work.session.execute(
            text("UPDATE logins SET proved_at = :then"), {"then": dt.datetime(2020, 1, 1)}
        )
    gone = f"/api/v1/session/factors/{factor['id']}"
    assert client.delete(gone).json()["errors"][0]["code"] == "A123"
    client.post("/api/v1/session/proof", json={"password": "password of auditor"})
    other = client_of(office)
    assert log_in(other, "committee").status_code == 200
    assert other.delete(gone).status_code == 404
    assert client.delete(gone).status_code == 204
    assert log_in(client_of(office), "auditor").status_code == 200


def test_who_has_lost_all_is_helped_by_two_administrators(office: Service) -> None:
    set_up(office, "publisher")
    asked = office.call("admin", "DELETE", "/accounts/publisher/factors")
    assert asked.json()["waiting"]["kind"] == "factors"
    assert log_in(client_of(office), "publisher").status_code == 401
    path = f"/accounts/requests/{asked.json()['waiting']['id']}/confirmation"
    assert office.call("admin", "POST", path).status_code == 403
    office.call("admin", "POST", "/accounts", json={"name": "another", "roles": ["auditor"]})
    with office.store.work(SYSTEM) as work:
        second = factors.get_account(work.session, "another")
        second.roles = ["admin"]
        actor = Actor(second.id, "another", "another", frozenset({"admin"}))
    with office.store.work(actor) as work:
        _, office.keys["another"] = apikeys.create_key(work, "tests", None, False, None)
    done = office.call("another", "POST", path)
    assert done.status_code == 200, done.text
    assert log_in(client_of(office), "publisher").status_code == 200
    # Of an account that approves nothing one administrator is enough.
    set_up(office, "auditor")
    assert office.call("admin", "DELETE", "/accounts/auditor/factors").json()["waiting"] is None
    assert log_in(client_of(office), "auditor").status_code == 200


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Service]:
    """A service that asks publishers for a second factor."""
    with Service(sqlite_url(tmp_path), second_factor=("publisher", "department")) as made:
        yield made


def test_a_role_that_must_have_one_sets_it_up_before_anything_opens(strict: Service) -> None:
    client = client_of(strict)
    refused = log_in(client, "publisher")
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "A129"
    assert log_in(client, "auditor").status_code == 200
    assert log_in(client_of(strict), "department-ecology").status_code == 403

    visitor = Visitor(strict.app)
    given = {"name": "publisher", "password": "password of publisher", "next": "/proposals"}
    shown = visitor.post("/login", given)
    assert shown.url.path == "/login/enrol"
    assert "<svg" in shown.text
    secret = "".join(re.findall(r"<code>([A-Z2-7 ]+)</code>", shown.text)[0].split())
    # Nothing is open: neither pages nor the interface, nor the page of who has one.
    assert visitor.get("/proposals").status_code == 401
    assert visitor.client.get("/api/v1/session").status_code == 401
    assert visitor.get("/account").status_code == 401
    assert visitor.get("/login/code").url.path == "/login"
    wrong = visitor.post("/login/enrol", {"code": "000000", "next": "/proposals"})
    assert wrong.status_code == 422
    assert "验证码不对" in wrong.text
    done = visitor.post("/login/enrol", {"code": code_of(secret, -1), "next": "/proposals"})
    assert done.status_code == 200
    assert len(re.findall(r"<li><code>", done.text)) == factors.RECOVERY
    assert 'href="/proposals"' in done.text
    assert visitor.get("/proposals").status_code == 200
    account = visitor.get("/account").text
    assert "您的角色须有" in account
    (only,) = visitor.client.get("/api/v1/session/factors").json()
    refused = visitor.post(f"/account/factors/{only['id']}/removal", {})
    assert refused.status_code == 409

    again = Visitor(strict.app)
    asked = again.post("/login", given)
    assert asked.url.path == "/login/code"
    assert again.get("/proposals").status_code == 401
    assert again.post("/login/code", {"code": "000000", "next": "/"}).status_code == 401
    let_in = again.post("/login/code", {"code": code_of(secret), "next": "/proposals"})
    assert let_in.url.path == "/proposals"
    # The token that waited opens nothing and is gone.
    assert again.get("/login/code").url.path == "/login"
    with strict.store.db.read() as session:
        waiting = "SELECT count(*) FROM logins WHERE awaits = 'code'"
        assert session.execute(text(waiting)).scalar() == 0


def test_what_waits_ends_after_ten_minutes(strict: Service) -> None:
    visitor = Visitor(strict.app)
    given = {"name": "publisher", "password": "password of publisher", "next": "/"}
    visitor.post("/login", given)
    with strict.store.work(SYSTEM) as work:
        then = dt.datetime(2020, 1, 1)
        work.session.execute(
            text("UPDATE logins SET expires_at = :then WHERE awaits IS NOT NULL"), {"then": then}
        )
    assert visitor.get("/login/enrol").url.path == "/login"


def test_the_account_page_sets_one_up_without_a_script(office: Service) -> None:
    visitor = Visitor(office.app)
    given = {"name": "auditor", "password": "password of auditor", "next": "/account"}
    page = visitor.post("/login", given)
    assert "没有设置。设置以后" in page.text
    shown = visitor.post("/account/factors", {"title": "我的<b>手机"})
    secret = "".join(re.findall(r"<code>([A-Z2-7 ]+)</code>", shown.text)[0].split())
    codes = visitor.post("/account/factors/code", {"code": code_of(secret, -1)})
    assert "备用码，只显示这一次" in codes.text
    account = visitor.get("/account").text
    assert "我的&lt;b&gt;手机" in account
    assert "备用码还有 10 个" in account
    first = re.findall(r"<li><code>([a-z2-9-]+)</code>", codes.text)
    renewed = re.findall(
        r"<li><code>([a-z2-9-]+)</code>", visitor.post("/account/recovery", {}).text
    )
    assert len(renewed) == len(first) == factors.RECOVERY
    assert not set(first) & set(renewed)
    assert log_in(client_of(office), "auditor", first[0]).status_code == 401
    assert log_in(client_of(office), "auditor", renewed[0]).status_code == 200


def test_the_seen_state_of_an_account_is_another_after_its_factors_were_cleared(
    office: Service,
) -> None:
    set_up(office, "auditor")
    before = now(office.store, "DELETE", "/accounts/auditor/factors")
    assert office.call("admin", "DELETE", "/accounts/auditor/factors").status_code == 200
    headers = {"if-match": before or ""}
    again = office.call("admin", "DELETE", "/accounts/auditor/factors", headers=headers)
    assert again.status_code == 409
