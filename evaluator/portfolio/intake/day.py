"""The day that each row of a source is judged at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from evaluator.dossier.fields import FieldType, Registry
from evaluator.engine.columnar.layout import Days
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.columns import Column
from evaluator.portfolio.intake.sources import Cell, Source
from evaluator.portfolio.sql import quote, reason

SUBMITTED = "submitted_on"
OWN = "as_of day"  # No field can be called so.


@dataclass(frozen=True)
class JudgedOn:
    """``as_of``: one day for all, the field or column that holds it, or None for the day of
    submission, which also serves a row without a day of its own."""

    as_of: str | dt.date | None

    @property
    def column(self) -> str | None:
        """The field or column that holds the day."""
        return self.as_of if isinstance(self.as_of, str) else None

    def key(self, registry: Registry) -> tuple[str, ...]:
        """Of JSON Lines, the key of its own that holds the day."""
        return (self.column,) if self.column and self.column not in registry.fields else ()

    def check(self, source: Source, registry: Registry) -> None:
        """Raise PortfolioError unless the column (or field, or any key of JSON Lines) can be a date."""
        name = self.column
        if name is None:
            return
        field, kind = registry.references.get(name), source.columns.get(name, "VARCHAR")
        if name not in source.columns and field is None and not source.json:
            raise PortfolioError(f"{source.name} 没有列“{name}”")
        if field is not None and field.type is not FieldType.DATE:
            raise PortfolioError(f"评估日期不能取自“{field.label}”（{name}），它不是日期")
        if kind not in ("DATE", "VARCHAR") and not kind.startswith("TIMESTAMP"):
            raise PortfolioError(f"列“{name}”的类型是 {kind}，不是日期")

    def check_key(
        self, db: duckdb.DuckDBPyConnection, source: Source, registry: Registry, base: str
    ) -> None:
        """Raise PortfolioError if no line has the key of its own that holds the day."""
        key = self.column
        if not source.json or key not in source.columns or key in registry.references:
            return
        row = db.execute(f"SELECT count({quote(key)}), count(*) FROM ({base})").fetchone()
        if row and row[1] and not row[0]:
            raise PortfolioError(f"{source.name} 没有一行写了“{key}”")

    def own(self, source: Source, registry: Registry) -> list[Column]:
        """The column that holds the day and is no field, read as any date is."""
        name = self.column
        if name is None or name in registry.references or name not in source.columns:
            return []
        submitted = registry.fields[SUBMITTED]
        field = replace(submitted, name=OWN, label=f"评估日期（{name}）", required=False)
        kind = source.columns[name]
        return [Column(field, Cell(name, kind, lines=source.json, marked=source.marked))]

    def value(self, columns: Sequence[Column], values: Mapping[str, str]) -> tuple[str, str | None]:
        """SQL of the day, by the SQL of the fields' values; and of the reason if it is none."""
        if isinstance(self.as_of, dt.date):
            return f"DATE '{self.as_of.isoformat()}'", None
        if self.as_of is None or self.as_of == SUBMITTED:
            return values[SUBMITTED], None
        name = self.as_of if self.as_of in values else OWN
        raw, day = next(c.raw for c in columns if c.name == name), values[name]
        wrong = reason(f"{day} IS NULL AND {raw} IS NOT NULL", f"评估日期（{self.as_of}）不是日期")
        return f"coalesce({day}, {values[SUBMITTED]})", wrong

    def days(self, columns: Sequence[Column]) -> Days:
        """The first and last day that a row may be judged at, where one look has told."""
        if isinstance(self.as_of, dt.date):
            return self.as_of, self.as_of
        submitted = next((c for c in columns if c.name == SUBMITTED), None)
        if self.as_of not in (None, SUBMITTED) or submitted is None or not submitted.native:
            return None
        low, high = submitted.facts.low, submitted.facts.high
        return None if low is None else (low, high)
