"""Profiles in memory as the tables of the portfolio layout, and the engine for single dossiers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any

import duckdb
import pyarrow as pa

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.dossier.values import Item
from evaluator.engine.columnar.exact import TooWide
from evaluator.engine.columnar.layout import (
    Layout,
    Number,
    codes_text,
    column_of,
    digits_of,
    kind_of,
    scalar_fields,
)
from evaluator.engine.columnar.plan import compile_ruleset
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status

_ARROW = {FieldType.BOOL: pa.bool_(), FieldType.DATE: pa.date32()}


def tables_of(
    registry: Registry, rows: Sequence[tuple[Profile, dt.date]]
) -> tuple[Layout, pa.Table, pa.Table]:
    """Profiles with the date each is judged at, as layout, main table and item table.

    Numbers are held with just the digits that they need. Raises TooWide where one needs more than
    a database has.
    """
    fields = scalar_fields(registry)
    numbers = {
        name: _holding([p.values.get(name) for p, _ in rows])
        for name, f in fields.items()
        if f.numeric
    }
    columns: dict[str, Any] = {
        "row_id": pa.array(range(len(rows)), pa.int64()),
        "as_of": pa.array([day for _, day in rows], pa.date32()),
    }
    for name, f in fields.items():
        values = [p.values.get(name) for p, _ in rows]
        columns[column_of(name)] = _array(f, values, numbers.get(name))
    entries = [
        (i, name, item)
        for i, (p, _) in enumerate(rows)
        for name, f in registry.fields.items()
        if f.type is FieldType.RECORD and not f.keys
        for item in _items(p.values.get(name))
    ]
    held = _holding([item.number * item.unit.factor for _, _, item in entries])
    items = {
        "row_id": pa.array([i for i, _, _ in entries], pa.int64()),
        "field": pa.array([name for _, name, _ in entries], pa.string()),
        "key": pa.array([item.key for _, _, item in entries], pa.string()),
        "kind": pa.array([kind_of(item.unit) for _, _, item in entries], pa.string()),
        "number": _decimals([item.number * item.unit.factor for _, _, item in entries], held),
    }
    layout = Layout(registry, frozenset(fields), numbers, True, held)
    return layout, pa.table(columns), pa.table(items)


def _items(value: object) -> tuple[Item, ...]:
    return tuple(v for v in value if isinstance(v, Item)) if isinstance(value, tuple) else ()


def _holding(values: Iterable[object]) -> Number:
    found = [v for v in values if isinstance(v, Fraction)]
    times = 1
    for value in found:
        rest = value.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        times = lcm(times, rest)
    scale = 0
    while any((v * times * 10**scale).denominator != 1 for v in found):
        scale += 1
    digits = max((digits_of(int(v * times * 10**scale)) for v in found), default=1)
    digits = max(digits, scale, 1)
    if digits > 38:
        raise TooWide(f"数值要用 {digits} 位数，超过数据库的 38 位")
    return Number(digits, scale, times)


def _decimals(values: Iterable[object], held: Number) -> pa.Array:
    # Built from the integer: decimal arithmetic would round to the context's 28 digits.
    def exact(value: Fraction) -> Decimal:
        whole = int(value * held.times * 10**held.scale)
        digits = tuple(int(c) for c in str(abs(whole)))
        return Decimal((int(whole < 0), digits, -held.scale))

    found = [exact(v) if isinstance(v, Fraction) else None for v in values]
    return pa.array(found, pa.decimal128(held.digits, held.scale))


def _array(field: Field, values: list[Any], held: Number | None) -> pa.Array:
    if held is not None:
        return _decimals(values, held)
    if field.type is FieldType.CODES:
        return pa.array([None if v is None else codes_text(v) for v in values], pa.string())
    return pa.array(values, _ARROW.get(field.type, pa.string()))


def statuses_of(
    ruleset: Ruleset, rows: Sequence[tuple[Profile, dt.date]]
) -> list[Mapping[str, Status]]:
    """The status of every rule in force, for each profile and date, by DuckDB."""
    import ibis

    layout, main, items = tables_of(ruleset.registry, rows)
    plan = compile_ruleset(ruleset, layout)
    with duckdb.connect() as connection:
        connection.register("portfolio", main)
        connection.register("portfolio_items", items)
        sql = ibis.to_sql(plan.statuses(), dialect="duckdb")
        found = connection.execute(sql).fetchall()
    out: list[Mapping[str, Status]] = [{}] * len(rows)
    for row_id, *statuses in found:
        day = rows[row_id][1]
        out[row_id] = {
            rule.id: Status(s)
            for rule, s in zip(plan.rules, statuses, strict=True)
            if rule.in_force(day)
        }
    return out


class ColumnarEngine:
    """The columnar engine for single dossiers: exact, but made for millions at once."""

    name = "columnar"

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force."""
        return statuses_of(self.ruleset, [(profile, as_of)])[0]
