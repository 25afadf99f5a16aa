"""A trace tells the story of the status beside it: the same outcome, out of its own leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from hypothesis import given

from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import read_dossiers
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.traces import LeafTrace
from evaluator.judgement.explain import left_open
from evaluator.rulebook import ast, walk
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status, status_of
from evaluator.values.kleene import Truth, all_of, any_of, negate
from tests.draws import draws
from tests.judgement.drawn import judged
from tests.support import ROOT


def truth(condition: ast.Condition | None, leaves: Iterator[LeafTrace]) -> Truth:
    """The truth of a condition out of the traces of its leaves alone."""
    match condition:
        case None:
            return True
        case ast.AllOf(items=items):
            return all_of([truth(item, leaves) for item in items])
        case ast.AnyOf(items=items):
            return any_of([truth(item, leaves) for item in items])
        case ast.NotOf(item=item):
            return negate(truth(item, leaves))
    return next(leaves).truth


def check(engine: ReferenceEngine, profile: Profile, day: dt.date) -> None:
    statuses = engine.statuses(profile, day)
    assessment = engine.assess(profile, day)
    assert dict(assessment.statuses) == dict(statuses)
    assert list(assessment.traces) == list(statuses)
    for rule_id, trace in assessment.traces.items():
        rule = trace.rule
        assert trace.status is statuses[rule_id]
        assert [t.leaf for t in trace.applies_leaves] == list(walk.leaves(rule.applies_when))
        assert [t.leaf for t in trace.require_leaves] == list(walk.leaves(rule.require))
        applies = truth(rule.applies_when, iter(trace.applies_leaves))
        required = truth(rule.require, iter(trace.require_leaves))
        assert (applies, required) == (trace.applies, trace.required)
        assert status_of(applies, required) is trace.status
        if trace.status is Status.UNKNOWN:
            assert any(left_open(trace)), "what is unknown says why"


@draws(15, 60)
@given(judged())
def test_random_rulesets(case: tuple[Ruleset, Profile, dt.date]) -> None:
    ruleset, profile, day = case
    check(ReferenceEngine(ruleset), profile, day)


@pytest.mark.parametrize("number", ["d01", "r01", "r09", "r18", "r24"])
def test_the_shipped_rulebook(number: str) -> None:
    ruleset = load_directory(ROOT)
    (path,) = (ROOT / "examples").glob(f"{number}-*.yaml")
    (profile,) = read_dossiers(path, ruleset.registry)
    engine = ReferenceEngine(ruleset)
    for day in (profile.submitted_on, dt.date(2019, 1, 1), dt.date(2026, 6, 1)):
        check(engine, profile, day)
