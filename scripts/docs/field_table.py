"""The field dictionary as a Markdown table, kept between two marks of a document.

``python -m scripts.docs.field_table docs/dossier.md`` brings the document up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from evaluator.dossier.fields import Field, FieldType, Registry, base_registry
from evaluator.dossier.template import allowed_text
from evaluator.values.units import ONE

BEGIN = "<!-- 字段表：由 python -m scripts.docs.field_table 生成，不要手改 -->"
END = "<!-- 字段表结束 -->"


def field_table(registry: Registry) -> str:
    """One table for each group: name, label, unit, what may be written, who supplies it, note."""
    parts: list[str] = []
    for group, title in registry.groups.items():
        fields = [f for f in registry.fields.values() if f.group == group]
        if not fields:
            continue
        parts += [
            f"### {title}",
            "",
            "| 字段名 | 名称 | 单位 | 可填内容 | 由谁提供 | 说明 |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        parts += [_row(f, registry) for f in fields]
        parts.append("")
    return "\n".join(parts)


def _row(field: Field, registry: Registry) -> str:
    unit = "" if field.unit in (None, ONE) else field.unit.name
    choices = field.values or field.keys
    allowed = "、".join(f"{label}（`{code}`）" for code, label in choices.items())
    if field.type is FieldType.RECORD and not field.keys:
        allowed = "列表，每项写名称、数值、单位"
    elif field.type is FieldType.RECORD:
        allowed = f"列表，每项一种：{allowed}"
    cells = (
        f"`{field.name}`",
        f"{field.label}（必填）" if field.required else field.label,
        unit,
        allowed or allowed_text(field),
        registry.department(field.supplied_by) if field.supplied_by else "",
        field.note or "",
    )
    return "| " + " | ".join(cells) + " |"


def with_table(text: str, registry: Registry) -> str:
    """The document with the table between its marks replaced. Raises ValueError without marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the document has no marks for the field table")
    return f"{before}{BEGIN}\n\n{field_table(registry)}\n{END}{after}"


def main(path: str) -> None:
    """Rewrite the table in the document at ``path``."""
    file = Path(path)
    file.write_text(with_table(file.read_text("utf-8"), base_registry()), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
