"""One place where a document says what a field's value may be, and the reading of its number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from evaluator.documents.layout import Spot
from evaluator.documents.lexicon import Words
from evaluator.documents.quantities import FOREIGN, Quantity, read_unit
from evaluator.dossier.fields import Field, FieldType
from evaluator.values.units import ONE, Unit, UnitError, conversion

Value = Fraction | str | bool | dt.date

LABEL, NAMED, HINTED = 3, 2, 1  # A form's label; a name in a sentence; a phrase or loose name.


@dataclass(frozen=True, slots=True)
class Finding:
    """``field`` may be "emissions.COD". ``start:end`` is the value's place in its block's text."""

    field: str
    value: Value
    quote: str
    spot: Spot
    kind: str = "exact"
    high: Fraction | None = None
    bound: str | None = None
    strength: int = NAMED
    block: int = -1
    start: int = 0
    end: int = 0
    sure: bool = True
    note: str | None = None
    arithmetic: str | None = None
    order: int = 0
    disputed: bool = False  # Its sentence says that places differ.


def in_unit(
    words: Words, field: Field, quantity: Quantity, default: tuple[int, str] | None = None
) -> tuple[Fraction, Fraction | None, bool] | None:
    """The quantity in the field's unit, with its high end, and whether its unit was written.

    None where it is of another kind. ``default`` is the scale and unit of a heading.
    """
    target = field.unit or ONE
    unit, written = quantity.unit, True
    if not quantity.known or unit.split("/")[0] in FOREIGN:
        return None
    scale = 1
    if unit == "?":
        if ("money", 1) in target.dimension:
            unit = "元"
        elif default and default[1]:
            unit = default[1]
        else:
            return None
    elif not unit:
        if default is not None:
            scale, unit = _meant(words, field, target, default)
        elif target == ONE:
            unit = "1"
        else:
            written, unit = False, target.name
    factor = _factor(words, field, target, unit)
    if factor is None:
        return None
    value = quantity.number * scale * factor
    high = None if quantity.high is None else quantity.high * scale * factor
    if not field.admits(value) or (high is not None and not field.admits(high)):
        return None
    if field.type is FieldType.INT and value.denominator != 1:
        return None
    return value, high, written


def _meant(words: Words, field: Field, target: Unit, default: tuple[int, str]) -> tuple[int, str]:
    """Of the units that a heading names ("单位：亿元、亩、人") the one that this field can have."""
    listed = (
        [u for n in default[1].split("、") if (u := read_unit(n))] if "、" in default[1] else []
    )
    fit = [u for u in listed if _factor(words, field, target, u[1]) is not None]
    # 亩 and ㎡ are both areas: land is told in the first, buildings in the second.
    return next((u for u in fit if conversion(u[1], target) == 1), fit[0] if fit else default)


def _factor(words: Words, field: Field, target: Unit, unit: str) -> Fraction | None:
    base, _, per = unit.partition("/")
    reads = words.lexicon(field.name).reads
    for name in dict.fromkeys((unit, base if per == "年" else unit)):
        meant = reads.get(name, name)
        if meant == "个" and ("person", 1) in target.dimension:
            meant = "人"
        if meant == "级" and target == ONE:
            meant = "1"
        if meant == "%" and target == ONE and field.type is FieldType.INT:
            return None
        try:
            return conversion(meant, target)
        except UnitError:
            continue
    return None
