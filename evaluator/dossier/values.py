"""What a person wrote for one field, read as an exact value in the unit that the field declares.

``read_value`` takes a field and a raw value (text, number, boolean, date, list) and returns the
value, or None for what is missing. Whatever is not exactly understood is a FieldError with every
complaint about that field. Knows neither files nor whole dossiers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.scalars import (
    Complaint,
    FieldError,
    Path,
    choices,
    clean_text,
    fail,
    formatted,
    in_range,
    is_missing,
    quoted,
    read_bool,
    read_date,
    read_enum,
    read_exact,
    read_number,
    read_text,
    unit_fault,
)
from evaluator.values.units import (
    ONE,
    Unit,
    UnitError,
    conversion,
    fits,
    parse_unit,
    split_quantity,
)

MAX_ITEMS = 200
_PARTS = frozenset(("key", "value", "unit"))


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a record field: ``number`` of ``unit`` for ``key``."""

    key: str
    number: Fraction
    unit: Unit


Value = Fraction | str | bool | dt.date | tuple[str, ...] | tuple[Item, ...]


_SEPARATORS = re.compile(r"[\u3001\uff0c,;\uff1b\s]+")


def _read_codes(field: Field, raw: Any) -> Value | None:
    if is_missing(raw):
        return None
    entries = raw if isinstance(raw, (list, tuple)) else [raw]
    _few(entries)
    codes: dict[str, None] = {}
    complaints: list[Complaint] = []
    for i, entry in enumerate(entries):
        try:
            parts = [] if is_missing(entry) else _SEPARATORS.split(clean_text(entry))
            _few(parts)
            for part in filter(None, parts):
                code = formatted(field, part)
                if code in codes:
                    raise fail("D108", f"{quoted(code)}写了两次")
                codes[code] = None
        except FieldError as error:
            path: Path = () if entries is not raw else (i,)
            complaints += [Complaint(c.code, c.message, c.hint, path) for c in error.complaints]
    if complaints:
        raise FieldError(*complaints)
    _few(codes)
    return tuple(codes) or None


def _few(entries: Sized) -> None:
    """Counted before anything is done with each of them."""
    if len(entries) > MAX_ITEMS:
        raise fail("D103", f"有 {len(entries)} 项，最多 {MAX_ITEMS} 项")


def _read_record(field: Field, raw: Any) -> Value | None:
    if is_missing(raw):
        return None
    if not isinstance(raw, (list, tuple)):
        example = f"- {{{field.key or 'key'}: {next(iter(field.keys), '名称')}, value: 12.5, unit: {(field.unit or ONE).name}}}"
        raise fail("D103", f"应是列表，写的是{quoted(raw)}", f"每项写作：{example}")
    _few(raw)
    items: dict[str, Item] = {}
    complaints: list[Complaint] = []
    for i, entry in enumerate(raw):
        try:
            item = _read_item(field, entry)
            if item.key in items:
                raise fail("D108", f"“{field.keys.get(item.key, item.key)}”写了两次")
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
    only = entry.get("key") if name not in entry else None if "key" in entry else entry[name]
    if isinstance(only, str) and only in field.keys:
        return only
    given = [entry[k] for k in dict.fromkeys((name, "key")) if not is_missing(entry.get(k))]
    if not given:
        raise fail("D103", f"缺少名称（{name}）")
    keys = {clean_text(raw, 100) for raw in given}
    if len(keys) > 1:
        raise fail("D103", f"{name} 和 key 写得不一样，只写一个")
    key = " ".join(keys.pop().split())
    if field.keys and key not in field.keys:
        code = next((code for code, label in field.keys.items() if label == key), None)
        if code is None:
            raise fail(
                "D106", f"名称（{name}）不能填{quoted(given[0])}", choices(field.keys), (name,)
            )
        return code
    return key


def _read_item(field: Field, entry: Any) -> Item:
    name = field.key or "key"
    if not isinstance(entry, (dict, Mapping)):
        raise fail("D103", f"应写作 {{{name}: …, value: …, unit: …}}，写的是{quoted(entry)}")
    extra = next((k for k in entry if k not in _PARTS and k != name), None)
    if extra is not None:
        hint = f"可用：{name}、value、unit"
        raise fail("D101", f"没有{quoted(extra)}这一项", hint, (str(extra),))
    key = _read_key(field, entry, name)
    value, written = entry.get("value"), entry.get("unit")
    if is_missing(value):
        raise fail("D103", "缺少数值（value）")
    if not (isinstance(written, str) or is_missing(written)):
        raise fail("D104", f"单位（unit）应是文字，写的是{quoted(written)}", None, ("unit",))
    try:
        number, unit = _amount(field.unit, value, written.strip() if written else "")
        return Item(key, in_range(field, number), unit)
    except UnitError as error:
        raise unit_fault(error, field.unit, ("value",)) from None
    except FieldError as error:
        at_value = (Complaint(c.code, c.message, c.hint, ("value",)) for c in error.complaints)
        raise FieldError(*at_value) from None


def _amount(declared: Unit | None, value: Any, written: str) -> tuple[Fraction, Unit]:
    """The number in the declared unit or, where none is declared, in the unit written.

    The unit may stand beside the number, behind it, or in both places. Raises FieldError, UnitError.
    """
    number, own = split_quantity(value) if isinstance(value, str) else (read_exact(value, ONE), "")
    if not (declared or own or written):
        raise UnitError("缺少单位（unit）")
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
    FieldType.STR: read_text,
    FieldType.DATE: read_date,
    FieldType.BOOL: read_bool,
    FieldType.INT: read_number,
    FieldType.DECIMAL: read_number,
    FieldType.ENUM: read_enum,
    FieldType.CODES: _read_codes,
    FieldType.RECORD: _read_record,
}


def read_value(field: Field, raw: Any) -> Value | None:
    """The value of one field, None where it is missing. Raises FieldError."""
    return _READERS[field.type](field, raw)
