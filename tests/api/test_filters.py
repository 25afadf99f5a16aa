"""Filters with a closed list: what is misspelt is refused by name, and old rules stay searchable."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import pytest
from sqlalchemy import update

from api.database.review_tables import Task
from api.filters import find_rule
from api.store.rulesets import store_ruleset
from api.store.work import SYSTEM
from evaluator.rulebook.load import load_layers
from tests.api.support import Service, shipped

OLD = """
- id: integrity.only_of_old
  title: 旧规则
  list: integrity
  require: {field: employees, at_least: 1}
  effect: advise
  departments: [investment_promotion]
  basis: [{source: demo_city}]
"""
# Path, parameter, what is misspelt, and what the hint must hold.
MISSPELT = (
    ("/projects", "state", "decidde", "review"),
    ("/projects", "verdict", "passs", "refer"),
    ("/projects", "rule", "negative.low_taxx", "negative.low_tax"),
    ("/projects", "rule", "无此规则", "/api/v1/rules"),
    ("/projects", "rule", "land_area", "/api/v1/rules"),
    ("/projects", "department", "ecologgy", "ecology"),
    ("/projects", "industry", "C99", "门类"),
    ("/projects", "industry", "A39", "C39"),
    ("/projects", "industry", "K1", "A 至 T"),
    ("/tasks", "state", "opne", "open"),
    ("/tasks", "department", "taxx", "tax"),
    ("/statistics/verdicts", "by", "moon", "month"),
    ("/statistics/rules", "show", "x", "unhit"),
    ("/statistics/rates", "industry", "C44", "D44"),
)


@pytest.mark.parametrize(("path", "parameter", "word", "allowed"), MISSPELT)
def test_a_misspelt_filter_is_refused(
    service: Service, path: str, parameter: str, word: str, allowed: str
) -> None:
    answer = service.call("committee", "GET", path, params={parameter: word})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    code = "A109" if parameter == "department" else "A114"
    assert (error["parameter"], error["code"]) == (parameter, code)
    assert f"“{word}”" in error["detail"]
    assert allowed in error["hint"]


@pytest.mark.parametrize(
    "query",
    [
        "state=decided",
        "verdict=pass",
        "rule=negative.low_tax",
        "department=ecology",
        "industry=c",
        "department=生态环境部门",
        "industry=C3",
        "industry=c39",
        "industry=C3985",
        "rule=",
        "industry=K7",
    ],
)
def test_what_is_on_the_list_is_taken(service: Service, query: str) -> None:
    assert service.call("committee", "GET", f"/projects?{query}").status_code == 200


def test_a_rule_that_only_an_old_ruleset_has(service: Service) -> None:
    layers = [(name, dict(files)) for name, files in shipped().layers]
    layers[0][1]["rules/old.yaml"] = OLD
    with service.store.work(SYSTEM) as work:
        store_ruleset(work, load_layers(tuple(layers)))
    found = service.call("committee", "GET", "/projects", params={"rule": "integrity.only_of_old"})
    assert (found.status_code, found.json()["items"]) == (200, [])
    for close in ("integrity.only_of_ol", "only_of_old", "integrity_only_of_old"):
        refused = service.call("committee", "GET", "/projects", params={"rule": close})
        assert refused.status_code == 422
    with service.store.db.read() as session:
        # Every rule is found in the text alone, as it is when its ruleset is no longer in force.
        without = dataclasses.replace(shipped(), rules=MappingProxyType({}))
        for rule in shipped().rules:
            assert find_rule(session, without, rule) == rule


def test_a_department_that_only_old_tasks_know(service: Service) -> None:
    service.submit("r01")
    task = service.call("committee", "GET", "/tasks").json()["items"][0]["id"]
    with service.store.db.write() as session:
        session.execute(update(Task).where(Task.id == task).values(department="former"))
    found = service.call("committee", "GET", "/tasks", params={"department": "former"})
    assert [t["id"] for t in found.json()["items"]] == [task]


PAGES = (
    ("committee", "/projects", "state", "decidde", "会审中"),
    ("committee", "/projects", "verdict", "passs", "refer"),
    ("committee", "/projects", "rule", "negative.low_taxx", "negative.low_tax"),
    ("committee", "/projects", "industry", "C99", "门类"),
    ("committee", "/projects", "department", "taxx", "tax"),
    ("committee", "/tasks", "state", "opne", "待办"),
    ("committee", "/tasks", "department", "taxx", "tax"),
    ("auditor", "/audit", "action", "login.opne", "login.open"),
    ("auditor", "/audit", "action", "nothing.*", "停用或启用账号"),
    ("maintainer", "/proposals", "state", "drafft", "起草"),
    (None, "/rules", "list", "negativ", "negative"),
    (None, "/rules", "effect", "rejekt", "否决项"),
    (None, "/rules", "department", "taxx", "税务部门"),
)


@pytest.mark.parametrize(("role", "path", "parameter", "word", "allowed"), PAGES)
@pytest.mark.parametrize("kind", ["", ".csv"])
def test_pages_and_files_say_so(
    service: Service,
    role: str | None,
    path: str,
    parameter: str,
    word: str,
    allowed: str,
    kind: str,
) -> None:
    answer = service.client.get(
        f"{path}{kind}", params={parameter: word}, headers=service.headers(role)
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert f"没有“{word}”这个" in answer.text
    assert allowed in answer.text
