"""The staging table of a source with texts: native columns as they are, texts as ``t_`` columns.

JSON Lines are taken apart by DuckDB. A line in which it could see anything else than the reader of
single dossiers does (see ``lines``; a key twice, a value of a type that the field does not have) is
read by that reader and staged in canonical form, or gets its whole complaint as ``line_fault``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from evaluator.dossier import Path, parse_dossier
from evaluator.engine.columnar.layout import column_of
from evaluator.errors import Problem
from evaluator.fields import Field, FieldType, Registry
from evaluator.jsonio import JsonText, read_json
from evaluator.portfolio.sources import Source, quote, text
from evaluator.source import Place, SourceText

__all__ = ["stage"]

PAGE = 2_000
WRAP = "dossier"
TYPES = {
    FieldType.STR: ("VARCHAR",), FieldType.ENUM: ("VARCHAR",), FieldType.DATE: ("VARCHAR",),
    FieldType.BOOL: ("BOOLEAN", "VARCHAR"), FieldType.CODES: ("ARRAY",), FieldType.RECORD: ("ARRAY",),
    FieldType.INT: ("UBIGINT", "BIGINT", "DOUBLE", "VARCHAR"),
    FieldType.DECIMAL: ("UBIGINT", "BIGINT", "DOUBLE", "VARCHAR"),
}  # fmt: skip


def stage(
    db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, keep: list[str],
    texts: dict[str, str], name: str,
) -> None:  # fmt: skip
    """Make the table ``name``: row_id, the columns to keep and the texts.

    JSON Lines get ``line_reason`` (keys that are no field) and ``line_fault`` too; their table of
    lines is dropped.
    """
    columns = ["row_id", *map(quote, keep), *(f"{sql} AS {quote(n)}" for n, sql in texts.items())]
    wanted = ", ".join(columns)
    if not source.json:
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {wanted} FROM ({source.select})")
        return
    lines = _Lines(db, source, registry, keep, wanted)
    db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {lines.select(source.lines, _doubt())}")
    lines.read_again(name)
    db.execute(f"ALTER TABLE {name} DROP COLUMN doubt")
    db.execute(f"DROP TABLE {source.lines}")


def _doubt() -> str:
    """SQL for whether the reader of single dossiers is to look at the line, after its fields are known."""
    return "fault IS NULL AND (odd OR NOT ok OR json_type(doc) <> 'OBJECT' OR twice OR mistyped)"


class _Lines:
    def __init__(
        self, db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, keep: list[str],
        wanted: str,
    ) -> None:  # fmt: skip
        self.db = db
        self.source = source
        self.registry = registry
        self.keep = [k for k in keep if k not in registry.fields]
        self.wanted = wanted

    def select(self, table: str, doubt: str) -> str:
        """The staging SELECT over a table of lines."""
        fields = self.registry.fields
        spec = {_column(n, f): _spec(f) for n, f in fields.items()}
        spec |= dict.fromkeys(self.keep, "VARCHAR")
        known = ", ".join(text(n) for n in (*fields, *self.keep))
        doc = "line::JSON"
        if self.source.wrapped:
            doc = f"coalesce(line::JSON->{text(WRAP)}, line::JSON)"
        whole = (
            "SELECT row_id, odd, fault, ok, CASE WHEN json_type(doc) = 'OBJECT' THEN doc ELSE '{}' END AS map, "
            "doc FROM (SELECT row_id, odd, fault, json_valid(line) AS ok, "
            f"CASE WHEN json_valid(line) THEN {doc} ELSE '{{}}' END AS doc FROM {table}) AS lines"
        )
        paths = ", ".join(text(f"$.{n}") for n in fields)
        parsed = (
            "SELECT row_id, odd, fault, ok, doc, json_keys(map) AS given, "
            f"json_type(map, [{paths}]) AS types, unnest(json_transform(map, {text(json.dumps(spec))})) "
            f"FROM ({whole}) AS docs"
        )
        judged = (
            f"SELECT *, len(list_distinct(given)) < len(given) AS twice, {self._mistyped()} AS mistyped, "
            f"list_filter(given, lambda k: NOT list_contains([{known}], k)) AS others FROM ({parsed}) AS p"
        )
        hint = "''"
        if not self.source.wrapped:
            bare = text("；每行就是申报材料本身，不要再套一层")
            hint = f"CASE WHEN list_contains(others, {text(WRAP)}) THEN {bare} ELSE '' END"
        reason = (
            "CASE WHEN len(others) > 0 THEN "
            f"'没有这些字段：' || array_to_string(others, '、') || {hint} END"
        )
        return (
            f"SELECT {self.wanted}, {reason} AS line_reason, fault AS line_fault, {doubt} AS doubt "
            f"FROM ({judged}) AS r"
        )

    def _mistyped(self) -> str:
        tests = []
        for i, (name, field) in enumerate(self.registry.fields.items(), 1):
            allowed = ", ".join(text(t) for t in (*TYPES[field.type], "NULL"))
            tests.append(f"types[{i}] NOT IN ({allowed})")
            if field.numeric:
                # "1e5" as a text is no number of ours; as a number it is.
                value = quote(_column(name, field))
                tests.append(f"(types[{i}] = 'VARCHAR' AND regexp_matches({value}, '[eE]'))")
        # A type is NULL where the key is absent.
        return f"coalesce({' OR '.join(tests)}, false)"

    def read_again(self, name: str) -> None:
        """Replace the rows in doubt by what the reader of single dossiers makes of them."""
        last = -1
        again = f"{name}_again"
        while True:
            rows = self.db.execute(
                f"SELECT row_id, line FROM {self.source.lines} WHERE row_id IN (SELECT row_id FROM {name} "
                f"WHERE doubt AND row_id > {last} ORDER BY row_id LIMIT {PAGE}) ORDER BY row_id"
            ).fetchall()
            if not rows:
                break
            last = rows[-1][0]
            read = [self._read(line) for _, line in rows]
            self.db.register(
                "lines_read",
                pa.table(
                    {
                        "row_id": pa.array([r[0] for r in rows], pa.int64()),
                        "line": pa.array([r[0] for r in read], pa.string()),
                        "odd": pa.array([False] * len(rows), pa.bool_()),
                        "fault": pa.array([r[1] for r in read], pa.string()),
                    }
                ),
            )
            self.db.execute(f"CREATE OR REPLACE TEMP TABLE {again} AS SELECT * FROM lines_read")
            self.db.unregister("lines_read")
            self.db.execute(f"INSERT INTO {name} {self.select(again, 'false')}")
        if last >= 0:
            self.db.execute(f"DROP TABLE {again}")
            self.db.execute(f"DELETE FROM {name} WHERE doubt")

    def _read(self, line: str) -> tuple[str, str | None]:
        """A line in canonical form, or what of it is known and all that is wrong with it."""
        problems: list[Problem] = []
        found = read_json(SourceText("", line), problems)
        data = found.data if found is not None else None
        if self.source.wrapped and isinstance(data, Mapping) and WRAP in data:
            data = data[WRAP]
        extra: dict[str, Any] = {}
        if isinstance(data, Mapping):
            # What is no text stays what it is not: a date.
            extra = {k: _plain(data[k]) or "?" for k in self.keep if data.get(k) is not None}
            data = {k: v for k, v in data.items() if k not in self.keep}
        if found is not None:
            profile = parse_dossier(data, self.registry, _place(found), problems)
            if profile is not None:
                values = {**profile.to_dict(self.registry), **extra}
                return json.dumps(values, ensure_ascii=False), None
        known = _plain(data.get("project_id")) if isinstance(data, Mapping) else None
        said = "；".join(map(_words, problems))
        return (
            json.dumps({"project_id": known}, ensure_ascii=False),
            said.encode("utf-8", "backslashreplace").decode("utf-8"),
        )


def _plain(value: object) -> str | None:
    """A text that any table can hold."""
    return value if isinstance(value, str) and value.isprintable() else None


def _place(found: JsonText) -> Any:
    def place(path: Path) -> Place:  # noqa: ARG001
        return Place(found.source)

    return place


def _words(problem: Problem) -> str:
    at = (
        f"（第 {problem.place.column} 个字）"
        if problem.code == "D115" and problem.place.column
        else ""
    )
    return f"{problem.message}{at}"


def _column(name: str, field: Field) -> str:
    return name if field.type is FieldType.RECORD else column_of(name)


def _spec(field: Field) -> str:
    return "JSON" if field.type in (FieldType.RECORD, FieldType.CODES) else "VARCHAR"
