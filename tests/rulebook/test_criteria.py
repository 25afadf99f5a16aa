"""Which row and which period of a criterion counts for a dossier."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from evaluator.rulebook.criteria import Hit, Miss, lookup
from evaluator.rulebook.verdict import Verdict
from tests.support import CRITERIA, DAY, good, judge, profile, ruleset_of

RULESET = ruleset_of()


@pytest.mark.parametrize(
    ("values", "row"),
    [
        ({"industry_code": "C3985", "land_class": 1}, 6000),
        ({"industry_code": "C3985"}, 6000),
        ({"industry_code": "C391", "land_class": 2}, 4500),
        ({"industry_code": "C391", "land_class": 3}, "没有“3”这一档"),
        ({"industry_code": "C391"}, "land_class"),
        ({"industry_code": "C13"}, 3000),
        ({}, "industry_code"),
    ],
)
def test_lookup_takes_the_longest_prefix(values: dict[str, Any], row: int | str) -> None:
    found = lookup(RULESET.criteria["intensity_floor"], profile(**values).values, DAY, DAY)
    if isinstance(row, int):
        assert isinstance(found, Hit)
        assert found.row.value == row
    else:
        assert isinstance(found, Miss)
        assert row in found.missing or row in found.reason


DATED = """
  - {from: 2020-01-01, until: 2022-12-31, source: law, verified: true, value: 10}
  - {from: 2023-01-01, until: 2023-06-30, gap: 旧标准废止，新标准未发布}
  - {from: 2023-07-01, source: law, verified: true, value: 20, transition: {accepted_before: 2024-01-01}}
"""


def test_a_transition_clause_outlives_the_beginning_of_the_new_value() -> None:
    old = "values: [{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]"
    dated = """values:
      - {from: 2024-01-01, until: 2024-12-31, source: law, verified: true, value: 10}
      - {from: 2025-01-01, source: law, verified: true, value: 20, transition: {accepted_before: 2025-03-01}}
"""
    ruleset = ruleset_of(criteria=CRITERIA.replace(old, dated))
    for day, expected in (
        ("2024-12-31", Verdict.PASS),
        ("2025-01-01", Verdict.PASS),
        ("2025-02-28", Verdict.PASS),
        ("2025-03-01", Verdict.REFER),
    ):
        values = good(annual_tax=1500, submitted_on=day)
        assert judge(ruleset, dt.date.fromisoformat(day), **values).verdict is expected, day


@pytest.mark.parametrize(
    ("as_of", "submitted_on", "expected"),
    [
        ("2022-12-31", "2022-12-31", Verdict.PASS),
        ("2019-12-31", "2019-12-31", Verdict.REFER),
        ("2023-03-01", "2023-03-01", Verdict.REFER),
        ("2024-06-01", "2022-06-01", Verdict.PASS),
        ("2024-06-01", "2024-01-01", Verdict.REFER),
        ("2024-06-01", "2023-12-31", Verdict.REFER),
    ],
)
def test_dated_values_and_transition(as_of: str, submitted_on: str, expected: Verdict) -> None:
    old = "values: [{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]"
    assert old in CRITERIA
    criteria = CRITERIA.replace(old, "values:" + DATED.replace("\n", "\n    "))
    ruleset = ruleset_of(criteria=criteria)
    values = good(annual_tax=1500, submitted_on=submitted_on)
    assert judge(ruleset, dt.date.fromisoformat(as_of), **values).verdict is expected
