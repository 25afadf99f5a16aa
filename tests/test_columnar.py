"""The columnar engine against the reference: every rule of every dossier, on DuckDB."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluator.dossier import Profile, make_profile
from evaluator.engine.columnar import TooWide
from evaluator.engine.columnar.memory import statuses_of
from evaluator.engine.reference import ReferenceEngine
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import case_files, load_directory
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

DAY = dt.date(2024, 6, 3)


@pytest.fixture(scope="module")
def shipped() -> Ruleset:
    return load_directory(ROOT)


def corpus(ruleset: Ruleset) -> list[tuple[Profile, dt.date]]:
    """Every example and every case of the rulebook, with the date it is judged at."""
    base = {"project_id": "c", "project_name": "用例", "submitted_on": DAY}
    rows: list[tuple[Profile, dt.date]] = []
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        found = make_profile(ruleset.registry, **yaml.safe_load(path.read_text("utf-8"))["dossier"])
        rows += [(found, found.submitted_on), (found, dt.date(2026, 1, 1))]
    for text in case_files(ruleset).values():
        for case in yaml.safe_load(text):
            found = make_profile(ruleset.registry, **{**base, **case.get("dossier", {})})
            rows.append((found, case.get("as_of") or found.submitted_on))
    return rows


def check(ruleset: Ruleset, rows: list[tuple[Profile, dt.date]]) -> None:
    reference = ReferenceEngine(ruleset)
    for (found, day), statuses in zip(rows, statuses_of(ruleset, rows), strict=True):
        assert statuses == reference.statuses(found, day), (found.values, day)


def test_shipped_rulebook_on_every_example_and_case(shipped: Ruleset) -> None:
    rows = corpus(shipped)
    assert len(rows) > 80
    check(shipped, rows)


@settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(st.data())
def test_random_rulesets(data: st.DataObject) -> None:
    ruleset = data.draw(rulesets())
    rows = data.draw(
        st.lists(st.tuples(dossiers(ruleset), as_of_dates(ruleset)), min_size=1, max_size=8)
    )
    try:
        check(ruleset, rows)
    except TooWide:
        # Refused before anything is judged; exactness is kept by not answering.
        return
