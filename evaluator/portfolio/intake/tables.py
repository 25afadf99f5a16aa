"""Tables of DuckDB out of rows in Python: few as SQL, many by way of Arrow.

Arrow takes half a second to import, and has DuckDB import pandas, which takes another: a run over a
few rows does without both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb

from evaluator.portfolio.sql import quote, text

if TYPE_CHECKING:
    import pyarrow as pa

GIVEN = "given_rows"
FEW_CELLS = 10_000
_ROWS = 500  # Of one statement.
_ARROW = {"BIGINT": "int64", "VARCHAR": "string"}
Values = Sequence[int | str | None]


def create(db: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str]) -> None:
    """Make the temporary table ``name`` anew, without rows; ``types`` are BIGINT or VARCHAR."""
    columns = ", ".join(f"{quote(column)} {kind}" for column, kind in types.items())
    db.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")


def add(
    db: duckdb.DuckDBPyConnection, name: str, types: Mapping[str, str], columns: Sequence[Values]
) -> None:
    """Add rows, given by columns in the order of ``types``, to the table ``name``."""
    count = len(columns[0]) if columns else 0
    if count * len(columns) > FEW_CELLS or any(map(_unwritable, columns)):
        import pyarrow as pa

        given = [
            pa.array(values, getattr(pa, _ARROW[kind])())
            for values, kind in zip(columns, types.values(), strict=True)
        ]
        insert(db, name, pa.table(given, names=list(types)))
        return
    for start in range(0, count, _ROWS):
        rows = zip(*(c[start : start + _ROWS] for c in columns), strict=True)
        listed = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
        db.execute(f"INSERT INTO {name} VALUES {listed}")


def insert(db: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Add the rows of an Arrow table to the table ``name``."""
    db.register(GIVEN, table)
    db.execute(f"INSERT INTO {name} SELECT * FROM {GIVEN}")
    db.unregister(GIVEN)


def _unwritable(values: Values) -> bool:
    """Whether some text cannot stand in a statement, which ends at a NUL."""
    return any(isinstance(value, str) and "\0" in value for value in values)


def _literal(value: int | str | None) -> str:
    if value is None:
        return "NULL"
    return text(value) if isinstance(value, str) else str(value)
