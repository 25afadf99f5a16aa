"""The cells of one column that are not canonical, read once each into a small table to join.

For a number the table holds the decimal that the layout holds; for a record, one column for each
of its keys, or (keys not closed) one row for each item.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import duckdb

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import FieldError
from evaluator.dossier.values import Item, Value
from evaluator.engine.columnar.layout import codes_text, kind_of
from evaluator.portfolio.intake.cells import read_cell
from evaluator.portfolio.intake.sources import Cell
from evaluator.portfolio.intake.tables import Values, add, create
from evaluator.portfolio.limits import ITEM_SCALE, LIMIT, MAX_ODD, MAX_SCALE, TOO_FINE, about
from evaluator.values.numbers import exact_text, odd_part, scale_of


@dataclass(frozen=True)
class Odd:
    """A table ``name`` of raw, value, reason; numbers are held ``times`` their value.

    ``scale`` and ``top`` are the most decimals and the largest magnitude among its numbers.
    """

    name: str
    times: int = 1
    scale: int = 0
    top: Fraction = Fraction(0)

    @property
    def reason(self) -> str:
        """SQL of the reason against a row."""
        return f"{self.name}.reason"

    def join(self, raw: str) -> str:
        """SQL that joins the table by the text ``raw`` (SQL)."""
        return f"LEFT JOIN {self.name} ON {self.name}.raw = {raw}"


def either(odd: Odd | None, own: str, read: str) -> str:
    """SQL: ``own`` where the cell is canonical, else the column ``read`` of what Python has read."""
    if odd is None:
        return own
    return f"CASE WHEN {odd.name}.raw IS NULL THEN {own} ELSE {odd.name}.{read} END"


def read_odd(
    db: duckdb.DuckDBPyConnection, name: str, field: Field, cell: Cell, raws: list[str]
) -> Odd:
    """Read the distinct texts ``raws`` of a column into the table ``name``."""
    values: list[Value | None] = []
    reasons: list[str | None] = []
    for raw in raws:
        try:
            values.append(read_cell(field, cell, raw))
            reasons.append(None)
        except FieldError as error:
            values.append(None)
            said = "；".join(c.message for c in error.complaints)
            reasons.append(about(field, said))
    columns: dict[str, Values] = {"raw": raws}
    odd = Odd(name)
    if field.numeric or field.keys:
        odd = _numbers(odd, field, values, reasons, columns)
    elif field.type is FieldType.RECORD:
        odd = _open_items(db, odd, field, raws, values, reasons)
        columns["value"] = [None] * len(raws)
    else:
        columns["value"] = [_text(v) for v in values]
    columns["reason"] = reasons
    _fill(db, name, columns)
    return odd


def _fill(db: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, Values]) -> None:
    types = dict.fromkeys(columns, "VARCHAR")
    create(db, name, types)
    add(db, name, types, list(columns.values()))


def _text(value: Value | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return codes_text(str(v) for v in value)
    return None


def _numbers(
    odd: Odd,
    field: Field,
    values: list[Value | None],
    reasons: list[str | None],
    columns: dict[str, Values],
) -> Odd:
    """One column of decimals for a number, or one for each key of a record."""
    keys = list(field.keys) or ["value"]
    rows: list[dict[str, Fraction]] = []
    for i, value in enumerate(values):
        row = {"value": value} if isinstance(value, Fraction) else {}
        if isinstance(value, tuple):
            row = {v.key: v.number for v in value if isinstance(v, Item)}
        if any(
            abs(v) >= LIMIT or scale_of(v * odd_part(v)) > MAX_SCALE or odd_part(v) > MAX_ODD
            for v in row.values()
        ):
            reasons[i], row = about(field, TOO_FINE), {}
        rows.append(row)
    numbers = [v for row in rows for v in row.values()]
    times = lcm(*(odd_part(v) for v in numbers))
    for key in keys:
        held = [row.get(key) for row in rows]
        columns[key] = [None if v is None else exact_text(v * times) for v in held]
    scale = max((scale_of(v * times) for v in numbers), default=0)
    return Odd(odd.name, times, scale, max(map(abs, numbers), default=Fraction(0)))


def _open_items(
    db: duckdb.DuckDBPyConnection,
    odd: Odd,
    field: Field,
    raws: list[str],
    values: list[Value | None],
    reasons: list[str | None],
) -> Odd:
    """The items of records without closed keys, in base units, in a table of their own."""
    rows: list[tuple[str, str, str, Fraction]] = []
    times = 1
    for i, (raw, value) in enumerate(zip(raws, values, strict=True)):
        items = [v for v in value if isinstance(v, Item)] if isinstance(value, tuple) else []
        numbers = [v.number * v.unit.factor for v in items]
        if any(odd_part(v.number) > MAX_ODD for v in items) or any(
            abs(v) >= LIMIT or scale_of(v * odd_part(v)) > ITEM_SCALE - 1 for v in numbers
        ):
            reasons[i] = about(field, TOO_FINE)
            continue
        times = lcm(times, *(odd_part(v) for v in numbers))
        rows += [(raw, v.key, kind_of(v.unit), n) for v, n in zip(items, numbers, strict=True)]
    columns: dict[str, Values] = {
        "raw": [r[0] for r in rows],
        "key": [r[1] for r in rows],
        "kind": [r[2] for r in rows],
        "number": [exact_text(r[3] * times) for r in rows],
    }
    _fill(db, f"{odd.name}_items", columns)
    return Odd(odd.name, times)
