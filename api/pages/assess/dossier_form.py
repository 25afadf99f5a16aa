"""The dossier as a form made from the field registry, and a posted form as a dossier.

Every field of the registry gets an input; a closed record one input for each key; a record with
free keys a few rows. What was typed is kept as typed, whatever was wrong with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from api.pages.frame.words import in_words, plain_unit, value_text
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import Field, FieldType, Registry
from evaluator.dossier.scalars import FieldError, Path
from evaluator.dossier.values import MAX_ITEMS, Item, read_value
from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.values.industries import industry_name, level
from evaluator.values.numbers import exact_text
from evaluator.values.units import ONE, writable

ROWS = 4  # Of a record with free keys.
PARTS = ("key", "value", "unit")
PART_LABELS = {"key": "名称", "value": "数值", "unit": "单位"}
_SOURCE = SourceText("申报表", "")
_CODE = re.compile("\uff08[A-Za-z0-9_]+\uff09")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong; ``name`` is the input it belongs to, empty for the whole form."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Input:
    """One field on the form: its inputs' names and what stands in them."""

    field: Field
    name: str
    label: str
    kind: str
    value: str
    unit: str
    hint: str
    options: tuple[tuple[str, str], ...]
    mistakes: tuple[str, ...]
    said: str | None
    rows: tuple[tuple[tuple[str, str, str], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One group of the registry."""

    id: str
    title: str
    inputs: tuple[Input, ...]


@dataclass(slots=True)
class Filled:
    """A posted form: as typed, as a profile where nothing was wrong, and what was wrong."""

    typed: dict[str, str]
    profile: Profile | None = None
    mistakes: list[Mistake] = field(default_factory=list)


def _rows(f: Field, names: Iterable[str]) -> int:
    """Rows of a record with free keys: a few, and one more than are filled in."""
    start = f"{f.name}."
    numbers = [n[len(start) :].partition(".")[0] for n in names if n.startswith(start)]
    used = [int(row) + 1 for row in numbers if row.isascii() and row.isdigit()]
    return min(max([ROWS, *(u + 1 for u in used)]), MAX_ITEMS + 1)


def _names(registry: Registry, given: Iterable[str]) -> Iterator[str]:
    for f in registry.fields.values():
        if f.type is FieldType.RECORD and f.keys:
            yield from (f"{f.name}.{key}" for key in f.keys)
        elif f.type is FieldType.RECORD:
            yield from (
                f"{f.name}.{row}.{part}" for row in range(_rows(f, given)) for part in PARTS
            )
        else:
            yield f.name


def fill(form: Mapping[str, Any], registry: Registry) -> Filled:
    """A posted form, read with every mistake in it."""
    names = list(_names(registry, form))
    typed = {n: str(form[n]).strip() for n in names if str(form.get(n, "")).strip()}
    filled = Filled(typed)
    spots: dict[tuple[str, int], str] = {}
    raw = _raw(typed, registry, spots)
    problems = Problems()
    paths: list[Path] = []

    def place(path: Path) -> Place:
        paths.append(path)
        return Place(_SOURCE, pointer=str(len(paths) - 1))

    filled.profile = parse_dossier(raw, registry, place, problems)
    for problem in problems:
        path = paths[int(problem.place.pointer or 0)]
        filled.mistakes.append(_mistake(problem, path, registry, spots))
    order = {n: i for i, n in enumerate(names)}
    filled.mistakes.sort(key=lambda m: order.get(m.name, len(order)))
    return filled


def _raw(
    typed: Mapping[str, str], registry: Registry, spots: dict[tuple[str, int], str]
) -> dict[str, Any]:
    """The dossier as data; ``spots`` gets the input's name for each entry of a record."""
    raw: dict[str, Any] = {}
    for f in registry.fields.values():
        if f.type is not FieldType.RECORD:
            if f.name in typed:
                raw[f.name] = typed[f.name]
            continue
        entries: list[dict[str, str]] = []
        for stem, entry in _entries(f, typed):
            spots[f.name, len(entries)] = stem
            entries.append(entry)
        if entries:
            raw[f.name] = entries
    return raw


def _entries(f: Field, typed: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    key_name = f.key or "key"
    if f.keys:
        for key in f.keys:
            name = f"{f.name}.{key}"
            if name in typed:
                yield name, {key_name: key, "value": typed[name]}
        return
    for row in range(_rows(f, typed)):
        stem = f"{f.name}.{row}"
        given = {p: typed[f"{stem}.{p}"] for p in PARTS if f"{stem}.{p}" in typed}
        if given:
            yield stem, {key_name if p == "key" else p: text for p, text in given.items()}


def _mistake(
    problem: Problem, path: Path, registry: Registry, spots: Mapping[tuple[str, int], str]
) -> Mistake:
    if problem.code == "D109":
        required = (
            f for f in registry.fields.values() if f.required and f"（{f.name}）" in problem.message
        )
        first = next(required, None)
        if first is not None:
            return Mistake(first.name, first.label, "请填写这一项")
    f = registry.fields.get(str(path[0])) if path else None
    if f is None:
        return Mistake("", "", problem.message)
    text = problem.message.removeprefix(f"{f.label}（{f.name}）：")
    name, label = f.name, f.label
    if f.type is FieldType.RECORD and len(path) > 1 and isinstance(path[1], int):
        name = spots.get((f.name, path[1]), f.name)
        text = text.partition("：")[2] if text.startswith("第 ") else text
        if f.keys:
            label = f"{f.label}（{f.keys.get(name.rpartition('.')[2], '')}）"
        else:
            part = str(path[2]) if len(path) > 2 and path[2] in PARTS else "key"
            label = f"{f.label}第 {int(name.rpartition('.')[2]) + 1} 行"
            for code, word in ((f.key or "key", "key"), ("value", "value"), ("unit", "unit")):
                if text.startswith(f"缺少 {code}") or text.startswith(f"缺少{PART_LABELS[word]}"):
                    part, text = word, f"缺少{PART_LABELS[word]}"
            name = f"{name}.{part}"
    # A clerk chooses by label; the codes behind them are for files.
    hint = _CODE.sub("", problem.hint) if problem.hint else None
    if hint and not hint.startswith("每项写作"):
        text = f"{text}。{hint}"
    return Mistake(name, label, text)


def raw_of(typed: Mapping[str, str], registry: Registry) -> dict[str, Any]:
    """What was typed as a dossier, unread: what a draft keeps."""
    return _raw(typed, registry, {})


def typed_of(raw: Mapping[str, Any], registry: Registry) -> dict[str, str]:
    """A draft's dossier as it stands on the form, whoever wrote it."""
    typed: dict[str, str] = {}
    for name, f in registry.fields.items():
        value = raw.get(name)
        if f.type is FieldType.RECORD and isinstance(value, list):
            for row, entry in enumerate(e for e in value if isinstance(e, Mapping)):
                key = entry.get(f.key or "key", entry.get("key", ""))
                if f.keys:
                    typed[f"{name}.{key}"] = f"{entry.get('value', '')}{entry.get('unit') or ''}"
                    continue
                for part, text in (
                    ("key", key),
                    ("value", entry.get("value")),
                    ("unit", entry.get("unit")),
                ):
                    if text not in (None, ""):
                        typed[f"{name}.{row}.{part}"] = str(text)
        elif isinstance(value, bool):
            typed[name] = "是" if value else "否"
        elif isinstance(value, list):
            typed[name] = "、".join(map(str, value))
        elif value is not None:
            typed[name] = str(value)
    return typed


def sections(
    registry: Registry, typed: Mapping[str, str], mistakes: Iterable[Mistake] = ()
) -> tuple[Section, ...]:
    """The form, section by section."""
    by_name: dict[str, list[str]] = {}
    for mistake in mistakes:
        by_name.setdefault(mistake.name, []).append(mistake.text)
    out = []
    for group, title in registry.groups.items():
        inputs = [
            i
            for f in registry.fields.values()
            if f.group == group
            for i in _inputs(f, registry, typed, by_name)
        ]
        if inputs:
            out.append(Section(group, title, tuple(inputs)))
    return tuple(out)


def _inputs(
    f: Field, registry: Registry, typed: Mapping[str, str], by_name: Mapping[str, list[str]]
) -> Iterator[Input]:
    by = f"由{registry.department(f.supplied_by)}提供" if f.supplied_by else ""
    hint = "；".join(filter(None, (_format_hint(f), by)))
    if f.type is FieldType.RECORD and not f.keys:
        rows = []
        for row in range(_rows(f, typed)):
            cells = [
                (f"{f.name}.{row}.{p}", PART_LABELS[p], typed.get(f"{f.name}.{row}.{p}", ""))
                for p in PARTS
            ]
            rows.append(tuple(cells))
        wrong = tuple(
            t for n, ts in by_name.items() if n.startswith(f"{f.name}.") or n == f.name for t in ts
        )
        yield Input(
            field=f,
            name=f.name,
            label=f.label,
            kind="rows",
            value="",
            unit="",
            hint=hint,
            options=(),
            mistakes=wrong,
            said=None,
            rows=tuple(rows),
        )
        return
    for name, label in [(f"{f.name}.{k}", f"{f.label}（{v}）") for k, v in f.keys.items()] or [
        (f.name, f.label)
    ]:
        value = typed.get(name, "")
        wrong = tuple(by_name.get(name, ()))
        unit = plain_unit(f.unit.name if f.unit else None)
        yield Input(
            field=f,
            name=name,
            label=label,
            kind=_kind(f, value),
            value=value,
            unit=unit,
            hint=hint,
            options=_options(f),
            mistakes=wrong,
            said=None if wrong else read_back(f, value),
        )


def _kind(f: Field, value: str) -> str:
    if f.type is FieldType.DATE:
        try:
            dt.date.fromisoformat(value or "2026-01-01")
        except ValueError:
            return "text"  # What a date input cannot hold would be lost.
        return "date"
    if f.type in (FieldType.ENUM, FieldType.BOOL):
        return "select" if not value or any(value == code for code, _ in _options(f)) else "text"
    return "number" if f.numeric or f.type is FieldType.RECORD else "text"


def _options(f: Field) -> tuple[tuple[str, str], ...]:
    if f.type is FieldType.BOOL:
        return (("是", "是"), ("否", "否"))
    return tuple(f.values.items())


def _format_hint(f: Field) -> str:
    parts = [f.note] if f.note else []
    if f.format == "industry_code":
        parts.append("不知道代码的打名称，如“水泥”，从列出的里面选")
    if f.type is FieldType.CODES:
        parts.append("几个代码用顿号隔开")
    low, high = f.minimum, f.maximum
    if low is not None and high is not None:
        parts.append(f"{exact_text(low)} 至 {exact_text(high)}")
    return "；".join(parts)


def read_back(f: Field, value: str) -> str | None:
    """What the service understood of a number or a code; None where that says nothing new."""
    if f.format == "industry_code" and value:
        name = industry_name(value.strip().upper())
        return name and f"{level(value.strip().upper())}：{name}"
    if not value or not (f.numeric or f.keys):
        return None
    try:
        got = read_value(
            f, [{f.key or "key": next(iter(f.keys)), "value": value}] if f.keys else value
        )
    except FieldError:
        return None
    if isinstance(got, tuple):
        first = got[0]
        got = first.number if isinstance(first, Item) else None
    if not isinstance(got, Fraction):
        return None
    words = in_words(f, got)
    exact = value_text(f, got)
    if _plain_number(value) == got:
        return words and f"即 {words}"
    return f"即 {exact}" + (f"，{words}" if words else "")


def _plain_number(text: str) -> Fraction | None:
    try:
        return Fraction(text.replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def typed_from(profile: Profile, registry: Registry) -> dict[str, str]:
    """What would have to be typed to get this profile."""
    typed: dict[str, str] = {}
    for name, f in registry.fields.items():
        value = profile.values.get(name)
        if value is None:
            continue
        if f.type is FieldType.RECORD and isinstance(value, tuple):
            for row, item in enumerate(i for i in value if isinstance(i, Item)):
                if f.keys:
                    typed[f"{name}.{item.key}"] = writable(item.number, item.unit)
                else:
                    typed[f"{name}.{row}.key"] = item.key
                    typed[f"{name}.{row}.value"] = writable(item.number, item.unit)
                    typed[f"{name}.{row}.unit"] = item.unit.name
        elif isinstance(value, bool):
            typed[name] = "是" if value else "否"
        elif isinstance(value, Fraction):
            typed[name] = writable(value, f.unit or ONE)
        elif isinstance(value, dt.date):
            typed[name] = value.isoformat()
        elif isinstance(value, tuple):
            typed[name] = "、".join(str(v) for v in value)
        else:
            typed[name] = str(value)
    return typed
