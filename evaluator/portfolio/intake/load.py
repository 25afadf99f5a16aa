"""From a source to the tables of the portfolio layout, in DuckDB, and to its rejected rows.

One pass looks at every column: is any cell out of its range, its list, its form; how many digits
are there. Only what that pass finds wrong is then tested row by row. A row with any bad cell is
rejected with all reasons and never judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import lcm

import duckdb

from evaluator.dossier.fields import Registry
from evaluator.engine.columnar.layout import Layout, Number, column_of, open_records
from evaluator.portfolio.errors import PortfolioError
from evaluator.portfolio.intake.columns import Column, columns_of, look, read_others
from evaluator.portfolio.intake.day import OWN, JudgedOn
from evaluator.portfolio.intake.settle import settle
from evaluator.portfolio.intake.sources import SHEET_STRIDE, Source, map_columns
from evaluator.portfolio.intake.stage import staged
from evaluator.portfolio.intake.values import Values
from evaluator.portfolio.limits import ITEM_DIGITS, ITEM_SCALE, missing
from evaluator.portfolio.sql import reason, text

_TAGS = count(1)


@dataclass(frozen=True)
class Loaded:
    """A source ready to be judged.

    ``main`` and ``items`` are SELECTs for the tables of the layout, ``rejects`` one of row_id,
    reason and project_id; ``notes`` say how it was read; ``total`` counts the rows of the source, ``unused`` names columns that hold no field.
    """

    layout: Layout
    main: str
    items: str
    rejects: str
    total: int
    unused: tuple[str, ...]
    notes: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()

    @property
    def said(self) -> list[str]:
        """How the source was read, and what of it was not used."""
        unused = [f"没有用到的列：{'、'.join(self.unused)}"] if self.unused else []
        return [*self.notes, *unused]

    def told(self, name: str, base: int) -> tuple[str, str]:
        """SQL of where a rejected row stands: file (and sheet), and number of the row."""
        if len(self.sheets) < 2:
            return text(name), f"row_id - {base}"
        sheet = f"(row_id - {base}) // {SHEET_STRIDE}"
        cases = " ".join(
            f"WHEN {n} THEN {text(f'{name}（{title}）')}" for n, title in enumerate(self.sheets)
        )
        return f"CASE {sheet} {cases} END", f"(row_id - {base}) % {SHEET_STRIDE}"


def load(
    db: duckdb.DuckDBPyConnection,
    source: Source,
    registry: Registry,
    as_of: str | dt.date | None = None,
) -> Loaded:
    """Prepare a source. ``as_of``: the column with the date each row is judged at, or one date.

    Without it a row is judged as of its ``submitted_on``. Raises PortfolioError.
    """
    judged_on, tag = JudgedOn(as_of), next(_TAGS)
    judged_on.check(source, registry)
    if source.json:
        source = settle(db, source, registry, judged_on.key(registry))
    mapped = map_columns(source, registry)
    required = [f for f in registry.fields.values() if f.required]
    lacking = [f.label for f in required if f.name not in mapped.cells]
    if lacking:
        raise PortfolioError(f"{source.name} 缺少必填的列：{'、'.join(lacking)}")
    columns = columns_of(mapped, registry) + judged_on.own(source, registry)
    base = staged(db, source, registry, columns, judged_on.column, f"stage_{tag}")
    judged_on.check_key(db, source, registry, base)
    total = look(db, base, columns)
    read_others(db, base, columns, f"odd_{tag}")

    values = Values()
    for column in columns:
        values.add(column)
    day, no_day = judged_on.value(columns, values.sql)
    values.sql.pop(OWN, None)
    odd = [(c.raw, c.odd) for c in columns if c.odd]
    reasons = [
        *(["s.line_reason"] if source.json else []),
        *(o.reason for _, o in odd),
        *values.reasons,
        *(reason(_missing(f.name, columns, values.sql[f.name]), missing(f)) for f in required),
        *([no_day] if no_day else []),
    ]
    good = " AND ".join(f"({r}) IS NULL" for r in reasons)
    said = f"concat_ws('；', {', '.join(reasons)})"
    if source.json or source.faults:
        good = f"s.line_fault IS NULL AND {good}"
        said = f"coalesce(s.line_fault, {said})"
    rows = " ".join([f"({base}) AS s", *(o.join(raw) for raw, o in odd)])
    select = ", ".join(f"{sql} AS {column_of(n)}" for n, sql in values.sql.items())
    known = f"CAST({values.sql['project_id']} AS VARCHAR) AS project_id"
    items, times = _items([c for c in columns if c.name in open_records(registry)], rows, good)
    layout = Layout(
        registry,
        frozenset(values.sql),
        values.numbers,
        bool(items),
        Number(ITEM_DIGITS, ITEM_SCALE, times),
        judged_on.days(columns),
    )
    return Loaded(
        layout,
        f"SELECT s.row_id, {select}, {day} AS as_of FROM {rows} WHERE {good}",
        items,
        f"SELECT s.row_id, {said} AS reason, {known} FROM {rows} WHERE NOT ({good})",
        total,
        tuple(c for c in mapped.unused if c != as_of),
        source.notes,
        source.sheets,
    )


def _missing(name: str, columns: Sequence[Column], value: str) -> str:
    """SQL for whether a required field is missing; what could not be read has been told as that."""
    odd = next((c.odd for c in columns if c.name == name), None)
    return f"{value} IS NULL AND {odd.reason} IS NULL" if odd else f"{value} IS NULL"


def _items(records: Sequence[Column], rows: str, good: str) -> tuple[str, int]:
    """SELECT the items of the good rows, "" if none has any; numbers are so many times their value."""
    odd = [(c, c.odd) for c in records if c.odd]
    times = lcm(*(o.times for _, o in odd))
    selects = []
    for column, held in odd:
        number = f"CAST(i.number AS DECIMAL({ITEM_DIGITS}, {ITEM_SCALE}))"
        if held.times != times:
            number = (
                f"CAST({number} * {times // held.times} AS DECIMAL({ITEM_DIGITS}, {ITEM_SCALE}))"
            )
        selects.append(
            f"SELECT s.row_id, {text(column.name)} AS field, i.key, i.kind, {number} AS number "
            f"FROM {rows} JOIN {held.name}_items AS i ON i.raw = {column.raw} WHERE {good}"
        )
    return " UNION ALL ".join(selects), times
