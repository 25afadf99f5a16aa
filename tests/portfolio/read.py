"""Files of dossiers, read as a portfolio and as single dossiers: the value of every cell, or the refusal."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import FieldType, Registry, base_registry
from evaluator.dossier.tables import read_book, read_row
from evaluator.engine.columnar.layout import codes_text, column_of
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.load import Loaded, load
from evaluator.portfolio.intake.opening import open_source
from evaluator.problems.errors import DossierError, Problems

REGISTRY = base_registry()
Values = dict[str, Any]
# By the order of the rows: what is known of the dossier, or why it was refused.
Read = list[Values | str]


def as_portfolio(
    path: Path, registry: Registry = REGISTRY, as_of: str | dt.date | None = None
) -> Read:
    """What the columnar engine is given of each row. Raises PortfolioError or DossierError."""
    with closing(connect(1)) as db:
        source = open_source(db, path, 0, None, registry, as_of)
        return rows_of(db, load(db, source, registry, as_of), registry)


def rows_of(db: duckdb.DuckDBPyConnection, loaded: Loaded, registry: Registry = REGISTRY) -> Read:
    """The rows of a loaded source, by their numbers."""
    cursor = db.execute(f"SELECT * FROM ({loaded.main})")
    names = [d[0] for d in cursor.description]
    found: dict[int, Values | str] = {}
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found[row["row_id"]] = {
            name: held_of(row[column_of(name)], loaded.layout.number(name).times)
            for name, field in registry.references.items()
            if field.type is not FieldType.RECORD and row.get(column_of(name)) is not None
        }
    for number, reason in db.execute(f"SELECT row_id, reason FROM ({loaded.rejects})").fetchall():
        assert number not in found
        found[number] = reason
    assert len(found) == loaded.total
    return [found[number] for number in sorted(found)]


def held_of(value: Any, times: int) -> Any:
    return Fraction(value) / times if isinstance(value, Decimal) else value


def values_of(profile: Profile, registry: Registry = REGISTRY) -> Values:
    """What a profile holds, as ``as_portfolio`` has it."""
    out: Values = {}
    for name, field in registry.references.items():
        value = profile.values.get(name)
        if value is None or field.type is FieldType.RECORD:
            continue
        out[name] = codes_text(value) if field.type is FieldType.CODES else value  # type: ignore[arg-type]
    return out


def as_single(path: Path, registry: Registry = REGISTRY) -> Read:
    """What ``admission evaluate`` makes of each row of a workbook, CSV or TSV."""
    problems = Problems()
    book = read_book(path.name, path.read_bytes(), registry, problems)
    if problems:
        raise DossierError(problems)
    out: Read = []
    for row in book.rows:
        found = read_row(row, registry)
        if isinstance(found, Profile):
            out.append(values_of(found, registry))
        else:
            out.append("；".join(p.message for p in found))
    return out
