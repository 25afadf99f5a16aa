"""Reference and durable must give every rule the same status, on everything we have and can make."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from evaluator.cases.book import read_cases
from evaluator.dossier.dossier import Profile, make_profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status
from tests.draws import draws
from tests.engine.pair import check, engines
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

LATER = dt.date(2026, 1, 1)


@pytest.fixture(scope="module")
def shipped() -> Iterator[tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]]:
    ruleset = load_directory(ROOT)
    with engines(ruleset) as pair:
        yield ruleset, pair


def examples(ruleset: Ruleset) -> Iterator[Profile]:
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        root = read_yaml(path.name, path.read_text("utf-8"), Problems())
        assert isinstance(root, YMap)
        node = root.get("dossier")
        assert isinstance(node, YMap), path.name
        yield make_profile(ruleset.registry, **dict(plain(node)))  # type: ignore[call-overload]


def test_examples(shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]) -> None:
    ruleset, pair = shipped
    met: Counter[Status] = Counter()
    for found in examples(ruleset):
        for day in (found.submitted_on, LATER, dt.date(2019, 1, 1)):
            met += check(pair, found, day)
    # None of the four is met by accident; a stage is no matter of an engine.
    assert min(met[s] for s in Status if s is not Status.NOT_DUE) > 50


def test_rule_cases(shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]]) -> None:
    ruleset, pair = shipped
    cases = read_cases(ruleset, Problems(), ROOT)
    for case in cases.rules:
        check(pair, case.profile, case.as_of or case.profile.submitted_on)
    for whole in cases.dossiers:
        check(pair, whole.profile, whole.as_of or whole.profile.submitted_on)
    assert len(cases.rules) > 200


@draws(30, 80)
@given(st.data())
def test_shipped_rulebook_on_random_dossiers(
    shipped: tuple[Ruleset, tuple[ReferenceEngine, DurableEngine]], data: st.DataObject
) -> None:
    ruleset, pair = shipped
    found = data.draw(dossiers(ruleset, present=data.draw(st.sampled_from([40, 80, 100]))))
    check(pair, found, data.draw(as_of_dates(ruleset)))


@draws(60, 120)
@given(st.data())
def test_random_rulesets(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets())
    note(str(ruleset.layers))
    with engines(ruleset) as pair:
        for _ in range(3):
            check(pair, data.draw(dossiers(ruleset)), data.draw(as_of_dates(ruleset)))


@draws(10, 25)
@given(st.data())
def test_deeply_nested_random_rulesets(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets(max_rules=3, max_depth=6))
    with engines(ruleset) as pair:
        for _ in range(3):
            check(pair, data.draw(dossiers(ruleset)), data.draw(as_of_dates(ruleset)))
