"""Tables of DuckDB out of Arrow's."""

from __future__ import annotations

import duckdb
import pyarrow as pa

GIVEN = "given_rows"


def create(db: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Make the temporary table ``name``."""
    _execute(db, f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {GIVEN}", table)


def insert(db: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Add the rows to the table ``name``."""
    _execute(db, f"INSERT INTO {name} SELECT * FROM {GIVEN}", table)


def _execute(db: duckdb.DuckDBPyConnection, query: str, table: pa.Table) -> None:
    db.register(GIVEN, table)
    db.execute(query)
    db.unregister(GIVEN)
