"""The dossier: what a person submits, as a pydantic model made from the field registry.

``parse_dossier`` turns raw data (out of YAML, JSON, a spreadsheet or a request body) into a
``Profile``: exact values in the declared units. Missing is allowed and stays missing; anything
else that is not exactly understood is a Problem. Knows nothing of rules.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic import Field as ModelField
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as BadNumber

from evaluator.errors import DossierError, Problem
from evaluator.fields import Field, FieldType, Registry, unknown_field
from evaluator.numbers import exact_text
from evaluator.source import Place, SourceText
from evaluator.units import ONE, Unit, UnitError, parse_quantity, parse_unit

__all__ = ["Item", "Path", "Profile", "Value", "dossier_model", "make_profile", "parse_dossier"]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a record field: ``number`` of ``unit`` for ``key``."""

    key: str
    number: Fraction
    unit: Unit


Value = Fraction | str | bool | dt.date | tuple[str, ...] | tuple[Item, ...]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The project profile that rules see. ``values`` holds what is known, and nothing else.

    Numbers are in the unit that the registry declares. A record with closed keys stands there
    both whole ("emissions") and by key ("emissions.COD").
    """

    values: Mapping[str, Value]

    @property
    def id(self) -> str:
        return str(self.values["project_id"])

    @property
    def name(self) -> str:
        return str(self.values["project_name"])

    @property
    def submitted_on(self) -> dt.date:
        value = self.values["submitted_on"]
        assert isinstance(value, dt.date)
        return value

    def with_value(self, name: str, value: Value | None) -> Profile:
        """A copy with one field set, or made missing by None; "emissions.COD" sets one key."""
        values = dict(self.values)
        record, _, key = name.partition(".")
        if key:
            old = values.get(record, ())
            items = [i for i in old if isinstance(i, Item) and i.key != key]  # type: ignore[union-attr]
            if isinstance(value, Fraction):
                unit = next((i.unit for i in old if isinstance(i, Item)), None)  # type: ignore[union-attr]
                items.append(Item(key, value, unit or parse_unit("吨/年")))
            _set(values, record, tuple(items) or None)
            _set(values, name, value)
        else:
            for flat in [n for n in values if n.startswith(f"{name}.")]:
                del values[flat]
            _set(values, name, value)
            if isinstance(value, tuple):
                values.update({f"{name}.{i.key}": i.number for i in value if isinstance(i, Item)})
        return Profile(MappingProxyType(values))

    def to_dict(self, registry: Registry) -> dict[str, Any]:
        """The profile as JSON data in registry order; ``parse_dossier`` reads it back exactly."""
        return {n: _dump(self.values[n]) for n in registry.fields if n in self.values}


def _set(values: dict[str, Value], name: str, value: Value | None) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def _dump(value: Value) -> Any:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return [
        {"key": v.key, "value": exact_text(v.number), "unit": v.unit.name}
        if isinstance(v, Item)
        else v
        for v in value
    ]


def _fail(code: str, message: str, hint: str | None = None) -> PydanticCustomError:
    # pydantic formats the template with the context; braces in user text must not be read as such.
    return PydanticCustomError("dossier", "{message}", {"code": code, "message": message, "hint": hint})


def _is_missing(raw: Any) -> bool:
    return raw is None or raw == "" or raw == [] or (isinstance(raw, str) and not raw.strip())


def _number(raw: Any, unit: Unit) -> Fraction:
    if isinstance(raw, bool):
        raise _fail("D103", f"应是数，写的是{_say(raw)}")
    if isinstance(raw, (int, Fraction)):
        return Fraction(raw)
    if isinstance(raw, float):
        # A float reaches us only from Python callers and spreadsheets; its shortest text is meant.
        raw = Decimal(repr(raw))
    if isinstance(raw, Decimal):
        if not raw.is_finite():
            raise _fail("D103", f"“{raw}”不是数")
        if abs(raw.adjusted()) > 30 or len(raw.as_tuple().digits) > 40:
            raise _fail("D103", "数的位数过多")
        return Fraction(raw)
    if isinstance(raw, str):
        try:
            return parse_quantity(raw, unit)
        except UnitError as error:
            raise _fail("D104", f"{error}，应为“{unit.name}”" if unit != ONE else str(error)) from None
    raise _fail("D103", f"应是数，写的是{_say(raw)}")


def _say(raw: Any) -> str:
    if isinstance(raw, bool):
        return "是/否"
    if isinstance(raw, Mapping):
        return "一组键值"
    if isinstance(raw, (list, tuple)):
        return "列表"
    text = str(raw)
    return f"“{text if len(text) <= 40 else text[:40] + '…'}”"


def _in_range(field: Field, value: Fraction) -> Fraction:
    unit = "" if field.unit in (None, ONE) else f" {field.unit.name}"
    low, high = field.minimum, field.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        allowed = (
            f"{exact_text(low)} 至 {exact_text(high)}{unit}"
            if low is not None and high is not None
            else f"不小于 {exact_text(low)}{unit}"
            if low is not None
            else f"不大于 {exact_text(high or Fraction(0))}{unit}"
        )
        raise _fail("D105", f"{exact_text(value)}{unit} 不可能，应{'在 ' if high is not None and low is not None else ''}{allowed}")
    return value


def _read_number(field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    value = _number(raw, field.unit or ONE)
    if field.type is FieldType.INT and value.denominator != 1:
        raise _fail("D103", f"应是整数，写的是{_say(raw)}")
    return _in_range(field, value)


def _read_bool(_field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip() in ("是", "否", "true", "false"):
        return raw.strip() in ("是", "true")
    raise _fail("D103", f"应是 true/false（是/否），写的是{_say(raw)}")


def _read_date(_field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    if isinstance(raw, dt.datetime):
        raw = raw.date()
    if isinstance(raw, dt.date):
        value = raw
    else:
        text = str(raw).strip()
        match = re.fullmatch(r"(\d{4})年(\d{1,2})月(\d{1,2})日", text)
        try:
            value = dt.date(*map(int, match.groups())) if match else dt.date.fromisoformat(text)
        except ValueError:
            raise _fail("D103", f"应是日期（如 2024-01-01），写的是{_say(raw)}") from None
    if not 1900 <= value.year <= 2200:
        raise _fail("D105", f"日期 {value.isoformat()} 不可能")
    return value


def _read_enum(field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    text = str(raw).strip()
    if text in field.values:
        return text
    for code, label in field.values.items():
        if text == label:
            return code
    allowed = "、".join(f"{code}（{label}）" for code, label in field.values.items())
    raise _fail("D106", f"不能是{_say(raw)}", f"可用：{allowed}")


_SECTIONS = {
    "A": (1, 5), "B": (6, 12), "C": (13, 43), "D": (44, 46), "E": (47, 50), "F": (51, 52),
    "G": (53, 60), "H": (61, 62), "I": (63, 65), "J": (66, 69), "K": (70, 70), "L": (71, 72),
    "M": (73, 75), "N": (76, 79), "O": (80, 82), "P": (83, 83), "Q": (84, 85), "R": (86, 90),
    "S": (91, 96), "T": (97, 97),
}  # fmt: skip


def _industry_code(text: str) -> str:
    code = text.upper()
    match = re.fullmatch(r"([A-T])(\d{2})\d{0,2}", code)
    if not match:
        raise _fail("D107", f"{_say(text)}不是 GB/T 4754 行业代码", "门类字母加 2 至 4 位数字，如 C3985")
    low, high = _SECTIONS[match[1]]
    if not low <= int(match[2]) <= high:
        raise _fail("D107", f"{_say(text)}不是 GB/T 4754 行业代码", f"门类 {match[1]} 的大类为 {low:02d} 至 {high:02d}")
    return code


def _credit_code(text: str) -> str:
    try:
        return str(uscc.validate(text))
    except BadNumber:
        raise _fail("D107", f"{_say(text)}不是有效的统一社会信用代码", "18 位，末位为校验码（GB 32100）") from None


_FORMATS: dict[str, Callable[[str], str]] = {
    "industry_code": _industry_code,
    "credit_code": _credit_code,
}
MAX_TEXT = 2000


def _read_text(field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    if isinstance(raw, bool) or not isinstance(raw, (str, int, Decimal, dt.date)):
        raise _fail("D103", f"应是文字，写的是{_say(raw)}")
    text = str(raw).strip()
    if len(text) > MAX_TEXT or any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise _fail("D103", f"文字过长或含控制字符（最长 {MAX_TEXT} 字）")
    return _FORMATS[field.format](text) if field.format else text


def _read_codes(field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    if isinstance(raw, str):
        raw = re.split("[、，\uff0c;\uff1b\\s]+", raw.strip())
    if not isinstance(raw, (list, tuple)):
        raise _fail("D103", f"应是列表，写的是{_say(raw)}")
    return tuple(t for t in (_read_text(field, item) for item in raw) if t) or None


def _read_record(field: Field, raw: Any) -> Any:
    if _is_missing(raw):
        return None
    if not isinstance(raw, (list, tuple)):
        raise _fail("D103", f"应是列表，写的是{_say(raw)}")
    items = [_read_item(field, i, entry) for i, entry in enumerate(raw, 1)]
    seen: set[str] = set()
    for item in items:
        if item.key in seen:
            raise _fail("D108", f"“{field.keys.get(item.key, item.key)}”写了两次")
        seen.add(item.key)
    return tuple(sorted(items, key=lambda item: item.key))


def _read_item(field: Field, number: int, entry: Any) -> Item:
    name = field.key or "key"
    if not isinstance(entry, Mapping):
        raise _fail("D103", f"第 {number} 项应写作 {{{name}, value, unit}}")
    extra = sorted(set(map(str, entry)) - {name, "key", "value", "unit"})
    if extra:
        raise _fail("D101", f"第 {number} 项没有“{extra[0]}”这一栏", f"可用：{name}、value、unit")
    key = str(entry.get(name) or entry.get("key") or "").strip()
    by_label = {label: code for code, label in field.keys.items()}
    key = by_label.get(key, key)
    if not key or (field.keys and key not in field.keys):
        hint = f"可用：{'、'.join(f'{c}（{v}）' for c, v in field.keys.items())}" if field.keys else None
        raise _fail("D106", f"第 {number} 项的 {name} 不能是{_say(key)}", hint)
    if _is_missing(entry.get("value")):
        raise _fail("D103", f"第 {number} 项缺少 value")
    unit = field.unit
    if entry.get("unit") and not unit:
        try:
            unit = parse_unit(str(entry["unit"]))
        except UnitError as error:
            raise _fail("D104", f"第 {number} 项：{error}") from None
    if unit is None:
        raise _fail("D104", f"第 {number} 项缺少 unit")
    value = entry["value"]
    if field.unit and entry.get("unit") and not isinstance(value, str):
        value = f"{exact_text(_number(value, unit))} {entry['unit']}"
    return Item(key, _in_range(field, _number(value, unit)), unit)


_READERS: dict[FieldType, Callable[[Field, Any], Any]] = {
    FieldType.STR: _read_text,
    FieldType.DATE: _read_date,
    FieldType.BOOL: _read_bool,
    FieldType.INT: _read_number,
    FieldType.DECIMAL: _read_number,
    FieldType.ENUM: _read_enum,
    FieldType.CODES: _read_codes,
    FieldType.RECORD: _read_record,
}


def _json_schema(field: Field) -> dict[str, Any]:
    kinds: dict[FieldType, dict[str, Any]] = {
        FieldType.DATE: {"type": "string", "format": "date"},
        FieldType.BOOL: {"type": "boolean"},
        FieldType.ENUM: {"type": "string", "enum": list(field.values)},
        FieldType.CODES: {"type": "array", "items": {"type": "string"}},
    }
    if field.numeric:
        number: dict[str, Any] = {"type": "integer" if field.type is FieldType.INT else "number"}
        if field.minimum is not None:
            number["minimum"] = float(field.minimum)
        if field.maximum is not None:
            number["maximum"] = float(field.maximum)
        text = {"type": "string", "description": f"可带单位，如“12.5 {(field.unit or ONE).name}”"}
        schema: dict[str, Any] = {"anyOf": [number, text]}
    elif field.type is FieldType.RECORD:
        key = {"type": "string", **({"enum": list(field.keys)} if field.keys else {})}
        amount = {"anyOf": [{"type": "number"}, {"type": "string"}]}
        schema = {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {field.key or "key": key, "value": amount, "unit": {"type": "string"}},
                "required": [field.key or "key", "value"],
            },
        }
    else:
        schema = dict(kinds.get(field.type, {"type": "string"}))
    schema["title"] = field.label
    unit = f"；单位 {field.unit.name}" if field.unit and field.unit != ONE else ""
    labels = "；" + "、".join(f"{c}={v}" for c, v in field.values.items()) if field.values else ""
    schema["description"] = f"{field.label}{unit}{labels}{'；' + field.note if field.note else ''}"
    if not field.required:
        schema = {"anyOf": [schema, {"type": "null"}], "title": field.label}
    return schema


@lru_cache(maxsize=16)
def _model(names: tuple[str, ...], key: int, registry_box: _Box) -> type[BaseModel]:
    definitions: dict[str, Any] = {}
    for field in registry_box.registry.fields.values():
        kind = Annotated[
            Any,
            BeforeValidator(partial(_READERS[field.type], field)),
            WithJsonSchema(_json_schema(field)),
        ]
        default = ... if field.required else None
        definitions[field.name] = (kind, ModelField(default, title=field.label))
    return create_model(
        "Dossier",
        __config__=ConfigDict(extra="forbid", title="项目申报材料"),
        __doc__="项目申报材料：除编号、名称、受理日期外都可以缺，缺即未知。",
        **definitions,
    )


@dataclass(frozen=True, eq=False)
class _Box:
    registry: Registry


_BOXES: dict[int, _Box] = {}


def dossier_model(registry: Registry) -> type[BaseModel]:
    """The pydantic model of a dossier; made once for each registry."""
    box = _BOXES.setdefault(id(registry), _Box(registry))
    return _model(tuple(registry.fields), id(registry), box)


def _flatten(values: dict[str, Value], registry: Registry) -> MappingProxyType[str, Value]:
    for name, field in registry.fields.items():
        if field.keys and name in values:
            items = values[name]
            assert isinstance(items, tuple)
            values.update({f"{name}.{i.key}": i.number for i in items if isinstance(i, Item)})
    return MappingProxyType(values)


def parse_dossier(
    raw: Any, registry: Registry, place: Callable[[Path], Place], problems: list[Problem]
) -> Profile | None:
    """Read one dossier. Every problem is appended, at the place of its field; None if any."""
    if not isinstance(raw, Mapping):
        problems.append(Problem("D102", f"申报材料应是一组字段，写的是{_say(raw)}", place(())))
        return None
    try:
        model = dossier_model(registry).model_validate(dict(raw))
    except ValidationError as error:
        problems.extend(_problem(e, registry, place) for e in error.errors(include_url=False))
        return None
    missing = [f for f in registry.fields.values() if f.required and getattr(model, f.name) is None]
    if missing:
        problems.extend(_required(f, place((f.name,))) for f in missing)
        return None
    values = {n: v for n in registry.fields if (v := getattr(model, n)) is not None}
    return Profile(_flatten(values, registry))


def _required(field: Field, place: Place) -> Problem:
    return Problem("D109", f"缺少必填的“{field.label}”（{field.name}）", place)


def _problem(error: Any, registry: Registry, place: Callable[[Path], Place]) -> Problem:
    loc: Path = tuple(error["loc"])
    name = str(loc[0]) if loc else ""
    field = registry.fields.get(name)
    if error["type"] == "extra_forbidden":
        hint = unknown_field(name, registry)
        return Problem("D101", f"没有“{name}”这个字段", place(loc), hint)
    if error["type"] == "missing" and field:
        return _required(field, place(()))
    context = error.get("ctx", {})
    label = f"{field.label}（{name}）" if field else name
    return Problem(
        str(context.get("code", "D103")),
        f"{label}：{context.get('message', error['msg'])}",
        place(loc),
        context.get("hint"),
    )


def make_profile(registry: Registry, **values: Any) -> Profile:
    """A profile out of keyword values, for Python callers. Raises DossierError."""
    problems: list[Problem] = []
    source = SourceText("(dossier)", "")
    profile = parse_dossier(
        values, registry, lambda path: Place(source, pointer="/" + "/".join(map(str, path))), problems
    )
    if profile is None:
        raise DossierError(problems)
    return profile
