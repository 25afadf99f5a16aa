"""Table lookups as conditions: which row is taken, for which dossiers.

Follows ``criteria.lookup`` step by step, but over all values a dimension can have at once: values
that leave the same rows stay together, so a table of thirty rows gives thirty conditions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import z3

from evaluator.dossier.fields import FieldType
from evaluator.prove.domain import Domain, rational
from evaluator.rulebook.criteria import INDUSTRY, Criterion, Period, Row, key_number, key_text

Bool = Any


@dataclass(frozen=True, slots=True)
class Taken:
    """``row`` is taken exactly where ``guard`` holds."""

    guard: Bool
    row: Row


def periods(criterion: Criterion, domain: Domain) -> list[tuple[Bool, Period]]:
    """The period that judges a dossier, by its acceptance date where a transition clause asks."""
    current = criterion.on(domain.as_of)
    if current is None:
        return []
    before = current.accepted_before
    if before is None:
        return [(z3.BoolVal(True), current)]
    submitted = domain.term("submitted_on")
    out: list[tuple[Bool, Period]] = [(submitted >= before.toordinal(), current)]
    for period in criterion.periods:
        if period.start > min(domain.as_of, current.former):
            continue
        last = min(period.end or dt.date.max, domain.as_of, before - dt.timedelta(days=1))
        if period.covers(current.former):
            # What was in force when the new period began also judges those accepted since.
            last = before - dt.timedelta(days=1)
        guard = z3.And(submitted >= period.start.toordinal(), submitted <= last.toordinal())
        out.append((guard, period))
    return out


def rows_taken(
    criterion: Criterion, domain: Domain, item: Mapping[str, str], fields: set[str]
) -> list[Taken]:
    """Every row that can be taken, with its condition; ``fields`` collects what the lookup reads."""
    out: list[Taken] = []
    dated = periods(criterion, domain)
    if len(dated) > 1:
        fields.add("submitted_on")
    for guard, period in dated:
        if period.gap is None:
            _descend(criterion, domain, item, fields, period.rows, 0, [guard], out)
    return out


def narrow(rows: tuple[Row, ...], dimension: str, value: str) -> tuple[Row, ...]:
    """The rows left for a value: of the longest prefix of an industry code, else of the word."""
    sizes = range(len(value), 0, -1) if dimension == INDUSTRY else (len(value),)
    for word in (value[:n] for n in sizes):
        named = tuple(r for r in rows if word in r.keys.get(dimension, ()))
        if named:
            return named
    return tuple(r for r in rows if dimension not in r.keys)


def _descend(
    criterion: Criterion,
    domain: Domain,
    item: Mapping[str, str],
    fields: set[str],
    rows: tuple[Row, ...],
    depth: int,
    guards: list[Bool],
    out: list[Taken],
) -> None:
    if not rows:
        return
    if depth == len(criterion.by):
        out.append(Taken(z3.And(guards), rows[0]))
        return
    dimension = criterion.by[depth]
    if not any(dimension in r.keys for r in rows):
        _descend(criterion, domain, item, fields, rows, depth + 1, guards, out)
        return
    if dimension in item:
        left = narrow(rows, dimension, item[dimension])
        _descend(criterion, domain, item, fields, left, depth + 1, guards, out)
        return
    if dimension not in domain.registry.fields:
        return  # Only an item of a list gives this dimension: without one the lookup is unknown.
    fields.add(dimension)
    for guard, left in _split(domain, dimension, rows):
        more = [*guards, domain.known(dimension), guard]
        _descend(criterion, domain, item, fields, left, depth + 1, more, out)


def _split(
    domain: Domain, dimension: str, rows: tuple[Row, ...]
) -> list[tuple[Bool, tuple[Row, ...]]]:
    """The rows left, for each way in which the dossier's value can choose among them."""
    field = domain.field(dimension)
    if field.type in (FieldType.INT, FieldType.DECIMAL):
        term = domain.term(dimension)
        numbers = {
            n for r in rows for w in r.keys.get(dimension, ()) if (n := key_number(w)) is not None
        }
        cases = [
            (term == rational(n), narrow(rows, dimension, key_text(n))) for n in sorted(numbers)
        ]
        other = z3.And([term != rational(n) for n in sorted(numbers)])
        return [*cases, (other, tuple(r for r in rows if dimension not in r.keys))]
    if field.type in (FieldType.CODES, FieldType.RECORD, FieldType.DATE):
        # A list or a date is no key of a table: only rows that do not name it can be meant.
        return [(z3.BoolVal(True), tuple(r for r in rows if dimension not in r.keys))]
    groups: dict[tuple[int, ...], tuple[list[Bool], tuple[Row, ...]]] = {}
    for choice in domain.choices(dimension):
        left = narrow(rows, dimension, key_text(choice.value))
        group = groups.setdefault(tuple(id(r) for r in left), ([], left))
        group[0].append(choice.chosen)
    return [(z3.Or(chosen), left) for chosen, left in groups.values()]
