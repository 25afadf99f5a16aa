"""Refusals and failures as pages: plain Chinese, what to do next, a number to tell; never JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from api.app import create_app
from api.pages.frame.errors import PageRoute
from scripts.seeding import people
from tests.api.pages.visitor import Visitor
from tests.api.support import settings, sqlite_url

HTML = {"accept": "text/html,application/xhtml+xml"}
ENGLISH = re.compile(r"[A-Za-z]{3,}")
KNOWN = {"none"}  # What the address itself said.


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("errors"))))
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/fails")
    def fails() -> None:
        raise ZeroDivisionError("secret detail")

    made.include_router(router)
    with TestClient(made, raise_server_exceptions=False):
        people(made.state.store)
        yield made


def shown(answer: Any, status: int) -> str:
    """The page's words, after checking that it is a page that people can read."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    main = re.search(r"<main.*?</main>", answer.text, re.DOTALL)
    assert main is not None
    assert 'lang="zh-CN"' in answer.text
    assert re.search(r'href="/"', main[0])
    words = re.sub(r"<code>.*?</code>|<[^>]+>", "", main[0])
    assert set(ENGLISH.findall(words)) <= KNOWN, words
    return " ".join(words.split())


@pytest.mark.parametrize(
    ("path", "who", "status", "said"),
    [
        ("/no-such-page", None, 404, "请检查地址，或从首页重新进入"),
        ("/decisions/99", "chair", 404, "没有第 99 号决定。"),
        ("/projects/ZR1", "chair", 404, "没有受理编号“ZR1”。"),
        ("/rules/none", None, 404, "没有规则“none”。"),
        ("/tasks", None, 401, "去登录"),
        ("/overview", "clerk", 403, "请用有相应角色的账号登录"),
        ("/decisions/x", "chair", 422, "应是整数"),
        ("/projects?from=昨天", "chair", 422, "日期"),
        ("/logout", None, 405, "从首页重新进入"),
        ("/fails", None, 500, "请记下请求编号，告知系统管理员"),
    ],
)
def test_each_says_what_to_do(app: Any, path: str, who: str | None, status: int, said: str) -> None:
    visitor = Visitor(app)
    if who:
        visitor.log_in(who)
    answer = visitor.get(path, headers=HTML)
    words = shown(answer, status)
    assert said in words
    assert "请求编号" in words
    assert "secret" not in answer.text


def test_a_form_that_is_not_ours(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    answer = visitor.client.post("/drafts/save", data={"csrf": "0" * 64}, headers=HTML)
    assert "返回上一页刷新后重新提交" in shown(answer, 403)
    assert "重新打开这一页" not in answer.text


def test_after_the_login_one_is_where_one_wanted_to_be(app: Any) -> None:
    answer = Visitor(app).get("/projects?verdict=reject&q=甲", headers=HTML)
    found = re.search(r'href="/login\?next=([^"]+)"', answer.text)
    assert found is not None
    visitor = Visitor(app)
    page = visitor.get(f"/login?next={found[1]}")
    assert 'name="next" value="/projects?verdict=reject&amp;q=' in page.text


def test_an_address_of_another_site_is_never_offered(app: Any) -> None:
    for path in ("//elsewhere.example/fails", "/\\\\elsewhere.example", "//elsewhere.example"):
        answer = Visitor(app).client.get(f"http://testserver{path}", headers=HTML)
        assert answer.status_code == 404
        assert 'href="//' not in answer.text


def test_too_many_requests(tmp_path: Path) -> None:
    made = create_app(settings(database_url=sqlite_url(tmp_path), rate_limit=2))
    with TestClient(made) as client:
        answers = [client.get("/rules", headers=HTML) for _ in range(8)]
    last = next(a for a in answers if a.status_code == 429)
    assert "秒后再试" in shown(last, 429)
    assert int(last.headers["retry-after"]) >= 1


def test_without_a_database(tmp_path: Path) -> None:
    """The database is gone: pages still say so, also to who was logged in."""
    path = tmp_path / "db.sqlite"
    made = create_app(settings(database_url=f"sqlite:///{path}"))
    with TestClient(made, raise_server_exceptions=False):
        people(made.state.store)
        visitor = Visitor(made).log_in("chair")
        made.state.store.db.engine.dispose()
        for file in tmp_path.glob("db.sqlite*"):
            file.rename(file.with_name(f"away-{file.name}"))
        path.mkdir()
        for address in ("/projects", "/decisions/1", "/tasks?state=all"):
            answer = visitor.get(address, headers=HTML)
            words = shown(answer, 503)
            assert "数据库暂时不可用" in words
            assert "过几秒钟再试" in words
            assert answer.headers["retry-after"]
            assert f'href="{address.replace("&", "&amp;")}"' in answer.text
        assert visitor.get("/api/v1/projects").headers["content-type"] == "application/problem+json"
