"""堵点: raised with an owner and a day, solved by the owner, listed by leader and department."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import text

from api.workdays.china import today
from tests.api.support import Service

NEXT = (today() + dt.timedelta(days=30)).isoformat()


def raised(service: Service, number: str, role: str = "submitter", **more: str) -> Any:
    body = {
        "kind": "land",
        "text": "缺 30 亩指标",
        "department": "natural_resources",
        "due_on": NEXT,
    }
    return service.call(role, "POST", f"/projects/{number}/obstacles", json={**body, **more})


def listed(service: Service, role: str = "committee", **asked: str) -> list[dict[str, Any]]:
    items = service.call(role, "GET", "/obstacles", params=asked).json()["items"]
    assert isinstance(items, list)
    return items


def test_an_obstacle_is_raised_owned_dated_and_solved(service: Service) -> None:
    number = service.submit("r16")["number"]
    made = raised(service, number)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["title"], told["late"], told["solution"]) == ("用地指标", False, None)
    assert [o["id"] for o in listed(service, number=number)] == [told["id"]]
    mine = listed(service, "department:natural_resources", department="natural_resources")
    assert told["id"] in {o["id"] for o in mine}
    path = f"/obstacles/{told['id']}/solution"
    body = {"solution": "已落实增减挂钩指标"}
    assert service.call("department:ecology", "POST", path, json=body).status_code == 403
    done = service.call("department:natural_resources", "POST", path, json=body)
    assert (done.status_code, done.json()["solved_by"]) == (200, "department-natural_resources")
    assert service.call("committee", "POST", path, json=body).status_code == 409
    assert listed(service, number=number) == []
    assert [o["id"] for o in listed(service, number=number, state="solved")] == [told["id"]]
    with service.store.db.read() as session:
        query = f"SELECT action FROM audit_log WHERE subject = 'project:{number}' ORDER BY seq"
        said = session.execute(text(query)).scalars().all()
    assert said[-2:] == ["obstacle.raise", "obstacle.solve"]


def test_what_is_wrong_with_one_is_said(service: Service) -> None:
    number = service.submit("r16")["number"]
    for more, word in (
        ({"department": "enterprise"}, "哪个部门"),
        ({"due_on": "2020-01-01"}, "早于今天"),
        ({"text": " "}, "卡在哪里"),
    ):
        refused = raised(service, number, **more)
        assert (refused.status_code, word in refused.text) == (422, True), refused.text
    assert raised(service, number, "submitter:other").status_code == 403
    assert raised(service, number, "auditor").status_code == 403


def test_they_are_listed_by_leader_and_by_day(service: Service) -> None:
    number = service.submit("r16")["number"]
    care = {"leader": f"负责 {number}"}
    service.call("committee", "PUT", f"/projects/{number}/facts", json=care)
    ids = [raised(service, number).json()["id"] for _ in range(3)]
    found = listed(service, leader=care["leader"])
    assert [o["id"] for o in found] == ids[::-1]
    assert {o["leader"] for o in found} == {care["leader"]}
    with service.store.db.write() as session:
        session.execute(text(f"UPDATE obstacles SET due_on = '2020-01-01' WHERE id = {ids[0]}"))
    late = listed(service, leader=care["leader"], state="late")
    assert [(o["id"], o["late"]) for o in late] == [(ids[0], True)]
    page = service.call(
        "committee", "GET", "/obstacles", params={"leader": care["leader"], "limit": 2}
    )
    rest = service.call(
        "committee",
        "GET",
        "/obstacles",
        params={"leader": care["leader"], "cursor": page.json()["next"]},
    )
    assert [o["id"] for o in rest.json()["items"]] == [ids[0]]
