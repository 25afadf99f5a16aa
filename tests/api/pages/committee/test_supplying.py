"""The task page: what a department fills in, and what it is told before it agrees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.pages.committee.task_page import open_words
from tests.api.pages.visitor import Visitor
from tests.api.support import Service, sqlite_url

ROLE = "department:natural_resources"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(sqlite_url(Path(tmp_path_factory.mktemp("pages")))) as made:
        yield made


@pytest.fixture
def task(office: Service) -> dict[str, Any]:
    number = office.submit("r01")["number"]
    found = office.call(ROLE, "GET", "/tasks", params={"number": number}).json()["items"]
    assert isinstance(found[0], dict)
    return found[0]


def visitor(office: Service, name: str = "department-natural_resources") -> Visitor:
    made = Visitor(office.app)
    login = {"name": name, "password": f"password of {name}", "next": "/"}
    assert made.post("/login", login).status_code == 200
    return made


def test_its_own_missing_fields_and_nothing_else(office: Service, task: dict[str, Any]) -> None:
    clerk, path = visitor(office), f"/tasks/{task['id']}"
    shown = clerk.get(path).text
    form = shown.split(f'action="{path}/values"')[1].split("</form>")[0]
    names = {*re.findall(r' name="([^"]+)"', form)} - {"csrf", "seen"}
    assert "plot_ratio" in names
    registry = office.store.rulesets.current().ruleset.registry
    assert {registry.fields[n].supplied_by for n in names} == {"natural_resources"}
    assert "land_area" not in names, "it is there already"
    assert "/values" not in visitor(office, "committee").get(path).text


def test_mistakes_keep_the_form_and_what_is_right_is_judged(
    office: Service, task: dict[str, Any]
) -> None:
    clerk, path = visitor(office), f"/tasks/{task['id']}/values"
    empty = clerk.post(path, {"annual_tax": "1"})
    assert empty.status_code == 422
    assert "一项也没有填" in empty.text
    typed = {"plot_ratio": "约一点二", "office_land_share": "5%"}
    wrong = clerk.post(path, typed)
    assert wrong.status_code == 422
    assert 'href="#f-plot_ratio"' in wrong.text
    field = wrong.text.split('<label for="f-plot_ratio">')[1].split("</div>\n</div>")[0]
    assert "错误：" in field
    assert 'value="约一点二"' in wrong.text
    assert 'name="office_land_share" value="5%"' in wrong.text
    done = clerk.post(path, {**typed, "plot_ratio": "1.2"}, follow_redirects=False)
    assert done.status_code == 303, done.text
    after = clerk.get(done.headers["location"]).text
    assert "已填入，项目已重新判定" in after
    assert 'name="plot_ratio"' not in after
    decision = office.call("committee", "GET", f"/projects/{task['number']}").json()["decision"]
    page = visitor(office, "committee").get(f"/decisions/{decision}").text
    assert "容积率" in page
    assert "由自然资源部门 department-natural_resources填入" in page
    log = office.client.get("/audit", headers=office.headers("auditor")).text
    assert "部门填入数据" in log
    # The page of before: refused, and what was typed is told.
    late = clerk.post(path, {"floor_area": "20000"})
    assert late.status_code == 409
    assert "已经撤回" in late.text
    assert "总建筑面积 20000" in late.text


def test_a_stale_page_keeps_what_was_typed(office: Service, task: dict[str, Any]) -> None:
    clerk, path = visitor(office), f"/tasks/{task['id']}/values"
    asked = {"opinion": "supplement", "reason": "缺图"}
    office.call(ROLE, "POST", f"/tasks/{task['id']}/opinion", json=asked)
    late = clerk.post(path, {"plot_ratio": "1.2", "seen": task["seen"]})
    assert late.status_code == 409
    assert "在您查看之后有变化" in late.text
    assert 'name="plot_ratio" value="1.2"' in late.text
    assert task["seen"] not in late.text
    assert clerk.post(path, {"plot_ratio": "1.2", "seen": ""}).status_code == 428
    other = visitor(office, "department-ecology")
    assert other.post(path, {"plot_ratio": "1.2"}).status_code in (403, 404)


def test_whoever_agrees_is_told_what_is_open_and_asked_twice(
    office: Service, task: dict[str, Any]
) -> None:
    clerk, path = visitor(office), f"/tasks/{task['id']}/opinion"
    findings = office.call(ROLE, "GET", f"/decisions/{task['decision']}/findings").json()
    unknown = [f["effect"] for f in findings if f["status"] == "unknown"]
    told = f"还有 {open_words(findings)}未判定"
    assert str(unknown.count("reject") or unknown.count("refer")) in told
    assert told in clerk.get(f"/tasks/{task['id']}").text
    once = clerk.post(path, {"opinion": "agree", "reason": "无意见"})
    assert once.status_code == 422
    assert f"{told}。仍要同意的，请勾选确认后再提交" in once.text
    assert "无意见</textarea>" in once.text
    assert 'value="agree" checked' in once.text
    assert (
        office.call(ROLE, "GET", "/tasks", params={"number": task["number"]}).json()["items"][0][
            "opinions"
        ]
        == []
    )
    twice = clerk.post(path, {"opinion": "agree", "sure": "1"}, follow_redirects=False)
    assert twice.status_code == 303


def test_whoever_disagrees_is_not_asked(office: Service, task: dict[str, Any]) -> None:
    given = {"opinion": "disagree", "reason": "用地不符"}
    path = f"/tasks/{task['id']}/opinion"
    assert visitor(office).post(path, given, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([("unknown", "reject")] * 5, "5 项否决项"),
        ([("unknown", "refer"), ("unknown", "reject")], "1 项否决项、1 项会审项"),
        ([("violated", "reject"), ("unknown", "advise"), ("satisfied", "refer")], ""),
    ],
)
def test_what_is_open_in_words(findings: list[tuple[str, str]], said: str) -> None:
    assert open_words({"status": s, "effect": e} for s, e in findings) == said
