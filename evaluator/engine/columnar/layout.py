"""The portfolio layout: one flat table of dossiers, and one of the items of open records.

Main table: one row a dossier, one column for each field in its declared unit, "emissions.COD" as
``emissions__COD``; texts trimmed, codes of a list joined (``join_codes``). ``row_id`` numbers the
rows, ``as_of`` is the date each is judged at. A column that a source lacks is a missing value.

Item table (records without closed keys, such as 单位产品能耗): ``row_id``, ``field``, ``key``,
``kind`` (the dimension of the unit) and ``number`` in the base units of that dimension.
"""

from __future__ import annotations

import datetime as dt_
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.values.numbers import Rounding
from evaluator.values.units import Unit

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHOWN = Rounding(6, "half_up")  # The points in the results.
SEPARATOR = "\x1f"  # No text of a dossier holds a control character.
KEY = "key"
PREFIX = "held__"  # Of columns that hold what a layer has worked out.


@dataclass(frozen=True, slots=True)
class Number:
    """How a numeric column holds a value v: v · ``times`` as DECIMAL(digits, scale).

    ``times`` lets a column hold thirds exactly (1 亩 is 2000/3 平方米). ``positive``: no value of
    the source is zero or below.
    """

    digits: int
    scale: int
    times: int = 1
    positive: bool = False


Days = tuple[dt_.date, dt_.date] | None
INTEGER = Number(9, 0)
DECIMAL = Number(18, 4)
ITEM_NUMBER = Number(30, 12, 3)


@dataclass(frozen=True)
class Layout:
    """What columns a main table has, and how its numbers are held.

    ``as_of`` and ``submitted`` are the first and last day among the rows, where they are known;
    periods that no row can meet are then left out.
    """

    registry: Registry
    present: frozenset[str]
    numbers: Mapping[str, Number] = field(default_factory=dict)
    items: bool = False
    item_number: Number = ITEM_NUMBER
    as_of: Days = None
    submitted: Days = None

    def number(self, name: str) -> Number:
        """How the numeric column of a field is held."""
        return self.numbers.get(name) or default_number(self.registry.references[name])

    def main(self, name: str = "portfolio") -> ir.Table:
        """The main table, not bound to any database; decimals without precision (see exact)."""
        import ibis  # Only what is compiled needs it.
        import ibis.expr.datatypes as dt

        decimal = dt.Decimal(None, None)
        schema: dict[str, object] = {"row_id": "int64", "as_of": "date"}
        for ref, f in scalar_fields(self.registry).items():
            if ref in self.present:
                schema[column_of(ref)] = _TYPES.get(f.type, decimal)
        return ibis.table(schema, name=name)

    def item_table(self, name: str = "portfolio_items") -> ir.Table:
        """The item table, not bound to any database."""
        import ibis
        import ibis.expr.datatypes as dt

        schema = {"row_id": "int64", "field": "string", "key": "string", "kind": "string"}
        return ibis.table({**schema, "number": dt.Decimal(None, None)}, name=name)


_TYPES: Mapping[FieldType, object] = {
    FieldType.STR: "string",
    FieldType.ENUM: "string",
    FieldType.CODES: "string",
    FieldType.BOOL: "boolean",
    FieldType.DATE: "date",
}


def default_number(f: Field) -> Number:
    """The default holding of a field."""
    return INTEGER if f.type is FieldType.INT else DECIMAL


def scalar_fields(registry: Registry) -> dict[str, Field]:
    """All fields that are one column: every field but records, and each key of a closed record."""
    return {n: f for n, f in registry.references.items() if f.type is not FieldType.RECORD}


def open_records(registry: Registry) -> dict[str, Field]:
    """The records whose keys are not closed; their items stand in the item table."""
    return {n: f for n, f in registry.fields.items() if f.type is FieldType.RECORD and not f.keys}


def score_columns(card: str) -> tuple[str, str, str]:
    """The columns of one card in the results: its least and most points, and its grade."""
    return f"score_{card}_low", f"score_{card}_high", f"score_{card}_grade"


def digits_of(number: int) -> int:
    """Decimal digits of an integer, at least 1."""
    return len(str(abs(number)))


def column_of(name: str) -> str:
    """The column of a field: "emissions.COD" is ``emissions__COD``."""
    return name.replace(".", "__")


def codes_text(codes: Iterable[str]) -> str:
    """A list of codes as one text, each between separators."""
    return SEPARATOR + SEPARATOR.join(codes) + SEPARATOR


def kind_of(unit: Unit) -> str:
    """The dimension of a unit as text, "mass^1 time^-1"."""
    return " ".join(f"{name}^{power}" for name, power in unit.dimension)
