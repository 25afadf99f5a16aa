"""The agreement's page and Word file: from admission to signature, actuals and an approved amendment."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docx import Document
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.database.review_tables import Commitment
from api.store import accounts
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD, people, submit_examples
from tests.api.pages.visitor import Visitor, inputs_of, saved_as
from tests.api.support import settings, sqlite_url


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """A service with one project that can be admitted, and two of the committee."""
    made = create_app(settings(database_url=sqlite_url(tmp_path_factory.mktemp("office"))))
    with TestClient(made):
        store = made.state.store
        actors = people(store)
        (number,) = submit_examples(store, actors["clerk"], ("d01-complete-good",))
        with store.work(SYSTEM) as work:
            accounts.create_account(work, "vice", "钱副主任", ["committee"], PASSWORD)
        yield made, number


def said(document: bytes) -> str:
    """All that a Word file says, tables included."""
    opened = Document(io.BytesIO(document))
    cells = [c.text for t in opened.tables for r in t.rows for c in r.cells]
    return "\n".join([*(p.text for p in opened.paragraphs), *cells])


def test_from_admission_to_an_approved_amendment(office: tuple[Any, str]) -> None:
    app, number = office
    chair, vice = Visitor(app).log_in("chair"), Visitor(app).log_in("vice")
    path = f"/projects/{number}/agreement"
    early = html.unescape(chair.get(path).text)
    assert "同意准入或附条件准入以后才能签协议" in early
    assert "登记签订" not in early
    assert chair.get(f"{path}.docx").status_code == 409
    form = {"outcome": "conditional", "reason": "同意", "conditions.0.text": "取得环评批复"}
    form |= {"conditions.0.due_on": "2199-06-30", "conditions.0.department": "ecology"}
    concluded = chair.post("/decisions/1/conclude", form)
    assert "已记录委员会结论" in concluded.text

    draft = chair.get(f"{path}.docx")
    assert saved_as(draft)[0] == f"标准地协议-{number}.docx"
    text = said(draft.content)
    assert "{" not in text
    assert "取得环评批复" in text
    assert "五、准入条件" in text
    assert "六、没有达到的处理" in text
    assert "固定资产投资强度" in text
    assert "不低于 600 万元/亩" in text
    assert "不低于 270 万元/亩" in text
    assert "《福州市工业企业入园准入指导意见》" in text

    typed = inputs_of(chair.get(path).text)
    wrong = chair.client.post(path, data={**typed, "paper": "甲-1", "signed_on": "2199-01-01"})
    assert wrong.status_code == 422
    assert 'value="甲-1"' in html.unescape(wrong.text)
    assert 'href="#sign-signed_on"' in wrong.text
    data = {**typed, "paper": "甲-1", "due.tax": "2199-01-01", "due.started": "2198-01-01"}
    done = html.unescape(chair.client.post(path, data=data).text)
    assert "已签订协议，承诺已登记" in done
    assert "甲-1" in said(chair.get(f"{path}.docx").content)
    assert chair.client.post(path, data=data).status_code in (409, 412)

    clerk = Visitor(app).log_in("clerk")
    with app.state.store.db.read() as session:
        ids = dict(session.execute(select(Commitment.kind, Commitment.id)).all())
    reported = {"value": "100", "on_date": "2026-11-01", "note": ""}
    told = clerk.post(f"/projects/{number}/promises/{ids['tax']}/report", reported)
    assert told.status_code == 200
    checked = html.unescape(chair.get(path).text)
    assert "实绩按同一套规则核对" in checked
    assert "承诺时：符合" in checked

    amend = f"/projects/{number}/promises/{ids['tax']}/amend"
    refused = chair.post(amend, {"due_on": "2199-06-01", "promised": "4000", "reason": ""})
    assert (refused.status_code, "请写明为什么变更" in refused.text) == (422, True)
    asked = chair.post(amend, {"due_on": "2199-06-01", "promised": "4000", "reason": "市场变化"})
    assert "等委员会另一人批准" in html.unescape(asked.text)
    assert "/decide" not in asked.text
    mine = html.unescape(vice.get(path).text)
    found = re.search(r'action="([^"]+/amendments/\d+/decide)"', mine)
    assert found is not None
    empty = vice.post(found[1], {"approved": "0", "note": ""})
    assert (empty.status_code, "不批准的请写明理由" in empty.text) == (422, True)
    done = html.unescape(vice.post(found[1], {"approved": "1", "note": ""}).text)
    assert "已批准变更" in done
    assert "4,000 万元/年" in done


def test_who_may_look_and_sign(office: tuple[Any, str]) -> None:
    app, number = office
    path = f"/projects/{number}/agreement"
    assert Visitor(app).get(path).status_code == 401
    for name, status in (("clerk", 200), ("auditor", 200), ("ecology", 403)):
        assert Visitor(app).log_in(name).get(path).status_code == status, name
    assert Visitor(app).log_in("clerk").post(path, {"paper": "x"}).status_code == 403
