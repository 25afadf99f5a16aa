"""The items of records without closed keys: which the server reads itself, and their table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import lcm

from evaluator.engine.columnar.layout import kind_of
from evaluator.portfolio.limits import ITEM_SCALE, LIMIT, MAX_SCALE, TOO_FINE
from evaluator.portfolio.postgres.cells import array_sql
from evaluator.portfolio.postgres.table import Column, Table
from evaluator.portfolio.sql import reason, text
from evaluator.values.numbers import exact_text, odd_part, scale_of
from evaluator.values.units import Unit, UnitError, parse_unit

NOTHING = (
    "SELECT NULL::bigint AS row_id, NULL::text AS field, NULL::text AS key, "
    "NULL::text AS kind, NULL::numeric AS number WHERE false"
)


@dataclass(frozen=True)
class Items:
    """The table ``portfolio_items``: is any to be expected, and how many times their value its
    numbers are held."""

    any: bool
    times: int

    @property
    def reason(self) -> str:
        """SQL of the reason against a row of ``portfolio_raw``."""
        fine = f"abs(number) >= {LIMIT}::numeric * {self.times} OR number <> round(number, {ITEM_SCALE})"
        return reason(
            f"EXISTS (SELECT FROM portfolio_items AS i WHERE i.row_id = q.row_id AND ({fine}))",
            TOO_FINE,
        )


def open_columns(table: Table) -> list[Column]:
    """The records without closed keys."""
    return [c for c in table.columns if c.document and not c.field.keys]


def known_units(table: Table) -> dict[str, Unit]:
    """The units that canonical items are in. An item in a unit that is none, or whose multiples the
    layout cannot hold, is no longer canonical: Python is to read it."""
    units: dict[str, Unit] = {}
    for column in open_columns(table):
        entries = _entries(column)
        for (name,) in table.run(
            f"SELECT DISTINCT e ->> 'unit' FROM portfolio_raw AS q, {entries}"
        ).fetchall():
            try:
                unit = parse_unit(str(name))
            except UnitError:
                continue
            if scale_of(unit.factor * odd_part(unit.factor)) + MAX_SCALE <= ITEM_SCALE:
                units[str(name)] = unit
        table.run(
            f"UPDATE portfolio_raw AS q SET {column.staged('c')} = false WHERE EXISTS "
            f"(SELECT FROM {entries} WHERE e ->> 'unit' <> ALL ({array_sql(units)}))"
        )
    return units


def make_items(table: Table, units: Mapping[str, Unit]) -> Items:
    """Make ``portfolio_items`` once Python has read what is not canonical."""
    columns = open_columns(table)
    times = lcm(*(odd_part(u.factor) for u in units.values()), *(c.times for c in columns))
    selects = [s for column in columns for s in _selects(column, units, times)]
    table.make("portfolio_items", f"AS {' UNION ALL '.join([NOTHING, *selects])}")
    return Items(bool(columns), times)


def _entries(column: Column) -> str:
    return f"jsonb_array_elements(CASE WHEN {column.canonical} THEN {column.json} END) AS e"


def _selects(column: Column, units: Mapping[str, Unit], times: int) -> list[str]:
    row = f"SELECT q.row_id, {text(column.name)} AS field"
    selects = []
    if units:
        known = ", ".join(
            f"({text(n)}, {text(kind_of(u))}, {exact_text(u.factor * times)})"
            for n, u in units.items()
        )
        selects.append(
            f"{row}, e ->> 'key' AS key, u.kind, (e ->> 'value')::numeric * u.factor AS number "
            f"FROM portfolio_raw AS q, {_entries(column)}, "
            f"(VALUES {known}) AS u (unit, kind, factor) WHERE u.unit = e ->> 'unit'"
        )
    if column.odd:
        selects.append(
            f"{row}, o.key, o.kind, o.number::numeric * {times // column.times} AS number "
            f"FROM portfolio_raw AS q JOIN {column.odd.name}_items AS o ON o.raw = {column.raw}"
        )
    return selects
