"""A walk through every operation of the API, which keeps what each answered.

What it keeps is held against the contract (``test_contract.py``), and shown in it as examples
(``python -m scripts.docs.api_examples``).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyotp
from fastapi import FastAPI
from sqlalchemy import update

from api.database.review_tables import Commitment, Task
from api.signing.keys import make_key
from api.store.work import SYSTEM
from tests.api.support import Service, example, sqlite_url
from tests.api.workbench import CASES, at, bench

Answers = dict[str, list[Any]]
PDF = b"%PDF-1.7\n"
PAST = dt.date(2026, 1, 5)
# What only a browser and an identity provider can walk, and what is no JSON.
# The login through a provider, and a document that a reading left with a project, have tests of their own.
ELSEWHERE = {"startOidc", "finishOidc", "downloadDocument"}
NO_JSON = {
    "evaluateDossiers",
    "downloadAttachment",
    "downloadRuleset",
    "exportAudit",
    "getMetrics",
}


def operations(app: FastAPI) -> list[tuple[str, re.Pattern[str], str]]:
    """Method, pattern of the path and name of each operation; the paths without parameters first."""
    found = []
    for path, methods in app.openapi()["paths"].items():
        pattern = re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(path))
        found += [(m.upper(), re.compile(pattern), o["operationId"]) for m, o in methods.items()]
    return sorted(found, key=lambda one: "[" in one[1].pattern)


@contextmanager
def kept(service: Service, answers: Answers) -> Iterator[None]:
    """Keep each answer of JSON that a request gets, under its operation."""

    known = operations(service.app)

    def keep(response: httpx.Response) -> None:
        asked, path = response.request.method, response.request.url.path
        name = next((n for m, p, n in known if m == asked and p.fullmatch(path)), None)
        if name is None or response.status_code >= 300:
            return
        response.read()
        kind = response.headers.get("content-type", "").partition(";")[0]
        told = answers.setdefault(name, [])
        if kind == "application/json" and response.content:
            told.append(response.json())

    service.client.event_hooks["response"].append(keep)
    try:
        yield
    finally:
        service.client.event_hooks["response"].remove(keep)


def walk(directory: Path) -> Answers:
    """Every operation's answers, on databases in ``directory``."""
    answers: Answers = {}
    key = directory / "key.pem"
    make_key(key)
    service = Service(sqlite_url(directory), engine="reference", signing_key=key)
    try:
        with kept(service, answers):
            _judging(service)
            _projects(service)
            _reviews(service)
            _commitments(service)
            _records(service)
            _people(service)
    finally:
        service.store.close()
    rulebook = directory / "rulebook"
    url = f"sqlite:///{directory}/bench.db"
    with bench(url, rulebook, engine="reference") as desk, kept(desk.service, answers):
        _proposals(desk)
    return answers


def _done(answer: Any) -> Any:
    assert answer.status_code < 300, (answer.request.url, answer.text)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return answer.json() if kind == "application/json" else None


def _judging(service: Service) -> None:
    for stem in ("d01", "r01", "r14"):
        _done(service.call(None, "POST", "/evaluations", json=example(stem)))
    lead = {"stage": "lead"}
    few = {k: example("r01")[k] for k in ("project_id", "project_name", "submitted_on")}
    _done(service.call(None, "POST", "/evaluations", json=few, params=lead))
    _done(service.call(None, "POST", "/questions", json=few, params=lead))
    for path in ("/rules", "/criteria"):
        first = _done(service.call(None, "GET", path))[0]["id"]
        _done(service.call(None, "GET", f"{path}/{first}"))
    for path in ("/rulesets/current", "/schemas/dossier"):
        _done(service.call(None, "GET", path))
    text = "申报项目：测试项目\n总投资：12000 万元\n".encode()
    _done(service.call(None, "POST", "/excerpts", params={"name": "a.txt"}, content=text))
    kind = {"content-type": "application/x-ndjson"}
    _done(service.call(None, "POST", "/evaluations:batch", content=b"{}\n", headers=kind))
    _done(service.call(None, "GET", "/industries", params={"q": "光学"}))
    for path in ("/healthz", "/readyz", "/metrics"):
        _done(service.client.get(path))


def _projects(service: Service) -> None:
    for stem in ("d01", "r14", "r15"):
        service.submit(stem, params={"stage": "lead"} if stem == "r14" else {})
    number = service.submit("r01")["number"]
    changed = {**example("r01"), "debt_ratio": "55"}
    _done(service.call("submitter", "POST", f"/projects/{number}/versions", json=changed))
    lead = service.submit("r01", params={"stage": "lead"})["number"]
    why = {"reason": "材料已齐"}
    _done(service.call("committee", "POST", f"/projects/{lead}/stage", json=why))
    _done(service.call("committee", "GET", "/projects"))
    facts = {
        "place": "科创路 1 号",
        "leader": "李副市长",
        "national_code": "2204-500199-07-02-828999",
    }
    _done(service.call("committee", "PUT", f"/projects/{number}/facts", json=facts))
    _done(service.call("committee", "GET", f"/projects/{number}/facts"))
    stuck = {
        "kind": "land",
        "text": "缺 30 亩指标",
        "department": "ecology",
        "due_on": "2199-01-01",
    }
    path = f"/projects/{number}/obstacles"
    stuck = _done(service.call("submitter", "POST", path, json=stuck))
    _done(service.call("committee", "GET", "/obstacles"))
    path = f"/obstacles/{stuck['id']}/solution"
    _done(service.call("committee", "POST", path, json={"solution": "已落实"}))
    project = _done(service.call("committee", "GET", f"/projects/{number}"))
    draft = {"dossier": example("r01")}
    made = _done(service.call("submitter", "POST", "/drafts", json=draft))
    _done(service.call("submitter", "GET", "/drafts"))
    path = f"/drafts/{made['id']}"
    _done(service.call("submitter", "GET", path))
    saved = {**draft, "revision": made["revision"]}
    _done(service.call("submitter", "PUT", path, json=saved))
    _done(service.call("submitter", "POST", f"{path}/submission"))
    _done(service.call("submitter", "DELETE", path))
    decision = f"/decisions/{project['decision']}"
    _done(service.call("committee", "GET", decision))
    for finding in _done(service.call("committee", "GET", f"{decision}/findings")):
        _done(service.call("committee", "GET", f"{decision}/findings/{finding['rule']}"))
    for part in ("counterfactual", "replay", "receipt"):
        _done(service.call("committee", "GET", f"{decision}/{part}"))


def _tasks(service: Service, number: str) -> list[dict[str, Any]]:
    asked = {"number": number, "state": "open"}
    found: list[dict[str, Any]] = _done(service.call("committee", "GET", "/tasks", params=asked))[
        "items"
    ]
    for task in found:
        role = f"department:{task['department']}"
        if role not in service.keys:
            service.add(role)
    return found


def _reviews(service: Service) -> None:
    number = service.submit("r01")["number"]
    land = next(t for t in _tasks(service, number) if t["department"] == "natural_resources")
    values = {"values": {"plot_ratio": "1.2"}}
    role = "department:natural_resources"
    _done(service.call(role, "POST", f"/tasks/{land['id']}/values", json=values))
    tasks = _tasks(service, number)
    with service.store.work(SYSTEM) as work:
        work.session.execute(update(Task).where(Task.id == tasks[0]["id"]).values(due_on=PAST))
    path = f"/tasks/{tasks[0]['id']}"
    _done(service.call("committee", "GET", path))
    note = {"note": "请尽快办理"}
    watched = _done(service.call("committee", "POST", f"{path}/supervisions", json=note))
    for task in tasks:
        role = f"department:{task['department']}"
        kind, name = {"content-type": "application/pdf"}, {"name": "a.pdf"}
        where = f"/tasks/{task['id']}"
        file = _done(
            service.call(
                role, "POST", f"{where}/attachments", params=name, content=PDF, headers=kind
            )
        )
        said = {"opinion": "agree", "reason": "已核", "attachments": [file["id"]]}
        _done(service.call(role, "POST", f"{where}/opinions", json=said))
        _done(service.call(role, "GET", f"/attachments/{file['id']}"))
    _done(service.call("committee", "POST", f"/supervisions/{watched['id']}/closure", json=note))
    _done(service.call("committee", "GET", "/supervisions"))
    decision = _done(service.call("committee", "GET", f"/projects/{number}"))["decision"]
    where, undecided = f"/decisions/{decision}/conclusion", service.undecided(decision)
    condition = {
        "text": "补齐用地预审意见",
        "due_on": "2099-01-15",
        "department": "natural_resources",
    }
    said = {"outcome": "conditional", "reason": "会审同意，附条件", "undecided": undecided}
    _done(service.call("committee", "POST", where, json=said | {"conditions": [condition]}))
    (open_,) = _done(service.call("committee", "GET", "/conditions"))["items"]
    met = {"met": True, "note": "预审意见已出具"}
    role = "department:natural_resources"
    _done(service.call(role, "POST", f"/conditions/{open_['id']}/check", json=met))
    said = {"outcome": "admit", "reason": "条件已满足", "undecided": undecided}
    revised = {"revision_reason": "所附条件已经核验"}
    _done(service.call("committee", "POST", where, json=said | revised))
    _done(service.call("committee", "GET", where))
    _done(service.call("committee", "GET", f"{where}s"))
    _done(service.call("committee", "GET", f"/projects/{number}/documents"))


def _commitments(service: Service) -> None:
    admitted = _done(service.call("committee", "GET", "/projects", params={"state": "admitted"}))
    path = f"/projects/{admitted['items'][0]['number']}/commitments"
    promised = [
        {"kind": "started", "due_on": "2026-01-15"},
        {"kind": "tax", "due_on": "2026-01-15", "promised": "100"},
    ]
    made = _done(service.call("committee", "POST", path, json={"promises": promised}))
    with service.store.work(SYSTEM) as work:
        work.session.execute(update(Commitment).values(due_on=PAST))
    _done(service.call("committee", "GET", "/commitments/overdue"))
    one = f"/commitments/{made[0]['id']}"
    _done(service.call("committee", "POST", f"{one}/supervisions", json={"note": "请办"}))
    report = {"on_date": "2026-01-01", "value": "101", "note": "完税证明"}
    _done(service.call("submitter", "POST", f"/commitments/{made[1]['id']}/reports", json=report))
    _done(service.call("committee", "GET", path))


def _records(service: Service) -> None:
    _done(service.call("committee", "GET", "/changes"))
    for what in ("rates", "verdicts", "reasons", "rules"):
        _done(service.call("committee", "GET", f"/statistics/{what}"))
    _done(service.call("committee", "GET", "/statistics/consistency"))
    for path in ("/rulesets", "/rulesets/1", "/rulesets/1/files", "/rulesets/1/archive"):
        _done(service.call("committee", "GET", path))
    _done(service.call("maintainer", "GET", "/rulesets/directory"))
    for path in ("/audit/entries", "/audit/verify", "/audit/export"):
        _done(service.call("auditor", "GET", path))


def _people(service: Service) -> None:
    new = {"name": "zhang", "display_name": "张三", "roles": ["submitter"]}
    first = _done(service.call("admin", "POST", "/accounts", json=new))["password"]
    path = "/accounts/zhang"
    roles = {"roles": ["submitter", "committee"]}
    waiting = _done(service.call("admin", "PUT", f"{path}/roles", json=roles))["waiting"]
    _done(service.call("admin", "GET", "/accounts/requests"))
    second = {"name": "li", "display_name": "李四", "roles": ["submitter"]}
    _done(service.call("admin", "POST", "/accounts", json=second))
    _confirm(service, waiting["id"])
    again = _done(service.call("admin", "POST", f"{path}/password"))["waiting"]
    _done(service.call("admin", "DELETE", f"/accounts/requests/{again['id']}"))
    _done(service.call("admin", "PUT", "/accounts/li/active", json={"active": False}))
    _done(service.call("admin", "DELETE", "/accounts/li/factors"))
    _done(service.call("admin", "GET", "/accounts"))
    _done(service.call("submitter", "GET", "/keys"))
    key = _done(service.call("submitter", "POST", "/keys", json={"title": "台账同步"}))
    _done(service.call("submitter", "DELETE", f"/keys/{key['id']}"))
    _session(service, first)


def _confirm(service: Service, asked: int) -> None:
    from api.store import accounts, apikeys
    from api.store.work import Actor

    with service.store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, "wang", "王五", ["admin"], "password of wang")
    actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
    with service.store.work(actor) as work:
        _, service.keys["admin:second"] = apikeys.create_key(work, "tests", None, False, None)
    path = f"/accounts/requests/{asked}/confirmation"
    _done(service.call("admin:second", "POST", path))


def _session(service: Service, first: str) -> None:
    said = {"name": "submitter", "password": "password of submitter"}
    _done(service.call(None, "POST", "/session", json=said))
    _done(service.call(None, "GET", "/session"))
    listed = _done(service.call(None, "GET", "/sessions"))
    _done(service.call(None, "POST", "/session/proof", json={"password": said["password"]}))
    begun = _done(service.call(None, "POST", "/session/factors", json={"title": "我的手机"}))
    now = {"code": pyotp.TOTP(begun["secret"]).now()}
    _done(service.call(None, "POST", "/session/factors/confirmation", json=now))
    _done(service.call(None, "GET", "/session/factors"))
    _done(service.call(None, "DELETE", f"/session/factors/{begun['id']}"))
    new = {"current": said["password"], "new": "another long password 1"}
    _done(service.call(None, "PUT", "/session/password", json=new))
    listed = _done(service.call(None, "GET", "/sessions"))
    _done(service.call(None, "POST", "/session", json={**said, "password": new["new"]}))
    other = next(s["id"] for s in listed if s["current"])
    _done(service.call(None, "DELETE", f"/sessions/{other}"))
    _done(service.call(None, "DELETE", "/session"))
    assert first


def _proposals(desk: Any) -> None:
    for value in ("18", "10"):
        least = int(value) * 100
        cases = CASES.replace("2000,", f"{least},").replace("1999,", f"{least - 1},")
        path = f"/proposals/{desk.draft(criteria=at(value), rules_cases=cases)}"
        desk.work()
        desk.call("maintainer", "GET", f"{path}/files")
        desk.call("maintainer", "GET", f"{path}/checks")
        desk.call("maintainer", "POST", f"{path}/checks")
        desk.work()
        desk.call("maintainer", "POST", f"{path}/comments", json={"comment": "已核对"})
    desk.call("maintainer", "GET", f"{path}/touched")
    desk.call("maintainer", "GET", f"{path}/comparison?other=1")
    # The second one lets low taxes pass, which an invariant forbids.
    waiver = f"{path}/waivers/low_tax_never_passes"
    desk.call("maintainer", "PUT", waiver, json={"reason": "试点文件允许"})
    desk.call("maintainer", "DELETE", waiver)
    first, second = 1, 2
    desk.call("maintainer", "POST", f"/proposals/{first}/submission")
    desk.call("publisher", "POST", f"/proposals/{first}/return", json={"comment": "补依据"})
    desk.call("maintainer", "POST", f"/proposals/{first}/submission")
    desk.approve(first)
    desk.call("maintainer", "GET", f"/proposals/{first}/shadow")
    desk.publish(first)
    desk.call("maintainer", "POST", f"/proposals/{second}/rebase")
    desk.work()
    desk.call("maintainer", "GET", f"/proposals/{second}")
    desk.call("maintainer", "GET", "/proposals")
    desk.call("maintainer", "POST", f"/proposals/{second}/withdrawal")
    desk.call("maintainer", "GET", "/rulesets")
    desk.call("maintainer", "GET", "/rulesets/2")
    desk.call("maintainer", "POST", "/rulesets/1/rollback", json={"reason": "文件撤销"})
    desk.work()
    desk.call("maintainer", "GET", "/proposals/3/checks")
