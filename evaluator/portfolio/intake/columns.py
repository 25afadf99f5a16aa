"""The columns of a source while they are prepared: SQL of each, and what one look at it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.portfolio.intake.cells import canonical, native
from evaluator.portfolio.intake.odd import Odd, either, read_odd
from evaluator.portfolio.intake.sources import Cell, Mapped
from evaluator.portfolio.sql import quote, text

SHORT = r"[+-]?[0-9]{1,12}([.][0-9]{1,6})?"  # What 64 bits hold as a decimal.


@dataclass(frozen=True)
class Facts:
    """Of the canonical cells of a column: least and greatest value, decimals; is any cell odd."""

    low: Any = None
    high: Any = None
    scale: int | None = None
    odd: bool | None = None


@dataclass
class Column:
    """A field of a source: the cells that hold it, and what is known of them."""

    field: Field
    cell: Cell
    facts: Facts = Facts()
    odd: Odd | None = None

    @property
    def name(self) -> str:
        """The field's reference name."""
        return self.field.name

    @cached_property
    def native(self) -> bool:
        """Whether its values need no reading of text."""
        return native(self.field, self.cell)

    @property
    def text(self) -> str:
        """The column of its text in the staging table."""
        return f"t_{self.name}"

    @property
    def raw(self) -> str:
        """SQL of its value if native, else of its text."""
        return f"s.{quote(self.cell.column if self.native else self.text)}"

    @property
    def number(self) -> str:
        """SQL of its canonical cells as decimals."""
        if self.native:
            return self.raw
        # A cast to 128 bits takes fifty times as long as one to 64, and is made for few.
        short = f"regexp_full_match({self.raw}, {text(SHORT)})"
        return (
            f"CASE WHEN NOT ({self.canonical}) THEN NULL "
            f"WHEN {short} THEN TRY_CAST({self.raw} AS DECIMAL(18, 6)) "
            f"ELSE TRY_CAST({self.raw} AS DECIMAL(38, 12)) END"
        )

    @property
    def canonical(self) -> str:
        """SQL for whether a cell needs no Python."""
        return canonical(self.field, self.cell, self.raw)

    @property
    def scale(self) -> int:
        """Decimals of its canonical numbers, at the most."""
        if not self.native:
            return int(self.facts.scale or 0)
        return int(self.cell.type[:-1].rpartition(",")[2]) if self.cell.type[:7] == "DECIMAL" else 0

    def either(self, own: str, read: str = "value") -> str:
        """``own`` where the cell is canonical, else what Python has read."""
        return either(self.odd, own, read)

    def facts_sql(self) -> dict[str, str]:
        """Aggregates that say whether the column needs tests, and how many digits it has."""
        facts: dict[str, str] = {}
        if self.field.numeric:
            facts = {"low": f"min({self.number})", "high": f"max({self.number})"}
            if self.native:
                return facts
            only = f" FILTER (WHERE {self.canonical})"
            digits = f"length(rtrim(split_part({self.raw}, '.', 2), '0'))"
            facts["scale"] = f"max({digits}){only}"
        elif self.field.type is FieldType.DATE:
            day = self.raw if self.native else f"TRY_CAST({self.raw} AS DATE)"
            facts = {"low": f"min({day})", "high": f"max({day})"}
        if not self.native or self.field.type in (FieldType.STR, FieldType.ENUM):
            facts["odd"] = f"bool_or(NOT ({self.canonical}))"
        return facts


def columns_of(mapped: Mapped, registry: Registry) -> list[Column]:
    """The columns that hold fields."""
    return [Column(registry.references[name], cell) for name, cell in mapped.cells.items()]


def look(db: duckdb.DuckDBPyConnection, base: str, columns: Sequence[Column]) -> int:
    """Find the facts of all columns in one pass over the SELECT ``base``; the number of rows."""
    asked = [column.facts_sql() for column in columns]
    aggregates = ["count(*)", *(sql for facts in asked for sql in facts.values())]
    row = db.execute(f"SELECT {', '.join(aggregates)} FROM ({base}) AS s").fetchone()
    assert row is not None
    total, *values = row
    answers = iter(values)
    for column, facts in zip(columns, asked, strict=True):
        column.facts = Facts(**dict(zip(facts, answers, strict=False)))
    return int(total)


def read_others(
    db: duckdb.DuckDBPyConnection, base: str, columns: Sequence[Column], prefix: str
) -> None:
    """Let Python read the cells that are not canonical, into tables named after ``prefix``."""
    for n, column in enumerate(columns):
        if column.facts.odd:
            rows = db.execute(
                f"SELECT DISTINCT {column.raw} FROM ({base}) AS s "
                f"WHERE {column.raw} IS NOT NULL AND NOT ({column.canonical})"
            ).fetchall()
            raws = [raw for (raw,) in rows]
            column.odd = read_odd(db, f"{prefix}_{n}", column.field, column.cell, raws)
