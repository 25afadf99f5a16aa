"""Interchange: what leaves the rulebook says the same elsewhere; what comes in is exact."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st

from evaluator.cases.book import DossierCase, RuleCase, read_cases
from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Item
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.interchange.formula import ExportError
from evaluator.interchange.jdm import jdm, jdm_context
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.load import load_directory
from tests.draws import draws
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT


def run_jdm(ruleset: Ruleset, decision: Any, profile: Profile) -> tuple[str, Mapping[str, str]]:
    """Verdict and statuses by zen-engine."""
    result = decision.evaluate(jdm_context(profile, ruleset))["result"]
    return result["verdict"], {k.replace("__", "."): v for k, v in result["findings"].items()}


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_jdm_gives_the_same_verdicts_on_the_corpus(every: bool) -> None:
    """The cases of the shipped rulebook, run by zen-engine: each finding and the verdict.

    Not ``every`` one: of each rule one for each status, and one on its line.
    """
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    assert not problems
    engine, reference = zen.ZenEngine(), ReferenceEngine(ruleset)
    models: dict[dt.date, Any] = {}
    kinds = {(c.rule, c.expect, c.boundary): c for c in reversed(cases.rules)}
    assert len(kinds) > 300
    chosen: list[RuleCase | DossierCase] = [*(cases.rules if every else kinds.values())]
    for case in (*chosen, *cases.dossiers):
        if case.as_of not in models:
            models[case.as_of] = engine.create_decision(json.dumps(jdm(ruleset, case.as_of)))
            models[case.as_of].validate()
        expected = reference.statuses(case.profile, case.as_of)
        verdict, findings = run_jdm(ruleset, models[case.as_of], case.profile)
        assert findings == {k: v.value for k, v in expected.items()}, case.name
        assert verdict == combine(ruleset, expected).value, case.name


def short(number: Fraction) -> Fraction:
    """Six digits before and after the point: what a form holds."""
    return Fraction(round(number * 10**6) % 10**12, 10**6)


def decimal(profile: Profile) -> Profile:
    """The dossier in decimals of a length that zen-engine can multiply."""
    for name, value in profile.values.items():
        if isinstance(value, Fraction) and "." not in name:
            profile = profile.with_value(name, short(value))
        elif isinstance(value, tuple):
            items = [Item(i.key, short(i.number), i.unit) for i in value if isinstance(i, Item)]
            profile = profile.with_value(name, tuple(items) or value)
    return profile


def exportable(ruleset: Ruleset, as_of: dt.date) -> Ruleset:
    """The ruleset without the rules that JDM cannot say exactly."""
    kept: dict[str, Rule] = {}
    for rule in ruleset.rules.values():
        one = dataclasses.replace(ruleset, rules={rule.id: rule})
        with contextlib.suppress(ExportError):
            jdm(one, as_of)
            kept[rule.id] = rule
    return dataclasses.replace(ruleset, rules=kept)


@draws(30, 60)
@given(st.data())
def test_jdm_agrees_on_random_rulesets(data: st.DataObject) -> None:
    """Whatever can be exported says the same; what cannot is refused, never approximated."""
    ruleset = data.draw(rulesets())
    profile = decimal(data.draw(dossiers(ruleset)))
    as_of = max(data.draw(as_of_dates(ruleset)), profile.submitted_on)
    ruleset = exportable(ruleset, as_of)
    decision = zen.ZenEngine().create_decision(json.dumps(jdm(ruleset, as_of)))
    try:
        found = run_jdm(ruleset, decision, profile)
    except ExportError:
        return  # A number of the dossier, converted to the table's unit, is no decimal.
    except RuntimeError as error:
        if "overflow" not in str(error):
            raise
        return  # More than 28 digits: zen-engine says so.
    expected = ReferenceEngine(ruleset).statuses(profile, as_of)
    assert found[1] == {k: v.value for k, v in expected.items()}
    assert found[0] == combine(ruleset, expected).value
