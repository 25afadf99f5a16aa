"""Rows of a loaded source as dossiers, and few of them judged one by one.

To compile a ruleset takes seconds; to judge a dossier by the reference engine a millisecond. Both
read the same loaded rows, so the answer is the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import duckdb

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.columnar.layout import SEPARATOR, Layout, column_of, scalar_fields
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.portfolio.intake.load import Loaded
from evaluator.portfolio.intake.tables import add, create
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import at_stage, find_stage, not_due
from evaluator.rulebook.verdict import Status
from evaluator.values.units import Unit, parse_unit

FEW = 500  # Up to so many rows are judged one by one.


@dataclass(frozen=True)
class Dossier:
    """A row of a source, and the day that it is judged at."""

    number: int
    profile: Profile
    as_of: dt.date


def dossiers(db: duckdb.DuckDBPyConnection, loaded: Loaded) -> Iterator[Dossier]:
    """The good rows of a source, in order."""
    layout = loaded.layout
    items = _items(db, loaded)
    found = db.execute(f"SELECT * FROM ({loaded.main}) ORDER BY row_id")
    names = [d[0] for d in found.description]
    for values in found.fetchall():
        row = dict(zip(names, values, strict=True))
        yield Dossier(row["row_id"], _profile(layout, row, items), row["as_of"])


def _profile(
    layout: Layout, row: Mapping[str, Any], items: Mapping[tuple[int, str], list[Item]]
) -> Profile:
    registry = layout.registry
    known: dict[str, Value] = {}
    for name, field in scalar_fields(registry).items():
        value = row.get(column_of(name))
        if value is None:
            continue
        if field.type is FieldType.CODES:
            known[name] = tuple(value.strip(SEPARATOR).split(SEPARATOR))
        elif isinstance(value, (Decimal, int)) and not isinstance(value, bool):
            known[name] = Fraction(value) / layout.number(name).times
        else:
            known[name] = value
    values: dict[str, Value] = {}
    for name, field in registry.fields.items():
        if field.type is not FieldType.RECORD:
            if name in known:
                values[name] = known[name]
            continue
        found = list(items.get((row["row_id"], name), ()))
        for key in field.keys:
            number = known.get(f"{name}.{key}")
            if isinstance(number, Fraction) and field.unit is not None:
                found.append(Item(key, number, field.unit))
                values[f"{name}.{key}"] = number
        if found:
            values[name] = tuple(sorted(found, key=lambda i: i.key))
    return Profile(MappingProxyType(values))


def _items(db: duckdb.DuckDBPyConnection, loaded: Loaded) -> dict[tuple[int, str], list[Item]]:
    """Items of records without closed keys, by row and field; in base units where none is declared."""
    out: dict[tuple[int, str], list[Item]] = {}
    if not loaded.items:
        return out
    fields = loaded.layout.registry.fields
    times = loaded.layout.item_number.times
    rows = db.execute(f"SELECT row_id, field, key, kind, number FROM ({loaded.items})").fetchall()
    for row_id, name, key, kind, number in rows:
        unit = fields[name].unit or _base_unit(kind)
        value = Fraction(number) / times / unit.factor
        out.setdefault((row_id, name), []).append(Item(key, value, unit))
    return out


def _base_unit(kind: str) -> Unit:
    parts = [part.rpartition("^") for part in kind.split()]
    dimension = tuple((name, int(power)) for name, _, power in parts)
    return Unit(kind or "1", dimension, Fraction(1)) if dimension else parse_unit("1")


def one_by_one(ruleset: Ruleset, loaded: Loaded, few: int) -> bool:
    """Whether to judge row by row: there are few, or the columns cannot carry a scorecard yet."""
    return loaded.total <= few or bool(ruleset.scorecards)


def judge_few(
    db: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    loaded: Loaded,
    name: str,
    stage: str | None = None,
) -> None:
    """The table ``name`` of what ``Plan.results`` has, made one by one."""
    engine = ReferenceEngine(ruleset)
    later = not_due(ruleset, find_stage(ruleset, stage))
    rows: list[tuple[Any, ...]] = []
    for dossier in dossiers(db, loaded):
        statuses = at_stage(engine.statuses(dossier.profile, dossier.as_of), later)
        ids = [
            " ".join(i for i, s in statuses.items() if (s is status) == same)
            for status, same in (
                (Status.VIOLATED, True),
                (Status.UNKNOWN, True),
                (Status.NOT_APPLICABLE, False),
                *([(Status.NOT_DUE, True)] if later else []),
            )
        ]
        industry = dossier.profile.values.get("industry_code")
        verdict = combine(ruleset, statuses).value
        rows.append((dossier.number, dossier.profile.id, industry, verdict, *ids))
    names = ["project_id", "industry_code", "verdict", "violated", "unknown", "applicable"]
    names += ["not_due"] if later else []
    types = {"row_id": "BIGINT", **dict.fromkeys(names, "VARCHAR")}
    create(db, name, types)
    add(db, name, types, list(zip(*rows, strict=True)))
