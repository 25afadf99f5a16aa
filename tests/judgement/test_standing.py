"""Whether one dossier is no worse than another in all that the rules count."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.standing import Standing, better_in, no_worse, standing
from tests.support import RULES, good, profile, ruleset_of

DAY = dt.date(2024, 6, 3)


def of(rules: str = RULES, **values: Any) -> Standing:
    return standing(ReferenceEngine(ruleset_of(rules)), profile(**good(**values)), DAY)


@pytest.mark.parametrize(
    ("mine", "theirs", "holds"),
    [
        ({}, {}, True),
        ({"annual_tax": 2500}, {}, True),
        ({"annual_tax": 2499}, {"annual_tax": 2500}, False),
        # A larger plot makes the same tax worse.
        ({"land_area": 101}, {}, False),
        ({"industry_code": "C2511"}, {}, False),
        ({}, {"industry_code": "C2511"}, True),
        # What is unknown can be either.
        ({"annual_tax": None}, {"annual_tax": 100}, False),
        ({}, {"annual_tax": None}, False),
        ({"annual_tax": None}, {"annual_tax": None}, True),
    ],
)
def test_findings_and_margins_decide(
    mine: dict[str, Any], theirs: dict[str, Any], holds: bool
) -> None:
    assert no_worse(of(**mine), of(**theirs)) is holds


def test_what_is_better_is_named() -> None:
    more = of(annual_tax=2500)
    assert better_in(more, of()) == ("positive.tax",)
    assert better_in(of(), of()) == ()
    assert "negative.industry" in better_in(of(), of(industry_code="C2511"))


def test_a_number_under_not_is_neither_better_nor_worse() -> None:
    turned = RULES.replace(
        "require: {metric: land_tax, at_least: {criterion: tax_floor}}",
        "require: {not: {metric: land_tax, less_than: 20}}",
    )
    assert turned != RULES
    assert no_worse(of(turned), of(turned))
    assert not no_worse(of(turned, annual_tax=2500), of(turned))


def test_nothing_to_compare_is_no_pair() -> None:
    empty = Standing({}, {}, {}, {})
    assert not no_worse(empty, empty)
