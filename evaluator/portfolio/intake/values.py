"""The values of a source as SQL, how the layout holds its numbers, and the reasons against a row."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from evaluator.dossier.fields import FieldType
from evaluator.engine.columnar.layout import Number, digits_of
from evaluator.portfolio.intake.columns import Column
from evaluator.portfolio.intake.odd import Odd
from evaluator.portfolio.limits import (
    MAX_SCALE,
    NOT_WHOLE,
    TOO_FINE,
    about,
    between,
    limit_of,
    not_whole,
    outside,
    too_fine,
)
from evaluator.portfolio.sql import quote, reason

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2200, 12, 31)


class Values:
    """``sql`` is a value for each field of the layout, ``reasons`` are NULL for a good row. What the
    facts of a column rule out is not tested."""

    def __init__(self) -> None:
        self.sql: dict[str, str] = {}
        self.numbers: dict[str, Number] = {}
        self.reasons: list[str] = []

    def add(self, column: Column) -> None:
        """Take up a column."""
        match column.field.type:
            case FieldType.RECORD:
                self._keys(column)
            case FieldType.INT | FieldType.DECIMAL:
                self._number(column)
            case FieldType.BOOL:
                self.sql[column.name] = _typed(column, "BOOLEAN")
            case FieldType.DATE:
                self.sql[column.name] = _typed(column, "DATE")
                self._days(column)
            case _:
                self.sql[column.name] = column.either(column.raw)

    def reject(self, column: Column, test: str, said: str) -> None:
        """Say so against the rows for which the test holds."""
        self.reasons.append(reason(test, about(column.field, said)))

    def _keys(self, column: Column) -> None:
        odd = column.odd
        for key in column.field.keys if odd else ():
            assert odd is not None
            value = f"{odd.name}.{quote(key)}"
            self._hold(f"{column.name}.{key}", value, odd.top, odd.scale, odd.times)

    def _days(self, column: Column) -> None:
        low, high = column.facts.low, column.facts.high
        if low is not None and (low < FIRST_DAY or high > LAST_DAY):
            test = f"{self.sql[column.name]} NOT BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"
            said = "不可能的日期" if column.native else "应在 1900 年至 2200 年之间"
            self.reject(column, test, said)

    def _number(self, column: Column) -> None:
        field, number, odd = column.field, column.number, column.odd or Odd("")
        low, high = Fraction(column.facts.low or 0), Fraction(column.facts.high or 0)
        top, limit = max(abs(low), abs(high)), limit_of(field)
        if column.scale > MAX_SCALE or top >= limit:
            self.reject(column, too_fine(field, number), TOO_FINE)
        if field.type is FieldType.INT and column.scale:
            self.reject(column, not_whole(number), NOT_WHOLE)
        if column.facts.low is not None:
            too_low = field.minimum is not None and low < field.minimum
            too_high = field.maximum is not None and high > field.maximum
            if test := outside(field, number, too_low, too_high):
                self.reject(column, test, between(field))
        # The text itself where it can be: no detour by decimals of 128 bits.
        value, read = column.raw, "value"
        if odd.times != 1:
            value, read = f"{number} * {odd.times}", "value::DECIMAL(38, 12)"
        self._hold(
            column.name,
            column.either(value, read),
            max(min(top, Fraction(limit)), odd.top),
            max(min(column.scale, MAX_SCALE), odd.scale),
            odd.times,
            positive=column.native and low > 0,
        )

    def _hold(
        self, name: str, value: str, top: Fraction, scale: int, times: int, positive: bool = False
    ) -> None:
        # TRY_CAST: what does not fit belongs to a row that is rejected.
        digits = max(digits_of(int(top * times * 10**scale)), scale, 1)
        self.numbers[name] = Number(digits, scale, times, positive)
        self.sql[name] = f"TRY_CAST({value} AS DECIMAL({digits}, {scale}))"


def _typed(column: Column, kind: str) -> str:
    return column.raw if column.native else f"TRY_CAST({column.either(column.raw)} AS {kind})"
