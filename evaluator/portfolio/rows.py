"""Rows of a loaded source as dossiers, and few of them judged one by one.

To compile a ruleset takes seconds; to judge a dossier by the reference engine a millisecond. Both
read the same loaded rows, so the answer is the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.columnar.layout import (
    SEPARATOR,
    SHOWN,
    Layout,
    column_of,
    scalar_fields,
    score_columns,
)
from evaluator.judgement.evaluate import Evaluator, combine
from evaluator.judgement.scores import Graded, scores
from evaluator.portfolio.intake.load import Loaded
from evaluator.portfolio.intake.tables import add, create
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import at_stage, find_stage, not_due
from evaluator.rulebook.verdict import Status
from evaluator.values.numbers import exact_text
from evaluator.values.units import Unit, parse_unit

if TYPE_CHECKING:
    from evaluator.engine.columnar import Plan

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


def one_by_one(loaded: Loaded, few: int) -> bool:
    """Whether to judge row by row, because there are few."""
    return loaded.total <= few


def compiled(
    ruleset: Ruleset, layout: Layout, stage: str | None = None, *, scores: bool = False
) -> Plan | None:
    """A ruleset compiled; None where its cards need more digits than a database has.

    Rows are then judged one by one. Raises TooWide for a ruleset without cards.
    """
    from evaluator.engine.columnar import TooWide, compile_ruleset  # Takes long to import.

    try:
        return compile_ruleset(ruleset, layout, stage=stage, scores=scores)
    except TooWide:
        if not ruleset.scorecards:
            raise
        return None


def scored(ruleset: Ruleset) -> list[str]:
    """The columns of the scores in the results."""
    return [name for card in ruleset.scorecards for name in score_columns(card)]


def _scores(ruleset: Ruleset, graded: Iterable[Graded]) -> list[Any]:
    """What stands in these columns: NULL where a card does not apply, or its grade is open."""
    found = {g.card.id: g for g in graded}
    out: list[Any] = []
    for card in ruleset.scorecards:
        if card not in found:
            out += [None, None, None]
            continue
        one = found[card]
        ends = (SHOWN.of(end) for end in (one.score.low, one.score.high))
        out += [exact_text(e) for e in ends]
        out.append(one.grade.id if one.grade else None)
    return out


def judge_few(
    db: duckdb.DuckDBPyConnection,
    ruleset: Ruleset,
    loaded: Loaded,
    name: str,
    stage: str | None = None,
) -> None:
    """The table ``name`` of what ``Plan.results`` has, made one by one."""
    evaluator = Evaluator(ruleset, "reference")
    engine = evaluator.reference
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
        given: list[Any] = []
        if ruleset.scorecards:
            evaluation = evaluator.evaluate(dossier.profile, dossier.as_of, stage)
            given = _scores(ruleset, scores(evaluation))
        rows.append((dossier.number, dossier.profile.id, industry, verdict, *ids, *given))
    names = ["project_id", "industry_code", "verdict", "violated", "unknown", "applicable"]
    names += ["not_due"] if later else []
    types = {"row_id": "BIGINT", **dict.fromkeys([*names, *scored(ruleset)], "VARCHAR")}
    points = f"DECIMAL(18, {SHOWN.digits})"
    typed = {n: points for n in scored(ruleset) if not n.endswith("_grade")}
    create(db, name, {**types, **typed})
    # Points come as texts, which DuckDB takes into a column of decimals exactly.
    add(db, name, types, list(zip(*rows, strict=True)))
