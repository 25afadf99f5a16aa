"""Preparing dossiers as codes: within their domains, and forgetting changes nothing."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from evaluator.engine.durable import lookups, prepare
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Ruleset
from tests.engine.durable.rules import BAD, DAY, agree
from tests.support import profile, ruleset_of


def test_a_code_outside_its_domain_is_an_error(small: tuple[Ruleset, DurableEngine]) -> None:
    ruleset, engine = small
    stretch = engine._preparation.stretch(DAY, DAY)
    right = stretch.codes
    for wrong in (5, 11, -40):
        stretch.codes = lambda values, wrong=wrong: tuple(wrong for _ in right(values))  # type: ignore[misc]
        with pytest.raises(InternalError):
            engine.statuses(profile(**BAD), DAY)
    stretch.codes = right
    agree(ruleset, engine, profile(**BAD))


def test_caches_are_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(prepare, "MAX_DATES", 3)
    monkeypatch.setattr(prepare, "MAX_STRETCHES", 1)
    rule = """
    - id: positive.intensity
      title: 强度
      list: positive
      require: {metric: intensity, at_least: {criterion: intensity_floor}}
      effect: refer
      departments: [tax]
      basis: [{criterion: intensity_floor}]
    """
    ruleset = ruleset_of(rule)
    engine, reference = DurableEngine(ruleset), ReferenceEngine(ruleset)
    days = [DAY, dt.date(2019, 1, 1), dt.date(2025, 1, 1), dt.date(2030, 1, 1), DAY]
    for code, land_class, amount, day in itertools.product(
        ("C3985", "C3911", "C26", "C39", None), (1, 2, 7, None), (400, 200, 300), days
    ):
        values = {"industry_code": code, "land_class": land_class, "land_area": 1}
        given_values = {k: v for k, v in values.items() if v is not None}
        found = profile(fixed_asset_investment=amount, **given_values)
        assert engine.statuses(found, day) == reference.statuses(found, day)
    assert len(engine._preparation._by_dates) <= 3
    assert len(engine._preparation._stretches) <= 1
    engine.close()
