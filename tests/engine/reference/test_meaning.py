"""What comparisons mean, exactly: over full values, in units, rounded where a criterion says so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from evaluator.judgement.evaluate import Evaluator
from evaluator.rulebook.verdict import Status
from tests.engine.pair import SATISFIED, UNKNOWN, VIOLATED, one_rule, status
from tests.judgement.rules import rule
from tests.support import judge, ruleset_of


def test_names_of_products_do_not_pile_up() -> None:
    text = rule("{each: product_energy, at_most: {criterion: unit_energy}}")
    evaluator = Evaluator(ruleset_of(text), "reference")
    before = None
    for n in range(50):
        items = [{"product": f"产品{n}", "value": "1", "unit": "千瓦时/吨"}]
        judged = judge(evaluator.ruleset, product_energy=items)
        evaluator.evaluate(judged.profile)
        size = len(evaluator.reference._meaning._finders)
        before = size if before is None else before
        assert size == before


TINY = Fraction(1, 10**12)
HUGE = 10**28


@pytest.mark.parametrize(
    ("require", "values", "expected"),
    [
        (
            "{metric: both, equals: 0.3}",
            {"total_investment": "0.1", "fixed_asset_investment": "0.2"},
            SATISFIED,
        ),
        (
            "{metric: intensity, at_least: 20}",
            {"total_investment": "2000", "land_area": 100},
            SATISFIED,
        ),
        (
            "{metric: intensity, more_than: 20}",
            {"total_investment": "2000", "land_area": 100},
            VIOLATED,
        ),
        (
            "{metric: intensity, at_least: 20}",
            {"total_investment": "1999.99999999", "land_area": 100},
            VIOLATED,
        ),
        (
            "{metric: intensity, at_least: 300 万元/公顷}",
            {"total_investment": "2000", "land_area": 100},
            SATISFIED,
        ),
        (
            "{metric: intensity, at_least: 300 万元/公顷}",
            {"total_investment": "2000", "land_area": "100.0000000001"},
            VIOLATED,
        ),
        (
            "{metric: intensity, equals: 20}",
            {"total_investment": 200, "land_area": "10 亩"},
            SATISFIED,
        ),
        ("{metric: intensity, at_most: 0.1}", {"total_investment": 1, "land_area": 10}, SATISFIED),
        (
            "{metric: intensity, more_than: 0.333333333333}",
            {"total_investment": 1, "land_area": 3},
            SATISFIED,
        ),
        (
            "{metric: intensity, less_than: 0.333333333334}",
            {"total_investment": 1, "land_area": 3},
            SATISFIED,
        ),
        ("{field: land_area, equals: 15}", {"land_area": "1 公顷"}, SATISFIED),
        ("{field: land_area, at_most: 0.003}", {"land_area": Fraction(3, 1000)}, SATISFIED),
        (
            "{field: land_area, more_than: 0.003}",
            {"land_area": Fraction(3, 1000) + TINY},
            SATISFIED,
        ),
        ("{field: total_investment, at_least: 1}", {"total_investment": HUGE}, SATISFIED),
        ("{field: total_investment, at_least: 1}", {"total_investment": TINY}, VIOLATED),
        (
            "{metric: both, more_than: 10000000000000000000000000000}",
            {"total_investment": HUGE, "fixed_asset_investment": "0.5"},
            SATISFIED,
        ),
        ("{metric: intensity, at_least: 20}", {"total_investment": 5, "land_area": 0}, UNKNOWN),
        ("{metric: intensity, at_least: 20}", {"land_area": 10}, UNKNOWN),
        ("{metric: long, equals: 0.4}", {"total_investment": "0.1"}, SATISFIED),
        ("{metric: long, more_than: 0.4}", {"total_investment": "0.1"}, VIOLATED),
        ("{metric: longer, more_than: 0.142857142857}", {"total_investment": "0.1"}, SATISFIED),
        ("{metric: longer, at_least: 0.142857142858}", {"total_investment": "0.3"}, VIOLATED),
        ("{metric: longer, at_least: 0}", {"total_investment": 0}, UNKNOWN),
        ("{metric: loss, less_than: 0}", {"total_investment": 5, "net_assets": -2}, SATISFIED),
        ("{metric: loss, at_least: -2.5}", {"total_investment": 5, "net_assets": -2}, SATISFIED),
        ("{metric: loss, more_than: -2.5}", {"total_investment": 5, "net_assets": -2}, VIOLATED),
    ],
)
def test_exact(require: str, values: dict[str, Any], expected: Status) -> None:
    assert status(one_rule(require), **values) is expected


@pytest.mark.parametrize(
    ("digits", "value", "least", "expected"),
    [
        (0, "19.5", "20", SATISFIED),  # a tie goes to the even neighbour: up to 20
        (0, "20.5", "21", VIOLATED),  # and down to 20
        (0, "20.5000000001", "21", SATISFIED),
        (0, "19.4999999999", "20", VIOLATED),
        (1, "19.95", "20", SATISFIED),
        (1, "19.85", "19.9", VIOLATED),
        (1, "19.94", "20", VIOLATED),
        (2, "19.995", "20", SATISFIED),
        (2, "19.985", "19.99", VIOLATED),
        (3, "19.9994", "20", VIOLATED),
    ],
)
def test_rounded_comparison(digits: int, value: str, least: str, expected: Status) -> None:
    period = {"from": dt.date(2020, 1, 1), "source": "law", "value": Decimal(least)}
    floor = {
        "title": "下限",
        "kind": "floor",
        "unit": "亩",
        "compare": {"rounded": digits},
        "values": [period],
    }
    ruleset = one_rule("{field: land_area, at_least: {criterion: floor}}", {"floor": floor})
    assert status(ruleset, land_area=value) is expected
