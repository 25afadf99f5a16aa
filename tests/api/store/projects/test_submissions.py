"""Submitting, resubmitting, drafts: on both databases."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from evaluator.dossier.dossier import make_profile
from evaluator.dossier.template import write_template
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import canonical_bytes, result
from tests.api.support import Service, example, shipped
from tests.support import join_all

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def test_a_submission_is_numbered_judged_and_kept(service: Service) -> None:
    receipt = service.submit("r01")
    assert re.fullmatch(r"ZR20\d\d-\d{6}", receipt["number"])
    profile = make_profile(shipped().registry, **example("r01"))
    expected = canonical_bytes(result(Evaluator(shipped(), "reference").evaluate(profile)))
    assert receipt["digest"] == hashlib.sha256(expected).hexdigest()
    assert receipt["reasons"]
    decision = service.call("submitter", "GET", f"/decisions/{receipt['decision']}").json()
    assert decision["verdict"] == receipt["verdict"]
    assert canonical_bytes(decision["result"]) == expected
    assert decision["dossier"]["project_name"] == example("r01")["project_name"]


def test_numbers_have_no_gaps(service: Service) -> None:
    first = service.submit("r01")["number"]
    assert service.call("submitter", "POST", "/projects", json={"x": 1}).status_code == 422
    second = service.submit("r02")["number"]
    assert int(second[-6:]) == int(first[-6:]) + 1


def test_the_same_key_gives_the_same_answer_once(service: Service) -> None:
    key = {"Idempotency-Key": "one-and-only"}
    first = service.call("submitter", "POST", "/projects", json=example("r03"), headers=key)
    again = service.call("submitter", "POST", "/projects", json=example("r03"), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = service.call("submitter", "POST", "/projects", json=example("r04"), headers=key)
    assert other.status_code == 409
    # Another's key of the same text is another key.
    theirs = service.call("submitter:other", "POST", "/projects", json=example("r04"), headers=key)
    assert theirs.status_code == 201


def test_the_same_key_at_the_same_moment(service: Service) -> None:
    answers: list[Any] = []

    def send() -> None:
        key = {"Idempotency-Key": "at-once"}
        answers.append(
            service.call("submitter", "POST", "/projects", json=example("r05"), headers=key)
        )

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    join_all(threads)
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["number"] for a in answers}) == 1


def test_a_new_version_says_what_changed(service: Service) -> None:
    first = service.submit("r01")
    changed = {**example("r01"), "total_investment": "120 亿元", "employees": 900}
    path = f"/projects/{first['number']}/versions"
    answer = service.call("submitter", "POST", path, json=changed)
    assert answer.status_code == 201
    receipt = answer.json()
    assert receipt["number"] == first["number"]
    assert receipt["version"] == 2
    assert [c["field"] for c in receipt["changes"]["fields"]] == ["total_investment", "employees"]
    assert all(m["from"] != m["to"] for m in receipt["changes"]["findings"])
    detail = service.call("submitter", "GET", f"/projects/{first['number']}").json()
    assert [v["version"] for v in detail["versions"]] == [2, 1]
    assert detail["versions"][1]["digest"] == first["digest"]


def test_another_submitter_can_neither_see_nor_change_it(service: Service) -> None:
    receipt = service.submit("r01")
    number = receipt["number"]
    for method, path, more in [
        ("GET", f"/projects/{number}", {}),
        ("GET", f"/decisions/{receipt['decision']}", {}),
        ("POST", f"/projects/{number}/versions", {"json": example("r01")}),
    ]:
        assert service.call("submitter:other", method, path, **more).status_code == 403
    listed = service.call("submitter:other", "GET", "/projects").json()["items"]
    assert number not in [p["number"] for p in listed]


def test_the_xlsx_form_is_accepted(service: Service, tmp_path: Any) -> None:
    profile = make_profile(shipped().registry, **example("d01"))
    path = tmp_path / "form.xlsx"
    write_template(shipped().registry, path, profile)
    headers = {"content-type": XLSX}
    answer = service.call(
        "submitter", "POST", "/projects", content=path.read_bytes(), headers=headers
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["digest"] == service.submit("d01")["digest"]
    broken = service.call("submitter", "POST", "/projects", content=b"PK\x03\x04x", headers=headers)
    assert broken.status_code == 422


def test_drafts_are_their_owners_alone(service: Service) -> None:
    made = service.call(
        "submitter",
        "POST",
        "/drafts",
        json={"dossier": {"project_name": "草稿", "land_area": 18.20}},
    )
    assert made.status_code == 201, made.text
    path = f"/drafts/{made.json()['id']}"
    assert service.call("submitter", "GET", path).json()["dossier"] == {
        "project_name": "草稿",
        "land_area": "18.2",
    }
    assert service.call("submitter:other", "GET", path).status_code == 403
    assert service.call("submitter:other", "DELETE", path).status_code == 403
    refused = service.call("submitter", "POST", f"{path}/submission")
    assert refused.status_code == 422
    whole = {"dossier": example("d01"), "revision": 1}
    assert service.call("submitter", "PUT", path, json=whole).json()["revision"] == 2
    assert service.call("submitter", "PUT", path, json=whole).status_code == 409
    assert service.call("submitter", "POST", f"{path}/submission").status_code == 201
    assert service.call("submitter", "DELETE", path).status_code == 204
    assert service.call("submitter", "GET", path).status_code == 404


@pytest.mark.parametrize("table", ["decisions", "hits", "audit_log", "rulesets", "publications"])
def test_the_database_refuses_to_alter_the_record(service: Service, table: str) -> None:
    service.submit("r01")
    column = {
        "decisions": "verdict",
        "hits": "status",
        "audit_log": "actor",
        "rulesets": "title",
        "publications": "note",
    }[table]
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="immutable"), service.store.db.write() as session:
            session.execute(text(statement))
    if not service.store.db.sqlite:
        with pytest.raises(DBAPIError), service.store.db.write() as session:
            session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_the_first_submissions_of_a_year_at_the_same_moment(database_url: str) -> None:
    with Service(database_url) as service:
        numbers: list[str] = []
        threads = [
            threading.Thread(target=lambda: numbers.append(service.submit("d01")["number"]))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        join_all(threads)
    assert sorted(int(n[-6:]) for n in numbers) == [1, 2, 3, 4, 5, 6]
