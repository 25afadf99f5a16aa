"""The audit log reads as words: nothing on its page is a code that people do not use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from api.pages.accounts.audit_words import KEYS, record_words, subject_words
from api.store import audit
from api.store.actions import ACTIONS
from tests.api.support import Service, example, shipped

API = Path(__file__).parents[4] / "api"


@pytest.mark.parametrize(
    ("subject", "record", "said"),
    [
        ("project:ZR1", {"kind": "energy", "promised": "100"}, "事项：能耗，承诺：100"),
        (
            "project:ZR1",
            {"kind": "tax", "value": "1", "on": "2026-01-01"},
            "事项：税收，实绩：1，日期：2026-01-01",
        ),
        ("project:ZR1", {"kind": "production"}, "事项：投产"),
        (
            "decision:1",
            {"outcome": "reject", "machine": "pass", "state": "rejected"},
            "结论：不予准入，系统结论：准入，状态：委员会不予准入",
        ),
        ("project:1", {"verdict": "pass", "stage": "lead"}, "结论：可以跟进，环节：线索初筛"),
        ("decision:1", {"state": "review"}, "状态：会审中"),
        ("proposal:1", {"state": "review"}, "状态：待审"),
        (
            "task:1",
            {"state": "supplement", "opinion": "supplement"},
            "状态：待补正，意见：要求补正",
        ),
        ("task:1", {"department": "tax"}, "部门：税务部门"),
        ("account:a", {"roles": ["committee", "department:tax"]}, "角色：预审委员会、税务部门"),
        (
            "decision:1",
            {"part": "finding:negative.low_tax"},
            "看了什么：单项结论 亩均税收重点会审线",
        ),
        ("decision:1", {"part": "counterfactual"}, "看了什么：怎样改才能准入"),
        (
            "audit",
            {"action": "login.open", "subject": "decision:4", "from": "2026-01-01"},
            "动作：登录，对象：结论 4，日期从：2026-01-01",
        ),
        (
            "proposal:1",
            [{"invariant": "x", "reason": "试行", "by": "li"}],
            "不变式：x，理由：试行，谁：li",
        ),
        (
            "database",
            {"structure": "0008", "lost": {"supervisions": 3}},
            "结构版本：0008，丢失的行：supervisions：3",
        ),
        ("draft:1", None, ""),
        ("task:1", {"attachments": []}, "附件：无"),
        ("key:1", {"revoked": True}, "已撤销：是"),
        # A word that somebody wrote is theirs, even where it looks like a code.
        ("task:1", {"reason": "reject", "note": "tax"}, "理由：reject，说明：tax"),
    ],
)
def test_records_in_words(subject: str, record: Any, said: str) -> None:
    assert record_words(record, subject, shipped()) == said


def test_every_action_has_words() -> None:
    written = {
        action
        for path in API.rglob("*.py")
        for action in re.findall(r"""\.log\(\s*"([a-z]+\.[a-z_]+)",""", path.read_text("utf-8"))
    }
    assert len(written) > 25
    assert written <= set(ACTIONS)


def test_the_page_after_a_whole_review(service: Service) -> None:
    receipt = service.submit("r01")
    number, decision = receipt["number"], receipt["decision"]
    promises = [
        {"kind": "energy", "due_on": "2025-01-01", "promised": "9"},
        {"kind": "signed", "due_on": "2025-01-01"},
    ]
    path = f"/projects/{number}/commitments"
    made = service.call("committee", "POST", path, json={"promises": promises}).json()
    service.call(
        "submitter", "POST", f"/commitments/{made[1]['id']}/reports", json={"on_date": "2025-01-01"}
    )
    service.call(
        "auditor", "GET", f"/decisions/{decision}/findings/{receipt['reasons'][0]['rule']}"
    )
    task = service.call("department:ecology", "GET", "/tasks").json()["items"][0]
    opinion = {"opinion": "supplement", "reason": "补"}
    service.call("department:ecology", "POST", f"/tasks/{task['id']}/opinion", json=opinion)
    service.call("submitter", "POST", f"/projects/{number}/versions", json=example("d01"))
    newest = service.call("submitter", "GET", f"/projects/{number}").json()["decision"]
    said = {"outcome": "reject", "reason": "x", "authority": "市政府", "document_number": "1 号"}
    done = service.call("committee", "POST", f"/decisions/{newest}/conclusion", json=said)
    assert done.status_code == 201, done.text
    headers = service.headers("auditor")
    shown = service.client.get("/audit", headers=headers).text
    cells = re.findall(r'<td data-label="(?:之前|之后)"><small>(.*?)</small>', shown, re.S)
    assert len(cells) > 40
    words = "\n".join(cells)
    for said in (
        "事项：能耗",
        "事项：签约",
        "意见：要求补正",
        "状态：委员会不予准入",
        "角色：申报",
        "结论：不予准入",
    ):
        assert said in words
    codes = (
        "energy|tax|signed|reject|refer|pass|admit|rejected|supplement|withdrawn|committee|ecology"
    )
    assert re.findall(rf"(?<!姓名)(?<!名称)[：、](?:{codes})(?=[，、]|$)", words, re.M) == []
    with service.store.db.read() as session:
        records = [r for e in audit.entries(session, 0, None, 1000) for r in (e.before, e.after)]
    assert {k for r in records if isinstance(r, dict) for k in r} <= set(KEYS)


def test_what_objects_are_called() -> None:
    assert subject_words("commitment:3") == "承诺 3"
    assert subject_words("database") == "数据库"
