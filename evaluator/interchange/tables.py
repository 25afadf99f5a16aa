"""Criterion tables as flat decision tables: the first row whose tests all hold is taken.

``criteria.lookup`` narrows one dimension after the other and does not come back. Written out, that
is a table in which longer industry prefixes stand first and a branch without a fitting row ends in
an explicit "no value", so that "first hit" gives the same row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.rulebook.criteria import DAY, INDUSTRY, Criterion, Row
from evaluator.values.units import Unit


@dataclass(frozen=True, slots=True)
class Test:
    """One cell: ``kind`` is missing, prefix, word or from (a date, included); ``words`` its values."""

    dimension: str
    kind: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the flat table; ``value`` None is "no value"."""

    tests: tuple[Test, ...]
    value: Fraction | None
    unit: Unit | None
    note: str


def lines(criterion: Criterion, as_of: dt.date, item: Mapping[str, str]) -> Iterator[Line]:
    """The flat table of a criterion as of a date; ``item`` fixes dimensions that a list gives."""
    current = criterion.on(as_of)
    if current is None:
        return
    if current.accepted_before is None:
        yield from _descend(criterion, current.rows, 0, (), item)
        return
    # A transition clause: by the acceptance date, the newest period first. Days that no period
    # covers lie between two; they end in "no value".
    starts = [(current.accepted_before, current.rows)]
    for period in reversed(criterion.periods):
        if period.start < min(current.accepted_before, current.start):
            # What was in force when the new period began also judges those accepted since.
            until = min(starts[-1][0], current.start)
            if period.end is not None and period.end + DAY < until:
                starts.append((period.end + DAY, ()))
            starts.append((period.start, period.rows if period.gap is None else ()))
    for day, rows in starts:
        since = Test("submitted_on", "from", (day.isoformat(),))
        yield from _descend(criterion, rows, 0, (since,), item)


def _descend(
    criterion: Criterion,
    rows: tuple[Row, ...],
    depth: int,
    tests: tuple[Test, ...],
    item: Mapping[str, str],
) -> Iterator[Line]:
    if not rows:
        yield Line(tests, None, None, "表中没有这一档")
        return
    if depth == len(criterion.by):
        row = rows[0]
        yield Line(tests, row.value, row.unit, row.title())
        return
    dimension = criterion.by[depth]
    if not any(dimension in r.keys for r in rows):
        yield from _descend(criterion, rows, depth + 1, tests, item)
        return
    rest = tuple(r for r in rows if dimension not in r.keys)
    if dimension in item:
        left = _with_word(rows, dimension, item[dimension])
        yield from _descend(criterion, left or rest, depth + 1, tests, item)
        return
    yield Line((*tests, Test(dimension, "missing")), None, None, "未填")
    for words, left in _groups(rows, dimension):
        test = Test(dimension, "prefix" if dimension == INDUSTRY else "word", words)
        yield from _descend(criterion, left, depth + 1, (*tests, test), item)
    yield from _descend(criterion, rest, depth + 1, tests, item)


def _groups(rows: tuple[Row, ...], dimension: str) -> list[tuple[tuple[str, ...], tuple[Row, ...]]]:
    """Words that lead to the same rows, together; longer words first, which are more specific."""
    words = dict.fromkeys(w for r in rows for w in r.keys.get(dimension, ()))
    alike: dict[tuple[int, tuple[int, ...]], list[str]] = {}
    for word in words:
        numbers = tuple(r.number for r in _with_word(rows, dimension, word))
        size = len(word) if dimension == INDUSTRY else 0
        alike.setdefault((-size, numbers), []).append(word)
    ordered = sorted(alike.items(), key=lambda pair: pair[0][0])
    return [(tuple(w), _with_word(rows, dimension, w[0])) for _, w in ordered]


def _with_word(rows: tuple[Row, ...], dimension: str, word: str) -> tuple[Row, ...]:
    return tuple(r for r in rows if word in r.keys.get(dimension, ()))
