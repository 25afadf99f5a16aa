"""Accounts by page: made, given roles, blocked and reset; what takes two is done by two."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.support import settings, sqlite_url

SECRET = re.compile(r"只显示这一次</h2>\s*<p><code>([^<]+)</code>")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service with two administrators."""
    app = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("accounts"))))
    with TestClient(app):
        with app.state.store.work(SYSTEM) as work:
            for name in ("first", "second"):
                accounts.create_account(work, name, f"管理员 {name}", ["admin"], PASSWORD)
            accounts.create_account(work, "reader", "赵某", ["auditor"], PASSWORD)
        yield app


def _boxes(text: str) -> set[str]:
    return set(re.findall(r'name="roles" value="([^"]+)" checked', text))


def test_only_administrators_get_in(office: Any) -> None:
    assert Visitor(office).get("/accounts").status_code == 401
    reader = Visitor(office).log_in("reader")
    assert reader.get("/accounts").status_code == 403
    assert reader.post("/accounts/first/active", {"active": "0"}).status_code == 403
    assert 'href="/accounts"' not in reader.get("/rules").text


def test_an_account_is_made_logs_in_and_is_blocked(office: Any) -> None:
    first = Visitor(office).log_in("first")
    wrong = first.post("/accounts", {"name": "两 个", "display_name": "某", "roles": "submitter"})
    assert wrong.status_code == 422
    assert "账号名不能为空、不能含空白" in wrong.text
    assert 'value="两 个"' in wrong.text
    assert _boxes(wrong.text) == {"submitter"}
    assert "至少要有一个角色" in first.post("/accounts", {"name": "n", "display_name": "某"}).text
    made = first.post("/accounts", {"name": "钱某", "display_name": "钱某", "roles": "submitter"})
    assert made.status_code == 201
    (password,) = SECRET.findall(made.text)
    assert password not in first.get("/accounts").text
    again = first.post("/accounts", {"name": "钱某", "display_name": "钱某", "roles": "submitter"})
    assert (again.status_code, "已经有了" in again.text) == (409, True)
    newcomer = Visitor(office)
    logged_in = newcomer.post("/login", {"name": "钱某", "password": password, "next": "/"})
    assert logged_in.status_code == 200
    assert "账号已停用" in first.post("/accounts/钱某/active", {"active": "0"}).text
    assert newcomer.get("/account").status_code == 401
    assert "已停用" in first.get("/accounts/钱某").text
    assert "账号已恢复" in first.post("/accounts/钱某/active", {"active": "1"}).text
    reset = first.post("/accounts/钱某/password", {})
    assert SECRET.findall(reset.text) != [password]
    assert "重设密码" in first.get("/accounts/钱某").text
    changed = first.post("/accounts/钱某/roles", {"roles": "auditor"})
    assert "角色已改" in changed.text
    assert _boxes(changed.text) == {"auditor"}


def test_what_takes_two_waits_for_the_other_one(office: Any) -> None:
    first, second = Visitor(office).log_in("first"), Visitor(office).log_in("second")
    asked = first.post("/accounts/reader/roles", {"roles": "publisher"})
    assert "已提出，账号还没有变" in asked.text
    assert _boxes(asked.text) == {"auditor"}
    assert "已经在等" in first.post("/accounts/reader/roles", {"roles": "publisher"}).text
    mine = first.get("/accounts").text
    assert "收回" in mine
    assert "/confirmation" not in mine
    assert '账号 <span class="count">' not in mine
    theirs = second.get("/accounts").text
    assert re.search(r'账号 <span class="count">1<', theirs)
    (path,) = re.findall(r'action="(/accounts/requests/\d+/confirmation)"', theirs)
    assert first.post(path, {}).status_code == 403
    assert "改动已办" in second.post(path, {}).text
    assert _boxes(second.get("/accounts/reader").text) == {"publisher"}
    halves = [SECRET.findall(first.post("/accounts/reader/password", {}).text)]
    (path,) = re.findall(r"(/accounts/requests/\d+/confirmation)", second.get("/accounts").text)
    halves.append(SECRET.findall(second.post(path, {}).text))
    whole = "".join(half for (half,) in halves)
    assert Visitor(office).post("/login", {"name": "reader", "password": whole}).status_code == 200
    first.post("/accounts/reader/active", {"active": "0"})
    first.post("/accounts/reader/active", {"active": "1"})
    (path,) = re.findall(r"(/accounts/requests/\d+/refusal)", second.get("/accounts").text)
    assert "账号没有变" in second.post(path, {}).text
    assert "已停用" in second.get("/accounts/reader").text


def test_the_password_is_asked_for_again(office: Any) -> None:
    with office.state.store.work(SYSTEM) as work:
        accounts.create_account(work, "third", "管理员 third", ["admin"], PASSWORD)
        third = accounts.get_account(work.session, "third").id
    visitor = Visitor(office).log_in("third")
    with office.state.store.db.write() as session:
        long_ago = {"then": dt.datetime(2020, 1, 1), "id": third}
        session.execute(
            text("UPDATE logins SET proved_at = :then WHERE account_id = :id"), long_ago
        )
    asked = {"name": "new", "display_name": "新", "roles": "auditor"}
    assert visitor.post("/accounts", asked).status_code == 403
    assert visitor.post("/accounts", {**asked, "password": "not this one"}).status_code == 401
    assert "您的密码" not in visitor.post("/accounts", {**asked, "password": PASSWORD}).text
