"""Triggers that refuse UPDATE, DELETE and TRUNCATE on tables whose rows are evidence."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op
from sqlalchemy.engine.reflection import Inspector

_FUNCTION = """
CREATE OR REPLACE FUNCTION admission_immutable() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION 'immutable: %', TG_TABLE_NAME USING ERRCODE = '55006'; END
$$ LANGUAGE plpgsql
"""


def forbid(tables: Iterable[str]) -> None:
    """Make the rows of ``tables`` immutable."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(_FUNCTION)
    for table in tables:
        if sqlite:
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER immutable_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER immutable_{table} BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION admission_immutable()"
            )
            op.execute(
                f"CREATE TRIGGER immutable_{table}_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION admission_immutable()"
            )


def forbid_replacing(inspector: Inspector, tables: Iterable[str]) -> None:
    """On SQLite, refuse an INSERT whose key is taken: REPLACE would remove the row that has it."""
    for table in tables:
        keys = [inspector.get_pk_constraint(table)["constrained_columns"]]
        keys += [u["column_names"] for u in inspector.get_unique_constraints(table)]
        keys += [
            [str(c) for c in i["column_names"]] for i in inspector.get_indexes(table) if i["unique"]
        ]
        same = " OR ".join(
            "(" + " AND ".join(f"{name} = NEW.{name}" for name in key) + ")" for key in keys
        )
        op.execute(
            f"CREATE TRIGGER immutable_{table}_insert BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, 'immutable: {table}'); END"
        )


def allow(tables: Iterable[str]) -> None:
    """Drop the triggers of ``forbid``."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in tables:
        names = (
            (f"immutable_{table}_update", f"immutable_{table}_delete")
            if sqlite
            else (f"immutable_{table}", f"immutable_{table}_truncate")
        )
        for name in names:
            op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
