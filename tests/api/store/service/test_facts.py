"""What is known of a project beside its dossier: kept without a new version, its national code once only."""

from __future__ import annotations

import json

from sqlalchemy import text

from evaluator.values.project_codes import EXAMPLE
from tests.api.support import Service

OTHER = "2305-320505-89-01-123456"


def test_facts_change_without_a_new_version(service: Service) -> None:
    number = service.submit("d01")["number"]
    path = f"/projects/{number}/facts"
    blank = service.call("submitter", "GET", path).json()
    assert (blank["place"], blank["leader"], blank["seen"][:2]) == (None, None, "0-")
    body = {"place": "科创路 1 号", "contact": "王工", "national_code": EXAMPLE.replace("-", "")}
    told = service.call("submitter", "PUT", path, json=body)
    assert told.status_code == 200, told.text
    assert told.json()["national_code"] == EXAMPLE
    again = service.call("submitter", "PUT", path, json={"contact": "", "phone": "0512-1"}).json()
    assert (again["place"], again["contact"], again["phone"]) == ("科创路 1 号", None, "0512-1")
    project = service.call("submitter", "GET", f"/projects/{number}").json()
    assert project["version"] == 1
    query = text(f"SELECT after FROM audit_log WHERE subject = 'project:{number}' ORDER BY seq")
    with service.store.db.read() as session:
        said = [json.loads(a) for a in session.scalars(query)]
    assert {"place", "contact", "national_code"} <= set(said[1])
    sealed = said[2].pop("sealed")
    assert [key.partition(":")[0] for key in sealed] == ["project_facts"]
    assert said[2] == {"contact": "", "phone": "0512-1"}
    same = service.call("submitter", "PUT", path, json={"phone": "0512-1"}).json()
    assert same["seen"] == again["seen"]


def test_who_looks_after_it_is_the_committees_to_say(service: Service) -> None:
    number = service.submit("d01")["number"]
    path = f"/projects/{number}/facts"
    care = {"leader": "李副市长", "officer": "赵科长"}
    assert service.call("submitter", "PUT", path, json=care).status_code == 403
    assert service.call("submitter:other", "PUT", path, json={"place": "x"}).status_code == 403
    assert service.call("committee", "PUT", path, json=care).json()["leader"] == "李副市长"
    assert service.call("auditor", "GET", path).json()["officer"] == "赵科长"
    assert service.call("submitter:other", "GET", path).status_code == 403


def test_a_code_belongs_to_one_project(service: Service) -> None:
    first, second = (service.submit("d01")["number"] for _ in range(2))

    def set_code(number: str, code: str) -> tuple[int, str]:
        answer = service.call(
            "submitter", "PUT", f"/projects/{number}/facts", json={"national_code": code}
        )
        return answer.status_code, answer.text

    with service.store.db.read() as session:
        taken = session.scalar(
            text(f"SELECT count(*) FROM project_facts WHERE national_code = '{OTHER}'")
        )
    assert taken == 0
    assert set_code(first, OTHER)[0] == 200
    status, said = set_code(second, OTHER)
    assert (status, first in said) == (409, True)
    assert set_code(first, OTHER)[0] == 200
    status, said = set_code(second, "2313-320505-89-01-123456")
    assert (status, "第 1 段" in said) == (422, True)
    assert set_code(first, "")[0] == 200
    assert set_code(second, OTHER)[0] == 200
    assert set_code(second, "")[0] == 200


def test_what_somebody_else_changed_meanwhile_is_told(service: Service) -> None:
    number = service.submit("d01")["number"]
    path = f"/projects/{number}/facts"
    seen = service.call("submitter", "GET", path).json()["seen"]
    service.call("committee", "PUT", path, json={"leader": "李副市长"})
    late = service.call(
        "submitter", "PUT", path, json={"place": "别处"}, headers={"if-match": seen}
    )
    assert late.status_code == 409 or late.status_code == 412
    assert "改项目概况" in late.text
