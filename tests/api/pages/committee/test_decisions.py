"""Submitting, drafts, and what is seen of a stored decision."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

from docx import Document

from tests.api.pages.visitor import DRAFT, Visitor, saved_as
from tests.api.support import example, now


def test_a_department_sees_only_its_part(app: Any) -> None:
    text = Visitor(app).log_in("ecology").get("/decisions/1").text
    assert "亩均税收重点会审线" not in text.split('<h2 id="reasons">')[1]
    assert "您看到的是本部门负责的事项" in text


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


def test_the_opinion_as_a_word_file(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    header = {"origin": "http://testserver"}
    given = {**example("r13"), "project_id": "OPINION"}
    receipt = visitor.client.post("/api/v1/projects", json=given, headers=header).json()
    number = receipt["number"]
    answer = visitor.get(f"/decisions/{receipt['decision']}/opinion.docx")
    assert saved_as(answer) == (f"准入意见书-{number}.docx", f"opinion-{number}.docx")
    document = Document(io.BytesIO(answer.content))
    text = "\n".join(p.text for p in document.paragraphs)
    for words in (
        "项目准入预审意见书",
        "不予准入：触及 1 项否决项（产能置换比例）",
        "行政复议",
        "行政诉讼",
        "规则集标识",
    ):
        assert words in text
    assert "{{" not in text + "".join(
        c.text for t in document.tables for r in t.rows for c in r.cells
    )
    assert document.tables[0].rows[1].cells[1].text.startswith("产能置换比例（否决项）")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    xml = packed.read("word/document.xml").decode()
    assert "w:tblHeader" in xml
    assert "PAGE" in packed.read("word/footer1.xml").decode()


def test_a_new_version_shows_what_was_changed_from_what_to_what(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    first = {**example("d01"), "project_id": "V1"}
    header = {"origin": "http://testserver"}
    client = visitor.client
    number = client.post("/api/v1/projects", json=first, headers=header).json()["number"]
    seen = {"if-match": str(now(visitor.store, "POST", f"/projects/{number}/versions"))}
    second = {**first, "employees": 800, "equipment_level": "domestic_leading", "debt_ratio": None}
    again = client.post(f"/api/v1/projects/{number}/versions", json=second, headers=header | seen)
    assert again.status_code == 201, again.text
    page = visitor.get(f"/projects/{number}").text
    table = page.split("与上一版相比")[1].split("</table>")[0]
    told = re.findall(r"<td>([^<]*)</td><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td>", table)
    assert ("就业人数", "320 人", "800 人") in told
    assert ("装备水平", "国际先进", "国内领先") in told
    assert ("资产负债率", "38%", "未填") in told


def test_a_basis_names_the_days_it_counts(app: Any) -> None:
    visitor = Visitor(app).log_in("clerk")
    said = "《福州市工业企业入园准入指导意见》二（二）2，2023年1月1日起有效"
    for path in ("/decisions/1", "/decisions/1/opinion", "/decisions/1/findings.csv"):
        assert said in visitor.get(path).text
