"""From which day on two rulesets differ: a change for next month moves nothing before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from evaluator.revision.changed import Meaning, changed_cards, changed_rules, meaning_of
from evaluator.revision.diff import bare
from evaluator.revision.retroactive import content_of
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.honest import turning_days
from evaluator.rulebook.criteria import DAY, Criterion

Span = tuple[dt.date | None, dt.date | None]


def first_day(old: Ruleset, new: Ruleset) -> dt.date | None:
    """The first day on which a project may be judged otherwise; None where that is any day, or none.

    Only periods tell: those of standards, of rules and of cards.
    """
    days: list[dt.date | None] = []
    for id_ in changed_rules(old, new) | changed_cards(old, new):
        days += _days(meaning_of(old, id_), meaning_of(new, id_))
    if not days or None in days:
        return None
    first = min(d for d in days if d is not None)
    return None if first == dt.date.max else first


def _days(a: Meaning | None, b: Meaning | None) -> Iterator[dt.date | None]:
    """The days on which a rule or card begins to differ; None is any day."""
    if a is None or b is None:
        there = a or b
        yield None if there is None else there.span[0]
        return
    if a.own != b.own or a.criteria.keys() != b.criteria.keys():
        yield None
        return
    if a.span != b.span:
        yield _edge(a.span, b.span)
    for name, before in a.criteria.items():
        after = b.criteria[name]
        if _frame(before) != _frame(after):
            yield None
        elif bare(before) != bare(after):
            yield _turn(before, after)


def _edge(a: Span, b: Span) -> dt.date | None:
    """The first day that only one of two spans has."""
    ends = [end + DAY for end in (a[1], b[1]) if end is not None]
    if a[0] == b[0]:
        return min(ends)
    starts = [s for s in (a[0], b[0]) if s is not None]
    return min(starts) if len(starts) == 2 else None


def _frame(criterion: Criterion) -> object:
    """What holds for all periods."""
    return criterion.kind, criterion.unit, criterion.by, criterion.rounded


def _turn(a: Criterion, b: Criterion) -> dt.date | None:
    days = turning_days(a, b)
    differ = (d for d in days if content_of(a.on(d)) != content_of(b.on(d)))
    # A standard whose provenance alone is another one judges as before.
    return next(differ, dt.date.max)
