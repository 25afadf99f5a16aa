"""Whoever acts on what can change says what they saw; where it has changed, nothing is done."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text, update

from api import pages
from api.app import ROUTERS
from api.database.review_tables import Task
from api.transport import seen as seen_module
from tests.api.conftest import new_database
from tests.api.pages.visitor import Visitor
from tests.api.store.acts import ACTS, SEEN
from tests.api.support import Service, example, now
from tests.api.workbench import CASES, Bench, at, bench

SAFE = {"GET", "HEAD", "OPTIONS"}


def routes() -> Iterator[APIRoute]:
    for module in (*ROUTERS, *pages.MODULES):
        for route in module.router.routes:
            if isinstance(route, APIRoute) and not route.methods <= SAFE:
                yield route


def _asks(route: APIRoute) -> bool:
    """Whether an act has to say what was seen: by the header, or in the form that it reads."""
    if any(d.call is seen_module._asked for d in route.dependant.dependencies):
        return True
    names = set(route.endpoint.__code__.co_names)
    inner = vars(__import__(route.endpoint.__module__, fromlist=["_"]))
    for name in list(names):
        names |= set(getattr(getattr(inner.get(name), "__code__", None), "co_names", ()))
    return "seen_in" in names


def test_every_act_is_listed_with_its_precondition() -> None:
    found = {(m, r.path): _asks(r) for r in routes() for m in r.methods - SAFE}
    trying = {k for k in found if k[1].startswith("/rules/try")}
    assert found.keys() - trying - ACTS.keys() == set(), "not listed"
    assert ACTS.keys() - found.keys() == set(), "listed, and not there"
    assert {k for k, asks in found.items() if asks} == {k for k, v in ACTS.items() if v == SEEN}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with new_database(request, tmp_path_factory.mktemp("office")) as url, Service(url) as made:
        yield made


def filled(office: Service) -> dict[str, str]:
    """Every record that can be acted on, by where it is named in an address."""
    receipt = office.submit("r01")
    number, decision = receipt["number"], receipt["decision"]
    asked = office.call("department:natural_resources", "GET", f"/tasks?number={number}").json()
    task = asked["items"][0]
    promise = {"promises": [{"kind": "signed", "due_on": "2020-01-01"}]}
    made = office.call("committee", "POST", f"/projects/{number}/commitments", json=promise)
    commitment = made.json()[0]["id"]
    path = f"/commitments/{commitment}/supervision"
    supervision = office.call("committee", "POST", path, json={"note": "请办"}).json()["id"]
    draft = office.call("submitter", "POST", "/drafts", json={"dossier": {}}).json()["id"]
    blocked = {"kind": "land", "text": "缺指标", "department": "natural_resources"}
    blocked |= {"due_on": (dt.date.today() + dt.timedelta(days=30)).isoformat()}
    raised = office.call("submitter", "POST", f"/projects/{number}/obstacles", json=blocked)
    return {
        "number": number,
        "decision_id": str(decision),
        "task_id": str(task["id"]),
        "commitment_id": str(commitment),
        "supervision_id": str(supervision),
        "draft_id": str(draft),
        "obstacle_id": str(raised.json()["id"]),
        "name": "auditor",
    }


STARTED = {"kind": "started", "due_on": "2020-01-01"}
BODIES: dict[str, tuple[str, Any]] = {
    "/projects/{number}/versions": ("submitter", example("r01")),
    "/projects/{number}/stage": ("committee", {"reason": "同意"}),
    "/projects/{number}/facts": ("submitter", {"place": "科创路 1 号"}),
    "/obstacles/{obstacle_id}/solution": (
        "department:natural_resources",
        {"solution": "已落实指标"},
    ),
    "/drafts/{draft_id}": ("submitter", None),
    "/drafts/{draft_id}/submission": ("submitter", None),
    "/tasks/{task_id}/opinions": ("department:natural_resources", {"opinion": "agree"}),
    "/tasks/{task_id}/values": ("department:natural_resources", {"values": {"plot_ratio": "1.2"}}),
    "/tasks/{task_id}/supervisions": ("committee", {"note": "请办"}),
    "/decisions/{decision_id}/conclusion": ("committee", {"outcome": "admit", "reason": "同意"}),
    "/commitments/{commitment_id}/reports": ("committee", {"on_date": "2020-01-02"}),
    "/projects/{number}/commitments": ("committee", {"promises": [STARTED]}),
    "/supervisions/{supervision_id}/closure": ("committee", {"note": "已办"}),
    "/accounts/{name}/roles": ("admin", {"roles": ["auditor", "committee"]}),
    "/accounts/{name}/active": ("admin", {"active": True}),
    "/accounts/{name}/password": ("admin", None),
    "/accounts/{name}/factors": ("admin", None),
}
OTHERS = [
    k for k, v in ACTS.items() if v == SEEN and k[1].startswith("/api") and "proposals" not in k[1]
]


def test_nothing_is_done_unseen_or_on_what_has_changed(office: Service) -> None:
    """Each act without a state, and with one that the record no longer has."""
    names = filled(office)
    assert {path.removeprefix("/api/v1") for _, path in OTHERS} == BODIES.keys() | {
        "/commitments/{commitment_id}/supervisions"
    }
    with office.store.db.write() as session:
        late = dt.date.today() - dt.timedelta(days=3)
        session.execute(update(Task).where(Task.id == int(names["task_id"])).values(due_on=late))
    before = _rows(office)
    for method, path in OTHERS:
        short = path.removeprefix("/api/v1")
        role, body = BODIES.get(short, ("committee", {"note": "请办"}))
        more = {"json": body} if body is not None else {}
        at = short.format(**names)
        url = f"/api/v1{at}"
        blind = office.client.request(method, url, headers=office.headers(role), **more)
        assert blind.status_code == 428, f"{path}: {blind.text}"
        odd = office.call(role, method, at, headers={"if-match": '"*"'}, **more)
        assert odd.status_code == 422, f"{path}: {odd.text}"
        if short == "/commitments/{commitment_id}/supervisions":
            continue  # It is supervised already, which is told first.
        old = {"if-match": f'"1-{"0" * 64}"'}
        stale = office.call(role, method, at, headers=old, **more)
        assert stale.status_code == 409, f"{path}: {stale.text}"
        assert "有变化" in stale.json()["detail"], f"{path}: {stale.text}"
    assert _rows(office) == before


def _rows(office: Service) -> list[Any]:
    with office.store.db.read() as session:
        return [
            session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in (
                "audit_log",
                "decisions",
                "opinions",
                "conclusions",
                "reports",
                "drafts",
                "project_facts",
            )
        ]


def test_who_is_refused_is_told_what_happened(office: Service) -> None:
    """The committee concludes on what it saw before the last department had spoken."""
    receipt = office.submit("r01")
    tasks = office.call("committee", "GET", f"/tasks?number={receipt['number']}").json()["items"]
    path = f"/decisions/{receipt['decision']}/conclusion"
    shown = office.call("committee", "GET", f"/decisions/{receipt['decision']}").json()["seen"]
    assert shown == now(office.store, "POST", path)
    for task in tasks:
        role = f"department:{task['department']}"
        if role not in office.keys:
            office.add(role)
        said = {"opinion": "disagree", "reason": "用地不符"}
        headers = {"if-match": task["seen"]}
        told = office.call(role, "POST", f"/tasks/{task['id']}/opinion", json=said, headers=headers)
        assert told.status_code == 200, told.text
        assert told.json()["seen"] != task["seen"]
        again = office.call(
            role, "POST", f"/tasks/{task['id']}/opinion", json=said, headers=headers
        )
        assert again.status_code == 409
    unknown = office.undecided(receipt["decision"])
    body = {"outcome": "admit", "reason": "同意", "undecided": unknown}
    answer = office.call("committee", "POST", path, json=body, headers={"if-match": shown})
    assert answer.status_code == 409
    assert "会审情况在您查看之后有变化" in answer.json()["detail"]
    told = [e["detail"] for e in answer.json()["errors"]]
    assert any("department-" in t and "部门填意见" in t for t in told), told
    assert {e["code"] for e in answer.json()["errors"]} == {"A122"}
    assert office.call("committee", "POST", path, json=body).status_code == 201


def test_a_new_version_is_of_the_version_that_was_seen(office: Service) -> None:
    number = office.submit("r01")["number"]
    path = f"/projects/{number}/versions"
    detail = office.call("submitter", "GET", f"/projects/{number}").json()
    first = {"headers": {"if-match": detail["seen"]}, "json": example("r01")}
    assert office.call("committee", "POST", path, **first).status_code == 201
    second = office.call("submitter", "POST", path, **first)
    assert second.status_code == 409
    assert "第 2 版" in second.json()["errors"][0]["detail"]
    assert "committee 提交项目" in second.json()["errors"][0]["detail"]


# --- proposals -----------------------------------------------------------------------------------

LOWER, LOWEST = at("18"), at("1")
LOWER_CASES = CASES.replace("2000,", "1800,").replace("1999,", "1799,")


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with new_database(request, tmp_path) as url, bench(url, tmp_path / "rulebook") as found:
        yield found


def test_a_page_opened_before_an_edit_does_not_approve_the_edited_proposal(desk: Bench) -> None:
    number = desk.draft(criteria=LOWER, rules_cases=LOWER_CASES)
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{number}/submission")
    opened = desk.call("publisher", "GET", f"/proposals/{number}")["seen"]
    # Meanwhile the drafter writes something else, has it checked and sends it to review again.
    desk.edit(number, criteria=LOWEST, rules_cases=CASES.replace("2000,", "100,"))
    desk.edit(number, criteria=LOWER, rules_cases=LOWER_CASES + "# 又改\n")
    desk.work()
    desk.call("maintainer", "POST", f"/proposals/{number}/submission")
    old = {"headers": {"if-match": opened}}
    path = f"/proposals/{number}/approval"
    refused = desk.service.call("publisher", "POST", path, json={}, **old)
    assert refused.status_code == 409
    assert "rules/rules.cases.yaml" in refused.json()["detail"]
    assert "criteria.yaml" not in refused.json()["detail"], "it is as it was when it was seen"
    told = " ".join(e["detail"] for e in refused.json()["errors"])
    assert "maintainer 修改提案" in told
    assert "提案送审" in told
    for act, body in (("return", {"comment": "不妥"}), ("comments", {"comment": "好"})):
        desk.refused(409, "publisher", "POST", f"/proposals/{number}/{act}", json=body, **old)
    desk.refused(409, "maintainer", "POST", f"/proposals/{number}/withdrawal", **old)
    assert desk.call("publisher", "GET", f"/proposals/{number}")["state"] == "review"
    approved = desk.approve(number)["seen"]
    publish = f"/proposals/{number}/publication"
    desk.refused(409, "publisher", "POST", publish, json={}, **old)
    desk.call("publisher", "POST", publish, json={}, headers={"if-match": approved})


def test_every_act_on_a_proposal_says_what_was_seen(desk: Bench) -> None:
    number = desk.draft(criteria=LOWER, rules_cases=LOWER_CASES)
    for method, path in (k for k, v in ACTS.items() if v == SEEN and "/proposals/" in k[1]):
        if path.startswith("/api"):
            role = "publisher" if re.search("approval|return|publication", path) else "maintainer"
            url = path.format(proposal_id=number, invariant="x")
            headers = desk.service.headers(role)
            answer = desk.service.client.request(method, url, headers=headers, json={})
            assert answer.status_code in (422, 428), f"{path}: {answer.text}"
            assert "If-Match" in answer.text or answer.status_code == 422


# --- forms ---------------------------------------------------------------------------------------


def test_the_forms_say_it_too_and_nothing_typed_is_lost(office: Service) -> None:
    receipt = office.submit("r01")
    number = receipt["number"]
    visitor = Visitor(office.app)
    login = {"name": "committee", "password": "password of committee", "next": "/"}
    assert visitor.post("/login", login).status_code == 200
    shown = visitor.get(f"/projects/{number}/edit").text
    typed = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', shown))
    form = {k: v for k, v in typed.items() if k not in ("csrf", "file", "next")}
    assert form["seen"] == now(office.store, "POST", f"/projects/{number}/versions")
    checked = visitor.post("/assess/confirm", form)
    assert f'name="seen" value="{form["seen"]}"' in checked.text
    version = office.call("submitter", "POST", f"/projects/{number}/versions", json=example("r01"))
    assert version.status_code == 201
    late = visitor.post("/assess/submit", {**form, "project_name": "补正后的名称"})
    assert late.status_code == 409
    assert "在您查看之后有变化" in late.text
    assert "补正后的名称" in late.text
    assert form["seen"] not in late.text
    blind = visitor.post("/assess/submit", {**form, "seen": ""})
    assert blind.status_code == 428
    reason = "研究同意，理由很长"
    path = f"/decisions/{version.json()['decision']}/conclude"
    for task in office.call("committee", "GET", f"/tasks?number={number}").json()["items"]:
        if task["light"]:
            role = f"department:{task['department']}"
            if role not in office.keys:
                office.add(role)
            office.call(role, "POST", f"/tasks/{task['id']}/opinion", json={"opinion": "agree"})
    old = {"outcome": "admit", "reason": reason, "seen": f"1-{'0' * 64}"}
    refused = visitor.post(path, old)
    assert refused.status_code == 409
    assert reason in refused.text
