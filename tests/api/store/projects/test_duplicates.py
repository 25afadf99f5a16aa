"""Projects that may be the same are found, told before a submission, and copied or compared."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from sqlalchemy import text

from api.database.db import Database
from api.store import accounts
from api.store.projects.duplicates import Wanted, duplicates
from api.store.projects.listed import key_of
from api.store.work import SYSTEM
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.support import Service, example


@pytest.fixture(scope="module")
def clerk(service: Service) -> Visitor:
    with service.store.work(SYSTEM) as work:
        accounts.create_account(work, "clerk", "王办事员", ["submitter"], PASSWORD)
    return Visitor(service.app).log_in("clerk")


def named(service: Service, role: str = "submitter", **over: Any) -> dict[str, Any]:
    body = {**example("d01"), "project_id": secrets.token_hex(4), **over}
    answer = service.call(role, "POST", "/projects", json=body)
    assert answer.status_code == 201, answer.text
    return {**body, **answer.json()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("年产 10 万套电机项目", "年产10万套电机"),
        ("（示范）ＡＢＣ工程", "示范abc"),
        ("某某科技有限公司", "某某科技股份有限公司"),
    ],
)
def test_spelling_makes_no_other_name(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)
    assert key_of(one) != key_of(other + "二期")


def test_like_projects_are_found_with_their_reasons(service: Service) -> None:
    tag = secrets.token_hex(3)
    first = named(service, project_name=f"{tag}高速电机制造", enterprise_name=f"{tag}电机有限公司")
    code = named(
        service, project_id=first["project_id"], project_name=f"{tag}别的", enterprise_name="甲"
    )
    near = named(
        service, project_name=f"{tag}高速电机制造二期", enterprise_name=f"{tag}电机股份有限公司"
    )
    far = named(service, project_name="完全不同的仓储", enterprise_name=f"{tag}电机有限公司")
    wanted = Wanted(
        project_id=first["project_id"],
        name=f"{tag} 高速电机制造项目",
        enterprise=f"{tag}电机有限公司",
        number=first["number"],
    )
    with service.store.db.read() as session:
        found = duplicates(session, service.actors["committee"], wanted)
        told = {d.number: d.why for d in found.found}
        assert told == {
            code["number"]: ("项目编号相同",),
            near["number"]: ("企业相同，项目名称相近",),
            far["number"]: ("同一企业的项目",),
        }
        assert [d.number for d in found.found][-1] == far["number"]
        # Whoever may not see them learns that there are some, and no more.
        other = duplicates(session, service.actors["submitter:other"], wanted)
        assert (other.found, other.others) == ((), 2)
        nothing = duplicates(session, service.actors["committee"], Wanted())
        assert (nothing.found, nothing.others) == ((), 0)


def test_it_is_said_before_submission(service: Service, clerk: Visitor) -> None:
    other = named(service, project_name="王家村光伏组件厂")
    form = {
        "project_id": "别的编号",
        "project_name": "王家村光伏组件厂项目",
        "submitted_on": "2024-06-03",
    }
    page = clerk.post("/assess/confirm", form)
    assert "已有其他单位申报的 1 个项目编号或名称相同" in page.text
    assert other["number"] not in page.text
    sent = clerk.post("/assess/submit", {**form, "once": secrets.token_hex(8)})
    assert sent.status_code == 200
    again = clerk.post("/assess/confirm", form)
    assert re.search(
        r"可能重复.*王家村光伏组件厂项目.*项目编号相同、项目名称相同", again.text, re.S
    )


def test_a_former_project_is_copied_and_compared(service: Service, clerk: Visitor) -> None:
    form = {
        "project_id": "甲1",
        "project_name": "复制的来源",
        "land_area": "60",
        "submitted_on": "2024-06-03",
    }
    sent = clerk.post("/assess/submit", {**form, "once": secrets.token_hex(8)})
    number = re.search(r"ZR\d{4}-\d{6}", sent.text)
    assert number is not None
    page = clerk.get("/assess", params={"copy": number[0]}).text
    assert 'value="复制的来源"' in page
    assert 'value="甲1"' not in page
    foreign = named(service)
    assert clerk.get("/assess", params={"copy": foreign["number"]}).status_code == 403
    other = clerk.post(
        "/assess/submit",
        {**form, "project_id": "甲2", "land_area": "80", "once": secrets.token_hex(8)},
    )
    second = re.search(r"ZR\d{4}-\d{6}", other.text)
    assert second is not None
    shown = clerk.get("/compare", params={"a": number[0], "b": second[0]}).text
    assert re.search(r"用地面积</td><td[^>]*>60 亩</td><td[^>]*>80 亩", shown)
    assert clerk.get("/compare", params={"a": number[0], "b": foreign["number"]}).status_code == 403
    assert clerk.get("/compare", params={"a": number[0], "b": "没有"}).status_code == 404
    assert clerk.get("/compare").status_code == 200


def test_lists_carry_money_land_zone_and_person(service: Service, clerk: Visitor) -> None:
    tag = secrets.token_hex(3)
    named(service, project_name=f"列表{tag}", zone=f"{tag}片区", land_area="61.5")
    found = service.call("committee", "GET", "/projects", params={"q": f"{tag}片区"}).json()
    (one,) = found["items"]
    assert (one["investment"], one["land"], one["zone"]) == ("48000", "61.5", f"{tag}片区")
    assert one["person"] == "submitter"
    by_person = service.call("committee", "GET", "/projects", params={"q": f"submitter {tag}"})
    assert len(by_person.json()["items"]) == 1
    del clerk


def test_the_structure_before_and_forward_again_finds_the_same(database_url: str) -> None:
    with Service(database_url) as service:
        service.submit("d01")
        service.submit("r01")
    db = Database(database_url)
    columns = "investment, land, energy, zone, name_key, enterprise_key, search"
    query = text(f"SELECT {columns} FROM projects ORDER BY id")
    with db.read() as session:
        before = session.execute(query).all()
    db.downgrade("0017")
    db.migrate()
    with db.read() as session:
        assert session.execute(query).all() == before
    db.close()
