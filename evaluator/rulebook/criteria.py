"""Criteria: dated thresholds, tables and code lists, each value with its legal basis.

A table lookup takes the dimensions in the order of ``by``: an industry code goes to the row with
the longest matching GB/T 4754 prefix (C3985 → C398 → C39 → C), other dimensions to the row that
lists the value, else to a row that does not name the dimension. A dimension whose value is missing
makes the lookup unknown only where some candidate row depends on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from evaluator.dossier.fields import Registry
from evaluator.problems.source import Place
from evaluator.values.units import Unit

INDUSTRY = "industry_code"
DAY = dt.timedelta(days=1)  # Both ends of a period are included: the next begins a day later.


class Kind(StrEnum):
    """What a criterion is: a lower bound, an upper bound, a list of codes, a plain number."""

    FLOOR = "floor"
    CEILING = "ceiling"
    LIST = "list"
    VALUE = "value"


KIND_LABELS = {"floor": "下限", "ceiling": "上限", "list": "清单", "value": "数值"}


@dataclass(frozen=True, slots=True)
class Source:
    """A legal instrument, or a statistic. ``seen_at`` says where its text was read, if it was.

    ``counted_to`` is the last day that the figures of a statistic speak of.
    """

    id: str
    title: str
    number: str | None = None
    issuer: str | None = None
    published: dt.date | None = None
    in_force: dt.date | None = None
    until: dt.date | None = None
    level: str | None = None
    seen_at: str | None = None
    note: str | None = None
    counted_to: dt.date | None = None

    def citation(self, clause: str | None = None) -> str:
        """《标题》（文号）条款."""
        text = f"《{self.title}》"
        if self.number:
            text += f"（{self.number}）"
        return text + (clause or "")


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal basis: a clause of a source, or whatever basis the named criterion has."""

    source: Source | None
    clause: str | None
    criterion: str | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where one value comes from; ``verified`` is False for an example value (示例值).

    ``correction`` says that the same text was misread before, and how: without it a value that
    changes while its source and clause stay is an error (``evaluator.revision.honest``).
    """

    source: Source
    clause: str | None
    verified: bool
    note: str | None = None
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; ``keys`` names the dimensions it depends on, none for the default.

    ``start`` is the row's own first day, where it has one: a period whose rows begin on different
    days is read as several, each with the rows then in force (``Period.split``).
    """

    number: int
    keys: Mapping[str, tuple[str, ...]]
    value: Fraction
    unit: Unit | None
    provenance: Provenance
    place: Place
    start: dt.date | None = None

    def title(self) -> str:
        """The row as a person names it: its keys, or 默认."""
        return "、".join(w for words in self.keys.values() for w in words) or "默认"


@dataclass(frozen=True)
class Period:
    """The content of a criterion from ``start`` to ``end``, both included; ``end`` None is open."""

    start: dt.date
    end: dt.date | None
    rows: tuple[Row, ...]
    codes: tuple[str, ...]
    provenance: Provenance | None
    gap: str | None
    accepted_before: dt.date | None
    place: Place

    @property
    def former(self) -> dt.date:
        """The last day before it begins."""
        return self.start - DAY if self.start > dt.date.min else self.start

    def split(self) -> tuple[Period, ...]:
        """Itself, or one period for each day on which rows of its table begin.

        A row takes the place of one with the same keys that began earlier.
        """
        days = sorted(
            {self.start, *(r.start for r in self.rows if r.start and self.covers(r.start))}
        )
        if len(days) == 1 and not any(r.start for r in self.rows):
            return (self,)
        out = []
        for day, after in zip(days, (*days[1:], None), strict=True):
            rows: dict[tuple[tuple[str, tuple[str, ...]], ...], Row] = {}
            begun = (r for r in self.rows if r.start is None or r.start <= day)
            for row in sorted(begun, key=lambda r: r.start or dt.date.min):
                rows[tuple(sorted(row.keys.items()))] = row
            kept = tuple(sorted(rows.values(), key=lambda r: r.number))
            end = after - DAY if after else self.end
            out.append(replace(self, start=day, end=end, rows=kept))
        return tuple(out)

    def covers(self, day: dt.date) -> bool:
        """Whether the period is in force on ``day``."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Criterion:
    """A named threshold, table or code list with its successive periods, oldest first."""

    id: str
    title: str
    kind: Kind
    unit: Unit | None
    by: tuple[str, ...]
    rounded: int | None
    tighten_only: bool
    periods: tuple[Period, ...]
    place: Place

    def period(self, as_of: dt.date, submitted_on: dt.date) -> Period | None:
        """The period that judges a dossier accepted on ``submitted_on``, as of a date.

        A transition clause keeps the value in force at acceptance for dossiers accepted earlier, and
        the former one for those accepted after the new period has begun.
        """
        period = self.on(as_of)
        if period and period.accepted_before and submitted_on < period.accepted_before:
            return self.on(min(submitted_on, as_of, period.former))
        return period

    def on(self, day: dt.date) -> Period | None:
        """The period that covers a day, whatever transition clause it has."""
        return next((p for p in self.periods if p.covers(day)), None)


@dataclass(frozen=True, slots=True)
class Hit:
    """The row that a lookup took, and the key of each dimension that led to it."""

    row: Row
    period: Period
    taken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a lookup gave nothing: fields that are missing, or a reason of its own."""

    missing: tuple[str, ...]
    reason: str


def period_or_miss(criterion: Criterion, as_of: dt.date, submitted_on: dt.date) -> Period | Miss:
    """The period in force, or the reason why there is none."""
    period = criterion.period(as_of, submitted_on)
    if period is None:
        return Miss((), f"“{criterion.title}”在 {as_of.isoformat()} 没有有效的标准值")
    if period.gap is not None:
        return Miss((), f"“{criterion.title}”在 {as_of.isoformat()} 无标准：{period.gap}")
    return period


def _prefixes(code: str) -> list[str]:
    return [code[:n] for n in range(len(code), 0, -1)]


def _narrow(
    rows: tuple[Row, ...], dimension: str, value: str
) -> tuple[tuple[Row, ...], str | None]:
    for word in _prefixes(value) if dimension == INDUSTRY else [value]:
        matching = tuple(r for r in rows if word in r.keys.get(dimension, ()))
        if matching:
            return matching, word
    return tuple(r for r in rows if dimension not in r.keys), None


def narrowed(rows: tuple[Row, ...], dimension: str, value: str) -> tuple[Row, ...]:
    """The rows of a table that are left once a dimension has a value."""
    return _narrow(rows, dimension, value)[0]


def possible_values(
    criterion: Criterion,
    period: Period,
    unit: Unit,
    fixed: Mapping[str, str],
    registry: Registry,
) -> list[Fraction] | None:
    """Every value that a table can give, in ``unit``, whatever its keys; None where it may give none.

    ``fixed`` keys are known. The options of a field close the list of what a key can be.
    """
    rows: set[int] = set()
    if not _reach(criterion.by, period.rows, fixed, registry, rows):
        return None
    taken = [r for r in period.rows if id(r) in rows]
    return [r.value if r.unit is None else r.value * r.unit.factor_to(unit) for r in taken]


def _reach(
    by: tuple[str, ...],
    rows: tuple[Row, ...],
    fixed: Mapping[str, str],
    registry: Registry,
    found: set[int],
) -> bool:
    """Collect the rows that some keys lead to; False where some keys lead to none."""
    if not rows:
        return False
    if not by:
        found.add(id(rows[0]))
        return True
    dimension, rest = by[0], by[1:]
    named = {w for r in rows for w in r.keys.get(dimension, ())}
    if not named:
        return _reach(rest, rows, fixed, registry, found)
    if dimension in fixed:
        left = narrowed(rows, dimension, fixed[dimension])
        return _reach(rest, left, fixed, registry, found)
    every = [narrowed(rows, dimension, word) for word in sorted(named)]
    field = registry.fields.get(dimension)
    if field is None or not field.values or not set(field.values) <= named:
        every.append(tuple(r for r in rows if dimension not in r.keys))
    return all(_reach(rest, left, fixed, registry, found) for left in every)


def key_text(value: object) -> str:
    """A dossier value as a table key: whole numbers without a fraction bar, the rest as written."""
    return str(value)


def key_number(word: str) -> Fraction | None:
    """The number whose key text is ``word``, None for any other spelling."""
    try:
        number = Fraction(word)
    except (ValueError, ZeroDivisionError):
        return None
    return number if key_text(number) == word else None


def lookup(
    criterion: Criterion,
    values: Mapping[str, object],
    as_of: dt.date,
    submitted_on: dt.date,
    item: Mapping[str, str] = MappingProxyType({}),
) -> Hit | Miss:
    """The row for a dossier's ``values``; ``item`` gives dimensions that come from a list item."""
    period = period_or_miss(criterion, as_of, submitted_on)
    if isinstance(period, Miss):
        return period
    rows = period.rows
    taken: list[tuple[str, str]] = []
    for dimension in criterion.by:
        if not any(dimension in r.keys for r in rows):
            continue
        value = item.get(dimension, values.get(dimension))
        if value is None:
            return Miss((dimension,), f"“{criterion.title}”按{dimension}分档，此项未填")
        rows, word = _narrow(rows, dimension, key_text(value))
        if word is not None:
            taken.append((dimension, word))
        if not rows:
            return Miss((), f"“{criterion.title}”的表中没有“{key_text(value)}”这一档")
    return Hit(rows[0], period, tuple(taken)) if rows else Miss((), f"“{criterion.title}”没有值")
