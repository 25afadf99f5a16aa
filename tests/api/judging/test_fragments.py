"""Results put together from kept findings are the canonical bytes, whatever was kept before."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.judging.fragments import Fragments
from api.judging.judge import Judge
from evaluator.dossier.dossier import Profile
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.load import load_directory
from tests.api.support import ROOT, example, shipped

# Before any standard: one stretch of days, in which reasons name the day.
DAYS = (dt.date(1990, 1, 1), dt.date(1990, 1, 2))
STEMS = sorted(p.stem for p in (ROOT / "examples").glob("*.yaml"))


@lru_cache(maxsize=1)
def _ready() -> tuple[Evaluator, Fragments, list[Profile]]:
    judge = Judge(shipped(), "reference")
    profiles = [judge.read(example(stem)) for stem in STEMS]
    return Evaluator(shipped(), "reference"), Fragments(shipped(), 2_000_000), profiles


def _no_float(text: str) -> float:
    raise AssertionError(f"a result holds {text}, of which there is no one spelling")


def _same(
    profile: Profile, day: Any = None, counterfactual: bool = False, stage: str | None = None
) -> None:
    evaluator, fragments, _ = _ready()
    evaluation = evaluator.evaluate(profile, day, stage)
    expected = canonical_bytes(result(evaluation, with_counterfactual=counterfactual))
    assert fragments.canonical(evaluation, with_counterfactual=counterfactual) == expected
    json.loads(expected, parse_float=_no_float)


def test_every_example_twice_and_with_its_counterfactual() -> None:
    profiles = _ready()[2]
    for profile in profiles[:6]:
        _same(profile, counterfactual=True)
    for profile in (*profiles, *reversed(profiles)):
        _same(profile)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_changed_dossiers(data: st.DataObject) -> None:
    profiles = _ready()[2]
    profile = data.draw(st.sampled_from(profiles))
    other = data.draw(st.sampled_from(profiles))
    fields = shipped().registry.fields
    names = [n for n in fields if not fields[n].required]
    for name in data.draw(st.lists(st.sampled_from(names), max_size=6, unique=True)):
        kind = data.draw(st.sampled_from(["drop", "other", "scale"]))
        value = profile.values.get(name)
        if kind == "scale" and isinstance(value, Fraction):
            profile = profile.with_value(name, value * data.draw(st.integers(0, 3)))
        else:
            profile = profile.with_value(name, None if kind == "drop" else other.values.get(name))
    day = data.draw(st.sampled_from([None, other.submitted_on, *DAYS]))
    stage = data.draw(st.sampled_from([None, *(s.id for s in shipped().stages)]))
    _same(profile, day, data.draw(st.integers(0, 5)) == 0, stage)


def test_days_without_a_standard_are_each_named() -> None:
    """Within one stretch of days nothing changes but the day that a reason names."""
    profile = _ready()[2][0]
    for day in DAYS:
        _same(profile, day)
        _same(profile, day, counterfactual=True)


@pytest.mark.parametrize("name", ["tuanfeng", "shijiazhuang"])
def test_of_the_two_rules_of_a_card_one_is_told(name: str) -> None:
    ruleset = load_directory(ROOT / "profiles" / name)
    evaluator, fragments = Evaluator(ruleset, "reference"), Fragments(ruleset, 2_000_000)
    for profile in _ready()[2][:8]:
        evaluation = evaluator.evaluate(profile)
        written = fragments.canonical(evaluation, with_counterfactual=True)
        assert written == canonical_bytes(result(evaluation))


def test_what_was_explained_before_is_not_explained_again() -> None:
    evaluator, _, profiles = _ready()
    fragments = Fragments(shipped(), 50_000_000)
    fragments.canonical(evaluator.evaluate(profiles[0]), with_counterfactual=False)
    kept = len(fragments)
    changed = profiles[0].with_value("project_name", "另一个名称")
    fragments.canonical(evaluator.evaluate(changed), with_counterfactual=False)
    assert len(fragments) == kept
    changed = profiles[0].with_value("total_investment", Fraction(123))
    fragments.canonical(evaluator.evaluate(changed), with_counterfactual=False)
    assert kept < len(fragments) < kept + kept // 2


def test_the_bound_holds() -> None:
    evaluator, _, profiles = _ready()
    fragments = Fragments(shipped(), 30_000)
    for profile in profiles[:5]:
        fragments.canonical(evaluator.evaluate(profile), with_counterfactual=False)
        assert len(fragments) < 100
