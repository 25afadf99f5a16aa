"""What a change says of days that are past, day by day."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.revision.retroactive import retroactive
from tests.support import CRITERIA, RULES, ruleset_of

TODAY = dt.date(2026, 12, 1)
TAX = "[{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]"


def spans(new_values: str) -> list[tuple[str, str]]:
    """The past days that other values of the tax floor change."""
    new = ruleset_of(criteria=CRITERIA.replace(TAX, new_values))
    found = retroactive(ruleset_of(), new, TODAY)
    assert all(c.id == "tax_floor" and c.lines for c in found)
    return [(c.start.isoformat(), c.end.isoformat()) for c in found]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("[{from: 2020-01-01, source: law, value: 18}]", [("2020-01-01", "2026-11-30")]),
        (
            "[{from: 2020-01-01, until: 2026-12-31, source: law, value: 20}, "
            "{from: 2027-01-01, source: law, value: 18}]",
            [],
        ),
        (
            "[{from: 2020-01-01, until: 2026-11-30, source: law, value: 20}, "
            "{from: 2026-12-01, source: law, value: 18}]",
            [],
        ),
        (
            "[{from: 2020-01-01, until: 2026-05-31, source: law, value: 20}, "
            "{from: 2026-06-01, source: law, value: 18}]",
            [("2026-06-01", "2026-11-30")],
        ),
        (
            "[{from: 2020-01-01, until: 2023-12-31, source: law, value: 18}, "
            "{from: 2024-01-01, until: 2024-12-31, source: law, value: 20}, "
            "{from: 2025-01-01, source: law, value: 18}]",
            [("2020-01-01", "2023-12-31"), ("2025-01-01", "2026-11-30")],
        ),
        ("[{from: 2022-01-01, source: law, value: 20}]", [("2020-01-01", "2021-12-31")]),
        ("[{from: 2020-01-01, source: law, clause: 第四条, value: 20}]", []),
        ("[{from: 2020-01-01, source: law, value: 20.00}]", []),
    ],
)
def test_past_days_that_change(values: str, expected: list[tuple[str, str]]) -> None:
    assert spans(values) == expected


def test_the_unit_counts() -> None:
    same = CRITERIA.replace("unit: 万元/公顷", "unit: 万元/亩")
    for value, now in (("4500", "300"), ("6000", "400"), ("3000", "200")):
        same = same.replace(f"value: {value}}}", f"value: {now}}}")
    assert retroactive(ruleset_of(), ruleset_of(criteria=same), TODAY) == ()


def test_a_rule_that_begins_or_ends_in_the_past() -> None:
    rule = "- id: negative.industry"
    assert rule in RULES
    new = ruleset_of(rules=RULES.replace(rule, f"{rule}\n  until: 2026-06-30"))
    (found,) = retroactive(ruleset_of(), new, TODAY)
    assert (found.kind, found.start, found.end) == (
        "rule",
        dt.date(2026, 7, 1),
        dt.date(2026, 11, 30),
    )
    assert "原来有效，现在无效" in found.text()
