"""What differs between two declarations of a field, in the words of the form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import FORMATS, KEYS, TYPE_LABELS, Field, Registry
from evaluator.values.numbers import exact_text
from evaluator.values.units import Unit

_WRITTEN = {"minimum": "min", "maximum": "max"}  # As a field file writes it.


def field_lines(a: Field, b: Field, old: Registry, new: Registry) -> Iterator[str]:
    """A line for each part of a field that differs."""
    for part in dataclasses.fields(Field):
        x, y = getattr(a, part.name), getattr(b, part.name)
        if x == y:
            continue
        word = KEYS[_WRITTEN.get(part.name, part.name)]
        some = x or y
        if dataclasses.is_dataclass(some) and not isinstance(some, Unit):
            yield f"{word}：有改动"
        else:
            yield f"{word}：{_words(part.name, x, old)} → {_words(part.name, y, new)}"


def _words(name: str, value: Any, registry: Registry) -> str:
    if value is None or value == "" or value == {}:
        return "（无）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Unit):
        return value.name
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, Mapping):
        return "、".join(f"{label}（{code}）" for code, label in value.items())
    known: Mapping[str, Mapping[str, str]] = {
        "type": TYPE_LABELS,
        "group": registry.groups,
        "supplied_by": registry.departments,
        "format": FORMATS,
    }
    return known.get(name, {}).get(str(value), str(value))
