"""A rule's effect, departments, wording and period changed by a form; all else stays as written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from evaluator.amend.splice import CannotSplice, Patch, Spliced, patched, plain
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.scan import YList, YMap, YScalar, read_yaml
from evaluator.rulebook.ast import Rule

# In the order in which they are put in where a rule lacks them: after what stands before them here.
KEYS = ("title", "effect", "from", "until", "departments", "message", "remedy", "note")
_BEFORE = ("id", "title", "list", "dimension", "applies_when", "require", "effect", "due")
Given = str | dt.date | tuple[str, ...] | None


def amended_rule(text: str, rule: Rule, changes: Mapping[str, Given]) -> str:
    """The rule file with ``changes`` by key; None takes a key out. Raises CannotSplice."""
    spliced = Spliced(text)
    item = _item(text, rule)
    if spliced.flow(item):
        raise CannotSplice("这条规则写在一行里，请在规则文件里修改")
    unknown = set(changes) - set(KEYS)
    if unknown:
        raise CannotSplice(f"不能这样改：{'、'.join(sorted(unknown))}")
    return patched(text, _patches(spliced, item, changes))


def _item(text: str, rule: Rule) -> YMap:
    root = read_yaml("rules.yaml", text, Problems())
    for item in root.items if isinstance(root, YList) else ():
        id_ = item.get("id") if isinstance(item, YMap) else None
        if isinstance(item, YMap) and isinstance(id_, YScalar) and id_.text == rule.id:
            return item
    raise CannotSplice(f"规则文件里找不到“{rule.id}”")


def _patches(spliced: Spliced, item: YMap, changes: Mapping[str, Given]) -> Iterator[Patch]:
    indent = (item.entries[0][0].place.column or 1) - 1
    added: dict[int, list[str]] = {}
    for key in KEYS:
        if key not in changes:
            continue
        value, node = changes[key], item.get(key)
        if node is None:
            if value is not None:
                at = _after(spliced, item, key, indent)
                added.setdefault(at, []).append(" " * indent + f"{key}: {_written(value)}")
        elif value is None:
            name = next(k for k, _ in item.entries if k.text == key)
            if name is item.entries[0][0]:
                raise CannotSplice(f"“{key}”写在规则的第一行，请在规则文件里删去")
            start = spliced.starts[(name.place.line or 1) - 1]
            yield Patch(start, spliced.block_end(name.place, indent), "")
        else:
            end = spliced.end_of(node, inside=False)
            yield Patch(spliced.at(node.place), end, _written(value))
    for at, lines in added.items():
        yield spliced.inserted(at, lines)


def _after(spliced: Spliced, item: YMap, key: str, indent: int) -> int:
    """Where a key is put in: after the last of those that usually stand before it."""
    earlier = {*_BEFORE, *KEYS[: KEYS.index(key)]}
    names = [k for k, _ in item.entries]
    name = next((k for k in reversed(names) if k.text in earlier), names[0])
    return spliced.block_end(name.place, indent)


def _written(value: Given) -> str:
    match value:
        case dt.date():
            return value.isoformat()
        case tuple():
            return f"[{', '.join(map(plain, value))}]"
        case _:
            return plain(str(value))
