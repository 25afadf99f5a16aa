"""Nobody is turned away on a value that nobody published (W961, E944)."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.rulebook import ast
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.checks.papers import is_document, new_rejects, sources_of
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.reads import criteria_of
from tests.support import ROOT, ruleset_of

SHIPPED = [ROOT, *sorted(p.parent for p in (ROOT / "profiles").glob("*/criteria.yaml"))]
HALVES = ("negative.low_investment", "negative.low_output", "negative.low_tax")
ADOPTED = """
- id: negative.low_tax
  title: 亩均税收否决线
  list: negative
  dimension: output
  applies_when: {field: land_use_mode, in: [new_industrial_land, stock_land]}
  require: {metric: land_tax, at_least: {criterion: land_tax_reject_floor}}
  effect: reject
  due: lead
  departments: [tax, natural_resources]
  basis: [{criterion: land_tax_reject_floor}]
  message: 亩均税收为 {value}，低于否决线 {required}
  remedy: 提高税收贡献
"""
PAPER = """
language: 1
profile: {id: own_city, title: 某市, extends: ../..}
sources:
  own_paper: {title: 某市工业项目准入办法, number: 某政发〔2026〕1号, published: 2026-01-01}
criteria:
  land_tax_reject_floor:
    title: 土地税收否决线
    kind: floor
    unit: 万元/亩/年
    values: [{from: 2026-01-01, source: own_paper, clause: 第三条, verified: true, value: 8}]
"""
BARE = "language: 1\nprofile: {id: own_city, title: 某市, extends: ../..}\n"


def adopting(criteria: str) -> Ruleset:
    """The shipped rulebook under a city that rejects by the line on tax."""
    own = ("own_city", {"criteria.yaml": criteria, "rules/lines.yaml": ADOPTED})
    return load_layers((*load_directory(ROOT).layers, own))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_every_shipped_reject_rests_on_a_published_value(path: Path) -> None:
    """Each value has a document; what was not read in it is accepted by name, with the reason."""
    ruleset = load_directory(path)
    waived = {a.name for a in ruleset.accepted if a.code == "W921"}
    for rule in ruleset.rules.values():
        if rule.effect is not ast.Effect.REJECT:
            continue
        for criterion in criteria_of(rule, ruleset).values():
            assert all(map(is_document, sources_of(criterion))), (rule.id, criterion.id)
            for period in criterion.periods:
                for row in period.rows:
                    assert "减半" not in f"{row.provenance.clause}{row.provenance.note}", rule.id
                    assert row.provenance.verified or rule.id in waived, (rule.id, criterion.id)


def test_the_lines_of_half_a_standard_refer() -> None:
    ruleset = load_directory(ROOT)
    assert {ruleset.rules[i].effect for i in HALVES} == {ast.Effect.REFER}


def test_a_city_that_rejects_is_asked_for_its_document() -> None:
    shipped = load_directory(ROOT)
    bare, papered = adopting(BARE), adopting(PAPER)
    (asked,) = new_rejects(shipped, bare)
    assert (asked.code, asked.subject) == ("E944", "negative.low_tax")
    assert "文号" in str(asked.hint)
    assert list(new_rejects(shipped, papered)) == []
    assert list(new_rejects(bare, bare)) == []
    codes = {
        name: {p.code for p in check_layers(r.layers)[1] if p.subject == "negative.low_tax"}
        for name, r in (("bare", bare), ("papered", papered))
    }
    assert codes == {"bare": {"W921", "W961"}, "papered": set()}


def test_a_reject_without_any_number_needs_a_document_in_its_basis() -> None:
    rules = """
- {id: negative.honest, title: 失信, list: negative, effect: reject, departments: [tax],
   basis: [{source: law, clause: 第一条}], message: 失信, remedy: 无,
   require: {field: dishonest_enterprise, equals: false}}
"""
    named = "law: {title: 测试办法, number: 测〔2024〕1号}"
    known = ruleset_of(rules)
    bare = load_layers(
        tuple(
            (name, {p: t.replace(named, "law: {title: 测试办法}") for p, t in files.items()})
            for name, files in known.layers
        )
    )
    assert list(new_rejects(known, known)) == []
    (told,) = new_rejects(known, bare)
    assert told.subject == "negative.honest"
