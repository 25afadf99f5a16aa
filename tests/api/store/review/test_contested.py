"""What somebody tried who wanted more than is theirs, or whose moment was unlucky."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.commands.backup import backup
from api.store import accounts, apikeys, audit
from api.store.projects import submissions
from api.store.review import opinions
from api.store.work import SYSTEM, Actor
from tests.api.support import Service, example, sqlite_url, unlock
from tests.support import join_all

OTHER = "department:tax"


def both_roles(service: Service) -> None:
    """An account that submits and answers for a department, with nothing of its own."""
    if "both" in service.keys:
        return
    roles = ["submitter", "department:ecology"]
    with service.store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, "both", "both", roles, "password of both")
    actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
    with service.store.work(actor) as work:
        _, service.keys["both"] = apikeys.create_key(work, "tests", None, False, None)


def test_two_roles_give_no_more_than_each(service: Service) -> None:
    both_roles(service)
    receipt = service.submit("r01")
    number = receipt["number"]
    asked = service.call("both", "GET", "/tasks", params={"number": number}).json()["items"]
    assert {t["department"] for t in asked} == {"ecology"}
    again = service.call("both", "POST", f"/projects/{number}/versions", json=example("d01"))
    assert again.status_code == 403
    assert again.json()["detail"] == "只能更改自己申报的项目"
    draft = {"number": number, "dossier": {}}
    assert service.call("both", "POST", "/drafts", json=draft).status_code == 403


def test_a_filter_tells_no_more_than_the_list(service: Service) -> None:
    if OTHER not in service.keys:
        service.add(OTHER)
    number = service.submit("r14")["number"]
    rule = "positive.land_tax"  # What the tax department answers for.

    def found(role: str, **params: str) -> bool:
        listed = service.call(role, "GET", "/projects", params={"q": number, **params}).json()
        return [p["number"] for p in listed["items"]] == [number]

    ecology = "department:ecology"
    assert found(ecology)
    assert found(OTHER, rule=rule)
    assert found("submitter", rule=rule)
    assert not found(ecology, rule=rule)
    assert not found(ecology, department="tax")
    assert found(ecology, department="ecology")


def test_a_key_made_with_a_key_ends_with_it(service: Service) -> None:
    parent = service.call("committee", "POST", "/keys", json={"title": "一日", "days": 1}).json()
    headers = {"authorization": f"Bearer {parent['key']}"}
    for days in ({}, {"days": 30}):
        child = service.call(None, "POST", "/keys", json={"title": "子", **days}, headers=headers)
        assert child.status_code == 201
        assert child.json()["expires_at"] == parent["expires_at"]


@pytest.mark.parametrize("place", ["p-5", "p1_0", "p9999999999999999999999999", "p", "x5"])
def test_a_place_that_was_never_given_out(service: Service, place: str) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    answer = service.call("committee", "GET", "/projects", params={"cursor": cursor})
    assert answer.status_code == 422


def test_a_form_with_odd_characters(service: Service) -> None:
    def login(**form: str) -> int:
        return int(service.client.post("/login", data=form).status_code)

    assert login(csrf="中", name="a", password="b") == 401
    assert login(csrf="", name="a\x00b", password="b") == 422


def test_only_overrides_of_rejects_are_counted(service: Service) -> None:
    changed = {**example("d01"), "debt_ratio": 95, "plot_ratio": "0.5"}
    receipt = service.call("submitter", "POST", "/projects", json=changed).json()
    assert receipt["verdict"] == "refer"
    number = receipt["number"]
    for task in service.call("committee", "GET", "/tasks", params={"number": number}).json()[
        "items"
    ]:
        role = f"department:{task['department']}"
        if role not in service.keys:
            service.add(role)
        service.call(role, "POST", f"/tasks/{task['id']}/opinion", json={"opinion": "agree"})
    path = f"/decisions/{receipt['decision']}/conclusion"
    unknown = service.undecided(receipt["decision"])
    body = {"outcome": "admit", "reason": "会审一致同意", "undecided": unknown}
    said = service.call("committee", "POST", path, json=body)
    assert said.status_code == 201, said.text
    listed = service.call("auditor", "GET", "/statistics/rules", params={"show": "overridden"})
    assert "prudence.debt_ratio" not in {r["rule"] for r in listed.json()}


def test_a_conclusion_and_a_new_version_at_the_same_moment(service: Service) -> None:
    """One of them is refused: no version is admitted that nobody has seen."""
    for _ in range(6):
        receipt = service.submit("d01")
        number, decision = receipt["number"], receipt["decision"]
        codes: dict[str, int] = {}

        def version(codes: dict[str, int] = codes, number: str = number) -> None:
            path = f"/projects/{number}/versions"
            codes["version"] = service.call(
                "submitter", "POST", path, json=example("r36")
            ).status_code

        def conclude(codes: dict[str, int] = codes, decision: int = decision) -> None:
            path = f"/decisions/{decision}/conclusion"
            body = {"outcome": "admit", "reason": "同意"}
            codes["conclusion"] = service.call("committee", "POST", path, json=body).status_code

        threads = [threading.Thread(target=version), threading.Thread(target=conclude)]
        for thread in threads:
            thread.start()
        join_all(threads)
        assert sorted(codes.values()) == [201, 409], codes


@pytest.mark.parametrize("said", ["agree", "supplement"])
@pytest.mark.parametrize("first", ["version", "opinion"])
def test_an_opinion_and_a_new_version_at_the_same_moment(
    service: Service, monkeypatch: pytest.MonkeyPatch, first: str, said: str
) -> None:
    """Whichever has begun is finished first; an opinion is never on a version it was not asked about."""
    receipt = service.submit("r01")
    number = receipt["number"]
    role = "department:natural_resources"
    (task,) = service.call(role, "GET", "/tasks", params={"number": number}).json()["items"]
    begun, other = threading.Event(), threading.Event()
    codes: dict[str, int] = {}
    real_open, real_own = submissions.open_tasks, opinions.own_task

    def open_tasks(*arguments: Any) -> None:
        """Called with the project locked and the tasks of the version before not yet read."""
        if first == "version":
            begun.set()
            other.wait(1)
            time.sleep(0.3)
        else:
            other.set()
        real_open(*arguments)

    def own_task(*arguments: Any) -> Any:
        """Returns with what the opinion locks."""
        if first == "version":
            found = real_own(*arguments)
            other.set()
            return found
        found = real_own(*arguments)
        begun.set()
        if other.wait(2):
            time.sleep(0.3)
        return found

    monkeypatch.setattr(submissions, "open_tasks", open_tasks)
    monkeypatch.setattr(opinions, "own_task", own_task)

    def version() -> None:
        # What moves the department's own findings: it is asked anew.
        changed = {**example("r01"), "planning_conformity": True}
        path = f"/projects/{number}/versions"
        codes["version"] = service.call("submitter", "POST", path, json=changed).status_code

    def opinion() -> None:
        body = {"opinion": said, "reason": "缺图"}
        path = f"/tasks/{task['id']}/opinion"
        codes["opinion"] = service.call(role, "POST", path, json=body).status_code

    one, two = (version, opinion) if first == "version" else (opinion, version)
    threads = [threading.Thread(target=one), threading.Thread(target=two)]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    join_all(threads)
    assert codes == {"version": 201, "opinion": 409 if first == "version" else 200}
    tasks = service.call(role, "GET", "/tasks", params={"number": number}).json()["items"]
    done = "done" if (first, said) == ("opinion", "agree") else "withdrawn"
    assert [(t["version"], t["state"]) for t in tasks] == [(1, done), (2, "open")]
    assert len(tasks[0]["opinions"]) == (0 if first == "version" else 1)
    # The new version has been asked about by nobody: there is nothing to supplement.
    assert service.call("submitter", "GET", f"/projects/{number}").json()["state"] == "review"
    with service.store.db.read() as session:
        assert audit.verify(session)[1] == ()


@pytest.mark.parametrize("table", ["decisions", "audit_log", "rulesets", "hits", "publications"])
def test_a_row_cannot_be_replaced(tmp_path: Path, table: str) -> None:
    """Only SQLite has REPLACE, which asks no DELETE trigger."""
    with Service(sqlite_url(tmp_path)) as service:
        service.submit("r01")
        replace = f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"
        with pytest.raises(DBAPIError, match="immutable"), service.store.db.write() as session:
            session.execute(text(replace))


def test_a_verdict_that_lists_go_by_is_part_of_the_record(database_url: str) -> None:
    with Service(database_url) as service:
        decision = service.submit("r01")["decision"]
        with service.store.db.write() as session:
            unlock(session, "decisions")
            session.execute(text(f"UPDATE decisions SET verdict = 'pass' WHERE id = {decision}"))
        replay = service.call("auditor", "GET", f"/decisions/{decision}/replay").json()
        assert not replay["stored_intact"]


def test_an_admin_stays_one(service: Service) -> None:
    body = {"roles": ["auditor"]}
    assert service.call("admin", "PUT", "/accounts/admin/roles", json=body).status_code == 409


def test_a_backup_is_for_its_owner_alone(service: Service, tmp_path: Path) -> None:
    backup(service.store.db, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").stat().st_mode & 0o077 == 0
