"""Pages over HTTP: headers, forged forms, escaping, roles, refusals, lists for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.api.pages.visitor import DRAFT, Visitor
from tests.api.support import example, settings, sqlite_url


def test_every_page_forbids_foreign_code(app: Any) -> None:
    for path in ("/", "/assess", "/rules", "/examples/r14-mushroom-weinan", "/login", "/nowhere"):
        policy = Visitor(app).get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_no_page_holds_inline_code_or_styles(app: Any) -> None:
    visitor = Visitor(app).log_in("chair")
    for path in (
        "/",
        "/assess",
        "/rules",
        "/examples/r14-mushroom-weinan",
        "/decisions/1",
        "/overview",
    ):
        text = visitor.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path


def test_user_text_is_never_markup(app: Any) -> None:
    visitor = Visitor(app)
    for path in ("/assess/confirm", "/assess/result", "/assess/opinion", "/assess/edit"):
        answer = visitor.post(path, DRAFT)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
    assert (
        "<b>" not in visitor.get("/rules", params={"q": "<b>x</b>"}).text.split("</form>")[1][:400]
    )
    assert "alert(1)</script>" not in visitor.get("/examples/<script>alert(1)</script>").text


def test_logging_out_leaves_nothing_in_the_browser(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    out = visitor.post("/logout", {}, follow_redirects=False)
    assert out.headers["clear-site-data"] == '"cache", "storage"'


def test_a_form_without_token_or_from_elsewhere_is_refused(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    assert visitor.client.post("/assess/submit", data=DRAFT).status_code == 403
    assert visitor.client.post("/logout", data={"csrf": "0" * 64}).status_code == 403
    token = re.findall(r'name="csrf" value="([0-9a-f]+)"', visitor.get("/rules").text)[0]
    late = Visitor(app).client.post("/assess/submit", data={"csrf": token, **DRAFT})
    assert late.status_code == 401
    assert "登录已过期，这次没有提交" in late.text
    answer = visitor.post("/assess/result", DRAFT, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    answer = Visitor(app).post("/assess/result", DRAFT, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        (None, "/projects", 401),
        (None, "/decisions/1", 401),
        (None, "/projects.csv", 401),
        ("clerk", "/projects", 200),
        ("clerk", "/decisions/1", 200),
        ("clerk", "/overview", 403),
        ("clerk", "/supervision", 403),
        ("ecology", "/decisions/1", 200),
        ("ecology", "/decisions/1/opinion", 403),
        ("ecology", "/decisions/1/why/negative.low_tax", 403),
        ("ecology", "/tasks", 200),
        ("ecology", "/overview", 403),
        ("auditor", "/overview", 200),
        ("auditor", "/decisions/1/replay", 200),
        ("chair", "/supervision", 200),
        ("chair", "/decisions/999", 404),
        ("chair", "/tasks/999", 404),
        ("chair", "/drafts/1", 404),
    ],
)
def test_roles(app: Any, name: str | None, path: str, status: int) -> None:
    visitor = Visitor(app)
    if name:
        visitor.log_in(name)
    answer = visitor.get(path)
    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"].startswith("text/html")
        assert '<html lang="zh-CN"' in answer.text


def test_programs_get_json_and_people_get_pages(app: Any) -> None:
    visitor = Visitor(app)
    assert visitor.get("/api/v1/rules/none").headers["content-type"] == "application/problem+json"
    assert "没有找到" in visitor.get("/rules/none").text
    assert visitor.get("/rules?nonsense=1").status_code == 422
    assert "没有“nonsense”这个查询参数" in visitor.get("/rules?nonsense=1").text


def test_too_large_an_upload_is_told_in_words(app: Any) -> None:
    big = {"file": ("a.xlsx", b"0" * 2_100_000)}
    client = Visitor(app).client
    answer = client.post("/assess/upload", files=big, headers={"accept": "text/html"})
    assert answer.status_code == 413
    assert "请求体超过上限" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_spreadsheet_never_runs_what_a_list_holds(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    visitor.post("/assess/submit", {**DRAFT, "project_id": "=1+1", "project_name": "@SUM(A1)"})
    rows = list(csv.reader(io.StringIO(visitor.get("/projects.csv").text.lstrip("\ufeff"))))
    assert rows[0][0] == "受理编号"
    assert any("'@SUM(A1)" in row and "'=1+1" in row for row in rows)


def test_the_trial_can_be_closed_to_strangers(tmp_path: Path) -> None:
    made = create_app(settings(database_url=sqlite_url(tmp_path), open_evaluation=False))
    with TestClient(made):
        assert Visitor(made).post("/assess/result", DRAFT).status_code == 401


def test_what_is_judged_is_what_the_api_judges(app: Any) -> None:
    visitor = Visitor(app)
    data = example("r13")
    said = visitor.client.post("/api/v1/evaluations", json=data).json()
    page = visitor.get("/examples/r13-dachunshu-cement-yimen").text
    verdict, _, reason = said["sentence"].partition("：")
    assert f"红灯·{verdict}" in page
    assert reason in page
    for finding in said["findings"]:
        assert f"/why/{finding['rule']}" in page


def test_lists_as_files(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    rules = list(csv.reader(io.StringIO(visitor.get("/rules.csv").text.lstrip("\ufeff"))))
    assert len(rules) == len(visitor.get("/api/v1/rules").json()) + 1
    found = list(
        csv.reader(io.StringIO(visitor.get("/decisions/1/findings.csv").text.lstrip("\ufeff")))
    )
    tax = next(row for row in found if row[0] == "negative.low_tax")
    assert tax[3:8] == ["会审项", "不符合", "10", "3.85", "万元/亩/年"]
