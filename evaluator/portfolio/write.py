"""Results out of DuckDB into a file, in two steps: masks into a table, then ids into the file.

What applies to a dossier is a long text of which there are few: told to DuckDB as the values of an
ENUM, it is written once into a Parquet file's dictionary instead of hashed and copied for each row.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import duckdb
import ibis

from evaluator.engine.columnar import Plan
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.output import copy
from evaluator.portfolio.sql import quote

MASKS, SETS = "judged_masks", "judged_sets"
# Parquet gets the whole dictionary with each group of rows: many values would cost more than rows.
MOST_VALUES, MOST_BYTES = 10_000, 32_000_000
_TYPES = count(1)


class Writer:
    """One plan as the statements that write its results; the SQL is made once.

    ``columns`` are those of ``Plan.results`` unless named; one that the source lacks is NULL.
    """

    def __init__(self, plan: Plan, columns: tuple[str, ...] = ()) -> None:
        masks = plan.masks()
        self._masks = sql_of(masks)
        table = ibis.table(masks.schema(), name=MASKS)
        sets = plan.applicable(table) if plan.applies else None
        self._sets = None if sets is None else sql_of(sets)
        if sets is not None:
            sets = ibis.table(sets.schema(), name=SETS)
        results = plan.decoded(table, sets, lookup=True)
        listed = ", ".join(
            quote(c) if c in results.columns else f"NULL::VARCHAR AS {quote(c)}"
            for c in columns or results.columns
        )
        self._results = f"SELECT {listed} FROM ({sql_of(results)})"

    def write(self, db: duckdb.DuckDBPyConnection, path: Path) -> int:
        """Judge what is registered into .parquet or .csv; the number of rows."""
        db.execute(f"CREATE OR REPLACE TEMP TABLE {MASKS} AS {self._masks}")
        if self._sets is not None:
            db.execute(f"CREATE OR REPLACE TEMP TABLE {SETS} AS {self._sets}")
            _as_enum(db)
        written = copy(db, self._results, path)
        db.execute(f"DROP TABLE {MASKS}")
        return written


def _as_enum(db: duckdb.DuckDBPyConnection) -> None:
    row = db.execute(f"SELECT count(*), sum(strlen(applicable)) FROM {SETS}").fetchone()
    if row and 0 < row[0] <= MOST_VALUES and row[1] <= MOST_BYTES:
        name = f"applicable_{next(_TYPES)}"
        db.execute(
            f"CREATE TEMP TYPE {name} AS ENUM (SELECT DISTINCT applicable FROM {SETS} ORDER BY 1)"
        )
        db.execute(f"ALTER TABLE {SETS} ALTER applicable TYPE {name}")
