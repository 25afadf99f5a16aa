"""Bodies of JSON Lines, read as a portfolio and line by line."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import closing
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.transport.body import read_json
from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile, read_data
from evaluator.dossier.fields import FieldType, Registry, base_registry
from evaluator.engine.columnar.layout import codes_text, column_of
from evaluator.portfolio.duck import connect
from evaluator.portfolio.intake.lines import read_lines
from evaluator.portfolio.intake.load import Loaded, load
from evaluator.portfolio.intake.sources import Source
from evaluator.problems.errors import DossierError

BASE = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}


def line_of(**values: Any) -> bytes:
    return json.dumps({**BASE, **values}, ensure_ascii=False).encode()


def single(raw: bytes, registry: Registry) -> Profile | None:
    """What POST /evaluations makes of a body; None where it refuses."""
    try:
        data = read_json(raw)
    except ProblemError:
        return None
    try:
        return read_data(data, registry, "请求体")
    except DossierError:
        return None


class Read:
    """A body read as a portfolio: rows judged as column values, rows rejected as reasons."""

    def __init__(self, body: bytes, as_of: str | dt.date | None = None) -> None:
        with TemporaryDirectory() as folder, closing(connect(1)) as db:
            path = Path(folder) / "in.ndjson"
            path.write_bytes(body)
            read_lines(db, path, "raw_0")
            source = Source("in", "SELECT * FROM raw_0", {}, lines="raw_0", wrapped=False)
            self.loaded: Loaded = load(db, source, base_registry(), as_of)
            cursor = db.execute(f"SELECT * FROM ({self.loaded.main})")
            names = [d[0] for d in cursor.description]
            rows = [dict(zip(names, r, strict=True)) for r in cursor.fetchall()]
            self.rows = {r["row_id"]: r for r in rows}
            found = db.execute(f"SELECT row_id, reason FROM ({self.loaded.rejects})").fetchall()
            self.reasons: dict[int, str] = dict(found)

    def value(self, row: int, name: str) -> Any:
        """The value of a field as the layout holds it, unscaled."""
        found = self.rows[row].get(column_of(name))
        if isinstance(found, Decimal):
            return Fraction(found) / self.loaded.layout.number(name).times
        return found


def same(read: Read, row: int, profile: Profile, registry: Registry) -> None:
    for name, field in registry.references.items():
        if field.type is FieldType.RECORD:
            continue
        expected: Any = profile.values.get(name)
        if field.type is FieldType.CODES and expected is not None:
            expected = codes_text(expected)
        assert read.value(row, name) == expected, name
