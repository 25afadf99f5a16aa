"""Where a value came from, from the document through submission to why, opinion and audit log."""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docx import Document

from tests.api.conftest import new_database
from tests.api.pages.visitor import Visitor, inputs_of
from tests.api.support import Service

BRIEF = """项目编号：LQ-2025-007
项目名称：精密轴承制造项目
建设单位：苏北锐恒轴承科技有限公司
国民经济行业代码：C3451
用地方式：新增工业用地
总投资3.2亿元，固定资产投资2.5亿元，用地60亩。
化学需氧量排放量1.2吨/年。
产业结构调整指导目录：属于淘汰类。
"""
FILE = ("可研简本.txt", BRIEF.encode(), "text/plain")
DIGEST = hashlib.sha256(BRIEF.encode()).hexdigest()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with (
        new_database(request, tmp_path_factory.mktemp("origins")) as url,
        Service(url) as made,
    ):
        yield made


def _visitor(office: Service, name: str) -> Visitor:
    made = Visitor(office.app)
    login = {"name": name, "password": f"password of {name}", "next": "/"}
    assert made.post("/login", login).status_code == 200
    return made


def _read(clerk: Visitor, keep: bool) -> dict[str, str]:
    data = {"keep": "1"} if keep else {}
    found = clerk.post("/assess/read", data, files={"file": FILE})
    assert found.status_code == 200, found.text
    return inputs_of(found.text)


def _submitted(clerk: Visitor, form: dict[str, str]) -> int:
    checked = clerk.post("/assess/confirm", form)
    assert checked.status_code == 200
    answer = clerk.post("/assess/submit", inputs_of(checked.text), follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return int(re.findall(r"/decisions/(\d+)", answer.headers["location"])[0])


def _origin(office: Service, decision: int, name: str) -> dict[str, Any] | None:
    told = office.call("committee", "GET", f"/decisions/{decision}").json()["acceptance"]
    return next((e for e in told.get("origins", ()) if name in e["names"]), None)


@pytest.fixture(scope="module")
def first(office: Service) -> int:
    """A project out of a document; its land area changed by hand before it was submitted."""
    clerk = _visitor(office, "submitter")
    form = inputs_of(clerk.post("/assess/read/take", _read(clerk, keep=True)).text)
    form["land_area"] = "61"
    saved = clerk.post("/drafts/save", form)
    return _submitted(clerk, inputs_of(saved.text))


def test_what_was_read_keeps_its_sentence_and_what_was_changed_does_not(
    office: Service, first: int
) -> None:
    read = _origin(office, first, "total_investment")
    assert read is not None
    assert (read["document"], read["sha256"], read["kind"]) == (FILE[0], DIGEST, "exact")
    assert read["place"] == "第 6 行"
    assert "总投资3.2亿元" in read["quote"]
    assert _origin(office, first, "emissions.COD") is not None
    assert _origin(office, first, "land_area") is None
    page = html.unescape(_visitor(office, "committee").get(f"/decisions/{first}").text)
    assert "《可研简本.txt》第 6 行：“总投资3.2亿元”" in page
    assert re.search(r"用地面积</td><td[^>]*>61 亩</td>.*?submitter填写", page)


def test_why_opinion_and_log_tell_it(office: Service, first: int) -> None:
    committee = _visitor(office, "committee")
    result = office.call("committee", "GET", f"/decisions/{first}").json()["result"]
    rule = next(f["rule"] for f in result["findings"] if "淘汰" in f["message"])
    why = html.unescape(committee.get(f"/decisions/{first}/why/{rule}").text)
    assert "《可研简本.txt》第 8 行：“产业结构调整指导目录：属于淘汰类" in why
    said = html.unescape(committee.get(f"/decisions/{first}/opinion").text)
    file = committee.get(f"/decisions/{first}/opinion.docx")
    letter = "\n".join(p.text for p in Document(io.BytesIO(file.content)).paragraphs)
    for text in (said, letter):
        assert "申报数据的来源" in text
        assert "《可研简本.txt》第 6 行" in text
        assert re.search("submitter填写：[^。]*用地面积", text)
    entries = office.call("auditor", "GET", "/audit/entries").json()["items"]
    logged = [e for e in entries if e["action"] == "project.submit"]
    assert any(DIGEST in str(e["after"]) for e in logged)
    shown = html.unescape(_visitor(office, "auditor").get("/audit").text)
    assert "数据来源" in shown


def test_the_document_is_kept_with_the_project(office: Service, first: int) -> None:
    number = office.call("committee", "GET", f"/decisions/{first}").json()["number"]
    listed = office.call("committee", "GET", f"/projects/{number}/documents").json()
    assert [(d["name"], d["digest"], d["size"]) for d in listed] == [
        (FILE[0], DIGEST, len(FILE[1]))
    ]
    path = f"/documents/{listed[0]['id']}"
    assert office.call("committee", "GET", path).content == FILE[1]
    assert office.call("submitter:other", "GET", path).status_code == 403
    assert office.call("committee", "GET", "/documents/999").status_code == 404
    page = _visitor(office, "committee").get(f"/decisions/{first}").text
    assert f"/api/v1/documents/{listed[0]['id']}" in page


def test_a_document_that_nobody_ticked_is_not_kept(office: Service) -> None:
    clerk = _visitor(office, "submitter-other")
    form = inputs_of(clerk.post("/assess/read/take", _read(clerk, keep=False)).text)
    number = office.call("committee", "GET", f"/decisions/{_submitted(clerk, form)}").json()[
        "number"
    ]
    assert office.call("committee", "GET", f"/projects/{number}/documents").json() == []


def test_a_value_changed_later_has_its_new_person(office: Service, first: int) -> None:
    number = office.call("committee", "GET", f"/decisions/{first}").json()["number"]
    other = _visitor(office, "committee")
    form = inputs_of(other.get(f"/projects/{number}/edit").text)
    form["total_investment"] = "33000"
    second = _submitted(other, form)
    assert _origin(office, second, "total_investment") is None
    kept = _origin(office, second, "fixed_asset_investment")
    assert kept is not None
    assert (kept["document"], kept["person"]) == (FILE[0], "submitter")
    typed = _origin(office, second, "land_area")
    assert typed is not None
    assert "document" not in typed
    assert typed["person"] == "submitter"
    page = html.unescape(other.get(f"/decisions/{second}").text)
    assert re.search(r"33[, ]?000 万元</td>.*?committee填写", page)


def test_a_department_sees_the_origins_of_its_own_part(office: Service, first: int) -> None:
    role = "department:natural_resources"
    seen = office.call(role, "GET", f"/decisions/{first}")
    assert seen.status_code == 200, seen.text
    told = seen.json()
    names = {n.partition(".")[0] for e in told["acceptance"].get("origins", ()) for n in e["names"]}
    assert names <= told["dossier"].keys()
