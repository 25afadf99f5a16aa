"""Cells in DuckDB: their texts in SQL, which of them are canonical, and the reader of the others."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from evaluator.dossier.columns import in_unit, listed
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import fail
from evaluator.dossier.values import Value, read_value
from evaluator.portfolio.canonical import Dialect
from evaluator.portfolio.canonical import canonical as canonical_text
from evaluator.portfolio.intake.marks import MARK, marked_value
from evaluator.portfolio.intake.sources import Cell
from evaluator.portfolio.sql import quote, text
from evaluator.reading import cells
from evaluator.reading.cells import CellFault
from evaluator.values.numbers import Exact, stored

ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# What no text of a dossier may hold (see evaluator.dossier.values), as RE2 writes it.
BAD = r"^[\s\p{Z}]|[\s\p{Z}]$|^$|[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fffe}\x{ffff}]"


def _whole(raw: str, form: str) -> str:
    return f"regexp_full_match({raw}, {text(form)})"


def iso_date(raw: str) -> str:
    """SQL for whether a text is an ISO date that there is."""
    return f"({_whole(raw, ISO_DATE)} AND TRY_CAST({raw} AS DATE) IS NOT NULL)"


DUCKDB = Dialect(_whole, iso_date, lambda raw: f"regexp_matches({raw}, {text(BAD)})")
ZONED = "TIMESTAMP WITH TIME ZONE"
BEIJING_US = int(cells.BEIJING.utcoffset(None).total_seconds()) * 10**6
MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
WIDE = ("HUGEINT", "UHUGEINT", "UBIGINT")
INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


def native(field: Field, cell: Cell) -> bool:
    """Whether the column holds the field in a type that needs no reading of text."""
    if cell.unit and field.unit and cell.unit != field.unit.name:
        return False
    match field.type:
        case FieldType.INT | FieldType.DECIMAL:
            return cell.type in INTEGERS or cell.type.startswith("DECIMAL")
        case FieldType.BOOL:
            return cell.type == "BOOLEAN"
        case FieldType.DATE:
            return cell.type == "DATE"
        case FieldType.STR | FieldType.ENUM:
            return cell.type == "VARCHAR"
        case _:
            return False


def source_text(cell: Cell) -> str:
    """SQL for the cell as text, blank as NULL."""
    column = quote(cell.column)
    if cell.type in ("VARCHAR", "JSON"):
        return f"nullif(trim({column}), '')"
    if "[]" in cell.type or cell.type.startswith("STRUCT") or cell.type.startswith("MAP"):
        return f"nullif(to_json({column})::VARCHAR, '[]')"
    if cell.type in MOMENTS:
        return f"CAST(CAST({column} AS DATE) AS VARCHAR)"
    if cell.type == ZONED:
        # The day in Beijing, whatever the zone of the machine; without the extension for zones.
        return f"CAST(CAST(make_timestamp(epoch_us({column}) + {BEIJING_US}) AS DATE) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def canonical(field: Field, cell: Cell, raw: str) -> str:
    """SQL for whether the text ``raw`` (SQL) is in canonical form."""
    if field.numeric and cell.unit and (field.unit is None or cell.unit != field.unit.name):
        return "false"
    return canonical_of(DUCKDB, field, cell.type, raw)


def canonical_of(dialect: Dialect, field: Field, kind: str, raw: str) -> str:
    """SQL for whether a text of a column of that type is canonical."""
    if field.numeric and kind in ("DOUBLE", "FLOAT"):
        # What has no more digits than a binary number keeps is the number that was meant.
        digits = f"length(regexp_replace({raw}, '[^0-9]', '', 'g'))"
        return f"({canonical_text(dialect, field, raw)} AND {digits} <= {cells.DIGITS})"
    if kind not in _AS_TEXT.get(field.type, ("VARCHAR", "JSON")):
        return "false"
    return canonical_text(dialect, field, raw)


_PLAIN = ("VARCHAR", "JSON", "DECIMAL", *INTEGERS)
# Column types whose text says all: what is canonical of them needs no look at the type.
_AS_TEXT = {
    FieldType.INT: _PLAIN,
    FieldType.DECIMAL: _PLAIN,
    FieldType.BOOL: ("VARCHAR", "JSON", "BOOLEAN"),
    FieldType.DATE: ("VARCHAR", "JSON", "DATE", ZONED, *MOMENTS),
    FieldType.STR: ("VARCHAR", "JSON", "DATE", ZONED, *MOMENTS, *INTEGERS),
}


def read_cell(field: Field, cell: Cell, raw: str) -> Value | None:
    """The value of a cell, as the reader of single dossiers has it. Raises FieldError."""
    return read_value(field, _raw(field, cell, raw))


def _raw(field: Field, cell: Cell, raw: str) -> object:
    try:
        value = _typed(field, cell, raw)
    except CellFault as fault:
        raise fail("D120", fault.message, fault.hint) from None
    return in_unit(value, cell.unit, field)


def _typed(field: Field, cell: Cell, raw: str) -> object:
    """What stands in the cell, in the type that its column, or its mark, says. Raises CellFault."""
    if raw[:1] == MARK and cell.marked:
        return marked_value(raw[1:])
    kind = cell.type
    if kind == "JSONB":
        if raw[:1] == MARK:
            return stored(json.loads(raw[1:], parse_float=Decimal))
        raw = stored(raw)
    elif kind in ("DOUBLE", "FLOAT"):
        return cells.decimal_of(float(raw))
    elif kind in INTEGERS or kind in WIDE or kind.startswith("DECIMAL"):
        return Decimal(raw)
    elif kind == "BOOLEAN":
        return raw == "true"
    elif kind in ("DATE", ZONED, *MOMENTS):
        return cells.day(_moment(raw))
    elif kind.startswith(("TIME", "INTERVAL")):
        return cells.day(dt.time())
    elif kind in ("BLOB", "BIT"):
        return cells.meaning(b"")
    elif cell.lines:
        if raw[:1] == MARK:
            return Exact(raw[1:])
        if field.numeric and ("e" in raw or "E" in raw):
            return _scientific(raw)
    binary = "DOUBLE" in kind or "FLOAT" in kind
    data = listed(raw, field, _binary if binary else Decimal)
    if data is not raw:
        if cell.lines:
            return _unmarked(data)
        return stored(data) if kind == "JSONB" or cell.own else data
    return stored(raw) if cell.own else raw


def _binary(text_: str) -> Decimal:
    return cells.decimal_of(float(text_))


def _unmarked(data: Any) -> Any:
    """Data of a line, its marked texts as the ratios that they are."""
    if isinstance(data, str):
        return Exact(data[1:]) if data[:1] == MARK else data
    if isinstance(data, dict):
        return {key: _unmarked(value) for key, value in data.items()}
    return [_unmarked(value) for value in data] if isinstance(data, list) else data


def _moment(raw: str) -> dt.date:
    try:
        return dt.datetime.fromisoformat(raw)
    except ValueError:
        raise CellFault(f"日期“{raw[:40]}”超出能读的范围") from None


def _scientific(raw: str) -> object:
    # JSON numbers may be written 1e-07; a text that is so written has been refused before.
    try:
        return Decimal(raw)
    except ArithmeticError:
        return raw
