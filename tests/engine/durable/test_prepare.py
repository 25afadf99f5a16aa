"""Preparing dossiers as codes: within their domains, and forgetting changes nothing."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any

import pytest

from evaluator.engine import breaks
from evaluator.engine.durable import lookups, prepare
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Ruleset
from tests.engine.durable.rules import BAD, DAY, agree
from tests.engine.pair import HEAD, SATISFIED, UNKNOWN, VIOLATED, check, engines
from tests.strategies import write_yaml
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
    monkeypatch.setattr(breaks, "MAX_DATES", 3)
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
    assert len(engine._preparation._spans) <= 3
    assert len(engine._preparation._stretches) <= 1
    engine.close()


def test_periods_transition_and_rule_dates() -> None:
    """One engine over many dates in any order: what it remembers of one day must not tell on another."""
    ends, starts, early = dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2023, 11, 1)
    old = {"from": dt.date(2020, 1, 1), "until": ends, "source": "law", "value": 10}
    new = {"from": starts, "until": dt.date(2024, 12, 31), "source": "law", "value": 20}
    floor: dict[str, Any] = {"title": "下限", "kind": "floor", "unit": "亩"}
    floor["values"] = [old, {**new, "transition": {"accepted_before": early}}]
    rules = [
        {
            "id": f"positive.{name}",
            "title": name,
            "list": "positive",
            "effect": "refer",
            **dates,
            "require": {"field": "land_area", "at_least": {"criterion": "floor"}},
            "departments": ["tax"],
            "basis": [{"source": "law"}],
        }
        for name, dates in (
            ("always", {}),
            ("dated", {"from": dt.date(2023, 12, 1), "until": dt.date(2024, 6, 30)}),
        )
    ]
    head = write_yaml({**HEAD, "criteria": {"floor": floor}})
    ruleset = ruleset_of(write_yaml(rules), head, "[]", "{dimensions: {}, labels: []}")
    one = dt.timedelta(days=1)
    known = [
        (ends, ends, 10, SATISFIED),
        (starts, early - one, 10, SATISFIED),  # accepted early enough: the value at acceptance
        (starts, early, 10, VIOLATED),
        (starts, starts, 20, SATISFIED),
        (early, starts, 10, SATISFIED),  # as of a day before acceptance
        (dt.date(2025, 1, 1), starts, 20, UNKNOWN),  # ended
        (dt.date(2019, 12, 31), starts, 20, UNKNOWN),  # not yet
    ]
    days = [
        d + n * one
        for d in (early, starts, dt.date(2024, 7, 1), dt.date(2025, 1, 1))
        for n in (-1, 0)
    ]
    every = [(a, s, v, None) for a in days for s in days for v in (10, 20)]
    for seed in range(3):
        with engines(ruleset) as pair:
            for as_of, submitted, value, expected in random.Random(seed).sample(
                [*known, *every], 135
            ):
                found = profile(land_area=value, submitted_on=submitted)
                check(pair, found, as_of)
                if expected is not None:
                    assert pair[1].statuses(found, as_of)["positive.always"] is expected
