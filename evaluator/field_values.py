"""What a person wrote for one field, read as an exact value in the unit that the field declares.

``read_value`` takes a field and a raw value (text, number, boolean, date, list) and returns the
value, or None for what is missing. Whatever is not exactly understood is a FieldError with every
complaint about that field. Knows neither files nor whole dossiers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evaluator.fields import Field, FieldType
from evaluator.national_codes import BadCode, credit_code, industry_code
from evaluator.numbers import exact_text, shown_apart, terminates
from evaluator.units import (
    MAX_DIGITS,
    ONE,
    Unit,
    UnitError,
    alternatives,
    conversion,
    fits,
    parse_quantity,
    parse_unit,
    split_quantity,
)

__all__ = ["Complaint", "FieldError", "Item", "Path", "Value", "quoted", "read_value"]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a record field: ``number`` of ``unit`` for ``key``."""

    key: str
    number: Fraction
    unit: Unit


Value = Fraction | str | bool | dt.date | tuple[str, ...] | tuple[Item, ...]
Path = tuple[str | int, ...]

MAX_TEXT = 2000
MAX_ITEMS = 200


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


def _fail(code: str, message: str, hint: str | None = None, path: Path = ()) -> FieldError:
    return FieldError(Complaint(code, message, hint, path))


def quoted(raw: Any) -> str:
    """What was written, short and printable, for a message."""
    if isinstance(raw, bool):
        return "“是”" if raw else "“否”"
    if isinstance(raw, Mapping):
        return "一组键值"
    if isinstance(raw, (list, tuple)):
        return "列表"
    if isinstance(raw, int) and abs(raw) > 10**40:
        return "一个很长的数"
    # A lone surrogate, a control or a direction mark must not reach a terminal as it is.
    text = _BAD_CHARACTER.sub("\ufffd", " ".join(str(raw).split()))
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"


def _is_missing(raw: Any) -> bool:
    if isinstance(raw, str):
        return not raw or raw.isspace()
    return raw is None or (isinstance(raw, (list, tuple)) and not raw)


def _unit_hint(unit: Unit) -> str:
    if unit == ONE:
        return "只写数，不带单位"
    names = alternatives(unit)
    if len(names) == 1:
        return f"只写数即按“{unit.name}”"
    return f"可用单位：{'、'.join(names)}；只写数即按“{unit.name}”"


def _number(raw: Any, unit: Unit) -> Fraction:
    if isinstance(raw, str):
        try:
            return parse_quantity(raw, unit)
        except UnitError as error:
            raise _fail("D104", str(error), _unit_hint(unit)) from None
    if isinstance(raw, float):
        # A float comes from Python callers only; its shortest text is what was meant.
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        if not raw.is_finite():
            raise _fail("D103", f"{quoted(raw)}不是数")
        if abs(raw.adjusted()) > 40 or len(raw.as_tuple().digits) > 60:
            raise _fail("D103", f"{quoted(raw)}位数过多，最多 {MAX_DIGITS} 位")
    elif not isinstance(raw, (int, Fraction)) or isinstance(raw, bool):
        raise _fail("D103", f"应是数，写的是{quoted(raw)}")
    value = Fraction(raw)
    if not fits(value):
        raise _fail("D103", f"{quoted(raw)}位数过多，最多 {MAX_DIGITS} 位")
    return value


def _below(a: Fraction, b: Fraction) -> bool:
    # Cross multiplication: Fraction's own comparison costs three times as much.
    return a.numerator * b.denominator < b.numerator * a.denominator


def _in_range(field: Field, value: Fraction) -> Fraction:
    low, high = field.minimum, field.maximum
    if low is not None and _below(value, low):
        bound = low
    elif high is not None and _below(high, value):
        bound = high
    else:
        return value
    unit = "" if field.unit in (None, ONE) else f" {field.unit.name}"
    if low is not None and high is not None:
        allowed = f"应在 {exact_text(low)} 至 {exact_text(high)}{unit} 之间"
    else:
        allowed = f"应不{'小' if bound is low else '大'}于 {exact_text(bound)}{unit}"
    got = exact_text(value) if terminates(value) else shown_apart(value, bound, 4)[0]
    raise _fail("D105", f"{got}{unit} 不可能，{allowed}")


def _read_number(field: Field, raw: Any) -> Value | None:
    if raw is None or (isinstance(raw, (str, list, tuple)) and _is_missing(raw)):
        return None
    value = _number(raw, field.unit or ONE)
    if field.type is FieldType.INT and value.denominator != 1:
        raise _fail("D103", f"应是整数，写的是{quoted(raw)}")
    return _in_range(field, value)


_BOOLEANS = {"是": True, "否": False, "true": True, "false": False}


def _read_bool(_field: Field, raw: Any) -> Value | None:
    if isinstance(raw, bool):
        return raw
    if _is_missing(raw):
        return None
    value = _BOOLEANS.get(raw.strip()) if isinstance(raw, str) else None
    if value is None:
        raise _fail("D103", f"只写“是”或“否”（true 或 false），写的是{quoted(raw)}")
    return value


_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|年([0-9]{1,2})月)([0-9]{1,2})(日?)")


def _read_date(_field: Field, raw: Any) -> Value | None:
    if _is_missing(raw):
        return None
    if isinstance(raw, dt.datetime):
        value = raw.date()
    elif isinstance(raw, dt.date):
        value = raw
    else:
        match = _DATE.fullmatch(raw.strip()) if isinstance(raw, str) else None
        if not match or bool(match[4]) != bool(match[6]):
            raise _fail("D103", f"应是日期，如 2024-01-01 或 2024年1月1日，写的是{quoted(raw)}")
        try:
            value = dt.date(int(match[1]), int(match[2] or match[3] or match[4]), int(match[5]))
        except ValueError:
            raise _fail("D103", f"没有{quoted(raw)}这一天") from None
    if not 1900 <= value.year <= 2200:
        raise _fail("D105", f"日期 {value.isoformat()} 不可能，应在 1900 年至 2200 年之间")
    return value


def _choices(values: Mapping[str, str]) -> str:
    return f"可填：{'、'.join(f'{label}（{code}）' for code, label in values.items())}"


def _read_enum(field: Field, raw: Any) -> Value | None:
    if _is_missing(raw):
        return None
    if isinstance(raw, str):
        text = raw.strip()
        if text in field.values:
            return text
        for code, label in field.values.items():
            if text == label:
                return code
    raise _fail("D106", f"不能填{quoted(raw)}", _choices(field.values))


_FORMATS: dict[str, Callable[[str], str]] = {
    "industry_code": industry_code,
    "credit_code": credit_code,
}


def _formatted(field: Field, text: str) -> str:
    if not field.format:
        return text
    try:
        return _FORMATS[field.format](text)
    except BadCode as error:
        raise _fail("D107", f"{quoted(text)}不是{error.kind}", error.hint) from None


# Controls except line feed and tab, lone surrogates, marks that change the reading direction, and
# what no XML (so no workbook) can hold.
_BAD_CHARACTER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def _text(raw: Any, limit: int = MAX_TEXT) -> str:
    if isinstance(raw, Decimal):
        if not raw.is_finite() or "E" in str(raw):
            raise _fail("D103", f"应是文字，写的是{quoted(raw)}", "请加引号")
    elif isinstance(raw, bool) or not isinstance(raw, (str, int, dt.date)):
        raise _fail("D103", f"应是文字，写的是{quoted(raw)}")
    elif isinstance(raw, int) and abs(raw) >= 10**40:
        raise _fail("D103", "数字过长；若是编号请加引号")
    text = str(raw).strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > limit:
        raise _fail("D103", f"文字有 {len(text)} 个字，最多 {limit} 个")
    bad = _BAD_CHARACTER.search(text)
    if bad:
        raise _fail(
            "D103",
            f"第 {bad.start() + 1} 个字是看不见的控制字符（U+{ord(bad[0]):04X}），请删去后重写",
        )
    return text


def _read_text(field: Field, raw: Any) -> Value | None:
    if _is_missing(raw):
        return None
    return _formatted(field, _text(raw))


_SEPARATORS = re.compile(r"[\u3001\uff0c,;\uff1b\s]+")


def _read_codes(field: Field, raw: Any) -> Value | None:
    if _is_missing(raw):
        return None
    entries = raw if isinstance(raw, (list, tuple)) else [raw]
    codes: list[str] = []
    complaints: list[Complaint] = []
    for i, entry in enumerate(entries):
        try:
            parts = [] if _is_missing(entry) else _SEPARATORS.split(_text(entry))
            for part in filter(None, parts):
                code = _formatted(field, part)
                if code in codes:
                    raise _fail("D108", f"{quoted(code)}写了两次")
                codes.append(code)
        except FieldError as error:
            path: Path = () if entries is not raw else (i,)
            complaints += [Complaint(c.code, c.message, c.hint, path) for c in error.complaints]
    if not complaints and len(codes) > MAX_ITEMS:
        complaints.append(Complaint("D103", f"有 {len(codes)} 项，最多 {MAX_ITEMS} 项"))
    if complaints:
        raise FieldError(*complaints)
    return tuple(codes) or None


def _read_record(field: Field, raw: Any) -> Value | None:
    if _is_missing(raw):
        return None
    if not isinstance(raw, (list, tuple)):
        example = f"- {{{field.key or 'key'}: {next(iter(field.keys), '名称')}, value: 12.5, unit: {(field.unit or ONE).name}}}"
        raise _fail("D103", f"应是列表，写的是{quoted(raw)}", f"每项写作：{example}")
    if len(raw) > MAX_ITEMS:
        raise _fail("D103", f"有 {len(raw)} 项，最多 {MAX_ITEMS} 项")
    items: dict[str, Item] = {}
    complaints: list[Complaint] = []
    for i, entry in enumerate(raw):
        try:
            item = _read_item(field, entry)
            if item.key in items:
                raise _fail("D108", f"“{field.keys.get(item.key, item.key)}”写了两次")
            items[item.key] = item
        except FieldError as error:
            complaints += [
                Complaint(c.code, f"第 {i + 1} 项：{c.message}", c.hint, (i, *c.path))
                for c in error.complaints
            ]
    if complaints:
        raise FieldError(*complaints)
    return tuple(items[key] for key in sorted(items))


def _read_key(field: Field, entry: Mapping[Any, Any], name: str) -> str:
    if entry.get(name) in field.keys and "key" not in entry:
        return str(entry[name])
    given = [entry[k] for k in dict.fromkeys((name, "key")) if not _is_missing(entry.get(k))]
    if not given:
        raise _fail("D103", f"缺少 {name}")
    keys = {_text(raw, 100) for raw in given}
    if len(keys) > 1:
        raise _fail("D103", f"{name} 和 key 写得不一样，只写一个")
    key = " ".join(keys.pop().split())
    if field.keys and key not in field.keys:
        code = next((code for code, label in field.keys.items() if label == key), None)
        if code is None:
            raise _fail("D106", f"{name} 不能填{quoted(given[0])}", _choices(field.keys), (name,))
        return code
    return key


def _read_item(field: Field, entry: Any) -> Item:
    name = field.key or "key"
    if not isinstance(entry, (dict, Mapping)):
        raise _fail("D103", f"应写作 {{{name}: …, value: …, unit: …}}，写的是{quoted(entry)}")
    extra = next((k for k in entry if k not in (name, "key", "value", "unit")), None)
    if extra is not None:
        hint = f"可用：{name}、value、unit"
        raise _fail("D101", f"没有{quoted(extra)}这一项", hint, (str(extra),))
    key = _read_key(field, entry, name)
    value, written = entry.get("value"), entry.get("unit")
    if _is_missing(value):
        raise _fail("D103", "缺少 value（数）")
    if not (isinstance(written, str) or _is_missing(written)):
        raise _fail("D104", f"unit 应是单位，写的是{quoted(written)}", None, ("unit",))
    try:
        number, unit = _amount(field.unit, value, written.strip() if written else "")
        return Item(key, _in_range(field, number), unit)
    except UnitError as error:
        allowed = _unit_hint(field.unit) if field.unit else None
        raise _fail("D104", str(error), allowed, ("value",)) from None
    except FieldError as error:
        at_value = (Complaint(c.code, c.message, c.hint, ("value",)) for c in error.complaints)
        raise FieldError(*at_value) from None


def _amount(declared: Unit | None, value: Any, written: str) -> tuple[Fraction, Unit]:
    """The number in the declared unit or, where none is declared, in the unit written.

    The unit may stand beside the number, behind it, or in both places. Raises FieldError, UnitError.
    """
    number, own = split_quantity(value) if isinstance(value, str) else (_number(value, ONE), "")
    if not (declared or own or written):
        raise UnitError("缺少 unit（单位）")
    unit = declared or parse_unit(written or own)
    used = own or written
    if used and used != unit.name:
        number *= conversion(used, unit)
    if written and own:
        conversion(written, unit)
    if not fits(number):
        raise UnitError(f"{quoted(value)}换算为“{unit.name}”后位数过多")
    return number, unit


_READERS: dict[FieldType, Callable[[Field, Any], Value | None]] = {
    FieldType.STR: _read_text,
    FieldType.DATE: _read_date,
    FieldType.BOOL: _read_bool,
    FieldType.INT: _read_number,
    FieldType.DECIMAL: _read_number,
    FieldType.ENUM: _read_enum,
    FieldType.CODES: _read_codes,
    FieldType.RECORD: _read_record,
}


def read_value(field: Field, raw: Any) -> Value | None:
    """The value of one field, None where it is missing. Raises FieldError."""
    return _READERS[field.type](field, raw)
