"""A rulebook of one rule, and cases that notice every slip of it."""

from __future__ import annotations

from evaluator.cases.book import Cases, read_cases
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset

RULES = """
- id: positive.tax
  title: 亩均税收
  list: positive
  applies_when: {field: land_use_mode, in: [new_industrial_land, stock_land]}
  require: {metric: land_tax, at_least: {criterion: tax_floor}}
  effect: reject
  departments: [tax]
  basis: [{criterion: tax_floor}]
"""
FULL = """
- {rule: positive.tax, name: 恰好, expect: satisfied, dossier: {land_use_mode: new_industrial_land, annual_tax: 20, land_area: 1}}
- {rule: positive.tax, name: 高, expect: satisfied, dossier: {land_use_mode: stock_land, annual_tax: 21, land_area: 1}}
- {rule: positive.tax, name: 低一步, expect: violated, dossier: {land_use_mode: stock_land, annual_tax: 19.99, land_area: 1}}
- {rule: positive.tax, name: 恰好低一步, expect: violated, dossier: {land_use_mode: new_industrial_land, annual_tax: 19.99, land_area: 1}}
- {rule: positive.tax, name: 缺税收, expect: unknown, dossier: {land_use_mode: new_industrial_land, land_area: 1}}
- {rule: positive.tax, name: 缺用地方式, expect: unknown, dossier: {annual_tax: 1, land_area: 1}}
- {rule: positive.tax, name: 租用, expect: not_applicable, dossier: {land_use_mode: leased_plant, annual_tax: 1, land_area: 1}}
- {name: 税收低, verdict: reject, dossier: {land_use_mode: new_industrial_land, annual_tax: 1, land_area: 1}}
"""


def cases_of(ruleset: Ruleset, text: str) -> Cases:
    problems = Problems()
    cases = read_cases(ruleset, problems, files={"a.cases.yaml": text})
    assert not problems, problems
    return cases


def without(name: str) -> str:
    return "\n".join(line for line in FULL.splitlines() if f"name: {name}," not in line)


SEED = """
- {rule: positive.tax, name: 高于, expect: satisfied, boundary: false, dossier: {industry_code: C3562, land_use_mode: stock_land, annual_tax: 300, land_area: 10}}
- {rule: positive.tax, name: 低于, expect: violated, dossier: {industry_code: C3562, land_use_mode: stock_land, annual_tax: 100, land_area: 10}}
"""
