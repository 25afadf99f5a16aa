"""JSON Lines made regular, and the SQL type of the column of each field."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.documents import OWN, TYPES, Documents
from evaluator.portfolio.intake.doubt import read_doubtful
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.sql import quote, text, texts

PLAIN = r"[+-]?[0-9]{1,12}(\.[0-9]{1,6})?"
TEXTS = 99  # In place of a number of decimals: the column is texts.


def settle(
    db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, extra: tuple[str, ...]
) -> Source:
    """Read the lines in doubt again, and find the SQL type of each field's column.

    The source comes back with ``columns``: DECIMAL and BOOLEAN where every line has just that, the
    keys of a closed record as columns of their own where every entry is plain, else texts.
    """
    for key in extra:
        taken = {n.casefold() for n in (*OWN, *registry.fields)}
        if key.casefold() in taken or set(key) & set('"\\') or not key.isprintable():
            raise PortfolioError(f"评估日期的键不能叫“{key}”")
    documents = Documents(replace(source, extra=extra), registry)
    if not source.regular:  # What is our own mark there would be an applicant's here.
        read_doubtful(db, documents)
    return replace(documents.source, columns=_columns(db, documents))


def _columns(db: duckdb.DuckDBPyConnection, documents: Documents) -> dict[str, str]:
    """The SQL type of each column, by one look at all lines."""
    spec: dict[str, str] = {}
    asked: dict[str, str] = {}
    for name, field, kind in documents.parts():
        if field.type is FieldType.BOOL:
            asked[name] = f"NOT coalesce(bool_or({kind} = 'VARCHAR'), false)"
        elif field.numeric:
            spec[name] = "VARCHAR"
            value = quote(name)
            asked[name] = f"max({_decimals(value)})"
        elif field.keys:
            spec[name] = "JSON"
            asked[name] = f"max({_entries(field, quote(name))})"
    select = documents.select(", ".join(f"{sql} AS {quote(n)}" for n, sql in asked.items()), spec)
    answers = dict(zip(asked, db.execute(select).fetchone() or (), strict=True))
    out: dict[str, str] = {}
    for name, field, _ in documents.parts():
        answer = answers.get(name)
        if field.type is FieldType.BOOL:
            out[name] = "BOOLEAN" if answer else "VARCHAR"
        elif name not in asked:
            out[name] = "JSON" if field.type in (FieldType.RECORD, FieldType.CODES) else "VARCHAR"
        elif answer == TEXTS:
            out[name] = "VARCHAR" if field.numeric else "JSON"
        elif answer is not None:  # None: no line has a value, and what has no column is missing.
            names = [name] if field.numeric else [column_of(f"{name}.{k}") for k in field.keys]
            out |= dict.fromkeys(names, f"DECIMAL(18,{answer})")
    return {**out, **dict.fromkeys(documents.source.extra, "VARCHAR")}


def _decimals(value: str) -> str:
    """SQL for the decimals of a plain number in a text, TEXTS where it is not one."""
    digits = f"length(rtrim(split_part({value}, '.', 2), '0'))"
    plain = f"regexp_full_match({value}, {text(PLAIN)})"
    return f"CASE WHEN {value} IS NULL THEN NULL WHEN {plain} THEN {digits} ELSE {TEXTS} END"


def _entries(field: Field, value: str) -> str:
    """SQL for the decimals of a closed record's entries, TEXTS where one is not just a key, a
    number and perhaps the unit of the field."""
    key = field.key or "key"
    shapes = ", ".join(
        f"list_sort([{texts(parts)}])" for parts in ((key, "value"), (key, "value", "unit"))
    )
    unit = text(field.unit.name if field.unit else "")
    numbers = f"json_extract_string({value}, '$[*].value')"
    words = texts(field.keys)
    kinds = texts(TYPES[FieldType.DECIMAL])
    names = f"json_extract_string({value}, '$[*].{key}')"
    length = f"json_array_length({value})"
    plain = (
        f"list_has_all([{shapes}], list_transform(json_keys({value}, '$[*]'), lambda k: list_sort(k))) "
        f"AND list_has_all([{kinds}], json_type({value}, '$[*].value')) "
        f"AND list_has_all([{unit}], json_extract_string({value}, '$[*].unit')) "
        f"AND list_has_all([{words}], {names}) AND len(list_distinct({names})) = {length} "
        f"AND len({numbers}) = {length}"
    )
    return (
        f"CASE WHEN coalesce({length}, 0) = 0 THEN NULL WHEN {plain} "
        f"THEN list_max(list_transform({numbers}, lambda x: {_decimals('x')})) ELSE {TEXTS} END"
    )
