"""``routes.yaml``: who concludes, as it is read, and what is refused at its place."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import result
from evaluator.judgement.routes import routes, routing
from evaluator.problems.errors import RulebookError
from evaluator.revision.diff import diff
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers
from tests.judgement.rules import rule
from tests.support import CRITERIA, METRICS, profile

ROUTES = """
- {id: group, body: 领导小组, workdays: 10, basis: [{source: law, clause: 第一条}]}
- id: government
  body: 县政府
  when: {field: land_area, more_than: 30}
  basis: [{source: law}]
"""


def load(text: str | None) -> Ruleset:
    files = {
        "criteria.yaml": CRITERIA,
        "rules/metrics.yaml": METRICS,
        "rules/all.yaml": rule("{metric: land_tax, at_least: 20}"),
    }
    if text is not None:
        files["rules/routes.yaml"] = text
    return load_layers((("base", files),))


def told(ruleset: Ruleset, **values: Any) -> dict[str, Any]:
    return result(Evaluator(ruleset, "reference").evaluate(profile(**values)))


def test_a_route_is_taken_not_taken_or_left_open() -> None:
    ruleset = load(ROUTES)
    small, large, unsaid = (told(ruleset, **v) for v in ({"land_area": 30}, {"land_area": 31}, {}))
    assert [r["body"] for r in small["routes"]] == ["领导小组"]
    assert [r["body"] for r in large["routes"]] == ["领导小组", "县政府"]
    assert [r["workdays"] for r in large["routes"]] == [10, None]
    assert small["routes"][0]["basis"][0]["clause"] == "第一条"
    assert [r["body"] for r in unsaid["routes"]] == ["领导小组"]
    (open_,) = unsaid["routes_open"]
    assert (open_["body"], open_["missing"]) == ("县政府", ["land_area"])
    assert small["routes_open"] == []
    evaluation = Evaluator(ruleset, "reference").evaluate(profile())
    assert list(routing(evaluation)) == [
        "审定层级：领导小组（10 个工作日）。",
        "是否还要经县政府，要看用地面积。",
    ]
    assert [t.sure for t in routes(evaluation)] == [True, False]


def test_routes_are_no_part_of_the_verdict() -> None:
    with_routes, without = load(ROUTES), load(None)
    assert with_routes.identity != without.identity
    assert "routes" not in told(without)
    for values in ({}, {"land_area": 31}, {"land_area": 31, "annual_tax": 9999}):
        a, b = told(with_routes, **values), told(without, **values)
        for key in ("verdict", "sentence", "findings", "counterfactual"):
            assert a[key] == b[key]


def test_a_changed_route_is_told() -> None:
    other = ROUTES.replace("more_than: 30", "more_than: 50").replace("workdays: 10", "workdays: 5")
    said = diff(load(ROUTES), load(other)).render()
    assert "修改审定层级 government（县政府）" in said
    assert "10 个工作日" in said
    assert "5 个工作日" in said


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{a: 1}", "E202", "审定层级文件应是列表"),
        ("- 甲", "E202", "审定层级应是键值表"),
        ("- {id: a, body: 甲}", "E201", "缺少“basis”"),
        ("- {id: a, body: 甲, basis: [{source: lew}]}", "E305", "没有依据文件“lew”"),
        ("- {id: a, body: 甲, basis: [law]}", "E202", "依据应是键值表"),
        ("- {id: a, body: 甲, workdays: 0, basis: [{source: law}]}", "E203", "不能是 0"),
        (
            "- {id: a, body: 甲, when: {field: aera, at_least: 1}, basis: [{source: law}]}",
            "E301",
            "aera",
        ),
        (ROUTES + "- {id: group, body: 又一个, basis: [{source: law}]}", "E302", "重复"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, said: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load(text)
    found = [p for p in caught.value.problems if p.code == code]
    assert any(said in p.message for p in found), caught.value
    assert all(p.place.source.name == "rules/routes.yaml" for p in found)
