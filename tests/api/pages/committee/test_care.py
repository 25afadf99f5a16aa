"""A project's page opens with what it is; its facts, obstacles and supervisions on it, and on the lists."""

from __future__ import annotations

import html
import re
from typing import Any

from sqlalchemy import select, text

from api.database.tables import Project
from evaluator.values.project_codes import EXAMPLE
from tests.api.pages.visitor import DRAFT, Visitor, inputs_of


def page(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, (path, answer.text[-400:])
    return html.unescape(answer.text)


def number_of(app: Any, decision: int = 1) -> str:
    with app.state.store.db.read() as session:
        found = session.scalar(select(Project.number).where(Project.decision_id == decision))
    assert isinstance(found, str)
    return found


def test_a_project_opens_with_what_it_is(app: Any) -> None:
    visitor = Visitor(app).log_in("chair")
    text_ = page(visitor, "/decisions/1")
    heads = dict(re.findall(r"<div><dt>([^<]*)</dt><dd>([^<]*)</dd></div>", text_))
    assert list(heads)[:7] == ["投资方", "地点", "总投资", "用地", "年产值", "年税收", "行业"]
    assert text_.index("项目一览") < text_.index('class="verdict')
    assert heads["总投资"].endswith("万元") or heads["总投资"] == "没有填"


def test_facts_are_changed_on_a_page_of_their_own(app: Any) -> None:
    number, chair = number_of(app), Visitor(app).log_in("chair")
    path = f"/projects/{number}/facts"
    form = inputs_of(chair.get(path).text)
    wrong = chair.client.post(path, data={**form, "national_code": "2213-1", "place": "甲路 1 号"})
    assert wrong.status_code == 422
    assert 'value="甲路 1 号"' in html.unescape(wrong.text)
    data = {**form, "national_code": EXAMPLE, "place": "甲路 1 号", "leader": "李副市长"}
    done = chair.client.post(path, data=data)
    assert done.status_code == 200
    assert "已改项目概况" in done.text
    assert "甲路 1 号" in done.text
    assert "李副市长" in page(chair, "/decisions/1")
    clerk = Visitor(app).log_in("clerk")
    assert "包联领导" not in page(clerk, path)
    # Another project may not have the code; what was typed stays.
    dossier = {**DRAFT, "project_id": "T9", "about.national_code": EXAMPLE, "about.contact": "王工"}
    again = clerk.post("/assess/submit", dossier)
    assert again.status_code == 409
    assert number in again.text
    assert 'value="王工"' in html.unescape(again.text)
    dossier["about.national_code"] = ""
    made = html.unescape(clerk.post("/assess/submit", dossier).text)
    assert "已受理" in made
    assert "王工" in made


def test_what_is_filled_in_beside_the_dossier_is_carried_and_kept_in_a_draft(app: Any) -> None:
    clerk = Visitor(app).log_in("clerk")
    typed = {**DRAFT, "about.place": "乙路", "about.national_code": "12"}
    wrong = html.unescape(clerk.post("/assess/confirm", typed).text)
    assert "统一项目代码是 5 段数字" in wrong
    assert 'value="乙路"' in wrong
    typed["about.national_code"] = ""
    checked = clerk.post("/assess/confirm", typed).text
    assert inputs_of(checked)["about.place"] == "乙路"
    draft = html.unescape(clerk.post("/drafts/save", typed).text)
    assert 'value="乙路"' in draft


def test_an_obstacle_from_the_page_to_the_department_and_back(app: Any) -> None:
    number, clerk = number_of(app), Visitor(app).log_in("clerk")
    path = f"/projects/{number}/obstacles"
    given = {"kind": "eia", "text": "等环评批复", "department": "ecology", "due_on": "2199-01-01"}
    wrong = clerk.post(path, {**given, "due_on": "明天"})
    assert wrong.status_code == 422
    assert "堵点没有提出" in wrong.text
    assert "等环评批复" in wrong.text
    assert "已提出堵点" in clerk.post(path, given).text
    ecology = Visitor(app).log_in("ecology")
    assert "等本部门解决的堵点（1 个）" in page(ecology, "/tasks")
    assert "堵点等您部门解决：1" in page(ecology, "/")
    listed = page(ecology, "/obstacles")
    found = re.search(
        r'action="/obstacles/(\d+)/solve".*?name="seen" value="([^"]+)"', listed, re.S
    )
    assert found is not None
    path = f"/obstacles/{found[1]}/solve"
    empty = ecology.post(path, {"seen": found[2], "solution": ""})
    assert (empty.status_code, "请写明怎样解决的" in empty.text) == (422, True)
    done = ecology.post(path, {"seen": found[2], "solution": "批复已出"})
    assert "已记为解决" in done.text
    assert "批复已出" in page(clerk, "/decisions/1")
    assert "没有符合条件的堵点" in page(ecology, "/obstacles")
    assert "批复已出" in visitor_file(ecology)
    assert Visitor(app).get("/obstacles").status_code == 401


def visitor_file(visitor: Visitor) -> str:
    text_ = visitor.get("/obstacles.csv?state=all").text
    assert isinstance(text_, str)
    return text_


def test_a_supervision_says_whom_and_until_when_and_is_struck_off_with_evidence(app: Any) -> None:
    with app.state.store.db.write() as session:
        session.execute(text("UPDATE tasks SET due_on = '2020-01-01' WHERE department = 'ecology'"))
        query = "SELECT id, decision_id FROM tasks WHERE department = 'ecology' AND state = 'open'"
        task, decision = session.execute(text(query)).first() or (0, 0)
    chair, ecology = Visitor(app).log_in("chair"), Visitor(app).log_in("ecology")
    order = {"note": "三日内答复", "addressee": "生态环境局局长", "answer_by": "2199-01-01"}
    path = f"/tasks/{task}/supervise"
    assert chair.post(path, {**order, "answer_by": "2020-01-01"}).status_code == 422
    assert "生态环境局局长：三日内答复" in html.unescape(chair.post(path, order).text)
    mine = page(ecology, "/tasks")
    assert "督办本部门的（1 件）" in mine
    assert "2199年1月1日前办结" in mine
    assert "督办生态环境局局长" in page(chair, f"/decisions/{decision}")
    ecology.post(f"/tasks/{task}/opinion", {"opinion": "disagree", "reason": "距离不够"})
    listed = chair.get("/supervision").text
    found = re.search(r'action="(/supervision/\d+/close)"', listed)
    assert found is not None
    closed = chair.post(found[1], {"note": "已答复", "evidence": "环函〔2026〕1 号"})
    assert "凭据：环函〔2026〕1 号" in html.unescape(closed.text)
