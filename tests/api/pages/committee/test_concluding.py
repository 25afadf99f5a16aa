"""The committee's conclusion on pages: kept when refused, first when made, and in its own letter."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from docx import Document
from sqlalchemy import text, update

from api.database.review_tables import Task
from api.pages.committee.letter import sentence
from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.support import Service

CODES = re.compile(r"\b(?:conditional|suspend|terminate|admitted|rejected|[0-9a-f]{12,})\b")


@pytest.fixture(scope="module")
def chair(service: Service) -> Visitor:
    with service.store.work(SYSTEM) as work:
        accounts.create_account(work, "chair", "李主任", ["committee"], PASSWORD)
    return Visitor(service.app).log_in("chair")


def words(page: str, start: str = "<main", end: str = "</main>") -> str:
    part = page[page.index(start) : page.index(end)]
    part = re.sub(r"<details>.*?</details>", "", part, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def conclude(chair: Visitor, decision: int, outcome: str, **more: str) -> Any:
    data = {"outcome": outcome, "reason": "经集体研究，同意。", **more}
    return chair.post(f"/decisions/{decision}/conclude", data)


def test_a_refusal_keeps_the_form(service: Service, chair: Visitor) -> None:
    decision = service.submit("d01")["decision"]
    row = {"conditions.2.text": "取得环评批复", "conditions.2.department": "ecology"}
    for more, at, said in (
        ({"concluded_on": "2199-01-01"}, "concluded_on", "不能是将来的日期"),
        ({"concluded_on": "昨天"}, "concluded_on", "不是日期"),
        ({"reason": ""}, "reason", "须写明理由"),
        ({"undecided": "三"}, "undecided", "只输入数字"),
        (row, "conditions.2.due_on", "第 3 个条件没有写期限"),
        ({**row, "conditions.2.due_on": "x"}, "conditions.2.due_on", "不是日期"),
        ({}, "conditions.0.text", "至少写明一个条件"),
    ):
        answer = conclude(chair, decision, "conditional", document_number="纪要 7 号", **more)
        assert answer.status_code == 422, more
        assert f'<a href="#{at}">' in answer.text
        assert said in answer.text
        assert 'value="纪要 7 号"' in answer.text
        assert "您填的内容都在下面的表里" in answer.text
    assert conclude(chair, decision, "").status_code == 422
    stale = conclude(chair, decision, "admit", seen=f"1-{'0' * 64}", reason="写了很久的理由")
    assert stale.status_code == 409
    assert "写了很久的理由" in stale.text


def test_the_conclusion_stands_first_and_has_a_letter(service: Service, chair: Visitor) -> None:
    receipt = service.submit("d01")
    decision = receipt["decision"]
    assert chair.get(f"/decisions/{decision}/letter").status_code == 404
    row = {
        "conditions.1.text": "取得环评批复。",
        "conditions.1.due_on": "2030-06-30",
        "conditions.1.department": "ecology",
    }
    done = conclude(chair, decision, "conditional", **row)
    assert done.status_code == 200
    said = words(done.text)
    assert "已记录委员会结论：附条件准入" in said
    assert said.index("委员会结论：附条件准入 ") < said.index("系统预审结论")
    assert "补正后重新提交" not in said
    assert not CODES.search(said), CODES.search(said)
    listed = chair.get("/projects", params={"q": receipt["number"]}).text
    assert "委员会附条件准入" in listed
    letter = words(chair.get(f"/decisions/{decision}/letter").text, "<article", "</article>")
    for part in ("项目附条件准入决定书", "取得环评批复", "2030年6月30日", "生态环境部门"):
        assert part in letter
    assert "。。" not in letter.replace(" ", "")
    assert "行政复议" in letter
    file = chair.get(f"/decisions/{decision}/letter.docx")
    paper = Document(io.BytesIO(file.content))
    flat = "\n".join(
        [p.text for p in paper.paragraphs]
        + [c.text for t in paper.tables for r in t.rows for c in r.cells]
    )
    assert "项目附条件准入决定书" in flat
    assert "取得环评批复" in flat
    assert "{" not in flat
    revised = conclude(chair, decision, "admit", revision_reason="条件已落实")
    assert words(revised.text).count("委员会结论：同意准入") >= 1
    assert "以前的结论（1 次" in revised.text
    again = words(chair.get(f"/decisions/{decision}/letter").text, "<article", "</article>")
    assert "作出的“附条件准入”，变更理由：条件已落实。" in again


def test_what_is_open_and_who_was_silent_is_in_the_letter(service: Service, chair: Visitor) -> None:
    decision = service.submit("r01")["decision"]
    page = chair.get(f"/decisions/{decision}").text
    assert "现在只能暂缓或者终止" in page
    assert 'id="o-admit"' not in page
    with service.store.db.write() as session:
        session.execute(
            update(Task).where(Task.decision_id == decision).values(due_on=dt.date(2026, 1, 5))
        )
    unknown = service.undecided(decision)
    page = chair.get(f"/decisions/{decision}").text
    assert f"还有 {unknown} 项没有判定" in page
    bare = conclude(chair, decision, "admit", silence_reason="三次催办未复")
    assert bare.status_code == 422
    assert '<a href="#undecided">' in bare.text
    typed = {"undecided": str(unknown), "silence_reason": "三次催办未复"}
    assert conclude(chair, decision, "admit", **typed).status_code == 200
    letter = words(chair.get(f"/decisions/{decision}/letter").text, "<article", "</article>")
    assert f"还有 {unknown} 项没有判定" in letter
    assert f"等 {unknown} 项" in letter
    assert "逾期没有答复，不再等候，理由：三次催办未复。" in letter


def test_every_figure_of_the_overview_is_that_of_sql(service: Service, chair: Visitor) -> None:
    """Conclusions and verdicts, and the list behind each number has as many lines."""
    for outcome, more in (("suspend", {}), ("terminate", {}), ("admit", {})):
        conclude(chair, service.submit("d01")["decision"], outcome, **more)
    shown = chair.get("/overview").text
    with service.store.db.read() as session:
        states = dict(
            session.execute(text("SELECT state, count(*) FROM projects GROUP BY state")).all()
        )
        verdicts = dict(
            session.execute(text("SELECT verdict, count(*) FROM projects GROUP BY verdict")).all()
        )
        months = session.execute(
            text("SELECT count(DISTINCT substr(CAST(submitted_on AS TEXT), 1, 7)) FROM projects")
        ).scalar_one()
    concluded = ("admitted", "conditional", "suspended", "rejected", "terminated")
    expected = {f"state={s}": states.get(s, 0) for s in concluded}
    expected["state=open"] = sum(n for s, n in states.items() if s not in concluded)
    expected |= {f"last=1&amp;verdict={v}": n for v, n in verdicts.items()}
    head = shown[: shown.index("截至")]
    for query, number in expected.items():
        found = re.search(rf'href="/projects\?{re.escape(query)}">([\d,]+)<', head)
        assert found is not None, query
        assert int(found[1].replace(",", "")) == number, query
    # Each number of the tables is that of the list which it opens.
    links = re.findall(r'<td class="n"><a href="/projects\?([^"]+)">([\d,]+)</a>', shown)
    assert len(links) > 10
    assert len(re.findall(r"<tr><th>\d+年\d+月", shown)) == months
    for query, number in sorted({*links})[:40]:
        lines = chair.get(f"/projects.csv?{query.replace('&amp;', '&')}").text.strip().splitlines()
        assert len(lines) - 1 == int(number.replace(",", "")), query


@pytest.mark.parametrize("typed", ["同意", "同意。", "同意。 ", "同意；", "同意．"])
def test_a_sentence_ends_once(typed: str) -> None:
    assert sentence(typed) == "同意。"
    assert sentence("  ") == ""
