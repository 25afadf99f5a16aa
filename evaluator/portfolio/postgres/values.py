"""The values of a table as SQL, how many times their value numbers are held, and the reasons
against a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.engine.columnar.layout import column_of
from evaluator.portfolio.limits import (
    NOT_WHOLE,
    TOO_FINE,
    about,
    between,
    not_whole,
    outside,
    too_fine,
)
from evaluator.portfolio.postgres.cells import key_value
from evaluator.portfolio.postgres.table import Column
from evaluator.portfolio.sql import quote, reason


@dataclass(frozen=True)
class Value:
    """SQL of a field's value over ``portfolio_raw``. Of a number, ``plain`` is that of the canonical
    ones, which are still to be tested; what is held is ``times`` it."""

    field: Field
    sql: str
    plain: str | None = None
    times: int = 1

    @property
    def column(self) -> str:
        """Its column of ``portfolio_flat``."""
        return quote(column_of(self.field.name))

    @property
    def tested(self) -> str:
        """The column of the plain number, while it is tested."""
        return quote(f"p_{self.field.name}")

    def reasons(self) -> list[str]:
        """Reasons against a canonical number; the others have been read with their limits."""
        if self.plain is None:
            return []
        tests = {
            outside(self.field, self.tested): between(self.field),
            too_fine(self.field, self.tested): TOO_FINE,
        }
        if self.field.type is FieldType.INT:
            tests[not_whole(self.tested)] = NOT_WHOLE
        return [reason(test, about(self.field, said)) for test, said in tests.items() if test]


def values_of(column: Column, registry: Registry) -> Iterator[Value]:
    """The value of a field, or those of a closed record's keys."""
    field = column.field
    match field.type:
        case FieldType.RECORD:
            for key in field.keys:
                own = f"CASE WHEN {column.canonical} THEN {key_value(column.json, key)} END"
                number = registry.references[f"{column.name}.{key}"]
                yield _number(column, number, own, f"{quote(key)}::numeric")
        case FieldType.INT | FieldType.DECIMAL:
            yield _number(column, field, f"{column.raw}::numeric", "value::numeric")
        case FieldType.BOOL:
            yield Value(field, column.either(f"{column.raw}::boolean", "value::boolean"))
        case FieldType.DATE:
            yield Value(field, date_of(column))
        case _:
            yield Value(field, column.either(column.raw, "value"))


def date_of(column: Column) -> str:
    """SQL of a date."""
    return column.either(f"{column.raw}::date", "value::date")


def _number(column: Column, field: Field, own: str, read: str) -> Value:
    held = own if column.times == 1 else f"{own} * {column.times}"
    plain = f"CASE WHEN {column.odd.name}.raw IS NULL THEN {own} END" if column.odd else own
    return Value(field, column.either(held, read), plain, column.times)
