"""The staging table of a source with texts: native columns as they are, texts as ``t_`` columns."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from evaluator.dossier.fields import Field, Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.intake.cells import source_text
from evaluator.portfolio.intake.columns import Column
from evaluator.portfolio.intake.documents import WRAP, Documents
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.sql import quote, text


def staged(
    db: duckdb.DuckDBPyConnection,
    source: Source,
    registry: Registry,
    columns: Sequence[Column],
    day: str | None,
    name: str,
) -> str:
    """SELECT the source with its texts as ``Column.raw`` names them, by a table ``name`` if it has any;
    ``day`` is kept if it is a column.

    JSON Lines get ``line_reason`` (keys that are no field) and ``line_fault`` too; their table of
    lines is dropped.
    """
    texts = [c for c in columns if not c.native]
    if not texts and not source.json:
        return source.select
    keep = [c.cell.column for c in columns if c.native]
    keep += [day] if day in source.columns else []
    wanted = ["row_id", *map(quote, dict.fromkeys(keep))]
    wanted += [f"{source_text(c.cell)} AS {quote(c.text)}" for c in texts]
    select = source.select
    if source.faults:
        wanted.append("line_fault")
    if source.json:
        wanted += ["line_reason", "line_fault"]
        select = _documents(source, registry)
    create = f"CREATE OR REPLACE TEMP TABLE {name} AS"
    db.execute(f"{create} SELECT {', '.join(wanted)} FROM ({select})")
    if source.json:
        db.execute(f"DROP TABLE {source.lines}")
    return f"SELECT * FROM {name}"


def _documents(source: Source, registry: Registry) -> str:
    """SELECT the columns of settled JSON Lines."""
    fields = registry.fields
    documents = Documents(source, registry)
    spec: dict[str, object] = {}
    wanted: list[str] = []
    for name, kind in source.columns.items():
        if kind.startswith("DECIMAL"):
            if name in fields:
                spec[name] = "VARCHAR"
                wanted.append(f"CAST({quote(name)} AS {kind}) AS {quote(name)}")
        else:
            spec[name] = kind
            wanted.append(quote(name))
    for name, field in fields.items():
        if field.keys and column_of(f"{name}.{next(iter(field.keys))}") in source.columns:
            spec[name] = [{field.key or "key": "VARCHAR", "value": "VARCHAR"}]
            wanted += _flat(name, field, source.columns)
    hint = "''"
    if not source.wrapped:
        bare = text("；每行就是申报材料本身，不要再套一层")
        hint = f"CASE WHEN list_contains(others, {text(WRAP)}) THEN {bare} ELSE '' END"
    reason = f"'没有这些字段：' || array_to_string(others, '、') || {hint}"
    inner = documents.select(
        f"row_id, fault AS line_fault, {documents.others()} AS others, {', '.join(wanted)}", spec
    )
    return f"SELECT *, CASE WHEN len(others) > 0 THEN {reason} END AS line_reason FROM ({inner})"


def _flat(name: str, field: Field, columns: dict[str, str]) -> list[str]:
    """Each key of a record of plain numbers as a column."""
    entries = quote(name)
    keys = f"list_transform({entries}, lambda x: x.{quote(field.key or 'key')})"
    numbers = f'list_transform({entries}, lambda x: x."value")'
    out = []
    for key in field.keys:
        column = column_of(f"{name}.{key}")
        at = f"{numbers}[list_position({keys}, {text(key)})]"
        out.append(f"CAST({at} AS {columns[column]}) AS {quote(column)}")
    return out
