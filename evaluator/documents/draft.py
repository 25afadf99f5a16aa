"""A dossier file to go on with: ticked values with their quotes, the others commented out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from evaluator.documents.extract import Found
from evaluator.documents.settle import Excerpt
from evaluator.dossier.fields import Field, Registry

KINDS = {
    "exact": "准数",
    "approximate": "约数",
    "range": "范围",
    "conflicting": "前后不一",
    "derived": "推得",
}


def _quote(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:160]


def _written(field: Field, value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.numeric or field.key:
        return value if "/" not in value else json.dumps(value)
    return json.dumps(value, ensure_ascii=False)


def _why(e: Excerpt) -> str:
    note = f"；{e.note}" if e.note else ""
    upto = f" 至 {e.high}" if e.high else ""
    kind = "" if e.ticked else f"{KINDS[e.kind]}{upto}，请核对后去掉 #{note}；"
    return f"# {kind}{e.place}：{_quote(e.quote)}"


def draft(found: Found, registry: Registry, source: str) -> str:
    """The YAML of one dossier."""
    lines = [f"# 读自 {_quote(source)}。每一项后面是原文；“#”开头的要人核对后再填。"]
    groups: dict[str, list[Excerpt]] = {}
    for e in found.excerpts:
        groups.setdefault(e.field.partition(".")[0], []).append(e)
    for name, excerpts in groups.items():
        field = registry.fields[name]
        if field.key:
            lines += _record(field, excerpts)
            continue
        for e in excerpts:
            mark = "" if e.ticked else "# "
            lines.append(f"{mark}{name}: {_written(field, e.value)}  {_why(e)}")
    missing = [f for f in registry.fields.values() if f.required and f.name not in groups]
    lines += [f"# {f.name}:  # {f.label}（必填）没有读到" for f in missing]
    return "\n".join(lines) + "\n"


def _record(field: Field, excerpts: Sequence[Excerpt]) -> list[str]:
    ticked = any(e.ticked for e in excerpts)
    lines = [f"{'' if ticked else '# '}{field.name}:"]
    unit = f", unit: {field.unit.name}" if field.unit else ""
    for e in excerpts:
        mark = "" if e.ticked else "# "
        key = e.field.partition(".")[2]
        lines.append(f"{mark}  - {{{field.key}: {key}, value: {e.value}{unit}}}  {_why(e)}")
    return lines
