"""What a number of a portfolio may be, whichever database holds it: tests in SQL, and what is said.

A single dossier may hold any number; a table of millions holds decimals of so many digits.
"""

from __future__ import annotations

from evaluator.dossier.fields import Field, FieldType
from evaluator.values.numbers import exact_text

LIMIT = 10**12
INTEGER_LIMIT = 10**9
MAX_SCALE = 6
# Items of records without closed keys are in base units.
ITEM_DIGITS, ITEM_SCALE = 30, 12
# What a denominator may have besides 2 and 5: all rows of a column share one multiple.
MAX_ODD = 9

TOO_FINE = "数值的位数超出批量评估的范围（整数 12 位、小数 6 位），请单独评估"
NOT_WHOLE = "应是整数"


def limit_of(field: Field) -> int:
    """What the magnitude of a number must stay below."""
    return INTEGER_LIMIT if field.type is FieldType.INT else LIMIT


def too_fine(field: Field, value: str) -> str:
    """The test for TOO_FINE of a decimal ``value`` (SQL)."""
    return f"abs({value}) >= {limit_of(field)} OR {value} <> round({value}, {MAX_SCALE})"


def not_whole(value: str) -> str:
    """The test for NOT_WHOLE."""
    return f"{value} <> trunc({value})"


def outside(field: Field, value: str, low: bool = True, high: bool = True) -> str:
    """The test that ``value`` is below (``low``) or above (``high``) what the field allows; "" where
    it allows any."""
    tests = []
    if low and field.minimum is not None:
        tests.append(f"{value} < {exact_text(field.minimum)}")
    if high and field.maximum is not None:
        tests.append(f"{value} > {exact_text(field.maximum)}")
    return " OR ".join(tests)


def between(field: Field) -> str:
    """What is said of a value outside."""
    low, high = (exact_text(b) if b is not None else "…" for b in (field.minimum, field.maximum))
    return f"应在 {low} 至 {high}"


def about(field: Field, said: str) -> str:
    """What is said of a field's value, as the reason against a row."""
    return f"{field.label}（{field.name}）：{said}"


def missing(field: Field) -> str:
    """The reason against a row without a required value."""
    return f"缺少必填的“{field.label}”（{field.name}）"
