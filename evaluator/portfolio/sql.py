"""Pieces of SQL that DuckDB and PostgreSQL both read."""

from __future__ import annotations

from collections.abc import Iterable


def quote(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """An SQL string."""
    return "'" + value.replace("'", "''") + "'"


def texts(values: Iterable[str]) -> str:
    """SQL strings, with commas between them."""
    return ", ".join(map(text, values))


def reason(test: str, said: str) -> str:
    """``said`` where the test (SQL) holds, else NULL."""
    return f"CASE WHEN {test} THEN {text(said)} END"
