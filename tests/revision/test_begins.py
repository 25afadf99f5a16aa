"""From which day on two rulesets differ, and that impact looks at that day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from evaluator.revision import impact
from evaluator.revision.begins import first_day
from evaluator.revision.copies import digest_of
from evaluator.revision.impact import impact_stored
from evaluator.revision.tally import Listed
from evaluator.rulebook.ast import Ruleset
from tests.revision.changes import ROWS, changed
from tests.support import CRITERIA, RULES, ruleset_of

NEXT = dt.date(2027, 1, 1)
LATER = "until: 2026-12-31, value: 20}, {from: 2027-01-01, source: law, clause: 第四条, verified: true, value: 18}"


def with_criteria(old: str, new: str) -> Ruleset:
    assert old in CRITERIA
    return ruleset_of(criteria=CRITERIA.replace(old, new))


def from_next_year() -> Ruleset:
    return with_criteria("value: 20}", LATER)


def with_rules(*swaps: tuple[str, str]) -> Ruleset:
    text = RULES
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return ruleset_of(text)


def test_a_new_period_differs_from_its_first_day() -> None:
    assert first_day(ruleset_of(), from_next_year()) == NEXT
    assert first_day(from_next_year(), ruleset_of()) == NEXT


@pytest.mark.parametrize(
    ("new", "day"),
    [
        (ruleset_of(), None),
        (changed(("value: 20}", "value: 18}")), dt.date(2020, 1, 1)),
        (changed(("unit: 万元/亩/年", "unit: 万元/公顷/年")), None),
        (with_rules(("  effect: refer", "  effect: advise")), None),
        (with_rules(("- id: positive.tax\n", "- id: positive.tax\n  until: 2026-06-30\n")), dt.date(2026, 7, 1)),
        # It was in force on every day before.
        (with_rules(("- id: positive.tax\n", "- id: positive.tax\n  from: 2026-06-30\n")), None),
        # Another clause for the same value judges as before.
        (with_criteria("clause: 第三条", "clause: 第九条"), None),
    ],
)  # fmt: skip
def test_what_tells_the_day(new: Ruleset, day: dt.date | None) -> None:
    assert first_day(ruleset_of(), new) == day


def test_both_at_once_are_as_early_as_the_earlier() -> None:
    late = with_rules(("- id: positive.tax\n", "- id: positive.tax\n  until: 2028-06-30\n"))
    both = ruleset_of(
        RULES.replace("- id: positive.tax\n", "- id: positive.tax\n  until: 2028-06-30\n", 1),
        CRITERIA.replace("value: 20}", LATER),
    )
    assert first_day(ruleset_of(), late) == dt.date(2028, 7, 1)
    assert first_day(ruleset_of(), both) == NEXT


class Stored:
    """The rows as stored decisions of one day."""

    def __init__(self, day: dt.date) -> None:
        self.day = day

    def listed(self) -> Sequence[Listed]:
        return [(n, digest_of(row.dossier), self.day) for n, row in enumerate(ROWS)]

    def dossiers(self, numbers: Sequence[int]) -> Iterable[tuple[int, str]]:
        return ((n, ROWS[n].dossier) for n in numbers)

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        return {n: ROWS[n].ref for n in numbers}


@pytest.mark.parametrize("engine", ["reference", "columnar"])
def test_decisions_of_before_are_judged_as_of_the_first_day(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impact, "COLUMNAR_FROM", 0 if engine == "columnar" else 10**6)
    old, new = ruleset_of(), from_next_year()
    found = impact_stored(old, new, Stored(dt.date(2024, 6, 3)), tmp_path)
    assert found.engine == engine
    assert found.since == NEXT
    assert found.findings["positive.tax"]["met"] > 0
    # Decisions of the new period show it by themselves.
    after = impact_stored(old, new, Stored(dt.date(2027, 3, 1)), tmp_path)
    assert after.since is None
    assert after.findings == found.findings
    # A correction of the past moves nothing that was judged before it.
    past = with_criteria(
        "value: 20}",
        "until: 2025-12-31, value: 20}, {from: 2026-01-01, source: law, clause: 第四条, verified: true, value: 18}",
    )
    mixed = Stored(dt.date(2026, 2, 1))
    assert impact_stored(old, past, mixed, tmp_path).since is None
