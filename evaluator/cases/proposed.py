"""Proposed cases as YAML that a clerk can read: grouped into tables, one row for each case."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, Registry
from evaluator.dossier.values import Item
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.scan import YScalar, read_yaml
from evaluator.values.numbers import exact_text

GIVEN = ("project_id", "project_name", "submitted_on")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A case of one rule; ``group`` is the title of its table, ``as_of`` None the usual day.

    ``order`` is its place within the group.
    """

    rule: str
    group: str
    name: str
    expect: str
    as_of: dt.date | None
    profile: Profile
    order: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Whole:
    """A case of a whole dossier: ``file`` with some fields changed."""

    file: str
    name: str
    verdict: str
    violated: tuple[str, ...]
    as_of: dt.date | None
    change: Mapping[str, str]


def yaml_of(cases: Iterable[Proposed | Whole], registry: Registry) -> str:
    """The cases as the text of a case file: a table for each group, in order."""
    tables: dict[tuple[object, ...], list[Proposed]] = {}
    whole: dict[tuple[object, ...], list[Whole]] = {}
    for case in cases:
        if isinstance(case, Proposed):
            tables.setdefault((case.rule, case.group, case.as_of), []).append(case)
        else:
            whole.setdefault((case.file, case.as_of), []).append(case)
    parts = [
        _table(sorted(group, key=lambda c: c.order), registry)
        if len(group) > 1
        else _single(group[0], registry)
        for group in tables.values()
    ]
    parts += [_whole(group) for group in whole.values()]
    return "\n".join(parts)


def _single(case: Proposed, registry: Registry) -> str:
    short, _, rest = case.group.partition("：")
    name = f"{short}：{case.name}" if rest else case.name
    parts = {"rule": case.rule, "name": scalar(name), "expect": case.expect}
    if case.as_of:
        parts["as_of"] = case.as_of.isoformat()
    fields = fields_written(case.profile, registry)
    parts["dossier"] = _flow(_nested(fields, registry))
    return f"- {_flow(parts)}\n"


def _nested(fields: Mapping[str, str], registry: Registry) -> dict[str, str]:
    """Outside a table "emissions.COD" has to be written as an entry of "emissions"."""
    out: dict[str, str] = {}
    records: dict[str, list[str]] = {}
    for name, value in fields.items():
        record, _, key = name.partition(".")
        if key:
            what = registry.fields[record].key or "key"
            records.setdefault(record, []).append(f"{{{what}: {key}, value: {value}}}")
            out[record] = ""
        else:
            out[name] = value
    return {n: f"[{', '.join(records[n])}]" if n in records else v for n, v in out.items()}


def _table(cases: Sequence[Proposed], registry: Registry) -> str:
    first = cases[0]
    written = [fields_written(c.profile, registry) for c in cases]
    names = [n for n in registry.references if any(n in w for w in written)]
    head = [f"- rule: {first.rule}", f"  name: {scalar(first.group)}"]
    head += [f"  as_of: {first.as_of.isoformat()}"] if first.as_of else []
    shared = {
        n: written[0][n] for n in names if "." not in n and len({w.get(n) for w in written}) == 1
    }
    moved = [n for n in names if n not in shared]
    expects = {c.expect for c in cases}
    if len(expects) == 1:
        head.append(f"  expect: {first.expect}")
    if shared:
        head.append(f"  dossier: {_flow(shared)}")
    # Where the cells say it all a row needs no name of its own.
    named = any(
        scalar(c.name) != "、".join(w[n] for n in moved if n in w)
        for c, w in zip(cases, written, strict=True)
    )
    varied = len(expects) > 1
    columns = [*(["name"] if named else []), *moved, *(["expect"] if varied else [])]
    rows = []
    for case, fields in zip(cases, written, strict=True):
        cells = [scalar(case.name)] if named else []
        cells += [fields.get(n, "null") for n in moved]
        rows.append([*cells, *([case.expect] if varied else [])])
    return "\n".join([*head, *_lines(columns, rows)]) + "\n"


def _whole(cases: Sequence[Whole]) -> str:
    first = cases[0]
    head = ["- name: 好项目只改一处", f"  file: {first.file}"]
    head += [f"  as_of: {first.as_of.isoformat()}"] if first.as_of else []
    rows = [
        [scalar(c.name), _flow(c.change), c.verdict, f"[{', '.join(c.violated)}]"] for c in cases
    ]
    return "\n".join([*head, *_lines(["name", "change", "verdict", "violated"], rows)]) + "\n"


def _lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    listed = [f"    - [{', '.join(row)}]" for row in rows]
    return [f"  columns: [{', '.join(columns)}]", "  rows:", *listed]


def _flow(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{k}: {v}" for k, v in fields.items()) + "}"


def fields_written(profile: Profile, registry: Registry) -> dict[str, str]:
    """The fields of a dossier as YAML; a record with closed keys by its keys."""
    out: dict[str, str] = {}
    for name, value in profile.values.items():
        field = registry.references.get(name)
        if name in GIVEN or field is None:
            continue
        if isinstance(value, tuple) and field.keys and _plain_record(field, value):
            continue  # "emissions.COD" stands for it.
        if "." in name and not _plain_record(
            registry.fields[name.partition(".")[0]], profile.values[name.partition(".")[0]]
        ):
            continue
        out[name] = _value(field, value)
    return out


def _plain_record(field: Field, value: Any) -> bool:
    return all(isinstance(i, Item) and i.unit == field.unit for i in value)


def _value(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, tuple):
        items = (
            f"{{{field.key or 'key'}: {scalar(i.key)}, value: {exact_text(i.number)}, unit: {scalar(i.unit.name)}}}"
            if isinstance(i, Item)
            else scalar(str(i))
            for i in value
        )
        return f"[{', '.join(items)}]"
    text = exact_text(value)
    return json.dumps(text) if "/" in text else text


def spaced(text: str) -> str:
    """With a space before it where it begins with a Latin letter or a digit, after a Chinese word."""
    return f" {text}" if text[:1].isascii() else text


_BARE = re.compile(r"[^\s\[\]{},#&*!|>'\"%@`:?-][^\[\]{},#:]*")


def scalar(text: str) -> str:
    """A word as a YAML flow scalar, in quotes only where it would be read as something else."""
    problems = Problems()
    if _BARE.fullmatch(text):
        node = read_yaml("", text, problems)
        if not problems and isinstance(node, YScalar) and node.value == text:
            return text
    return json.dumps(text, ensure_ascii=False)
