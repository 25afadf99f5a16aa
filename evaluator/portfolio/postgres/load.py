"""From a table of a PostgreSQL server to the tables of the portfolio layout, in place.

Makes temporary tables of the connection: ``portfolio_raw`` (texts), ``portfolio_flat`` (values, day
and reason of every row), ``portfolio_items``, ``portfolio_rejects``, and the view ``portfolio`` of
the good rows. What is not in canonical form is read by Python, each distinct text once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
import psycopg

from evaluator.dossier.fields import Registry
from evaluator.engine.columnar import Layout, Number
from evaluator.portfolio.intake.odd import read_odd
from evaluator.portfolio.limits import ITEM_DIGITS, ITEM_SCALE, missing
from evaluator.portfolio.postgres.cells import array_sql, canonical_record
from evaluator.portfolio.postgres.items import Items, known_units, make_items
from evaluator.portfolio.postgres.table import DOCUMENT, Place, Table
from evaluator.portfolio.postgres.values import Value, date_of, values_of
from evaluator.portfolio.sql import quote, reason


def load_table(
    connection: psycopg.Connection,
    registry: Registry,
    place: Place,
    as_of: str | dt.date | None = None,
    unused: list[str] | None = None,
) -> Layout:
    """Prepare a table. ``as_of``: a column or date field with the day of each row, or one day.

    Columns that hold no field are appended to ``unused``.
    A row without a day of its own is judged as of its ``submitted_on``. Raises PortfolioError.
    """
    table = Table(connection, registry, place, as_of)
    if unused is not None:
        unused += table.unused
    _stage(table)
    units = known_units(table)
    _read_others(table)
    items = make_items(table, units)
    values = [value for column in table.columns for value in values_of(column, registry)]
    _flatten(table, values, items)
    return _layout(table, values, items)


def _stage(table: Table) -> None:
    """Make ``portfolio_raw``."""
    made = ["row_number() OVER () AS row_id"]
    if table.place.column:
        unknown = (
            "SELECT '没有这些字段：' || string_agg(k, '、') "
            f"FROM jsonb_object_keys({DOCUMENT}) AS k "
            f"WHERE k <> ALL ({array_sql(table.registry.fields)})"
        )
        made.append(
            f"CASE WHEN jsonb_typeof({DOCUMENT}) = 'object' THEN ({unknown}) "
            "ELSE '材料应是一个 JSON 对象' END AS fault"
        )
    for column in table.all:
        made.append(f"{column.source} AS {column.staged('r')}")
        if column.document:
            test = canonical_record(column.field, column.document)
            made += [
                f"{column.document} AS {column.staged('j')}",
                f"{test} AS {column.staged('c')}",
            ]
    table.make("portfolio_raw", f"AS SELECT {', '.join(made)} FROM {table.source()}")


def _read_others(table: Table) -> None:
    """Let Python read the texts that are not canonical, into a table for each column."""
    asked = ", ".join(
        f"array_agg(DISTINCT {c.raw}) FILTER (WHERE {c.raw} IS NOT NULL "
        f"AND ({c.canonical}) IS NOT TRUE)"
        for c in table.all
    )
    texts = table.run(f"SELECT {asked} FROM portfolio_raw AS q").fetchone() or ()
    with duckdb.connect() as db:
        for n, (column, raws) in enumerate(zip(table.all, texts, strict=True)):
            if isinstance(raws, list):
                name = f"portfolio_odd_{n}"
                column.odd = read_odd(db, name, column.field, column.cell, raws)
                _copy(table, db, name)
                if column.document and not column.field.keys:
                    _copy(table, db, f"{name}_items")


def _copy(table: Table, db: duckdb.DuckDBPyConnection, name: str) -> None:
    """A small table of texts, from DuckDB to the server."""
    content = db.execute(f"SELECT * FROM {name}")
    columns = ", ".join(f"{quote(d[0])} text" for d in content.description or ())
    table.make(name, f"({columns})")
    with (
        table.connection.cursor() as cursor,
        cursor.copy(f"COPY {name} FROM STDIN".encode()) as target,
    ):
        for row in content.fetchall():
            target.write_row(row)


def _flatten(table: Table, values: Sequence[Value], items: Items) -> None:
    """Make ``portfolio_flat``, ``portfolio_rejects`` and the view ``portfolio``."""
    odd = [(c.raw, c.odd) for c in table.all if c.odd]
    faults = [*(["q.fault"] if table.place.column else []), *(o.reason for _, o in odd)]
    faults += [items.reason] if items.any else []
    inner = [f"{v.sql} AS {v.column}" for v in values]
    inner += [f"{v.plain} AS {v.tested}" for v in values if v.plain]
    unread = {c.name: f"{c.odd.reason} IS NOT NULL" for c in table.all if c.odd}
    inner += [
        f"{unread.get(f.name, 'false')} AS {quote(f'unread {f.name}')}"
        for f in table.registry.fields.values()
        if f.required
    ]
    outer = [
        # What could not be read has been told as that.
        reason(f"{quote(f.name)} IS NULL AND NOT {quote(f'unread {f.name}')}", missing(f))
        for f in table.registry.fields.values()
        if f.required
    ]
    outer += [r for v in values for r in v.reasons()]
    own_day = date_of(table.day) if table.day else "NULL::date"
    table.make(
        "portfolio_flat",
        f"AS SELECT row_id, {', '.join(v.column for v in values)}, {_as_of(table)} AS as_of, "
        f"array_to_string(faults || ARRAY[{', '.join(outer)}]::text[], '；') AS reason "
        f"FROM (SELECT q.row_id, {', '.join(inner)}, "
        f"ARRAY[{', '.join(faults)}]::text[] AS faults, {own_day} AS own_day "
        f"FROM portfolio_raw AS q {' '.join(o.join(raw) for raw, o in odd)}) AS f",
    )
    table.run("CREATE TEMP VIEW portfolio AS SELECT * FROM portfolio_flat WHERE reason = ''")
    table.make(
        "portfolio_rejects", "AS SELECT row_id, reason FROM portfolio_flat WHERE reason <> ''"
    )


def _as_of(table: Table) -> str:
    if isinstance(table.as_of, dt.date):
        return f"DATE '{table.as_of.isoformat()}'"
    own = "own_day" if table.day or table.as_of is None else quote(table.as_of)
    return f"coalesce({own}, submitted_on)"


def _layout(table: Table, values: Sequence[Value], items: Items) -> Layout:
    """What ``portfolio`` has, with the digits of its numbers."""
    plain = [v for v in values if v.plain]
    asked = ["min(as_of)", "max(as_of)"]
    for value in plain:
        asked += [f"max(abs({value.column}))", f"max(scale(trim_scale({value.column})))"]
    row = table.run(f"SELECT {', '.join(asked)} FROM portfolio").fetchone()
    assert row is not None
    first, last, *digits = row
    numbers = {}
    for value, top, scale in zip(plain, digits[::2], digits[1::2], strict=True):
        held = len(str(int(top or 0))) + (scale or 0)
        numbers[value.field.name] = Number(held, scale or 0, value.times)
    return Layout(
        table.registry,
        frozenset(v.field.name for v in values),
        numbers,
        items.any,
        Number(ITEM_DIGITS, ITEM_SCALE, items.times),
        (first, last) if first is not None else None,
    )
