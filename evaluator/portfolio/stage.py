"""The staging SELECT of a source with texts: native columns as they are, texts as ``t_`` columns."""

from __future__ import annotations

import json

import duckdb

from evaluator.engine.columnar.layout import column_of
from evaluator.fields import FieldType, Registry
from evaluator.portfolio.sources import Source, quote, text

__all__ = ["staged"]


def staged(
    db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, keep: list[str],
    texts: dict[str, str],
) -> str:  # fmt: skip
    """SELECT row_id, the columns to keep and the texts; JSON Lines get ``line_reason`` too."""
    columns = ["row_id", *map(quote, keep), *(f"{sql} AS {quote(n)}" for n, sql in texts.items())]
    if not source.json:
        return f"SELECT {', '.join(columns)} FROM ({source.select}) AS r"
    _quote_long_numbers(db, source)
    names = ", ".join(text(n) for n in registry.fields)
    unknown = f"list_filter(json_keys(doc), lambda k: NOT list_contains([{names}], k))"
    reason = (
        "CASE WHEN NOT ok THEN '不是 JSON' WHEN json_type(doc) <> 'OBJECT' THEN '应是一组字段' "
        f"WHEN len({unknown}) > 0 THEN '没有这些字段：' || array_to_string({unknown}, '、') END"
    )
    several = (FieldType.RECORD, FieldType.CODES)
    spec = {
        (n if f.type is FieldType.RECORD else column_of(n)): "JSON"
        if f.type in several
        else "VARCHAR"
        for n, f in registry.fields.items()
    }
    parsed = (
        "SELECT row_id, ok, doc, unnest(json_transform(CASE WHEN json_type(doc) = 'OBJECT' THEN doc "
        f"ELSE '{{}}' END, {text(json.dumps(spec))})) FROM (SELECT row_id, json_valid(line) AS ok, "
        "CASE WHEN json_valid(line) THEN coalesce(line::JSON->'dossier', line::JSON) ELSE '{}' END AS doc "
        f"FROM ({source.select}) AS lines) AS docs"
    )
    return f"SELECT {', '.join(columns)}, {reason} AS line_reason FROM ({parsed}) AS r"


def _quote_long_numbers(db: duckdb.DuckDBPyConnection, source: Source) -> None:
    # DuckDB reads a JSON number as a double; one of more than 15 digits is put in quotes first.
    table = source.select.split(" FROM ")[1].split(" ")[0]
    long = db.execute(
        f"SELECT row_id, line FROM {table} WHERE regexp_matches(line, '[0-9][0-9.]{{15,}}')"
    ).fetchall()
    for row_id, line in long:
        try:
            data = json.loads(line, parse_float=str, parse_int=str)
        except ValueError:
            continue
        db.execute(
            f"UPDATE {table} SET line = ? WHERE row_id = ?",
            [json.dumps(data, ensure_ascii=False), row_id],
        )
