"""Cells in SQL: which are written in canonical form, and the others read by Python once each.

A canonical cell needs no Python: a plain decimal, an ISO date, true or false, a code of its list.
Any other text is read by ``evaluator.dossier.values``, the reader of single dossiers, once for each
distinct text; so a portfolio accepts and rejects exactly what a single dossier does.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import MAX_TEXT
from evaluator.dossier.values import Value, read_value
from evaluator.portfolio.intake.sources import Cell, quote, text

NUMBER = r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?"
# What no text of a dossier may hold (see evaluator.dossier.values), as RE2 writes it.
BAD = r"^[\s\p{Z}]|[\s\p{Z}]$|^$|[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{fffe}\x{ffff}]"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
# Before a value that is not of the JSON type in which its field is written; see postgres_table.
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
    match field.type:
        case FieldType.INT | FieldType.DECIMAL:
            plain = not cell.unit or (field.unit is not None and cell.unit == field.unit.name)
            return f"regexp_full_match({raw}, {text(NUMBER)})" if plain else "false"
        case FieldType.BOOL:
            return f"{raw} IN ('true', 'false')"
        case FieldType.DATE:
            iso = text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
            return f"(regexp_full_match({raw}, {iso}) AND TRY_CAST({raw} AS DATE) IS NOT NULL)"
        case FieldType.ENUM:
            return f"{raw} IN ({', '.join(map(text, field.values))})"
        case FieldType.STR if field.format is None:
            return f"(length({raw}) <= {MAX_TEXT} AND NOT regexp_matches({raw}, {text(BAD)}))"
        case FieldType.STR if field.format == "credit_code":
            return _credit_code(raw)
        case _:
            return "false"


def _credit_code(raw: str) -> str:
    """SQL for a right GB 32100 check character; the reader says what is wrong with others."""
    index = [f"(strpos('{ALPHABET}', substr({raw}, {i}, 1)) - 1)" for i in range(1, 19)]
    total = " + ".join(f"{w} * {p}" for w, p in zip(WEIGHTS, index, strict=False))
    shape = text(f"[0-9A-HJ-NPQRTUWXY]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
    return f"(regexp_full_match({raw}, {shape}) AND {index[17]} = (31 - ({total}) % 31) % 31)"


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
