"""From a source to the tables of the portfolio layout, in DuckDB, and to its rejected rows.

One pass looks at every column: is any cell out of its range, its list, its form; how many digits
are there. Only what that pass finds wrong is then tested row by row. A row with any bad cell is
rejected with all reasons and never judged.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

import duckdb

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.engine.columnar.exact import digits_of
from evaluator.engine.columnar.layout import (
    Days,
    Layout,
    Number,
    column_of,
    open_records,
)
from evaluator.portfolio.intake.cells import canonical, native, source_text
from evaluator.portfolio.intake.documents import settle
from evaluator.portfolio.intake.lines import PortfolioError
from evaluator.portfolio.intake.odd import ITEM_SCALE, TOO_FINE, Odd, decimal_text, read_odd
from evaluator.portfolio.intake.sources import Cell, Source, map_columns, quote, text
from evaluator.portfolio.intake.stage import stage

ITEM_DIGITS = 30
MAX_SCALE = 6
LIMIT = 10**12
INTEGER_LIMIT = 10**9
FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2200, 12, 31)
_TAGS = count(1)


@dataclass(frozen=True)
class Loaded:
    """A source ready to be judged.

    ``main`` and ``items`` are SELECTs for the tables of the layout, ``rejects`` one of row_id,
    reason and project_id; ``total`` counts the rows of the source, ``unused`` names columns that hold no field.
    """

    layout: Layout
    main: str
    items: str
    rejects: str
    total: int
    unused: tuple[str, ...]


@dataclass
class _Column:
    """A column while it is prepared: SQL of its raw text or value, and what is known of it."""

    name: str
    field: Field
    cell: Cell
    raw: str
    native: bool
    odd: Odd | None = None
    facts: dict[str, Any] | None = None


def load(
    db: duckdb.DuckDBPyConnection,
    source: Source,
    registry: Registry,
    as_of: str | dt.date | None = None,
) -> Loaded:
    """Prepare a source. ``as_of``: the column with the date each row is judged at, or one date.

    Without it a row is judged as of its ``submitted_on``. Raises PortfolioError.
    """
    return _Loader(db, source, registry, as_of).load()


class _Loader:
    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        source: Source,
        registry: Registry,
        as_of: str | dt.date | None,
    ) -> None:
        self.db = db
        self.source = source
        self.registry = registry
        self.as_of = as_of
        self.tag = next(_TAGS)
        self.values: dict[str, str] = {}
        self.numbers: dict[str, Number] = {}
        self.reasons: list[str] = []

    def load(self) -> Loaded:
        extra = self.as_of if isinstance(self.as_of, str) else None
        self._check_date_column(extra)
        if self.source.json:
            keep = (extra,) if extra and extra not in self.registry.fields else ()
            self.source = settle(self.db, self.source, self.registry, keep)
        self.mapped = map_columns(self.source, self.registry)
        required = [f for f in self.registry.fields.values() if f.required]
        lacking = [f.label for f in required if f.name not in self.mapped.cells]
        if lacking:
            raise PortfolioError(f"{self.source.name} 缺少必填的列：{'、'.join(lacking)}")
        base, columns = self._columns(extra)
        total = self._look(base, columns)
        joins = self._join_odd(base, columns)
        for c in columns:
            self._value(c)
        for f in required:
            self._reject(f"{self.values[f.name]} IS NULL", f"缺少必填的“{f.label}”（{f.name}）")
        self._date(columns)
        good = " AND ".join(f"({r}) IS NULL" for r in self.reasons) or "true"
        reason = f"concat_ws('；', {', '.join(self.reasons)})" if self.reasons else "''"
        if self.source.json:
            good = f"s.line_fault IS NULL AND {good}"
            reason = f"coalesce(s.line_fault, {reason})"
        known = f"CAST({self.values['project_id']} AS VARCHAR) AS project_id"
        select = ", ".join(f"{sql} AS {column_of(n)}" for n, sql in self.values.items())
        source = f"({base}) AS s {joins}"
        records = [c for c in columns if c.odd and c.name in open_records(self.registry)]
        items = " UNION ALL ".join(self._items(source, c, good) for c in records)
        times = records[0].odd.times if records and records[0].odd else 1
        layout = Layout(
            self.registry,
            frozenset(self.values) - {"as_of"},
            self.numbers,
            bool(records),
            Number(ITEM_DIGITS, ITEM_SCALE, times),
            self._judged_days(columns),
        )
        return Loaded(
            layout,
            f"SELECT s.row_id, {select} FROM {source} WHERE {good}",
            items,
            f"SELECT s.row_id, {reason} AS reason, {known} FROM {source} WHERE NOT ({good})",
            total,
            tuple(c for c in self.mapped.unused if c != self.as_of),
        )

    def _columns(self, extra: str | None) -> tuple[str, list[_Column]]:
        """The base SELECT, and its columns; texts are staged so that they are read once."""
        fields = {**self.registry.references, **self.registry.fields}
        texts: dict[str, str] = {}
        columns: list[_Column] = []
        for name, cell in self.mapped.cells.items():
            field = fields[name]
            own = native(field, cell)
            if own:
                raw = f"s.{quote(cell.column)}"
            else:
                texts[f"t_{name}"] = source_text(field, cell)
                raw = f"s.{quote(f't_{name}')}"
            columns.append(_Column(name, field, cell, raw, own))
        if not texts and not self.source.json:
            return self.source.select, columns
        keep = [c.cell.column for c in columns if c.native]
        if extra in self.source.columns:
            keep.append(str(extra))
        name = f"stage_{self.tag}"
        stage(self.db, self.source, self.registry, list(dict.fromkeys(keep)), texts, name)
        if self.source.json:
            self.reasons.append("s.line_reason")
            if extra in self.source.columns and extra not in fields:
                self._check_date_key(name, extra)
        return f"SELECT * FROM {name}", columns

    def _check_date_column(self, extra: str | None) -> None:
        """Raise PortfolioError unless the column (or field, or any key of JSON Lines) can be a date."""
        if extra is None:
            return
        field, kind = self.registry.references.get(extra), self.source.columns.get(extra, "VARCHAR")
        if extra not in self.source.columns and field is None and not self.source.json:
            raise PortfolioError(f"{self.source.name} 没有列“{extra}”")
        if field is not None and field.type is not FieldType.DATE:
            raise PortfolioError(f"评估日期不能取自“{field.label}”（{extra}），它不是日期")
        if kind not in ("DATE", "VARCHAR") and not kind.startswith("TIMESTAMP"):
            raise PortfolioError(f"列“{extra}”的类型是 {kind}，不是日期")

    def _check_date_key(self, name: str, key: str) -> None:
        row = self.db.execute(f"SELECT count({quote(key)}), count(*) FROM {name}").fetchone()
        if row and row[1] and not row[0]:
            raise PortfolioError(f"{self.source.name} 没有一行写了“{key}”")

    # --- one look at all columns ---------------------------------------------------------------

    def _look(self, base: str, columns: list[_Column]) -> int:
        asked: list[str] = ["count(*)"]
        wanted: list[tuple[_Column, str]] = []
        for c in columns:
            for fact, sql in _facts(c).items():
                wanted.append((c, fact))
                asked.append(sql)
        found = self.db.execute(f"SELECT {', '.join(asked)} FROM ({base}) AS s").fetchone()
        assert found is not None
        for c in columns:
            c.facts = {}
        for (c, fact), value in zip(wanted, found[1:], strict=True):
            assert c.facts is not None
            c.facts[fact] = value
        return int(found[0])

    def _join_odd(self, base: str, columns: list[_Column]) -> str:
        joins: list[str] = []
        for n, c in enumerate(columns):
            assert c.facts is not None
            if not c.facts.get("odd"):
                continue
            test = canonical(c.field, c.cell, c.raw)
            rows = self.db.execute(
                f"SELECT DISTINCT {c.raw} FROM ({base}) AS s WHERE {c.raw} IS NOT NULL AND NOT ({test})"
            ).fetchall()
            c.odd = read_odd(self.db, f"odd_{self.tag}_{n}", c.field, c.cell, [r[0] for r in rows])
            joins.append(f"LEFT JOIN {c.odd.name} ON {c.odd.name}.raw = {c.raw}")
            self.reasons.append(f"{c.odd.name}.reason")
        return " ".join(joins)

    # --- values and reasons --------------------------------------------------------------------

    def _reject(self, test: str, reason: str) -> None:
        self.reasons.append(f"CASE WHEN {test} THEN {text(reason)} END")

    def _value(self, c: _Column) -> None:
        if c.field.type is FieldType.RECORD:
            for key in c.field.keys if c.odd else ():
                name = f"{c.name}.{key}"
                assert c.odd is not None
                held = f"{c.odd.name}.{quote(key)}"
                self._held(name, held, c.odd.top, c.odd.scale, c.odd.times)
            return
        value = c.raw
        if c.odd is not None:
            value = f"CASE WHEN {c.odd.name}.raw IS NULL THEN {c.raw} ELSE {c.odd.name}.value END"
        match c.field.type:
            case FieldType.INT | FieldType.DECIMAL:
                self._numeric(c)
            case FieldType.BOOL | FieldType.DATE:
                kind = "BOOLEAN" if c.field.type is FieldType.BOOL else "DATE"
                self.values[c.name] = c.raw if c.native else f"TRY_CAST({value} AS {kind})"
                if c.native and c.field.type is FieldType.DATE:
                    self._range(c, FIRST_DAY, LAST_DAY, lambda d: f"DATE '{d}'", "不可能的日期")
                elif c.field.type is FieldType.DATE:
                    self._days(c)
            case _:
                self.values[c.name] = value

    def _days(self, c: _Column) -> None:
        assert c.facts is not None
        low, high = c.facts.get("low"), c.facts.get("high")
        if (low is not None and low < FIRST_DAY) or (high is not None and high > LAST_DAY):
            day = self.values[c.name]
            reason = f"{c.field.label}（{c.name}）：应在 1900 年至 2200 年之间"
            self._reject(f"{day} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'", reason)

    def _range(self, c: _Column, low: Any, high: Any, literal: Any, what: str) -> None:
        assert c.facts is not None
        tests = []
        if low is not None and c.facts["low"] is not None and c.facts["low"] < low:
            tests.append(f"{c.raw} < {literal(low)}")
        if high is not None and c.facts["high"] is not None and c.facts["high"] > high:
            tests.append(f"{c.raw} > {literal(high)}")
        if tests:
            self._reject(" OR ".join(tests), f"{c.field.label}（{c.name}）：{what}")

    def _numeric(self, c: _Column) -> None:
        if c.native:
            self._native_number(c)
            return
        assert c.facts is not None
        plain = f"TRY_CAST({c.raw} AS DECIMAL(38, 12))"
        odd = c.odd or Odd("")
        scale = max(min(int(c.facts["scale"] or 0), MAX_SCALE), odd.scale)
        top = max(abs(Fraction(c.facts["high"] or 0)), abs(Fraction(c.facts["low"] or 0)))
        wrong = f"{plain} <> {_rounded(plain)}"
        if int(c.facts["scale"] or 0) > MAX_SCALE or top >= _limit(c.field):
            test = f"{wrong} OR abs({plain}) >= {_limit(c.field)}"
            self._reject(test, f"{c.field.label}（{c.name}）：{TOO_FINE}")
        if c.field.type is FieldType.INT and c.facts["scale"]:
            test = f"{plain} <> CAST({plain} AS DECIMAL(38, 0))"
            self._reject(test, f"{c.field.label}（{c.name}）：应是整数")
        self._limits(c, plain)
        # The text itself where it can be: no detour by decimals of 128 bits.
        value = c.raw if odd.times == 1 else f"{plain} * {odd.times}"
        if c.odd is not None:
            own = f"{odd.name}.value"
            if odd.times != 1:
                own = f"CAST({own} AS DECIMAL(38, 12))"
            value = f"CASE WHEN {odd.name}.raw IS NULL THEN {value} ELSE {own} END"
        self._held(
            c.name, value, max(min(top, Fraction(_limit(c.field))), odd.top), scale, odd.times
        )

    def _native_number(self, c: _Column) -> None:
        assert c.facts is not None
        scale = int(c.cell.type[:-1].rpartition(",")[2]) if c.cell.type[:7] == "DECIMAL" else 0
        low, high = c.facts["low"], c.facts["high"]
        top = max(abs(Fraction(low or 0)), abs(Fraction(high or 0)))
        if top >= _limit(c.field) or scale > MAX_SCALE:
            test = f"abs({c.raw}) >= {_limit(c.field)} OR {c.raw} <> {_rounded(c.raw)}"
            self._reject(test, f"{c.field.label}（{c.name}）：{TOO_FINE}")
        if c.field.type is FieldType.INT and scale:
            test = f"{c.raw} <> CAST({c.raw} AS DECIMAL(38, 0))"
            self._reject(test, f"{c.field.label}（{c.name}）：应是整数")
        self._limits(c, c.raw)
        bound = min(top, Fraction(_limit(c.field)))
        positive = low is not None and low > 0
        self._held(c.name, c.raw, bound, min(scale, MAX_SCALE), 1, positive)

    def _limits(self, c: _Column, value: str) -> None:
        assert c.facts is not None
        low, high = c.field.minimum, c.field.maximum
        tests = []
        if low is not None and c.facts["low"] is not None and Fraction(c.facts["low"]) < low:
            tests.append(f"{value} < {decimal_text(low)}")
        if high is not None and c.facts["high"] is not None and Fraction(c.facts["high"]) > high:
            tests.append(f"{value} > {decimal_text(high)}")
        if tests:
            between = f"应在 {decimal_text(low) if low is not None else '…'} 至 "
            between += decimal_text(high) if high is not None else "…"
            self._reject(" OR ".join(tests), f"{c.field.label}（{c.name}）：{between}")

    def _held(
        self, name: str, value: str, top: Fraction, scale: int, times: int, positive: bool = False
    ) -> None:
        # TRY_CAST: what does not fit belongs to a row that is rejected.
        digits = max(digits_of(int(top * times * 10**scale)), scale, 1)
        self.numbers[name] = Number(digits, scale, times, positive)
        self.values[name] = f"TRY_CAST({value} AS DECIMAL({digits}, {scale}))"

    def _date(self, columns: list[_Column]) -> None:
        if isinstance(self.as_of, dt.date):
            self.values["as_of"] = f"DATE '{self.as_of.isoformat()}'"
        elif self.as_of is None or self.as_of == "submitted_on":
            self.values["as_of"] = self.values["submitted_on"]
        else:
            known = next((c for c in columns if c.name == self.as_of), None)
            day = self.values[known.name] if known else f"TRY_CAST(s.{quote(self.as_of)} AS DATE)"
            raw = known.raw if known else f"s.{quote(self.as_of)}"
            self._reject(
                f"{day} IS NULL AND {raw} IS NOT NULL",
                f"评估日期（{self.as_of}）不是日期",
            )
            self.values["as_of"] = f"coalesce({day}, {self.values['submitted_on']})"

    def _judged_days(self, columns: list[_Column]) -> Days:
        """The first and last day that a row may be judged at, where one look has told."""
        if isinstance(self.as_of, dt.date):
            return self.as_of, self.as_of
        name = self.as_of or "submitted_on"
        c = next((c for c in columns if c.name == name), None)
        if c is None or c.facts is None or not c.native or c.facts["low"] is None:
            return None
        if name != "submitted_on":
            return None
        return c.facts["low"], c.facts["high"]

    def _items(self, source: str, c: _Column, good: str) -> str:
        assert c.odd is not None
        return (
            f"SELECT s.row_id, {text(c.name)} AS field, i.key, i.kind, "
            f"CAST(i.number AS DECIMAL({ITEM_DIGITS}, {ITEM_SCALE})) AS number "
            f"FROM {source} JOIN {c.odd.name}_items AS i ON i.raw = {c.raw} WHERE {good}"
        )


def _limit(field: Field) -> int:
    return INTEGER_LIMIT if field.type is FieldType.INT else LIMIT


def _rounded(value: str) -> str:
    return f"CAST({value} AS DECIMAL(38, {MAX_SCALE}))"


def _facts(c: _Column) -> dict[str, str]:
    """Aggregates that say whether a column needs tests, and how many digits it has."""
    facts: dict[str, str] = {}
    if c.field.numeric:
        if c.native:
            return {"low": f"min({c.raw})", "high": f"max({c.raw})"}
        plain = f"TRY_CAST({c.raw} AS DECIMAL(38, 12))"
        test = canonical(c.field, c.cell, c.raw)
        only = f"FILTER (WHERE {test})"
        facts |= {
            "low": f"min({plain}) {only}",
            "high": f"max({plain}) {only}",
            "scale": f"max(length(rtrim(split_part({c.raw}, '.', 2), '0'))) {only}",
        }
    elif c.field.type is FieldType.DATE:
        day = c.raw if c.native else f"TRY_CAST({c.raw} AS DATE)"
        facts |= {"low": f"min({day})", "high": f"max({day})"}
    if not c.native or c.field.type in (FieldType.STR, FieldType.ENUM):
        facts["odd"] = f"bool_or(NOT ({canonical(c.field, c.cell, c.raw)}))"
    return facts
