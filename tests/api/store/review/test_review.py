"""Joint review from a referred project to a conclusion, on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text, update

from api.database.review_tables import Task
from api.store.work import SYSTEM
from tests.api.pages.visitor import saved_as
from tests.api.support import Service, example

ROLE = "department:natural_resources"


@pytest.fixture(scope="module")
def every_department(service: Service) -> Service:
    for department in service.store.rulesets.current().ruleset.registry.reviewers:
        if f"department:{department}" not in service.keys:
            service.add(f"department:{department}")
    return service


def _refer(service: Service) -> dict[str, Any]:
    receipt = service.submit("r01")
    assert receipt["verdict"] == "refer"
    return receipt


def _tasks(service: Service, number: str, role: str = "committee") -> list[dict[str, Any]]:
    found = service.call(role, "GET", "/tasks", params={"number": number}).json()["items"]
    assert isinstance(found, list)
    return found


def _opinion(service: Service, task: dict[str, Any], opinion: str = "agree", **more: Any) -> Any:
    body = {"opinion": opinion, **more}
    return service.call(
        f"department:{task['department']}", "POST", f"/tasks/{task['id']}/opinion", json=body
    )


def test_each_responsible_department_gets_one_task(every_department: Service) -> None:
    receipt = _refer(every_department)
    tasks = _tasks(every_department, receipt["number"])
    asked = {d for f in receipt["reasons"] for d in f["departments"]}
    assert "enterprise" in asked, "the applicant supplements; it reviews nothing"
    assert {t["department"] for t in tasks} == asked - {"enterprise"}
    calendar = every_department.store.calendar
    for task in tasks:
        opened, due = (
            dt.date.fromisoformat(task["opened_on"]),
            dt.date.fromisoformat(task["due_on"]),
        )
        assert due == calendar.add(opened, 5)
        assert (task["state"], task["light"], task["workdays_left"]) == ("open", "green", 5)
    own = _tasks(every_department, receipt["number"], ROLE)
    assert {t["department"] for t in own} == {"natural_resources"}
    detail = every_department.call("committee", "GET", f"/projects/{receipt['number']}").json()
    assert detail["state"] == "review"


def test_opinions_close_tasks_and_the_committee_concludes(every_department: Service) -> None:
    service = every_department
    receipt = _refer(service)
    tasks = _tasks(service, receipt["number"])
    path = f"/decisions/{receipt['decision']}/conclusion"
    conclusion: dict[str, Any] = {"outcome": "admit", "reason": "各部门同意，准予落户"}
    early = service.call("committee", "POST", path, json=conclusion)
    assert early.status_code == 409
    assert "未办结" in early.json()["detail"]
    assert "自然资源部门" in early.json()["detail"]
    assert service.call("committee", "GET", path).status_code == 404
    for task in tasks:
        assert _opinion(service, task).json()["state"] == "done"
    assert _opinion(service, tasks[0]).status_code == 409
    blind = service.call("committee", "POST", path, json=conclusion)
    assert blind.json()["errors"][0]["pointer"] == "/undecided", blind.text
    conclusion["undecided"] = service.undecided(receipt["decision"])
    assert conclusion["undecided"] > 0
    done = service.call("committee", "POST", path, json=conclusion)
    assert done.status_code == 201, done.text
    assert done.json()["machine"] == "refer"
    assert done.json()["override"] is False
    assert done.json()["person"] == "committee"
    assert service.call("committee", "POST", path, json=conclusion).status_code == 409
    detail = service.call("submitter", "GET", f"/projects/{receipt['number']}").json()
    assert (detail["state"], detail["verdict"]) == ("admitted", "refer")
    late = service.call(
        "submitter", "POST", f"/projects/{receipt['number']}/versions", json=example("r02")
    )
    assert late.status_code == 409


def test_a_task_of_the_applicant_from_an_earlier_version_holds_nothing_up(
    every_department: Service,
) -> None:
    service = every_department
    receipt = _refer(service)
    tasks = _tasks(service, receipt["number"])
    kept, *others = tasks
    for task in others:
        assert _opinion(service, task).status_code in (200, 201)
    with service.store.db.write() as session:
        session.execute(update(Task).where(Task.id == kept["id"]).values(department="enterprise"))
    path = f"/decisions/{receipt['decision']}/conclusion"
    unknown = service.undecided(receipt["decision"])
    given = {"outcome": "admit", "reason": "各部门同意", "undecided": unknown}
    assert service.call("committee", "POST", path, json=given).status_code == 201
    with service.store.db.read() as session:
        left = session.get_one(Task, kept["id"])
        assert (left.state, left.closed_at is None) == ("withdrawn", False)


def test_a_department_cannot_answer_for_another(every_department: Service) -> None:
    tasks = _tasks(every_department, _refer(every_department)["number"])
    other = next(t for t in tasks if t["department"] != "natural_resources")
    answer = every_department.call(
        ROLE, "POST", f"/tasks/{other['id']}/opinion", json={"opinion": "agree"}
    )
    assert answer.status_code == 403


def test_a_supplement_goes_back_to_the_submitter(every_department: Service) -> None:
    service = every_department
    receipt = _refer(service)
    number = receipt["number"]
    task = _tasks(service, number, ROLE)[0]
    assert _opinion(service, task, "supplement").status_code == 422
    asked = _opinion(service, task, "supplement", reason="请补充用地红线图")
    assert asked.json()["state"] == "supplement"
    assert service.call("submitter", "GET", f"/projects/{number}").json()["state"] == "supplement"
    seen = _tasks(service, number, "submitter")
    assert "请补充用地红线图" in [o["reason"] for t in seen for o in t["opinions"]]
    changed = {**example("r01"), "employees": 800}
    again = service.call("submitter", "POST", f"/projects/{number}/versions", json=changed)
    assert again.status_code == 201
    states = {(t["version"], t["state"]) for t in _tasks(service, number)}
    assert states <= {(1, "withdrawn"), (2, "open")}
    old = service.call(
        "committee",
        "POST",
        f"/decisions/{receipt['decision']}/conclusion",
        json={"outcome": "admit", "reason": "x"},
    )
    assert old.status_code == 409


def test_a_department_that_agrees_after_all_asks_no_more(every_department: Service) -> None:
    service = every_department
    number = _refer(service)["number"]
    both = _tasks(service, number)[:2]
    for task in both:
        _opinion(service, task, "supplement", reason="缺图")
    states = []
    for task in both:
        assert _opinion(service, task).status_code == 200
        states.append(service.call("committee", "GET", f"/projects/{number}").json()["state"])
    assert states == ["supplement", "review"]


def test_attachments_are_kept_whole(every_department: Service) -> None:
    service = every_department
    task = _tasks(service, _refer(service)["number"], ROLE)[0]
    content = b"%PDF-1.7\n" + bytes(range(256)) * 40
    sent = service.call(
        ROLE,
        "POST",
        f"/tasks/{task['id']}/attachments",
        params={"name": "红线图.pdf"},
        content=content,
        headers={"content-type": "application/pdf"},
    )
    assert sent.status_code == 201, sent.text
    file = sent.json()
    given = _opinion(service, task, "disagree", reason="与规划不符", attachments=[file["id"]])
    assert given.json()["opinions"][0]["attachments"] == [file]
    got = service.call("committee", "GET", f"/attachments/{file['id']}")
    assert got.content == content
    assert saved_as(got) == ("红线图.pdf", f"attachment-{file['id']}.pdf")
    assert service.call("submitter:other", "GET", f"/attachments/{file['id']}").status_code == 403


def test_an_override_needs_authority_and_stands_beside_the_verdict(
    every_department: Service,
) -> None:
    service = every_department
    receipt = service.submit("r15")
    assert receipt["verdict"] == "reject"
    path = f"/decisions/{receipt['decision']}/conclusion"
    unknown = service.undecided(receipt["decision"])
    body: dict[str, Any] = {
        "outcome": "admit",
        "reason": "市政府专题会议研究同意",
        "undecided": unknown,
    }
    refused = service.call("committee", "POST", path, json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/authority"
    body |= {"authority": "市政府第 12 次常务会议", "document_number": "会议纪要〔2026〕12号"}
    found = service.call("committee", "POST", path, json=body).json()
    assert (found["override"], found["machine"], found["outcome"]) == (True, "reject", "admit")
    decision = service.call("auditor", "GET", f"/decisions/{receipt['decision']}").json()
    assert decision["verdict"] == "reject"
    counted = service.call(
        "auditor", "GET", "/statistics/rules", params={"show": "overridden"}
    ).json()
    violated = {f["rule"] for f in receipt["reasons"] if f["status"] == "violated"}
    assert violated & {c["rule"] for c in counted}


def test_overdue_tasks_are_supervised_until_struck_off(every_department: Service) -> None:
    service = every_department
    number = _refer(service)["number"]
    task = _tasks(service, number, ROLE)[0]
    note = {"note": "请尽快办理"}
    early = service.call("committee", "POST", f"/tasks/{task['id']}/supervision", json=note)
    assert early.status_code == 409
    with service.store.work(SYSTEM) as work:
        work.session.execute(
            update(Task).where(Task.id == task["id"]).values(due_on=dt.date(2026, 1, 5))
        )
    overdue = service.call("committee", "GET", "/tasks", params={"overdue": "true"}).json()["items"]
    assert [(t["id"], t["light"]) for t in overdue] == [(task["id"], "red")]
    started = service.call("committee", "POST", f"/tasks/{task['id']}/supervision", json=note)
    assert started.status_code == 201
    twice = service.call("committee", "POST", f"/tasks/{task['id']}/supervision", json=note)
    assert twice.status_code == 409
    closing = f"/supervisions/{started.json()['id']}/closure"
    assert service.call("committee", "POST", closing, json=note).status_code == 409
    assert _opinion(service, task).status_code == 200
    closed = service.call("committee", "POST", closing, json={"note": "已反馈同意"})
    assert closed.json()["closed_by"] == "committee"
    left = service.call("committee", "GET", "/supervisions", params={"open_only": "true"}).json()[
        "items"
    ]
    assert left == []


def test_the_whole_is_in_the_audit_log(every_department: Service) -> None:
    for story in (
        test_opinions_close_tasks_and_the_committee_concludes,
        test_a_supplement_goes_back_to_the_submitter,
        test_attachments_are_kept_whole,
    ):
        story(every_department)
    with every_department.store.db.read() as session:
        actions = set(session.execute(text("SELECT DISTINCT action FROM audit_log")).scalars())
    assert {
        "task.open",
        "task.opinion",
        "task.withdraw",
        "task.attach",
        "review.conclude",
    } <= actions
