"""Cells in DuckDB: their texts in SQL, which of them are canonical, and the reader of the others."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Value, read_value
from evaluator.portfolio.canonical import Dialect
from evaluator.portfolio.canonical import canonical as canonical_text
from evaluator.portfolio.intake.sources import Cell
from evaluator.portfolio.sql import quote, text

ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
# What no text of a dossier may hold (see evaluator.dossier.values), as RE2 writes it.
BAD = r"^[\s\p{Z}]|[\s\p{Z}]$|^$|[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fffe}\x{ffff}]"


def _whole(raw: str, form: str) -> str:
    return f"regexp_full_match({raw}, {text(form)})"


def iso_date(raw: str) -> str:
    """SQL for whether a text is an ISO date that there is."""
    return f"({_whole(raw, ISO_DATE)} AND TRY_CAST({raw} AS DATE) IS NOT NULL)"


DUCKDB = Dialect(_whole, iso_date, lambda raw: f"regexp_matches({raw}, {text(BAD)})")
# Before a value that is not of the JSON type in which its field is written; see postgres.table.
MARK = "\x1f"
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


def source_text(field: Field, cell: Cell) -> str:
    """SQL for the cell as text, blank as NULL."""
    column = quote(cell.column)
    if cell.type in ("VARCHAR", "JSON"):
        return f"nullif(trim({column}), '')"
    if "[]" in cell.type or cell.type.startswith("STRUCT") or cell.type.startswith("MAP"):
        return f"nullif(to_json({column})::VARCHAR, '[]')"
    if field.type is FieldType.DATE and cell.type.startswith("TIMESTAMP"):
        return f"CAST(CAST({column} AS DATE) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def canonical(field: Field, cell: Cell, raw: str) -> str:
    """SQL for whether the text ``raw`` (SQL) is in canonical form."""
    if field.numeric and cell.unit and (field.unit is None or cell.unit != field.unit.name):
        return "false"
    return canonical_text(DUCKDB, field, raw)


def read_cell(field: Field, cell: Cell, raw: str) -> Value | None:
    """The value of a cell, as the reader of single dossiers has it. Raises FieldError."""
    return read_value(field, _raw(field, cell, raw))


def _raw(field: Field, cell: Cell, raw: str) -> object:
    if cell.type == "JSONB" and raw[:1] == MARK:
        return json.loads(raw[1:], parse_float=Decimal)
    if field.numeric:
        if cell.type in ("DOUBLE", "FLOAT"):
            return Decimal(raw)
        if cell.unit:
            return f"{raw} {cell.unit}" if raw[-1:].isdigit() else raw
        if cell.type != "JSONB" and ("e" in raw or "E" in raw):
            return _scientific(raw)
    if field.type in (FieldType.CODES, FieldType.RECORD) and raw[:1] in "[{":
        try:
            return json.loads(raw, parse_float=Decimal, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return raw
    return raw


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        raise ValueError("a key twice")
    return out


def _scientific(raw: str) -> object:
    # JSON numbers and spreadsheets may write 1e-07.
    try:
        return Decimal(raw)
    except ArithmeticError:
        return raw
