"""Readers of single values: numbers with units, dates, choices, texts, and the error they raise.

Each reader takes a field and a raw value and returns the value, or None for what is missing. What
is not exactly understood is a FieldError. Knows neither records nor whole dossiers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import Field, FieldType
from evaluator.reading.cells import day
from evaluator.values.national_codes import BadCode, credit_code, industry_code
from evaluator.values.numbers import exact_text, shown_apart, terminates
from evaluator.values.units import (
    MAX_DIGITS,
    ONE,
    NotANumber,
    Unit,
    UnitError,
    alternatives,
    fits,
    parse_quantity,
)

Path = tuple[str | int, ...]
Scalar = Fraction | str | bool | dt.date

MAX_TEXT = 2000  # Characters.


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a value; ``path`` leads from the field to the part that is meant."""

    code: str
    message: str
    hint: str | None = None
    path: Path = ()


class FieldError(ValueError):
    """A value that cannot be taken, with everything that is wrong with it."""

    def __init__(self, *complaints: Complaint) -> None:
        self.complaints = complaints
        super().__init__("；".join(c.message for c in complaints))


def fail(code: str, message: str, hint: str | None = None, path: Path = ()) -> FieldError:
    """An error with one complaint, to be raised."""
    return FieldError(Complaint(code, message, hint, path))


def quoted(raw: Any) -> str:
    """What was written, short and printable, for a message."""
    if isinstance(raw, bool):
        return "“true”" if raw else "“false”"
    if isinstance(raw, Mapping):
        return "一组键值"
    if isinstance(raw, (list, tuple)):
        return "列表"
    if isinstance(raw, int) and abs(raw) > 10**40:
        return "一个很长的数"
    # A lone surrogate, a control or a direction mark must not reach a terminal as it is.
    text = _BAD_CHARACTER.sub("\ufffd", " ".join(str(raw).split()))
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"


def is_missing(raw: Any) -> bool:
    """Whether nothing was written: null, blank text, an empty list."""
    if isinstance(raw, str):
        return not raw or raw.isspace()
    return raw is None or (isinstance(raw, (list, tuple)) and not raw)


def unit_fault(error: UnitError, unit: Unit | None, path: Path = ()) -> FieldError:
    """A complaint about a number with a unit, with what could have been written."""
    name = unit.name if unit and unit != ONE else ""
    if isinstance(error, NotANumber):
        example = f"写一个数，如“12.5”或“12.5 {name}”" if name else "写一个数，如“12.5”，不带单位"
        return fail("D103", str(error), f"{example}；不写范围和约数", path)
    if unit is None:
        return fail("D104", str(error), None, path)
    if not name:
        return fail("D104", str(error), "只写数，不带单位", path)
    names = alternatives(unit)
    hint = f"可用单位：{'、'.join(names)}；" if len(names) > 1 else ""
    return fail("D104", str(error), f"{hint}只写数即按“{name}”", path)


def read_exact(raw: Any, unit: Unit) -> Fraction:
    """A number of ``unit``, exactly, out of a number or a text that may carry another unit."""
    if isinstance(raw, str):
        try:
            return parse_quantity(raw, unit)
        except UnitError as error:
            raise unit_fault(error, unit) from None
    if isinstance(raw, float):
        # A float comes from Python callers only; its shortest text is what was meant.
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        if not raw.is_finite():
            raise fail("D103", f"{quoted(raw)}不是数")
        if abs(raw.adjusted()) > 40 or len(raw.as_tuple().digits) > 60:
            raise fail("D103", f"{quoted(raw)}位数过多，最多 {MAX_DIGITS} 位")
    elif not isinstance(raw, (int, Fraction)) or isinstance(raw, bool):
        raise fail("D103", f"应是数，写的是{quoted(raw)}")
    value = Fraction(raw)
    if not fits(value):
        raise fail("D103", f"{quoted(raw)}位数过多，最多 {MAX_DIGITS} 位")
    return value


def _below(a: Fraction, b: Fraction) -> bool:
    # Cross multiplication: Fraction's own comparison costs three times as much.
    return a.numerator * b.denominator < b.numerator * a.denominator


def in_range(field: Field, value: Fraction) -> Fraction:
    """The value, where the bounds of the field admit it."""
    low, high = field.minimum, field.maximum
    if low is not None and _below(value, low):
        bound = low
    elif high is not None and _below(high, value):
        bound = high
    else:
        return value
    unit = "" if field.unit in (None, ONE) else f" {field.unit.name}"
    unit = unit.strip() if unit == " %" else unit
    if low is not None and high is not None:
        allowed = f"应在 {exact_text(low)} 至 {exact_text(high)}{unit} 之间"
    else:
        allowed = f"应不{'小' if bound is low else '大'}于 {exact_text(bound)}{unit}"
    got = exact_text(value) if terminates(value) else shown_apart(value, bound, 4)[0]
    raise fail("D105", f"{got}{unit} 不可能，{allowed}")


def read_number(field: Field, raw: Any) -> Scalar | None:
    """A number of the unit of the field; whole for an int field."""
    if raw is None or (isinstance(raw, (str, list, tuple)) and is_missing(raw)):
        return None
    value = read_exact(raw, field.unit or ONE)
    if field.type is FieldType.INT and value.denominator != 1:
        raise fail("D103", f"应是整数，写的是{quoted(raw)}")
    return in_range(field, value)


_BOOLEANS = {"是": True, "否": False, "true": True, "false": False}


def read_bool(_field: Field, raw: Any) -> Scalar | None:
    """true or false, 是 or 否."""
    if isinstance(raw, bool):
        return raw
    if is_missing(raw):
        return None
    value = _BOOLEANS.get(raw.strip()) if isinstance(raw, str) else None
    if value is None:
        raise fail("D103", f"只写“是”或“否”（true 或 false），写的是{quoted(raw)}")
    return value


_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|[.]([0-9]{1,2})[.]|年([0-9]{1,2})月)([0-9]{1,2})(日?)"
)


def read_date(_field: Field, raw: Any) -> Scalar | None:
    """A day: 2024-01-01, 2024/1/1, 2024.1.1 or 2024年1月1日; the time of a moment is dropped.

    A text with a time is refused: it may be of another zone.
    """
    if is_missing(raw):
        return None
    if isinstance(raw, dt.date):
        value = day(raw)
    else:
        match = _DATE.fullmatch(raw.strip()) if isinstance(raw, str) else None
        if not match or bool(match[5]) != bool(match[7]):
            raise fail("D103", f"应是日期，如 2024-01-01 或 2024年1月1日，写的是{quoted(raw)}")
        try:
            value = dt.date(
                int(match[1]), int(next(filter(None, match.group(2, 3, 4, 5)))), int(match[6])
            )
        except ValueError:
            raise fail("D103", f"没有{quoted(raw)}这一天") from None
    if not 1900 <= value.year <= 2200:
        raise fail("D105", f"日期 {value.isoformat()} 不可能，应在 1900 年至 2200 年之间")
    return value


def choices(values: Mapping[str, str]) -> str:
    """The hint that lists a closed choice."""
    return f"可填：{'、'.join(f'{label}（{code}）' for code, label in values.items())}"


def read_enum(field: Field, raw: Any) -> Scalar | None:
    """The code of a choice, out of its code or its label."""
    if is_missing(raw):
        return None
    if isinstance(raw, str):
        text = raw.strip()
        if text in field.values:
            return text
        for code, label in field.values.items():
            if text == label:
                return code
    raise fail("D106", f"不能填{quoted(raw)}", choices(field.values))


_FORMATS: dict[str, Callable[[str, Field], str]] = {
    "industry_code": lambda text, field: industry_code(text, field.table),
    "credit_code": lambda text, _: credit_code(text),
}


def formatted(field: Field, text: str) -> str:
    """The text in the format that the field declares, if any."""
    if not field.format:
        return text
    try:
        return _FORMATS[field.format](text, field)
    except BadCode as error:
        raise fail(
            "D107",
            f"{quoted(text)}不是{' ' if error.kind[0].isascii() else ''}{error.kind}",
            error.hint,
        ) from None


# Controls except line feed and tab, lone surrogates, marks that change the reading direction, and
# what no XML (so no workbook) can hold.
_BAD_CHARACTER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean_text(raw: Any, limit: int = MAX_TEXT) -> str:
    """A stripped text of at most ``limit`` characters that any file and terminal can hold."""
    if isinstance(raw, Decimal):
        if not raw.is_finite() or "E" in str(raw):
            raise fail("D103", f"应是文字，写的是{quoted(raw)}", "请加引号")
    elif isinstance(raw, bool) or not isinstance(raw, (str, int, dt.date)):
        raise fail("D103", f"应是文字，写的是{quoted(raw)}")
    elif isinstance(raw, int) and abs(raw) >= 10**40:
        raise fail("D103", "数字过长；若是编号请加引号")
    text = str(raw).strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > limit:
        raise fail("D103", f"文字有 {len(text)} 个字，最多 {limit} 个")
    bad = _BAD_CHARACTER.search(text)
    if bad:
        raise fail(
            "D103",
            f"第 {bad.start() + 1} 个字是看不见的控制字符（U+{ord(bad[0]):04X}），请删去后重写",
        )
    return text


def read_text(field: Field, raw: Any) -> Scalar | None:
    """A text; numbers and dates are taken as written."""
    if is_missing(raw):
        return None
    return formatted(field, clean_text(raw))
