"""Judging in PostgreSQL, in place: the dossiers stay where they are, only counts come out.

The table has either columns named as in the portfolio layout, or one JSONB column with dossiers as
``Profile.to_dict`` writes them. Results become a table beside it, and are copied out on request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from evaluator.engine.columnar import Layout, Number, compile_ruleset
from evaluator.engine.columnar.layout import (
    column_of,
    kind_of,
    open_records,
    scalar_fields,
)
from evaluator.fields import Field, FieldType, Registry
from evaluator.portfolio.duck import copy, sql_of
from evaluator.portfolio.run import Counts, Options, Summary, rejects_path, summarise
from evaluator.portfolio.sources import PortfolioError, text
from evaluator.rulebook.ast import Ruleset
from evaluator.units import UnitError, parse_unit

__all__ = ["evaluate_postgres", "judge_in_place"]

Progress = Callable[[str], None]
DECIMAL = r"^[+-]?[0-9]+(\.[0-9]+)?$"
ITEMS = Number(30, 12, 3)
RESULT = ("project_id", "industry_code", "verdict", "violated", "unknown", "applicable")


@dataclass(frozen=True)
class Place:
    """A table, and the JSONB column that holds the dossiers, if they are held so."""

    table: str
    column: str | None = None

    @staticmethod
    def parse(name: str | None) -> Place:
        """ "dossiers", or "dossiers:snapshot" for a JSONB column."""
        if not name:
            raise PortfolioError(
                "请用 --table 指明材料的表，如 dossiers，或 dossiers:snapshot（JSONB 列）"
            )
        table, _, column = name.partition(":")
        return Place(table, column or None)


def judge_in_place(
    connection: psycopg.Connection, ruleset: Ruleset, place: Place,
    as_of: str | dt.date | None = None,
) -> tuple[int, int, int]:  # fmt: skip
    """Judge a table into the temporary tables ``portfolio_results`` and ``portfolio_rejects``.

    Returns rows in all, judged and rejected. Raises TooWide.
    """
    layout = _prepare(connection, ruleset.registry, place, as_of)
    plan = compile_ruleset(ruleset, layout)
    select = sql_of(plan.results(lookup=False), "postgres")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS portfolio_results")
        cursor.execute(f"CREATE TEMP TABLE portfolio_results AS {select}".encode())
        counts = [
            cursor.execute(f"SELECT count(*) FROM {t}".encode()).fetchone()
            for t in ("portfolio_flat", "portfolio_results", "portfolio_rejects")
        ]
    total, judged, rejected = (int(c[0]) if c else 0 for c in counts)
    if judged + rejected != total:
        raise PortfolioError(
            f"评估 {judged} 份、退回 {rejected} 份，与总数 {total} 不符；结果不可用"
        )
    return total, judged, rejected


def _prepare(
    connection: psycopg.Connection, registry: Registry, place: Place, as_of: str | dt.date | None
) -> Layout:
    names = scalar_fields(registry)
    columns = _columns(connection, place, names)
    lacking = [f.label for f in registry.fields.values() if f.required and f.name not in columns]
    if lacking:
        raise PortfolioError(f"表 {place.table} 缺少必填的列：{'、'.join(lacking)}")
    day = _day(as_of)
    reasons = [r for n in columns for r in _reasons(n, names[n])]
    made = ", ".join(f"{_typed(names[n], columns[n])} AS {_named(n)}" for n in columns)
    raws = ", ".join(f"({c})::text AS {_named(n, 'r_')}" for n, c in columns.items())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS portfolio_flat CASCADE")
        source = sql.Identifier(*place.table.split(".")).as_string(connection)
        items = _items_column(registry, place)
        cursor.execute(
            f"CREATE TEMP TABLE portfolio_flat AS SELECT *, array_to_string(array_remove(ARRAY[{', '.join(reasons)}], NULL), '；') AS reason, "
            f"{day} AS as_of FROM (SELECT row_number() OVER () AS row_id, {made}, {raws}{items} "
            f"FROM {source}) AS f".encode()
        )
        cursor.execute(
            b"CREATE TEMP VIEW portfolio AS SELECT * FROM portfolio_flat WHERE reason = ''"
        )
        cursor.execute("DROP TABLE IF EXISTS portfolio_rejects")
        has_items = bool(items) and _items_table(connection, registry)
        cursor.execute(
            b"CREATE TEMP TABLE portfolio_rejects AS SELECT row_id, reason FROM portfolio_flat "
            b"WHERE reason <> ''"
        )
    numbers = _numbers(connection, {n: f for n, f in names.items() if n in columns and f.numeric})
    return Layout(registry, frozenset(columns), numbers, has_items, ITEMS)


def _columns(
    connection: psycopg.Connection, place: Place, names: dict[str, Field]
) -> dict[str, str]:
    """SQL of the raw value of every field that the table has."""
    if place.column:
        doc = sql.Identifier(place.column).as_string(connection)
        out = {}
        for name, field in names.items():
            record, _, key = name.partition(".")
            if key:
                path = text(f'$[*] ? (@.key == "{key}").value')
                out[name] = f"jsonb_path_query_first({doc} -> {text(record)}, {path}) #>> '{{}}'"
            elif field.type is FieldType.CODES:
                joined = f"(SELECT string_agg(c, chr(31)) FROM jsonb_array_elements_text({doc} -> {text(name)}) AS c)"
                out[name] = f"chr(31) || {joined} || chr(31)"
            else:
                out[name] = f"{doc} ->> {text(name)}"
        return out
    schema, _, table = place.table.rpartition(".")
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
        "AND (%s = '' OR table_schema = %s)",
        (table, schema, schema),
    ).fetchall()
    found = {r[0] for r in rows}
    return {n: f'"{column_of(n)}"' for n in names if column_of(n) in found}


def _named(name: str, prefix: str = "") -> str:
    return f'"{prefix}{column_of(name)}"'


def _typed(field: Field, raw: str) -> str:
    value = f"({raw})::text"
    match field.type:
        case FieldType.INT | FieldType.DECIMAL:
            return f"CASE WHEN {value} ~ {text(DECIMAL)} THEN {value}::numeric END"
        case FieldType.BOOL:
            return f"CASE WHEN {value} IN ('true', 'false') THEN {value}::boolean END"
        case FieldType.DATE:
            return (
                f"CASE WHEN {value} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' THEN {value}::date END"
            )
        case _:
            return f"nullif({value}, '')"


def _reasons(name: str, field: Field) -> list[str]:
    column, label = _named(name), f"{field.label}（{name}）"

    def when(test: str, reason: str) -> str:
        return f"CASE WHEN {test} THEN {text(reason)} END"

    out = []
    if field.required:
        out.append(when(f"{column} IS NULL", f"缺少必填的“{field.label}”（{name}）"))
    if field.numeric or field.type in (FieldType.BOOL, FieldType.DATE):
        out.append(
            when(f"{_named(name, 'r_')} IS NOT NULL AND {column} IS NULL", f"{label}：读不懂")
        )
    if field.minimum is not None:
        out.append(when(f"{column} < {field.minimum}", f"{label}：小于 {field.minimum}"))
    if field.maximum is not None:
        out.append(when(f"{column} > {field.maximum}", f"{label}：大于 {field.maximum}"))
    if field.numeric:
        wide = f"abs({column}) >= 1e12 OR scale(trim_scale({column})) > 6"
        out.append(when(wide, f"{label}：位数超出批量评估的范围（整数 12 位、小数 6 位）"))
    if field.type is FieldType.ENUM:
        listed = ", ".join(text(v) for v in field.values)
        out.append(when(f"{column} NOT IN ({listed})", f"{label}：不在可填的值之中"))
    return out


def _day(as_of: str | dt.date | None) -> str:
    if isinstance(as_of, dt.date):
        return f"DATE '{as_of}'"
    if as_of and as_of != "submitted_on":
        raise PortfolioError("PostgreSQL 上的评估日期只能是受理日期，或用 --as-of 写一天")
    return "submitted_on"


def _numbers(connection: psycopg.Connection, fields: dict[str, Field]) -> dict[str, Number]:
    if not fields:
        return {}
    asked = ", ".join(f"max(abs({c})), max(scale(trim_scale({c})))" for c in map(_named, fields))
    row = connection.execute(f"SELECT {asked} FROM portfolio".encode()).fetchone() or ()
    out = {}
    for i, name in enumerate(fields):
        top, scale = row[2 * i] or 0, int(row[2 * i + 1] or 0)
        out[name] = Number(max(len(str(int(top))) + scale, 1), scale)
    return out


def _items_column(registry: Registry, place: Place) -> str:
    if not place.column:
        return ""
    return "".join(f", {place.column} -> {text(n)} AS i_{n}" for n in open_records(registry))


def _items_table(connection: psycopg.Connection, registry: Registry) -> bool:
    """Items of open records in base units; units are read by Python, once each."""
    parts = [
        f"SELECT row_id, {text(n)} AS field, e ->> 'key' AS key, e ->> 'value' AS value, "
        f"e ->> 'unit' AS unit FROM portfolio_flat, jsonb_array_elements(i_{n}) AS e"
        for n in open_records(registry)
    ]
    connection.execute(b"DROP TABLE IF EXISTS portfolio_raw_items CASCADE")
    connection.execute(
        f"CREATE TEMP TABLE portfolio_raw_items AS {' UNION ALL '.join(parts)}".encode()
    )
    units = connection.execute("SELECT DISTINCT unit FROM portfolio_raw_items").fetchall()
    known = []
    for (name,) in units:
        try:
            unit = parse_unit(name or "")
        except UnitError:
            continue
        factor = unit.factor * ITEMS.times
        known.append([name, kind_of(unit), str(factor.numerator), str(factor.denominator)])
    connection.execute(
        "CREATE TEMP VIEW portfolio_items AS SELECT row_id, field, i.key, u ->> 1 AS kind, "
        "i.value::numeric * (u ->> 2)::numeric / (u ->> 3)::numeric AS number "
        "FROM portfolio_raw_items AS i JOIN jsonb_array_elements("
        + sql.Literal(Jsonb(known)).as_string(connection)
        + f") AS u ON u ->> 0 = i.unit WHERE i.value ~ {text(DECIMAL)}"
    )
    connection.execute(
        "UPDATE portfolio_flat SET reason = concat_ws('；', nullif(reason, ''), '清单的单位或数值读不懂') "
        "WHERE row_id IN (SELECT row_id FROM portfolio_raw_items EXCEPT ALL "
        "SELECT row_id FROM portfolio_items)"
    )
    return True


def evaluate_postgres(
    ruleset: Ruleset, out: Path, options: Options, server: str | None, progress: Progress
) -> Summary:
    """Judge the table ``options.table`` of a server, and copy the results to ``out``."""
    place = Place.parse(options.table)
    try:
        connection = psycopg.connect(server or "")
    except psycopg.Error as error:
        raise PortfolioError(f"连不上 PostgreSQL：{str(error).splitlines()[0]}") from None
    with connection, duckdb.connect() as db:
        progress(f"在数据库中评估 {place.table}")
        total, judged, rejected = judge_in_place(connection, ruleset, place, options.as_of)
        progress("取回结果")
        columns = ", ".join(f'"{c}"' for c in RESULT)
        rows = connection.execute(f"SELECT {columns} FROM portfolio_results".encode()).fetchall()
        arrays = [pa.array([r[i] for r in rows], pa.string()) for i in range(len(RESULT))]
        db.register("results", pa.table(arrays, names=list(RESULT)))
        copy(db, "SELECT * FROM results", out)
        bad = connection.execute(
            "SELECT row_id, reason FROM portfolio_rejects ORDER BY 1"
        ).fetchall()
        table = pa.table({"row_number": [r[0] for r in bad], "reason": [r[1] for r in bad]})
        db.register("bad", table)
        copy(db, "SELECT * FROM bad", rejects_path(out))
        counts = (Counts(place.table, total, judged, rejected, ()),)
        return summarise(db, ruleset, out, counts)
