"""Databases that earlier versions wrote, each with decisions: see ``tests/databases/README.md``."""

from __future__ import annotations

import datetime as dt
import lzma
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, MetaData, create_engine, text

from api.database.db import Database
from api.store.projects.replaying import Replayed, replay_all
from api.store.rulesets import Rulesets

KEPT = Path(__file__).parents[2] / "databases"
VERSIONS = tuple(sorted(p.name.removesuffix(".db.xz") for p in KEPT.glob("*.db.xz")))


def unpack(version: str, directory: Path) -> Path:
    """The SQLite file that ``version`` wrote."""
    path = directory / f"{version}.db"
    path.write_bytes(lzma.decompress((KEPT / f"{version}.db.xz").read_bytes()))
    return path


def revision_of(path: Path) -> str:
    """The structure that a file has."""
    with sqlite3.connect(path) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    return str(found)


def carry(path: Path, url: str) -> None:
    """Every row of a SQLite file into an empty PostgreSQL database, at the structure of that file."""
    db = Database(url)
    db.migrate(revision_of(path))
    db.close()
    target = create_engine(url)
    metadata = MetaData()
    metadata.reflect(target)
    source = sqlite3.connect(path)
    source.row_factory = sqlite3.Row
    with target.begin() as connection:
        for table in metadata.sorted_tables:
            if table.name == "alembic_version":
                continue
            rows = [
                {name: _value(table.c[name], row[name]) for name in row.keys()}  # noqa: SIM118
                for row in source.execute(f"SELECT * FROM {table.name}")
            ]
            if rows:
                connection.execute(table.insert(), rows)
    source.close()
    target.dispose()


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, DateTime):
        return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC)
    if isinstance(column.type, Date):
        return dt.date.fromisoformat(value)
    return bool(value) if isinstance(column.type, Boolean) else value


def judged_again(url: str, ids: tuple[int, ...] = ()) -> dict[int, Replayed]:
    """The decisions of a database, judged again by this program."""
    db = Database(url)
    try:
        return {one.decision: one for one in replay_all(db, Rulesets(db, "reference"), ids)}
    finally:
        db.close()


def change(path: Path, *statements: str) -> None:
    """What only somebody with the file in his hands can do."""
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def column(url: str, query: str) -> list[Any]:
    """The first column of what a query finds."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(query)).scalars())
    engine.dispose()
    return found
