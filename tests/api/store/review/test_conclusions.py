"""What the committee concludes: its kinds, what each has to say, and the one that takes its place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import func, select, update

from api.database.review_tables import Conclusion, ConclusionCondition, Task
from api.database.tables import AuditEntry
from api.store import audit
from tests.api.support import Service, example

CONDITION = {"text": "开工前取得环评批复", "due_on": "2030-06-30", "department": "ecology"}


def passing(service: Service) -> dict[str, Any]:
    receipt = service.submit("d01")
    assert receipt["verdict"] == "pass"
    return receipt


def conclude(service: Service, decision: int, outcome: str, **more: Any) -> Any:
    body = {"outcome": outcome, "reason": "经集体研究", **more}
    return service.call("committee", "POST", f"/decisions/{decision}/conclusion", json=body)


def state_of(service: Service, number: str) -> str:
    found = service.call("committee", "GET", f"/projects/{number}").json()
    return str(found["state"])


@pytest.mark.parametrize(
    ("outcome", "more", "state"),
    [
        ("admit", {}, "admitted"),
        ("conditional", {"conditions": [CONDITION]}, "conditional"),
        ("suspend", {}, "suspended"),
        ("reject", {"authority": "市政府", "document_number": "1 号"}, "rejected"),
        ("terminate", {}, "terminated"),
    ],
)
def test_each_kind_and_what_may_follow(
    service: Service, outcome: str, more: dict[str, Any], state: str
) -> None:
    receipt = passing(service)
    done = conclude(service, receipt["decision"], outcome, **more)
    assert done.status_code == 201, done.text
    told = done.json()
    assert (told["outcome"], told["machine"]) == (outcome, "pass")
    assert told["body"] == "项目准入委员会"
    assert [c["text"] for c in told["conditions"]] == [
        c["text"] for c in more.get("conditions", [])
    ]
    assert state_of(service, receipt["number"]) == state
    path = f"/projects/{receipt['number']}/versions"
    later = service.call("submitter", "POST", path, json=example("r36"))
    assert later.status_code == (201 if outcome == "suspend" else 409)


@pytest.mark.parametrize(
    ("outcome", "more", "pointer"),
    [
        ("admit", {"reason": "  "}, "/reason"),
        ("admit", {"concluded_on": "2199-01-01"}, "/concluded_on"),
        ("admit", {"concluded_on": "2024-06-02"}, "/concluded_on"),
        ("admit", {"concluded_on": "2024-02-31"}, "/concluded_on"),
        ("admit", {"body": "市长办公会"}, "/body"),
        ("admit", {"conditions": [CONDITION]}, "/conditions"),
        ("admit", {"revision_reason": "改"}, "/revision_reason"),
        ("reject", {}, "/authority"),
        ("reject", {"authority": "市政府"}, "/document_number"),
        ("conditional", {}, "/conditions"),
        ("conditional", {"conditions": [{**CONDITION, "text": " "}]}, "/conditions/0/text"),
        (
            "conditional",
            {"conditions": [{**CONDITION, "due_on": "2024-06-01"}]},
            "/conditions/0/due_on",
        ),
        (
            "conditional",
            {"conditions": [CONDITION, {**CONDITION, "department": "nobody"}]},
            "/conditions/1/department",
        ),
    ],
)
def test_what_is_not_said_is_refused_at_its_place(
    service: Service, outcome: str, more: dict[str, Any], pointer: str
) -> None:
    receipt = passing(service)
    answer = conclude(service, receipt["decision"], outcome, **more)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert state_of(service, receipt["number"]) == "decided"


def test_a_revision_keeps_both(service: Service) -> None:
    receipt = passing(service)
    decision, path = receipt["decision"], f"/decisions/{receipt['decision']}/conclusion"
    first = conclude(service, decision, "suspend", concluded_on="2026-11-02").json()
    assert conclude(service, decision, "admit").status_code == 409
    early = {"revision_reason": "补齐了", "concluded_on": "2026-11-01"}
    assert conclude(service, decision, "admit", **early).json()["errors"][0]["pointer"] == (
        "/concluded_on"
    )
    second = conclude(service, decision, "admit", revision_reason="资金证明已补齐")
    assert second.status_code == 201, second.text
    assert second.json()["revises"] == first["id"]
    assert service.call("auditor", "GET", path).json()["outcome"] == "admit"
    both = service.call("auditor", "GET", f"{path}s").json()["items"]
    assert [(c["outcome"], c["revised_by"]) for c in both] == [
        ("admit", None),
        ("suspend", second.json()["id"]),
    ]
    assert state_of(service, receipt["number"]) == "admitted"
    third = conclude(
        service, decision, "conditional", conditions=[CONDITION], revision_reason="另加条件"
    )
    assert third.json()["revises"] == second.json()["id"]
    with service.store.db.read() as session:
        said = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.subject == f"decision:{decision}", AuditEntry.action.like("review.%"))
            .order_by(AuditEntry.seq)
        ).all()
        assert said == ["review.conclude", "review.revise", "review.revise"]
        assert audit.verify(session)[1] == ()
        kept = session.scalar(select(func.count()).where(Conclusion.decision_id == decision))
        assert kept == 3


def test_what_is_unknown_is_confirmed_by_its_number(service: Service) -> None:
    receipt = service.submit("r01")
    unknown = service.undecided(receipt["decision"])
    with service.store.db.write() as session:
        session.execute(
            update(Task)
            .where(Task.decision_id == receipt["decision"])
            .values(due_on=dt.date(2026, 1, 5))
        )
    more: dict[str, Any] = {"silence_reason": "三次催办未复"}
    for typed in (None, unknown - 1, unknown + 1, 0):
        answer = conclude(service, receipt["decision"], "admit", undecided=typed, **more)
        assert answer.json()["errors"][0]["pointer"] == "/undecided"
        assert f"还有 {unknown} 项没有判定" in answer.text
    done = conclude(service, receipt["decision"], "admit", undecided=unknown, **more)
    assert done.status_code == 201, done.text
    assert len(done.json()["undecided"]) == unknown
    # What ends or waits confirms nothing.
    other = service.submit("r01")
    assert conclude(service, other["decision"], "terminate").status_code == 201
    assert state_of(service, other["number"]) == "terminated"


@pytest.mark.parametrize("silence", ["supervision", "no_objection"])
def test_a_silent_department_cannot_block_for_ever(service: Service, silence: str) -> None:
    receipt = service.submit("r01")
    decision = receipt["decision"]
    more: dict[str, Any] = {"undecided": service.undecided(decision)}
    assert conclude(service, decision, "admit", **more).status_code == 409
    with service.store.db.write() as session:
        session.execute(
            update(Task).where(Task.decision_id == decision).values(due_on=dt.date(2026, 1, 5))
        )
    kept, service.store.silence = service.store.silence, silence
    try:
        if silence == "supervision":
            bare = conclude(service, decision, "admit", **more)
            assert bare.json()["errors"][0]["pointer"] == "/silence_reason"
            assert "自然资源部门" in bare.text
            more["silence_reason"] = "三次催办未复"
        done = conclude(service, decision, "admit", **more)
    finally:
        service.store.silence = kept
    assert done.status_code == 201, done.text
    silent = done.json()["silent"]
    assert {s["no_objection"] for s in silent} == {silence == "no_objection"}
    tasks = service.call("committee", "GET", "/tasks", params={"number": receipt["number"]}).json()[
        "items"
    ]
    assert {t["department"] for t in tasks if t["state"] == "lapsed"} == {
        s["department"] for s in silent
    }
    late = next(t for t in tasks if t["department"] == "ecology")
    path = f"/tasks/{late['id']}/opinions"
    assert (
        service.call("department:ecology", "POST", path, json={"opinion": "agree"}).status_code
        == 409
    )


def test_what_is_suspended_goes_on(service: Service) -> None:
    """Departments go on answering, and their word leaves the committee's as it is."""
    receipt = service.submit("r01")
    assert conclude(service, receipt["decision"], "suspend").status_code == 201
    task = service.call(
        "department:ecology", "GET", "/tasks", params={"number": receipt["number"]}
    ).json()["items"][0]
    said = {"opinion": "supplement", "reason": "补环评"}
    answer = service.call("department:ecology", "POST", f"/tasks/{task['id']}/opinions", json=said)
    assert answer.status_code == 200, answer.text
    assert state_of(service, receipt["number"]) == "suspended"


def test_conditions_are_rows_of_their_own(service: Service) -> None:
    receipt = passing(service)
    two = [CONDITION, {**CONDITION, "text": "资金到位 30%", "department": "investment_promotion"}]
    done = conclude(service, receipt["decision"], "conditional", conditions=two).json()
    with service.store.db.read() as session:
        rows = session.scalars(
            select(ConclusionCondition).where(ConclusionCondition.conclusion_id == done["id"])
        ).all()
    assert [(r.text, r.due_on, r.met) for r in rows] == [
        (c["text"], dt.date(2030, 6, 30), None) for c in two
    ]
