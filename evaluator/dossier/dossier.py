"""The dossier: what a person submits, and the profile that rules see.

``parse_dossier`` turns raw data (out of YAML, JSON, a spreadsheet or a request body) into a
``Profile``: exact values in the declared units. Missing is allowed and stays missing; anything
else that is not exactly understood is a Problem. ``dossier_schema`` is its JSON Schema. Knows
nothing of rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from evaluator.dossier.fields import Field, FieldType, Registry, unknown_field
from evaluator.dossier.scalars import FieldError, Path, quoted
from evaluator.dossier.values import Item, Value, read_value
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.problems.source import Place, SourceText, json_pointer
from evaluator.values.numbers import exact_data, stored
from evaluator.values.units import ONE, parse_unit

# Unknown fields that are looked into, each for what may have been meant; the rest are counted.
MAX_UNKNOWN = 50


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
            _set(values, record, tuple(sorted(items, key=lambda i: i.key)) or None)
            _set(values, name, value)
        else:
            if isinstance(values.get(name), tuple):
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
        return exact_data(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return [
        {"key": v.key, "value": exact_data(v.number), "unit": v.unit.name}
        if isinstance(v, Item)
        else v
        for v in value
    ]


def parse_dossier(
    raw: Any, registry: Registry, place: Callable[[Path], Place], problems: Problems
) -> Profile | None:
    """Read one dossier. Every problem is appended, at the place of its field; None if any.

    ``place`` gets the path of what is wrong: () for the dossier, then the field, then the index and
    the part of an entry.
    """
    if not isinstance(raw, Mapping):
        problems.report("D102", f"申报材料应是一组字段，写的是{quoted(raw)}", place(()))
        return None
    before = len(problems)
    values: dict[str, Value] = {}
    fields = registry.fields
    unknown = 0
    for name, entry in raw.items():
        field = fields.get(name)
        if field is None:
            unknown += 1
            if unknown <= MAX_UNKNOWN:
                problems.append(_unknown(name, registry, place((str(name),))))
            continue
        try:
            value = read_value(field, entry)
        except FieldError as error:
            problems.extend(
                Problem(
                    c.code, f"{field.label}（{name}）：{c.message}", place((name, *c.path)), c.hint
                )
                for c in error.complaints
            )
            continue
        if value is not None:
            values[name] = value
        elif field.required:
            problems.append(_required(field, place((name,))))
    if unknown > MAX_UNKNOWN:
        message = f"不认识的字段共 {unknown} 个，另外 {unknown - MAX_UNKNOWN} 个没有列出"
        problems.report("D101", message, place(()), "字段名见申报表模板的“字段名”一列")
    problems.extend(
        _required(f, place(())) for f in _required_fields(registry) if f.name not in raw
    )
    if len(problems) > before:
        return None
    ordered = {n: values[n] for n in fields if n in values}
    for name, value in values.items():
        if fields[name].keys and isinstance(value, tuple):
            ordered.update({f"{name}.{i.key}": i.number for i in value if isinstance(i, Item)})
    return Profile(MappingProxyType(ordered))


def _required_fields(registry: Registry) -> list[Field]:
    return [f for f in registry.fields.values() if f.required]


def _required(field: Field, place: Place) -> Problem:
    return Problem("D109", f"缺少必填的“{field.label}”（{field.name}）", place)


def _unknown(name: Any, registry: Registry, place: Place) -> Problem:
    record, _, key = str(name).partition(".")
    field = registry.fields.get(record)
    hint = unknown_field(str(name), registry)
    if field and key in field.keys:
        hint = f"写在 {record} 里：- {{{field.key or 'key'}: {key}, value: 数}}"
    hint = hint or "字段名见申报表模板的“字段名”一列"
    return Problem("D101", f"没有{quoted(name)}这个字段", place, hint)


def read_data(raw: Any, registry: Registry, name: str) -> Profile:
    """A profile out of data that no file holds, which problems call ``name``.

    Raises DossierError with every problem found, each at its JSON pointer.
    """
    problems = Problems()
    source = SourceText(name, "")

    def place(path: Path) -> Place:
        return Place(source, pointer=json_pointer(path))

    profile = parse_dossier(raw, registry, place, problems)
    if profile is None:
        if isinstance(raw, Mapping) and isinstance(raw.get("dossier"), Mapping):
            hint = f"{name}就是申报材料本身，不要再套一层“dossier”"
            problems[:] = [
                replace(p, hint=hint) if p.place.pointer == "/dossier" else p for p in problems
            ]
        raise DossierError(problems)
    return profile


def make_profile(registry: Registry, **values: Any) -> Profile:
    """A profile out of keyword values, ratios among them. Raises DossierError."""
    return read_data(stored(values), registry, "(dossier)")


def _json_schema(field: Field) -> dict[str, Any]:
    kinds: dict[FieldType, dict[str, Any]] = {
        FieldType.DATE: {"format": "date", "type": "string"},
        FieldType.BOOL: {"type": "boolean"},
        FieldType.ENUM: {"enum": list(field.values), "type": "string"},
        FieldType.CODES: {"items": {"type": "string"}, "type": "array"},
    }
    if field.numeric:
        number: dict[str, Any] = {}
        if field.maximum is not None:
            number["maximum"] = float(field.maximum)
        if field.minimum is not None:
            number["minimum"] = float(field.minimum)
        number["type"] = "integer" if field.type is FieldType.INT else "number"
        text = {"description": f"可带单位，如“12.5 {(field.unit or ONE).name}”", "type": "string"}
        schema: dict[str, Any] = {"anyOf": [number, text]}
    elif field.type is FieldType.RECORD:
        key = {**({"enum": list(field.keys)} if field.keys else {}), "type": "string"}
        amount = {"anyOf": [{"type": "number"}, {"type": "string"}]}
        schema = {
            "items": {
                "properties": {
                    field.key or "key": key,
                    "value": amount,
                    "unit": {"type": "string"},
                },
                "required": [field.key or "key", "value"],
                "type": "object",
            },
            "type": "array",
        }
    else:
        schema = dict(kinds.get(field.type, {"type": "string"}))
    unit = f"；单位 {field.unit.name}" if field.unit and field.unit != ONE else ""
    labels = "；" + "、".join(f"{c}={v}" for c, v in field.values.items()) if field.values else ""
    schema["description"] = f"{field.label}{unit}{labels}{'；' + field.note if field.note else ''}"
    schema = dict(sorted({**schema, "title": field.label}.items()))
    if field.required:
        return schema
    return {"anyOf": [schema, {"type": "null"}], "default": None, "title": field.label}


def dossier_schema(registry: Registry) -> dict[str, Any]:
    """The JSON Schema of a dossier: for request bodies, editors and forms."""
    return {
        "additionalProperties": False,
        "description": "项目申报材料：除编号、名称、受理日期外都可以缺，缺即未知。",
        "properties": {f.name: _json_schema(f) for f in registry.fields.values()},
        "required": [f.name for f in registry.fields.values() if f.required],
        "title": "项目申报材料",
        "type": "object",
    }
