"""Changing one's own password, by the API and on the page: who may, what ends, what is written down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.store import accounts, logins
from api.store.work import SYSTEM, Actor
from tests.api.support import Service

OLD, NEW = "the first password", "another password 2"


class Person:
    """A browser of somebody with a local account."""

    def __init__(self, service: Service, name: str, password: str = OLD) -> None:
        self.client = TestClient(service.app, raise_server_exceptions=False)
        self.name = name
        given = {"name": name, "password": password}
        self.status = self.client.post("/api/v1/session", json=given).status_code

    def whoami(self) -> int:
        return self.client.get("/api/v1/session").status_code

    def change(self, current: str, new: str) -> Any:
        body = {"current": current, "new": new}
        return self.client.put("/api/v1/session/password", json=body)

    def page(self, **form: str) -> Any:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.client.get("/account").text)
        assert found is not None
        return self.client.post("/account/password", data={"csrf": found[1], **form})


@pytest.fixture
def name(service: Service, request: pytest.FixtureRequest) -> str:
    """A new local account for each test."""
    service.app.state.attempts.forget()
    made = re.sub(r"\W", "-", request.node.name)
    with service.store.work(SYSTEM) as work:
        accounts.create_account(work, made, "陈某", ["submitter"], OLD)
    return made


def _logged(service: Service, name: str) -> list[tuple[str, str]]:
    query = text("SELECT action, actor FROM audit_log WHERE subject = :s ORDER BY seq")
    with service.store.db.read() as session:
        found = session.execute(query, {"s": f"account:{name}"}).all()
    return [(a, who) for a, who in found if a.startswith("account.password")]


def test_by_the_api(service: Service, name: str) -> None:
    here, elsewhere = Person(service, name), Person(service, name)
    assert here.change("wrong", NEW).json()["errors"][0]["pointer"] == "/current"
    assert here.change(OLD, "short").json()["errors"][0]["pointer"] == "/new"
    assert here.change(OLD, OLD).json()["errors"][0]["detail"] == "新密码要与原密码不同"
    assert here.whoami() == elsewhere.whoami() == 200
    done = here.change(OLD, NEW)
    assert (done.status_code, done.content) == (204, b"")
    assert here.whoami() == 200
    assert elsewhere.whoami() == 401
    assert Person(service, name).status == 401
    assert Person(service, name, NEW).status == 200
    assert _logged(service, name) == [("account.password_fail", name), ("account.password", name)]


def test_on_the_page(service: Service, name: str) -> None:
    here, elsewhere = Person(service, name), Person(service, name)
    assert "改密码" in here.client.get("/account").text
    for form, said, field in (
        ({"current": "", "new": NEW, "again": NEW}, "请填写原密码", "current"),
        ({"current": "wrong", "new": NEW, "again": NEW}, "原密码不对", "current"),
        ({"current": OLD, "new": "short", "again": "short"}, "密码应有 12 至 200 个字符", "new"),
        ({"current": OLD, "new": NEW, "again": NEW + "x"}, "两次填写的新密码不一样", "again"),
        ({"current": OLD, "new": OLD, "again": OLD}, "新密码要与原密码不同", "new"),
        ({"current": OLD}, "密码应有 12 至 200 个字符", "new"),
    ):
        refused = here.page(**form)
        assert refused.status_code == 422
        assert f'<a href="#{field}">{said}</a>' in refused.text
        assert NEW not in refused.text
    changed = here.page(current=OLD, new=NEW, again=NEW)
    assert changed.status_code == 200
    assert "密码已改" in changed.text
    assert (here.whoami(), elsewhere.whoami()) == (200, 401)
    assert Person(service, name, NEW).status == 200


def test_a_form_of_another_site_changes_nothing(service: Service, name: str) -> None:
    here = Person(service, name)
    form = {"csrf": "0" * 64, "current": OLD, "new": NEW, "again": NEW}
    assert here.client.post("/account/password", data=form).status_code == 403
    headers = {"sec-fetch-site": "cross-site"}
    body = {"current": OLD, "new": NEW}
    sent = here.client.put("/api/v1/session/password", json=body, headers=headers)
    assert sent.status_code == 403
    assert Person(service, name).status == 200


def test_guessing_is_slowed_down_as_at_the_login(service: Service, name: str) -> None:
    here = Person(service, name)
    answers = [here.change("wrong", NEW) for _ in range(9)]
    assert [a.status_code for a in answers] == [422] * 8 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    page = here.page(current=OLD, new=NEW, again=NEW)
    assert page.status_code == 429
    assert "原密码错误次数过多" in page.text
    assert int(page.headers["retry-after"]) >= 1
    # The same counts: nor can one go on guessing at the login.
    assert Person(service, name).status == 429
    service.app.state.attempts.forget()
    assert here.change(OLD, NEW).status_code == 204


def test_keys_go_on_and_a_key_that_only_reads_changes_nothing(service: Service, name: str) -> None:
    here = Person(service, name)
    keys = {}
    for title, read_only in (("全", False), ("读", True)):
        made = here.client.post("/api/v1/keys", json={"title": title, "read_only": read_only})
        keys[title] = {"authorization": f"Bearer {made.json()['key']}"}
    body = {"current": OLD, "new": NEW}
    outside = TestClient(service.app)
    path = "/api/v1/session/password"
    assert outside.put(path, json=body, headers=keys["读"]).status_code == 403
    assert outside.put(path, json=body, headers=keys["全"]).status_code == 204
    assert here.whoami() == 401
    assert outside.get("/api/v1/session", headers=keys["全"]).status_code == 200
    assert outside.put(path, json=body).status_code == 401


def test_who_comes_through_the_provider_has_none(service: Service, name: str) -> None:
    with service.store.work(SYSTEM) as work:
        actor = accounts.from_subject(work, f"issuer {name}", f"{name}-oidc", "赵某", ["submitter"])
    assert isinstance(actor, Actor)
    with service.store.work(actor) as work:
        token = logins.open_login(work, actor, 1)
    client = TestClient(service.app, cookies={"admission_session": token})
    page = client.get("/account")
    assert page.status_code == 200
    assert "改密码" not in page.text
    refused = client.put("/api/v1/session/password", json={"current": OLD, "new": NEW})
    assert refused.status_code == 409
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found is not None
    form = {"csrf": found[1], "current": OLD, "new": NEW, "again": NEW}
    assert client.post("/account/password", data=form).status_code == 409
