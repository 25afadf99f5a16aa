"""Rules and points that tell operators apart by ownership or place are told, with the article (W962)."""

from __future__ import annotations

import pytest

from evaluator.problems.errors import Problem
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.fairness import UnequalTreatment
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_directory, load_layers
from tests.support import CRITERIA, LABELS, METRICS, ROOT

FIELDS = """
fields:
  - {name: local_office, label: 在本市注册, type: bool, group: identity, supplied_by: market_regulation}
  - {name: head_office, label: 总部所在地, type: str, group: identity, supplied_by: market_regulation}
"""
RULE = """
- id: negative.who
  title: 谁
  list: negative
  effect: {effect}
  departments: [tax]
  basis: [{{source: law, clause: 第一条}}]
  message: 不行
  remedy: 无
  require: {require}
"""


def told(require: str, effect: str = "refer") -> list[Problem]:
    files = {
        "criteria.yaml": CRITERIA,
        "rules/metrics.yaml": METRICS,
        "rules/labels.yaml": LABELS,
        "fields.yaml": FIELDS,
        "rules/rules.yaml": RULE.format(require=require, effect=effect),
    }
    return list(UnequalTreatment().run(load_layers((("base", files),))))


@pytest.mark.parametrize(
    ("require", "words"),
    [
        (
            "{field: investor_kind, in: [central_soe, local_soe]}",
            "所有制（投资主体类别：中央企业、地方国有企业）",
        ),
        ("{not: {field: investor_kind, equals: foreign}}", "所有制（投资主体类别：外商投资企业）"),
        ("{field: local_office, equals: true}", "地域（在本市注册）"),
        ("{field: head_office, equals: 某市}", "地域（总部所在地）"),
        ("{field: local_supply_share, at_least: 30}", "地域（本地配套率）"),
    ],
)
def test_what_tells_operators_apart_is_named(require: str, words: str) -> None:
    (found,) = told(require)
    assert (found.code, found.subject, found.severity) == ("W962", "negative.who", "warning")
    assert words in found.message
    assert "第八条第四项" in found.message
    assert "accepted" in str(found.hint)


@pytest.mark.parametrize(
    ("require", "effect"),
    [
        ("{field: investor_kind, in: [central_soe]}", "advise"),
        ("{not: {field: investor_kind, equals: new_spv}}", "reject"),
        ("{field: site_city, equals: 某市}", "refer"),
        ("{field: net_assets, at_least: {field: total_investment}}", "refer"),
    ],
)
def test_what_treats_all_alike_is_not(require: str, effect: str) -> None:
    assert told(require, effect) == []


def test_points_by_place_are_told_of_the_card() -> None:
    ((layer, files),) = read_directory(ROOT / "profiles" / "shijiazhuang")
    assert list(UnequalTreatment().run(load_layers(((layer, files),)))) == []
    changed = {**files, "fields.yaml": files["fields.yaml"].replace("企业称号级别", "本市企业称号")}
    (found,) = UnequalTreatment().run(load_layers(((layer, changed),)))
    assert (found.subject, "地域（本市企业称号）" in found.message) == ("board", True)
    assert "第十条第二项" in found.message


def test_the_shipped_rulebook_asks_every_enterprise_for_the_same_capital() -> None:
    ruleset: Ruleset = load_directory(ROOT)
    assert [p.subject for p in UnequalTreatment().run(ruleset)] == ["integrity.project_capital"]
    reasons = {a.name: a.reason for a in ruleset.accepted if a.code == "W962"}
    assert "国发〔2015〕51号" in reasons["integrity.project_capital"]
    source = ruleset.sources["fair_competition_2024"]
    assert (source.number, str(source.in_force)) == ("国务院令第783号", "2024-08-01")
