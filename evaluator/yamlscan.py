"""YAML text to nodes with positions: the strict subset that rule files are written in.

Works on libyaml's events, so that nothing is resolved behind our back: an explicit tag is an error,
a plain word that YAML 1.1 would change (``no``, ``010``, ``1:30``) is an error, depth and the
expansion of anchors are bounded before anything grows. An alias is the very node of its anchor.
Knows nothing of rules or dossiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from evaluator.errors import Problem
from evaluator.source import Place, SourceText
from evaluator.yamlscalar import Scalar, Unclear, meaning
from evaluator.yamlsyntax import find_forbidden, syntax_problem

__all__ = ["Node", "Scalar", "YList", "YMap", "YScalar", "read_yaml"]

MAX_DEPTH = 40
MAX_NODES = 1_000_000
MAX_ALIASED = 100_000  # Nodes (and hundreds of characters) that anchors may add by being reused.
MAX_SCALAR_PROBLEMS = 100  # Of one kind in one file; a binary file would give thousands.


@dataclass(frozen=True, slots=True)
class YScalar:
    """A scalar; ``text`` is what was written, ``value`` what it means."""

    value: Scalar
    text: str
    place: Place

    @property
    def unclear(self) -> bool:
        """Whether its meaning was already reported as unclear (E104)."""
        return self.value is None and self.text not in ("", "null")


@dataclass(frozen=True, slots=True)
class YList:
    """A sequence."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class YMap:
    """A mapping with unique string keys, in file order."""

    entries: tuple[tuple[YScalar, Node], ...]
    place: Place

    def get(self, key: str) -> Node | None:
        """The value under ``key``."""
        return next((v for k, v in self.entries if k.value == key), None)

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return ((k.text, v) for k, v in self.entries)


Node = YScalar | YList | YMap

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stop(Exception):
    """The text cannot be read further; the problem has been reported."""


def read_yaml(name: str, text: str, problems: list[Problem]) -> Node | None:
    """Read one document. What is wrong is appended to ``problems`` (codes E101–E108).

    Returns None, with a problem, for an empty file or one that cannot be read at all.
    """
    source = SourceText(name, text.removeprefix("\ufeff"))
    forbidden = find_forbidden(source)
    if forbidden:
        problems.append(forbidden)
        return None
    parser = _Parser(source, problems)
    try:
        return parser.document()
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        problems.append(syntax_problem(source, error))
        return None


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


class _Parser:
    """A recursive descent over events; recursion is bounded by MAX_DEPTH."""

    def __init__(self, source: SourceText, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        self.events: Iterator[Any] = iter(yaml.parse(source.text, Loader=_LOADER))
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.weight = 0
        self.aliased = 0
        self.reported: dict[str, int] = {}

    def report(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        count = self.reported[code] = self.reported.get(code, 0) + 1
        if count <= MAX_SCALAR_PROBLEMS:
            self.problems.append(Problem(code, message, place, hint))

    def place(self, event: Any) -> Place:
        start, end = event.start_mark, event.end_mark
        end_column = end.column + 1 if end.line == start.line else None
        return Place(self.source, start.line + 1, start.column + 1, end_column)

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    hint = "一个文件只放一份文档，去掉多余的“---”"
                    self.report(
                        "E101", "YAML 写法有误：文件里有第二份文档", self.place(event), hint
                    )
                    return None
                root = self.node(next(self.events), 0)
        if root is None:
            place = Place(self.source, 1)
            self.report("E107", "文件是空的", place, "写上内容，或删掉这个文件")
        return root

    def node(self, event: Any, depth: int) -> Node:
        place = self.place(event)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), place)
        if depth > MAX_DEPTH or self.weight > MAX_NODES:
            what = "嵌套过深" if depth > MAX_DEPTH else "内容过多"
            self.report("E105", f"{what}，读不了", place, "检查括号和缩进，或把文件分开")
            raise _Stop
        if event.tag is not None:
            hint = "去掉感叹号开头的标记；文字加引号即可"
            self.report("E106", f"不支持类型标记“{_tag(event.tag)}”", place, hint)
        before = self.weight
        self.weight += 1
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            self.weight += len(event.value) // 100
            node = YScalar(self.scalar(event, place), event.value, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = YList(tuple(self.items(depth)), place)
        else:
            node = self.mapping(place, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, self.weight - before)
        return node

    def alias(self, name: str, place: Place) -> Node:
        if name not in self.anchors:
            self.report(
                "E101",
                f"YAML 写法有误：没有锚点“{name}”",
                place,
                "先用“&名字”标出锚点；若是文字请加引号",
            )
            raise _Stop
        found = self.anchors[name]
        if found is None:
            self.report("E105", f"锚点“{name}”引用了自己", place, "把内容写全，不用锚点")
            raise _Stop
        node, weight = found
        # INVARIANT: an anchor that holds aliases weighs what they stand for, so the bound holds for
        # the text written out in full.
        self.aliased += weight
        self.weight += weight
        if self.aliased > MAX_ALIASED:
            self.report("E105", "锚点展开后内容过多", place, "把内容写全，不用锚点")
            raise _Stop
        return node

    def items(self, depth: int) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self.node(event, depth + 1)

    def mapping(self, place: Place, depth: int) -> YMap:
        seen: dict[str, Place] = {}
        entries: list[tuple[YScalar, Node]] = []
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key_place = self.place(event)
            if not isinstance(event, yaml.ScalarEvent):
                self.report("E103", "键必须是一个名字", key_place, "写作“名称: 内容”")
                self.node(event, depth + 1)
                self.node(next(self.events), depth + 1)
                continue
            if event.tag is not None:
                hint = "去掉感叹号开头的标记"
                self.report("E106", f"不支持类型标记“{_tag(event.tag)}”", key_place, hint)
            name: str = event.value
            key = YScalar(name, name, key_place)
            if event.anchor is not None:
                self.anchors[event.anchor] = (key, 1)
            self.weight += 1
            value = self.node(next(self.events), depth + 1)
            if name == "<<":
                self.report("E106", "不支持合并键“<<”", key_place, "请把内容写全")
            elif name in seen:
                first = (("第一处", seen[name]),)
                self.problems.append(
                    Problem("E102", f"键“{name}”重复", key_place, "只保留一处", first)
                )
            else:
                seen[name] = key_place
                entries.append((key, value))
        return YMap(tuple(entries), place)

    def scalar(self, event: Any, place: Place) -> Scalar:
        text: str = event.value
        if event.style:  # quoted or block text; plain is None or ''
            return text
        value = meaning(text)
        if isinstance(value, Unclear):
            self.report("E104", value.message, place, value.hint)
            return None
        return value
