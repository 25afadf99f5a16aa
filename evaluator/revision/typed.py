"""Snapshots of dossiers as typed columns, for the copies that impact keeps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing

import duckdb

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.cells import iso_date
from evaluator.portfolio.intake.load import load
from evaluator.portfolio.intake.sources import Source
from evaluator.portfolio.intake.tables import add, create
from evaluator.portfolio.sql import quote, text
from evaluator.revision.copies import Copies

PLAIN = r"-?[0-9]{1,11}(\.[0-9]{1,6})?"
SEVERAL = (FieldType.RECORD, FieldType.CODES)


def add_snapshots(copies: Copies, registry: Registry, rows: Sequence[tuple[str, str]]) -> None:
    """Keep typed copies of snapshots, (digest, canonical JSON text) each.

    A snapshot that does not fit, be it for a key that is no field or for its digits, is kept as not
    good: the reference engine is to read it.
    """
    with closing(connect()) as db:
        types = {"row_id": "BIGINT", "digest": "VARCHAR", "line": "VARCHAR"}
        create(db, "lines", types)
        add(db, "lines", types, [range(len(rows)), *zip(*rows, strict=True)])
        source = _cells(db, registry)
        loaded = load(db, source, registry)
        db.execute(f"CREATE TEMP TABLE good_rows AS {loaded.main}")
        # A snapshot holds no nulls: more keys than cells are keys that are no field.
        filled = " + ".join(f"({quote(n)} IS NOT NULL)::INTEGER" for n in registry.fields)
        db.execute(
            "CREATE TEMP TABLE known AS SELECT row_id FROM snapshots JOIN lines USING (row_id) "
            f"WHERE len(json_keys(line)) = {filled}"
        )
        copies.write_dossiers(
            db,
            loaded.layout,
            "SELECT l.digest, g.row_id IS NOT NULL AS good, g.* EXCLUDE (row_id, as_of) FROM lines l "
            "LEFT JOIN (SELECT * FROM good_rows SEMI JOIN known USING (row_id)) g USING (row_id)",
            f"SELECT l.digest, i.* EXCLUDE (row_id) FROM ({loaded.items}) i JOIN lines l USING (row_id)"
            if loaded.items
            else "",
        )


def _cells(db: duckdb.DuckDBPyConnection, registry: Registry) -> Source:
    """The snapshots as one column a field: of its own type where every cell reads as that, else text."""
    fields = registry.fields
    spec = {n: "JSON" if f.type in SEVERAL else "VARCHAR" for n, f in fields.items()}
    db.execute(
        "CREATE TEMP TABLE snapshots AS SELECT row_id, unnest(json_transform(line, "
        f"{text(json.dumps(spec))})) FROM lines"
    )
    tests = {n: test for n, f in fields.items() if (test := _plain(n, f))}
    digits = {n: _decimals(n) for n, f in fields.items() if f.type is FieldType.DECIMAL}
    asked = [f"bool_and({test})" for test in tests.values()] + [
        f"max({sql})" for sql in digits.values()
    ]
    answers = db.execute(f"SELECT {', '.join(asked)} FROM snapshots").fetchone() or ()
    scales = dict(zip(digits, answers[len(tests) :], strict=True))
    types = dict.fromkeys(fields, "VARCHAR")
    for name, good in zip(tests, answers, strict=False):
        if good:
            types[name] = _KINDS.get(fields[name].type) or f"DECIMAL(18, {scales[name]})"
    cells = ", ".join(f"CAST({quote(n)} AS {kind}) AS {quote(n)}" for n, kind in types.items())
    db.execute(f"CREATE TEMP VIEW cells AS SELECT row_id, {cells} FROM snapshots")
    return Source("（已有决定）", "SELECT * FROM cells", types, own=True)


_KINDS = {FieldType.INT: "BIGINT", FieldType.BOOL: "BOOLEAN", FieldType.DATE: "DATE"}


def _decimals(name: str) -> str:
    """SQL for how many decimals a plain number is written with."""
    column = quote(name)
    return f"CASE WHEN contains({column}, '.') THEN length({column}) - strpos({column}, '.') ELSE 0 END"


def _plain(name: str, field: Field) -> str:
    """The test that a cell reads as a plain value of its type; "" for what stays text."""
    column = quote(name)
    match field.type:
        case FieldType.INT:
            return f"regexp_full_match({column}, '-?[0-9]{{1,11}}')"
        case FieldType.DECIMAL:
            return f"regexp_full_match({column}, {text(PLAIN)})"
        case FieldType.BOOL:
            return f"{column} IN ('true', 'false')"
        case FieldType.DATE:
            return iso_date(column)
        case _:
            return ""
