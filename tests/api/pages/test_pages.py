"""Pages over HTTP: headers, forged forms, escaping, roles, refusals, lists for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from docx import Document
from fastapi.testclient import TestClient

from api.app import create_app
from api.pages.assess.verdict_view import view_of
from api.pages.frame.words import citation, digits
from api.pages.rulebook.proposing import named
from scripts.seeding import PASSWORD
from tests.api.support import example, settings

DRAFT = {
    "project_id": "T1",
    "project_name": "<script>alert(1)</script>",
    "submitted_on": "2026-11-24",
}


def saved_as(answer: Any) -> tuple[str, str]:
    """The file's name for browsers, and the one for what knows only ASCII."""
    said = answer.headers["content-disposition"]
    found = re.fullmatch(
        r"attachment; filename=\"([\w.-]+)\"; filename\*=UTF-8''([\w.%-]+)", said, re.A
    )
    assert found is not None, said
    return unquote(found[2], errors="strict"), found[1]


class Visitor:
    """A browser without scripts: keeps cookies, sends the token that the page gave out."""

    def __init__(self, app: Any) -> None:
        self.client = TestClient(app, raise_server_exceptions=False)

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, str], **more: Any) -> Any:
        found = re.search(r'name="csrf" value="([0-9a-f]*)"', self.get("/rules").text)
        assert found is not None
        return self.client.post(path, data={"csrf": found[1], **data}, **more)

    def log_in(self, name: str) -> Visitor:
        answer = self.post("/login", {"name": name, "password": PASSWORD, "next": "/"})
        assert answer.status_code == 200, answer.text
        return self


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


def test_a_department_sees_only_its_part(app: Any) -> None:
    text = Visitor(app).log_in("ecology").get("/decisions/1").text
    assert "亩均税收否决线" not in text.split('<h2 id="reasons">')[1]
    assert "您看到的是本部门负责的事项" in text


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


def test_a_page_sent_twice_is_received_once(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    form = {**DRAFT, "project_id": "ONCE", "once": "the-same-key"}
    first = visitor.post("/assess/submit", form, follow_redirects=False)
    again = visitor.post("/assess/submit", form, follow_redirects=False)
    assert first.status_code == again.status_code == 303
    assert first.headers["location"] == again.headers["location"]


def test_a_draft_is_kept_as_typed_and_conflicts_are_seen(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    form = {
        "project_name": "草稿",
        "land_area": "约六十亩",
        "emissions.COD": "3.50",
        "product_energy.0.key": "水泥",
    }
    page = visitor.post("/drafts/save", form)
    assert page.status_code == 200
    assert 'value="约六十亩"' in page.text
    assert 'name="emissions.COD" value="3.50"' in page.text
    assert 'name="product_energy.0.key" value="水泥"' in page.text
    draft, revision = (
        re.search(rf'name="{n}" value="(\d+)"', page.text) for n in ("draft", "revision")
    )
    assert draft is not None
    assert revision is not None
    stale = {**form, "draft": draft[1], "revision": "0"}
    assert visitor.post("/drafts/save", stale).status_code == 409
    auto = visitor.post("/drafts/auto", {**form, "draft": draft[1], "revision": revision[1]})
    assert "草稿已自动保存" in auto.text
    assert "没有自动保存" in visitor.post("/drafts/auto", stale).text
    asked = visitor.get(f"/drafts/{draft[1]}/discard")
    assert "丢弃这份草稿？" in asked.text
    assert "草稿，新项目" in asked.text
    assert visitor.get(f"/drafts/{draft[1]}").status_code == 200  # Asking throws nothing away.
    assert Visitor(app).get(f"/drafts/{draft[1]}/discard").status_code == 401
    assert Visitor(app).log_in("chair").get(f"/drafts/{draft[1]}/discard").status_code == 403
    assert visitor.post(f"/drafts/{draft[1]}/discard", {}).status_code == 200
    assert visitor.get(f"/drafts/{draft[1]}").status_code == 404


def test_a_spreadsheet_never_runs_what_a_list_holds(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    visitor.post("/assess/submit", {**DRAFT, "project_id": "=1+1", "project_name": "@SUM(A1)"})
    rows = list(csv.reader(io.StringIO(visitor.get("/projects.csv").text.lstrip("\ufeff"))))
    assert rows[0][0] == "受理编号"
    assert any("'@SUM(A1)" in row and "'=1+1" in row for row in rows)


def test_the_opinion_as_a_word_file(app: Any) -> None:
    answer = Visitor(app).log_in("clerk").get("/decisions/1/opinion.docx")
    number = re.search(r"ZR\d{4}-\d{6}", Visitor(app).log_in("clerk").get("/decisions/1").text)
    assert number is not None
    assert saved_as(answer) == (f"准入意见书-{number[0]}.docx", f"opinion-{number[0]}.docx")
    document = Document(io.BytesIO(answer.content))
    text = "\n".join(p.text for p in document.paragraphs)
    for words in (
        "项目准入预审意见书",
        "不予准入：触及 2 项否决项（亩均产值否决线、亩均税收否决线）",
        "行政复议",
        "行政诉讼",
        "规则集标识",
    ):
        assert words in text
    assert "{{" not in text + "".join(
        c.text for t in document.tables for r in t.rows for c in r.cells
    )
    assert document.tables[0].rows[1].cells[1].text.startswith("亩均税收否决线（否决项）")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    xml = packed.read("word/document.xml").decode()
    assert "w:tblHeader" in xml
    assert "PAGE" in packed.read("word/footer1.xml").decode()


def test_the_trial_can_be_closed_to_strangers(tmp_path: Path) -> None:
    made = create_app(settings(database_url=f"sqlite:///{tmp_path / 'db'}", open_evaluation=False))
    with TestClient(made):
        assert Visitor(made).post("/assess/result", DRAFT).status_code == 401


def test_what_is_judged_is_what_the_api_judges(app: Any) -> None:
    visitor = Visitor(app)
    data = example("r14")
    said = visitor.client.post("/api/v1/evaluations", json=data).json()
    page = visitor.get("/examples/r14-mushroom-weinan").text
    verdict, _, reason = said["sentence"].partition("：")
    assert f"红灯·{verdict}" in page
    assert reason in page
    for finding in said["findings"]:
        assert f"/why/{finding['rule']}" in page


def test_a_key_is_made_shown_once_used_and_revoked(app: Any) -> None:
    assert Visitor(app).get("/account").status_code == 401
    visitor = Visitor(app).log_in("clerk")
    refused = visitor.post("/account/keys", {"title": " ", "days": "90"})
    assert refused.status_code == 422
    assert "请写明密钥的用途" in refused.text
    made = visitor.post("/account/keys", {"title": "命令行<b>", "days": "90", "read_only": "1"})
    assert made.status_code == 201
    (key,) = set(re.findall(r"<code>(adk_[0-9a-f]{12}_[\w-]+)</code>", made.text))
    shown = visitor.get("/account").text
    assert key not in shown
    assert "命令行&lt;b&gt;" in shown
    assert "只能查看" in shown
    client = TestClient(app)
    header = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/projects", headers=header).status_code == 200
    assert client.post("/api/v1/projects", headers=header, json=DRAFT).status_code == 403
    (number,) = re.findall(r"/account/keys/(\d+)/revocation", shown)
    assert Visitor(app).log_in("ecology").post(
        f"/account/keys/{number}/revocation", {}
    ).status_code in (403, 404)
    assert "撤销</td>" in visitor.post(f"/account/keys/{number}/revocation", {}).text
    assert client.get("/api/v1/projects", headers=header).status_code == 401


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("差 12000.5 万元/年", "差 12,000.5 万元/年"),
        ("-20000", "-20,000"),
        ("999", "999"),
        ("自 2023-01-01 起：20 → 1800", "自 2023-01-01 起：20 → 1,800"),
        ("环发〔2014〕197号", "环发〔2014〕197号"),
        ("GB/T 4754-2017", "GB/T 4754-2017"),
        ("2022 年起，2023年1月1日", "2022 年起，2023年1月1日"),
    ],
)
def test_thousands_are_marked_and_years_are_not(text: str, shown: str) -> None:
    assert digits(text) == shown


def test_a_new_version_shows_what_was_changed_from_what_to_what(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    first = {**example("d01"), "project_id": "V1"}
    header = {"origin": "http://testserver"}
    client = visitor.client
    number = client.post("/api/v1/projects", json=first, headers=header).json()["number"]
    second = {**first, "employees": 800, "equipment_level": "domestic_leading", "debt_ratio": None}
    again = client.post(f"/api/v1/projects/{number}/versions", json=second, headers=header)
    assert again.status_code == 201, again.text
    page = visitor.get(f"/projects/{number}").text
    table = page.split("与上一版相比")[1].split("</table>")[0]
    told = re.findall(r"<td>([^<]*)</td><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td>", table)
    assert ("就业人数", "320 人", "800 人") in told
    assert ("装备水平", "国际先进", "国内领先") in told
    assert ("资产负债率", "38%", "未填") in told


def test_what_is_asked_for_is_listed(app: Any) -> None:
    """Also where a rule is breached because it was not filled in; never for advice alone."""
    judge = app.state.judges.current()
    data = {k: v for k, v in example("d01").items() if k not in ("chain_name", "land_class")}
    found = view_of(judge.judge(judge.read(data)).data, judge.ruleset)
    assert [f.label for lack in found.lacks for f in lack.fields] == ["所属重点产业链"]
    assert found.missing_fields == 1


def test_a_basis_names_the_days_it_counts(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    said = "《福州市工业企业入园准入指导意见》二（二）2，2023年1月1日起有效"
    for path in ("/decisions/1", "/decisions/1/opinion", "/decisions/1/findings.csv"):
        assert said in visitor.get(path).text


@pytest.mark.parametrize(
    ("start", "until", "said"),
    [
        (None, None, "《甲》"),
        ("2024-01-01", None, "《甲》，2024年1月1日起有效"),
        ("2024-01-01", "2025-12-31", "《甲》，2024年1月1日至2025年12月31日有效"),
        (None, "2025-12-31", "《甲》，至2025年12月31日有效"),
    ],
)
def test_the_words_of_a_basis(start: str | None, until: str | None, said: str) -> None:
    assert citation({"text": "《甲》", "from": start, "until": until}) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("rule:positive.land_tax", "规则“亩均税收”（positive.land_tax）"),
        ("criterion:land_tax_floor", "标准“土地税收下限”（land_tax_floor）"),
        ("metric:land_tax", "指标“亩均税收”（land_tax）"),
        ("rule:no.longer", "规则“no.longer”"),
        ("file:criteria.yaml", "文件“criteria.yaml”"),
    ],
)
def test_what_a_proposal_touches_is_named(app: Any, word: str, said: str) -> None:
    assert named(word, app.state.judges.current().ruleset) == said


def test_lists_as_files(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    rules = list(csv.reader(io.StringIO(visitor.get("/rules.csv").text.lstrip("\ufeff"))))
    assert len(rules) == len(visitor.get("/api/v1/rules").json()) + 1
    found = list(
        csv.reader(io.StringIO(visitor.get("/decisions/1/findings.csv").text.lstrip("\ufeff")))
    )
    tax = next(row for row in found if row[0] == "negative.low_tax")
    assert tax[3:8] == ["否决项", "不符合", "10", "3.85", "万元/亩/年"]


def test_accepted_warnings_are_folded_away_with_their_reasons(app: Any) -> None:
    text = (Path(__file__).parents[3] / "criteria.yaml").read_text("utf-8")
    given = {"layer": "base", "file": "criteria.yaml", "text": text}
    keeper = Visitor(app).log_in("maintainer")
    page = keeper.post("/rules/try/edit", given).text
    found = re.search(r"<summary>已接受的提醒 (\d+) 处</summary>", page)
    assert found is not None
    assert page.count("<small>理由：") == int(found[1]) > 0
    assert 'role="alert"' not in page
    # Taken out of the list, the same warnings are new ones.
    start, end = text.index("accepted:\n"), text.index("\nsources:\n")
    page = keeper.post("/rules/try/edit", {**given, "text": text[:start] + text[end:]}).text
    assert f"可以读，但有 {found[1]} 处提醒" in page
    assert "已接受的提醒" not in page
