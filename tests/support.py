"""Small rulebooks and dossiers for tests."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any, NoReturn, TypeVar

import pytest

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.fields import base_registry
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers

T = TypeVar("T")
PATIENCE = 600.0  # Seconds; a slow machine is no failure, a test that never ends is one.
ROOT = Path(__file__).parent.parent
MUST = os.environ.get("CI") == "true"
DAY = dt.date(2024, 6, 3)

CRITERIA = """
language: 1
profile: {id: test, title: 测试标准}
sources:
  law: {title: 测试办法, number: 测〔2024〕1号}
criteria:
  tax_floor:
    title: 亩均税收下限
    kind: floor
    unit: 万元/亩/年
    values: [{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]
  intensity_floor:
    title: 投资强度下限
    kind: floor
    unit: 万元/公顷
    by: [industry_code, land_class]
    values:
      - from: 2020-01-01
        source: law
        clause: 表一
        verified: false
        rows:
          - {industry_code: C39, land_class: [1, 2], value: 4500}
          - {industry_code: C398, value: 6000}
          - {value: 3000}
  bad_industries:
    title: 禁止行业
    kind: list
    values: [{from: 2020-01-01, source: law, clause: 附件, verified: true, codes: [C25, C2614]}]
  unit_energy:
    title: 单位产品能耗上限
    kind: ceiling
    by: [product]
    values:
      - from: 2020-01-01
        source: law
        verified: true
        rows:
          - {product: 水泥熟料, value: 100, unit: 千克标准煤/吨}
          - {product: 电解铝, value: 13000, unit: 千瓦时/吨}
"""
METRICS = """
- {id: land_tax, title: 亩均税收, unit: 万元/亩/年, digits: 2, formula: {divide: [annual_tax, land_area]}}
- {id: intensity, title: 投资强度, unit: 万元/亩, digits: 2, formula: {divide: [fixed_asset_investment, land_area]}}
"""
RULES = """
- id: positive.tax
  title: 亩均税收
  list: positive
  dimension: output
  require: {metric: land_tax, at_least: {criterion: tax_floor}}
  effect: refer
  departments: [tax]
  basis: [{criterion: tax_floor}]
  message: 亩均税收 {value}，低于 {required}
  remedy: 提高税收或核减用地
- id: negative.industry
  title: 禁止行业
  list: negative
  require: {not: {field: industry_code, starts_with: {criterion: bad_industries}}}
  effect: reject
  departments: [development_reform]
  basis: [{criterion: bad_industries}]
- id: negative.energy
  title: 单位产品能耗
  list: negative
  applies_when: {field: two_high, equals: true}
  require: {each: product_energy, at_most: {criterion: unit_energy}}
  effect: reject
  departments: [development_reform]
  basis: [{criterion: unit_energy}]
"""
LABELS = """
dimensions: {output: 产出效益, land: 用地}
labels: [{id: good, title: 好项目, dimensions: [output]}]
"""


def ruleset_of(
    rules: str = RULES,
    criteria: str = CRITERIA,
    metrics: str = METRICS,
    labels: str = LABELS,
    **cards: str,
) -> Ruleset:
    """A ruleset out of texts; ``cards`` are files of scorecards, by name."""
    files = {
        "criteria.yaml": criteria,
        "rules/metrics.yaml": metrics,
        "rules/labels.yaml": labels,
        "rules/rules.yaml": dedent(rules),
        **{f"rules/scorecards/{name}.yaml": text for name, text in cards.items()},
    }
    return load_layers((("base", files),))


def profile(**values: Any) -> Profile:
    """A dossier with the three required fields filled in."""
    base = {"project_id": "T1", "project_name": "测试项目", "submitted_on": "2024-06-03"}
    return make_profile(base_registry(), **{**base, **values})


def judge(ruleset: Ruleset, as_of: dt.date | None = None, **values: Any) -> Evaluation:
    """Judge a dossier by the reference engine."""
    return Evaluator(ruleset, "reference").evaluate(profile(**values), as_of)


def good(**values: Any) -> dict[str, Any]:
    """Values that pass the small rulebook, with some replaced; None leaves a field out."""
    base: dict[str, Any] = {
        "industry_code": "C3985",
        "annual_tax": 2000,
        "land_area": 100,
        "two_high": False,
    }
    return {k: v for k, v in {**base, **values}.items() if v is not None}


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until ``holds`` does; fails after ``seconds``, saying what it waited for."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.02)


def join_all(threads: Iterable[threading.Thread], seconds: float = PATIENCE) -> None:
    """Wait for every thread to end; fails after ``seconds``, naming those that have not."""
    end = time.monotonic() + seconds
    running = list(threads)
    for thread in running:
        thread.join(max(0.0, end - time.monotonic()))
    left = [t.name for t in running if t.is_alive()]
    assert not left, f"still running after {seconds:g} s: {', '.join(left)}"


def without(reason: str) -> NoReturn:
    """Skip the test for want of what ``reason`` names; in CI, where everything must be there, fail."""
    if MUST:
        pytest.fail(reason)
    pytest.skip(reason)


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in a thread of its own: Playwright keeps a loop running in a test's thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
