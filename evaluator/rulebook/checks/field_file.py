"""What a city's own fields.yaml says that has no force, or that another name already means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.dossier.fields import TYPE_LABELS, base_registry
from evaluator.problems.errors import Problem, Problems
from evaluator.reading.yaml.scan import YList, YMap, YScalar, read_kept
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.files import shown_name
from evaluator.rulebook.grammar.parse import PLACEHOLDERS

NUMBERS = ("int", "decimal", "record")
# Which types a key says something about.
FOR: dict[str, tuple[str, ...]] = {
    "unit": NUMBERS,
    "min": NUMBERS,
    "max": NUMBERS,
    "values": ("enum",),
    "key": ("record",),
    "keys": ("record",),
    "format": ("str", "codes"),
}
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class FieldDefinition:
    """A field of the city's own that is not what it seems."""

    code: ClassVar[str] = "E931"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        labels = {f.label: f.name for f in base_registry(ruleset.fields_text).fields.values()}
        for layer, files in ruleset.layers:
            text = files.get("fields.yaml")
            root = read_kept(shown_name(layer, "fields.yaml"), text, Problems()) if text else None
            fields = root.get("fields") if isinstance(root, YMap) else None
            for item in fields.items if isinstance(fields, YList) else ():
                if isinstance(item, YMap):
                    yield from self._field(item, labels)

    def _field(self, node: YMap, labels: dict[str, str]) -> Iterator[Problem]:
        words = {k: v.text for k, v in node if isinstance(v, YScalar)}
        name, kind, label = words.get("name", ""), words.get("type", ""), words.get("label", "")

        def told(key: str, message: str, hint: str) -> Problem:
            written = node.get(key)
            place = written.place if written else node.place
            return problem(self.code, f"字段“{name}”{message}", place, hint, subject=name)

        for key, kinds in FOR.items():
            value = node.get(key)
            if value is None or (isinstance(value, YScalar) and value.value is None):
                continue
            if kind not in kinds:
                shown = "、".join(f"{k}（{TYPE_LABELS[k]}）" for k in kinds)
                hint = f"删掉这一项；{key} 只用于 {shown}"
                yield told(key, f"的类型是 {kind}，写“{key}”不起作用", hint)
            elif key == "unit" and not isinstance(value, YScalar):
                yield told(key, "的“unit”应是一个单位，写的是列表或键值表", "如 unit: 万元")
            elif isinstance(value, YMap) and (bad := _bad_code(value)) is not None:
                hint = "代码用英文字母、数字和下划线，中文写在冒号后面，如 {yes: 有, none: 无}"
                message = f"字段“{name}”的代码“{bad.text}”不合写法"
                yield problem(self.code, message, bad.place, hint, subject=name)
        if kind == "record" and "key" not in words:
            yield told("type", "是清单，缺少“key”", "写每项的名称叫什么，如 key: product")
        if name in PLACEHOLDERS:
            yield told(
                "name", "与花括号里的固定写法同名", f"另取名字；已用：{'、'.join(PLACEHOLDERS)}"
            )
        if labels.setdefault(label, name) != name:
            hint = "申报表按中文名认字段，另取一个中文名"
            yield told("label", f"的中文名与“{labels[label]}”相同", hint)


def _bad_code(node: YMap) -> YScalar | None:
    return next((k for k, _ in node.entries if not CODE.fullmatch(k.text)), None)
