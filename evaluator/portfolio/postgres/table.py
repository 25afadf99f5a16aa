"""What a table of dossiers on a PostgreSQL server has, column by column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.canonical import canonical
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.cells import ZONED, canonical_of
from evaluator.portfolio.intake.marks import MARK
from evaluator.portfolio.intake.odd import Odd, either
from evaluator.portfolio.intake.sources import Cell, Source, map_columns
from evaluator.portfolio.postgres.cells import POSTGRES
from evaluator.portfolio.sql import quote, text, texts

DOCUMENT = 't."json document"'
TYPES: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.BOOL: ("boolean", "string"),
    FieldType.INT: ("number", "string"),
    FieldType.DECIMAL: ("number", "string"),
    FieldType.CODES: ("array", "string"),
    FieldType.RECORD: ("array",),
}
KINDS = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "numeric": "DECIMAL",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": ZONED,
    "time without time zone": "TIME",
    "interval": "INTERVAL",
    "bytea": "BLOB",
}
TEXT_AS_JSON = """
CREATE OR REPLACE FUNCTION pg_temp.portfolio_json(line text) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN RETURN line::jsonb; EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$
"""


@dataclass(frozen=True)
class Place:
    """A table, and the column that holds the dossiers as JSON, if they are held so."""

    table: str
    column: str | None = None

    @staticmethod
    def parse(name: str | None) -> Place:
        """ "dossiers", or "decisions:dossier" for a column of JSON (json, jsonb or text)."""
        if not name:
            raise PortfolioError(
                "请用 --table 指明材料的表，如 dossiers，或 decisions:dossier（JSON 的列）"
            )
        table, _, column = name.partition(":")
        return Place(table, column or None)


@dataclass
class Column:
    """A field, or a record, while it is read: SQL of its text, of a record its JSONB too."""

    name: str
    field: Field
    source: str
    document: str | None = None
    odd: Odd | None = None
    kind: str = "VARCHAR"
    unit: str = ""

    @property
    def cell(self) -> Cell:
        """The column as the reader of cells has it."""
        return Cell(self.name, self.kind, self.unit)

    def staged(self, kind: str) -> str:
        """Its column of ``portfolio_raw``: the text (r), a record's JSONB (j), is that canonical (c)."""
        return quote(f"{kind}_{column_of(self.name)}")

    @property
    def raw(self) -> str:
        """SQL of the text."""
        return f"q.{self.staged('r')}"

    @property
    def json(self) -> str:
        """SQL of a record's JSONB."""
        return f"q.{self.staged('j')}"

    @property
    def canonical(self) -> str:
        """SQL for whether it needs no Python."""
        if self.document:
            return f"q.{self.staged('c')}"
        if self.kind == "JSONB":
            return canonical(POSTGRES, self.field, self.raw)
        if self.unit and (self.field.unit is None or self.unit != self.field.unit.name):
            return "false"
        return canonical_of(POSTGRES, self.field, self.kind, self.raw)

    @property
    def times(self) -> int:
        """How many times their value its numbers are held."""
        return self.odd.times if self.odd else 1

    def either(self, own: str, read: str) -> str:
        """``own`` where the text is canonical, else what Python has read."""
        return either(self.odd, own, read)


class Table:
    """A table in place: ``columns`` are the fields it has, ``day`` the column with the day of each
    row where that is no field, ``unused`` are columns that hold no field."""

    def __init__(
        self,
        connection: psycopg.Connection,
        registry: Registry,
        place: Place,
        as_of: str | dt.date | None,
    ) -> None:
        self.connection = connection
        self.registry = registry
        self.place = place
        self.name = sql.Identifier(*place.table.split(".")).as_string(connection)
        self.as_of = as_of
        self.types = self._types()
        self.unused: tuple[str, ...] = ()
        self.columns = self._documents() if place.column else self._fields()
        self.day = self._day(as_of)
        held = {c.name for c in self.columns}
        lacking = [f.label for f in registry.fields.values() if f.required and f.name not in held]
        if lacking:
            raise PortfolioError(f"表 {place.table} 缺少必填的列：{'、'.join(lacking)}")

    def run(self, query: str) -> psycopg.Cursor[tuple[Any, ...]]:
        """Have the server do a statement."""
        return self.connection.execute(query.encode())

    def make(self, name: str, content: str) -> None:
        """Make the temporary table ``name`` anew; ``content`` is its columns, or AS and a SELECT."""
        self.run(f"DROP TABLE IF EXISTS {name} CASCADE")
        self.run(f"CREATE TEMP TABLE {name} {content}")

    @property
    def all(self) -> list[Column]:
        """The fields, and the day."""
        return [*self.columns, self.day] if self.day else self.columns

    def source(self) -> str:
        """What to select from: the table as t, with its dossiers as DOCUMENT and their fields as d."""
        if self.place.column is None:
            return f"{self.name} AS t"
        column = quote(self.place.column)
        if self.types[self.place.column] in ("json", "jsonb"):
            document = f"{column}::jsonb"
        else:
            # A text that is no JSON must not end the query.
            self.run(TEXT_AS_JSON)
            document = f"pg_temp.portfolio_json({column}::text)"
        # Taken apart once: every -> on a document unpacks the whole of it.
        object_ = f"CASE WHEN jsonb_typeof({DOCUMENT}) = 'object' THEN {DOCUMENT} ELSE '{{}}' END"
        members = ", ".join(f"{quote(n)} jsonb" for n in self.registry.fields)
        return (
            f'(SELECT *, {document} AS "json document" FROM {self.name} OFFSET 0) AS t '
            f"CROSS JOIN LATERAL jsonb_to_record({object_}) AS d ({members})"
        )

    def _types(self) -> dict[str, str]:
        rows = self.connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            (self.name,),
        ).fetchall()
        if not rows:
            raise PortfolioError(f"数据库里没有表 {self.place.table}")
        return {str(n): str(t) for n, t in rows}

    def _text(self, name: str) -> str:
        """The text of a column, blank as NULL."""
        column, kind = f"t.{quote(name)}", self.types[name]
        if kind.endswith("[]"):
            return f"nullif(to_json({column})::text, '[]')"
        if self._kind(name) == "TIMESTAMP":
            return f"({column})::date::text"
        if self._kind(name) == ZONED:
            # The day in Beijing, whatever the zone of the session.
            return f"({column} AT TIME ZONE INTERVAL '+08:00')::date::text"
        return f"nullif(btrim(({column})::text), '')"

    def _fields(self) -> list[Column]:
        """The columns by their headings, as in files."""
        kinds = {name: self._kind(name) for name in self.types}
        mapped = map_columns(Source(self.place.table, "", kinds), self.registry)
        found = [(self.registry.references[n], c) for n, c in mapped.cells.items()]
        # A record as a whole is read of documents only.
        whole = [c.column for f, c in found if f.type is FieldType.RECORD]
        self.unused = tuple(c for c in (*mapped.unused, *whole) if c != self.as_of)
        return [
            Column(f.name, f, self._text(c.column), kind=c.type, unit=c.unit)
            for f, c in found
            if f.type is not FieldType.RECORD
        ]

    def _documents(self) -> list[Column]:
        if self.place.column not in self.types:
            listed = "、".join(self.types)
            raise PortfolioError(f"表 {self.place.table} 没有列“{self.place.column}”，有：{listed}")
        return [_member(n, f) for n, f in self.registry.fields.items()]

    def _day(self, as_of: str | dt.date | None) -> Column | None:
        """The column that ``as_of`` names, unless it is a field of the dossiers."""
        if as_of is None or isinstance(as_of, dt.date):
            return None
        field = self.registry.fields.get(as_of)
        if field is not None and any(c.name == as_of for c in self.columns):
            if field.type is not FieldType.DATE:
                raise PortfolioError(f"“{field.label}”（{as_of}）不是日期，不能作评估日期")
            return None
        if as_of not in self.types:
            listed = "、".join(self.types)
            raise PortfolioError(f"表 {self.place.table} 没有列“{as_of}”，有：{listed}")
        submitted = self.registry.fields["submitted_on"]
        named = replace(submitted, name=as_of, label="评估日期", required=False)
        return Column(" as_of", named, self._text(as_of), kind=self._kind(as_of))

    def _kind(self, name: str) -> str:
        """The type of a column, by the name that DuckDB has for it."""
        base, bracket, rest = self.types[name].partition("(")
        # "timestamp(3) with time zone"
        base = base.strip() + rest.partition(")")[2] if bracket else base
        return KINDS.get(base, "VARCHAR")


def _member(name: str, field: Field) -> Column:
    """A field of the JSON documents. A value of another JSON type than the field is written in, or a
    text that looks like that, is marked, and so left to Python."""
    value = f"d.{quote(name)}"
    written = f"({value} #>> '{{}}')"
    types = TYPES.get(field.type, ("string",))
    own = f"btrim({written})" if "array" not in types else f"nullif({written}, '[]')"
    listed = texts(types)
    source = (
        f"CASE WHEN jsonb_typeof({value}) IN ({listed}) AND left({written}, 1) <> {text(MARK)} "
        f"THEN nullif({own}, '') "
        f"WHEN jsonb_typeof({value}) <> 'null' AND {written} <> '' THEN {text(MARK)} || ({value})::text END"
    )
    document = value if field.type is FieldType.RECORD else None
    return Column(name, field, source, document, kind="JSONB")
