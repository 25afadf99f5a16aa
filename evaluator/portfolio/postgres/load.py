"""From a table of a PostgreSQL server to the tables of the portfolio layout, in place.

Makes temporary tables of the connection: ``portfolio_raw`` (texts), ``portfolio_flat`` (values, day
and reason of every row), ``portfolio_items``, ``portfolio_rejects``, and the view ``portfolio`` of
the good rows. What is not in canonical form is read by Python, each distinct text once.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import lcm

import duckdb
import psycopg

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.engine.columnar import Layout, Number
from evaluator.engine.columnar.layout import Days, column_of, kind_of
from evaluator.portfolio.intake.load import INTEGER_LIMIT, ITEM_DIGITS, LIMIT, MAX_SCALE
from evaluator.portfolio.intake.odd import (
    ITEM_SCALE,
    TOO_FINE,
    decimal_text,
    odd_part,
    read_odd,
    scale_of,
)
from evaluator.portfolio.intake.sources import Cell, quote, text
from evaluator.portfolio.postgres.cells import array_sql, canonical_record, key_value
from evaluator.portfolio.postgres.table import DOCUMENT, Column, Place, Table
from evaluator.values.units import UnitError, parse_unit


def load_table(
    connection: psycopg.Connection,
    registry: Registry,
    place: Place,
    as_of: str | dt.date | None = None,
) -> Layout:
    """Prepare a table. ``as_of``: a column or date field with the day of each row, or one day.

    A row without a day of its own is judged as of its ``submitted_on``. Raises PortfolioError.
    """
    with duckdb.connect() as db:
        return _Loader(connection, db, registry, place, as_of).load()


class _Loader:
    def __init__(
        self,
        connection: psycopg.Connection,
        db: duckdb.DuckDBPyConnection,
        registry: Registry,
        place: Place,
        as_of: str | dt.date | None,
    ) -> None:
        self.connection = connection
        self.db = db
        self.registry = registry
        self.as_of = as_of
        self.table = Table(connection, registry, place, as_of)
        self.columns, self.day = self.table.columns, self.table.day
        self.values: dict[str, str] = {}
        self.plain: dict[str, tuple[Field, str]] = {}
        self.times: dict[str, int] = {}
        self.reasons: list[str] = []

    def load(self) -> Layout:
        self._stage()
        items = [c for c in self.columns if c.document and not c.field.keys]
        known = self._known_units(items)
        self._read_odd(self.table.all)
        times = self._items(items, known)
        for c in self.columns:
            self._value(c)
        self._flat(bool(items), times)
        return self._layout(bool(items), times)

    def _run(self, query: str) -> psycopg.Cursor[tuple[object, ...]]:
        return self.connection.execute(query.encode())

    # --- texts ---------------------------------------------------------------------------------

    def _stage(self) -> None:
        made = ["row_number() OVER () AS row_id"]
        if self.table.place.column:
            unknown = (
                "SELECT '没有这些字段：' || string_agg(k, '、') "
                f"FROM jsonb_object_keys({DOCUMENT}) AS k "
                f"WHERE k <> ALL ({array_sql(list(self.registry.fields))})"
            )
            made.append(
                f"CASE WHEN jsonb_typeof({DOCUMENT}) = 'object' THEN ({unknown}) "
                "ELSE '材料应是一个 JSON 对象' END AS fault"
            )
            self.reasons.append("q.fault")
        for c in self.table.all:
            made.append(f"{c.source} AS {c.column('r')[2:]}")
            if c.document:
                test = canonical_record(c.field, c.document)
                made += [f"{c.document} AS {c.column('j')[2:]}", f"{test} AS {c.column('c')[2:]}"]
        self._run("DROP TABLE IF EXISTS portfolio_raw CASCADE")
        self._run(
            f"CREATE TEMP TABLE portfolio_raw AS SELECT {', '.join(made)} FROM {self.table.source()}"
        )

    def _read_odd(self, columns: list[Column]) -> None:
        asked = ", ".join(
            f"array_agg(DISTINCT {c.column('r')}) FILTER (WHERE {c.column('r')} IS NOT NULL "
            f"AND ({c.canonical}) IS NOT TRUE)"
            for c in columns
        )
        found = self._run(f"SELECT {asked} FROM portfolio_raw AS q").fetchone() or ()
        kind = "JSONB" if self.table.place.column else "VARCHAR"
        for n, (c, raws) in enumerate(zip(columns, found, strict=True)):
            if isinstance(raws, list):
                name = f"portfolio_odd_{n}"
                c.odd = read_odd(self.db, name, c.field, Cell(c.name, kind), raws)
                self._copy(name)
                self.reasons.append(f"{name}.reason")
                if c.document and not c.field.keys:
                    self._copy(f"{name}_items")

    def _copy(self, name: str) -> None:
        """A small table of texts, from DuckDB to the server."""
        found = self.db.execute(f"SELECT * FROM {name}")
        columns = ", ".join(f"{quote(d[0])} text" for d in found.description or ())
        self._run(f"DROP TABLE IF EXISTS {name} CASCADE")
        self._run(f"CREATE TEMP TABLE {name} ({columns})")
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {name} FROM STDIN".encode()) as target,
        ):
            for row in found.fetchall():
                target.write_row(row)

    # --- items of open records -----------------------------------------------------------------

    def _known_units(self, columns: list[Column]) -> dict[str, tuple[str, Fraction]]:
        """Kind and factor of the units that items are in; an item in no such unit is not
        canonical."""
        units: dict[str, tuple[str, Fraction]] = {}
        for c in columns:
            j, canonical_ = c.column("j"), c.column("c")
            entries = f"jsonb_array_elements(CASE WHEN {canonical_} THEN {j} END) AS e"
            rows = self._run(
                f"SELECT DISTINCT e ->> 'unit' FROM portfolio_raw AS q, {entries}"
            ).fetchall()
            for (name,) in rows:
                try:
                    unit = parse_unit(str(name))
                except UnitError:
                    continue
                if scale_of(unit.factor * odd_part(unit.factor)) + MAX_SCALE <= ITEM_SCALE:
                    units[str(name)] = kind_of(unit), unit.factor
            self._run(
                f"UPDATE portfolio_raw AS q SET {canonical_[2:]} = false WHERE EXISTS "
                f"(SELECT FROM {entries} WHERE e ->> 'unit' <> ALL ({array_sql(list(units))}))"
            )
        return units

    def _items(self, columns: list[Column], units: dict[str, tuple[str, Fraction]]) -> int:
        """Make ``portfolio_items``; its numbers are held so many times their value."""
        times = lcm(*(odd_part(f) for _, f in units.values()), *(c.times for c in columns))
        known = ", ".join(
            f"({text(n)}, {text(k)}, {decimal_text(f * times)})" for n, (k, f) in units.items()
        )
        parts = []
        for c in columns:
            row = f"SELECT q.row_id, {text(c.name)} AS field"
            if known:
                parts.append(
                    f"{row}, e ->> 'key' AS key, u.kind, (e ->> 'value')::numeric * u.factor AS number "
                    f"FROM portfolio_raw AS q, jsonb_array_elements(CASE WHEN {c.column('c')} "
                    f"THEN {c.column('j')} END) AS e, (VALUES {known}) AS u (unit, kind, factor) "
                    "WHERE u.unit = e ->> 'unit'"
                )
            if c.odd:
                parts.append(
                    f"{row}, o.key, o.kind, o.number::numeric * {times // c.times} AS number "
                    f"FROM portfolio_raw AS q JOIN {c.odd.name}_items AS o ON o.raw = {c.column('r')}"
                )
        nothing = (
            "SELECT NULL::bigint AS row_id, NULL::text AS field, NULL::text AS key, "
            "NULL::text AS kind, NULL::numeric AS number WHERE false"
        )
        self._run("DROP TABLE IF EXISTS portfolio_items CASCADE")
        self._run(f"CREATE TEMP TABLE portfolio_items AS {' UNION ALL '.join([nothing, *parts])}")
        return times

    # --- values and reasons --------------------------------------------------------------------

    def _value(self, c: Column) -> None:
        match c.field.type:
            case FieldType.RECORD:
                for key in c.field.keys:
                    name = f"{c.name}.{key}"
                    own = f"CASE WHEN {c.column('c')} THEN {key_value(c.column('j'), key)} END"
                    self._number(c, name, own, f"{quote(key)}::numeric")
            case FieldType.INT | FieldType.DECIMAL:
                self._number(c, c.name, f"{c.column('r')}::numeric", "value::numeric")
            case FieldType.BOOL | FieldType.DATE:
                kind = "boolean" if c.field.type is FieldType.BOOL else "date"
                self.values[c.name] = c.either(f"{c.column('r')}::{kind}", f"value::{kind}")
            case _:
                self.values[c.name] = c.either(c.column("r"), "value")

    def _number(self, c: Column, name: str, own: str, read: str) -> None:
        held = own if c.times == 1 else f"{own} * {c.times}"
        self.values[name] = c.either(held, read)
        self.times[name] = c.times
        plain = f"CASE WHEN {c.odd.name}.raw IS NULL THEN {own} END" if c.odd else own
        self.plain[name] = self.registry.references[name], plain

    def _limits(self, name: str, field: Field) -> list[str]:
        """Reasons against a canonical number; the others have been read with their limits."""
        value, label = quote(f"p_{name}"), f"{field.label}（{name}）"
        low, high = field.minimum, field.maximum
        outside = [f"{value} < {decimal_text(low)}"] if low is not None else []
        outside += [f"{value} > {decimal_text(high)}"] if high is not None else []
        bounds = [decimal_text(b) if b is not None else "…" for b in (low, high)]
        limit = INTEGER_LIMIT if field.type is FieldType.INT else LIMIT
        tests = {
            " OR ".join(outside): f"应在 {bounds[0]} 至 {bounds[1]}",
            f"abs({value}) >= {limit} OR scale(trim_scale({value})) > {MAX_SCALE}": TOO_FINE,
        }
        if field.type is FieldType.INT:
            tests[f"{value} <> trunc({value})"] = "应是整数"
        return [
            f"CASE WHEN {test} THEN {text(f'{label}：{reason}')} END"
            for test, reason in tests.items()
            if test
        ]

    def _flat(self, items: bool, times: int) -> None:
        inner = [f"{v} AS {quote(column_of(n))}" for n, v in self.values.items()]
        inner += [f"{plain} AS {quote(f'p_{n}')}" for n, (_, plain) in self.plain.items()]
        reasons = list(self.reasons)
        outer = [
            f"CASE WHEN {quote(f.name)} IS NULL THEN {text(f'缺少必填的“{f.label}”（{f.name}）')} END"
            for f in self.registry.fields.values()
            if f.required
        ]
        outer += [r for n, (f, _) in self.plain.items() for r in self._limits(n, f)]
        joins = [
            f"LEFT JOIN {c.odd.name} ON {c.odd.name}.raw = {c.column('r')}"
            for c in self.table.all
            if c.odd
        ]
        if items:
            fine = (
                f"abs(number) >= {LIMIT}::numeric * {times} "
                f"OR scale(trim_scale(number)) > {ITEM_SCALE}"
            )
            reasons.append(
                f"CASE WHEN EXISTS (SELECT FROM portfolio_items AS i WHERE i.row_id = q.row_id "
                f"AND ({fine})) THEN {text(TOO_FINE)} END"
            )
        values = ", ".join(quote(column_of(n)) for n in self.values)
        self._run("DROP TABLE IF EXISTS portfolio_flat CASCADE")
        self._run(
            f"CREATE TEMP TABLE portfolio_flat AS SELECT row_id, {values}, "
            f"{self._as_of()} AS as_of, "
            f"array_to_string(faults || ARRAY[{', '.join(outer)}]::text[], '；') AS reason "
            f"FROM (SELECT q.row_id, {', '.join(inner)}, "
            f"ARRAY[{', '.join(reasons)}]::text[] AS faults, {self._own_day()} AS own_day "
            f"FROM portfolio_raw AS q {' '.join(joins)}) AS f"
        )
        self._run("CREATE TEMP VIEW portfolio AS SELECT * FROM portfolio_flat WHERE reason = ''")
        self._run("DROP TABLE IF EXISTS portfolio_rejects")
        self._run(
            "CREATE TEMP TABLE portfolio_rejects AS SELECT row_id, reason FROM portfolio_flat "
            "WHERE reason <> ''"
        )

    def _own_day(self) -> str:
        if self.day is None:
            return "NULL::date"
        return self.day.either(f"{self.day.column('r')}::date", "value::date")

    def _as_of(self) -> str:
        if isinstance(self.as_of, dt.date):
            return f"DATE '{self.as_of.isoformat()}'"
        own = "own_day" if self.day or self.as_of is None else quote(self.as_of)
        return f"coalesce({own}, submitted_on)"

    # --- the layout ----------------------------------------------------------------------------

    def _layout(self, items: bool, times: int) -> Layout:
        names = list(self.plain)
        asked = ["min(as_of)", "max(as_of)"]
        for name in names:
            column = quote(column_of(name))
            asked += [f"max(abs({column}))", f"max(scale(trim_scale({column})))"]
        row = self.connection.execute(
            f"SELECT {', '.join(asked)} FROM portfolio".encode()
        ).fetchone()
        assert row is not None
        numbers = {}
        for i, name in enumerate(names):
            top, scale = row[2 + 2 * i] or 0, int(row[3 + 2 * i] or 0)
            numbers[name] = Number(len(str(int(top))) + scale, scale, self.times[name])
        days: Days = (row[0], row[1]) if row[0] is not None else None
        return Layout(
            self.registry,
            frozenset(self.values),
            numbers,
            items,
            Number(ITEM_DIGITS, ITEM_SCALE, times),
            days,
        )
