"""YAML text to nodes with positions: the strict subset that rule files are written in.

Works on libyaml's events, so that nothing is resolved behind our back: an explicit tag is an error,
a plain word that YAML 1.1 would change (``no``, ``010``, ``1:30``) is an error, depth and the
expansion of anchors are bounded before anything grows. An alias is the very node of its anchor.
Knows nothing of rules or dossiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.scalar import Scalar, Unclear, meaning
from evaluator.reading.yaml.slips import key_slip
from evaluator.reading.yaml.syntax import find_forbidden, find_marker, split_lines, syntax_problem

MAX_DEPTH = 40
MAX_NODES = 1_000_000
MAX_ALIASED = 100_000  # Nodes (and hundreds of characters) that anchors may add by being reused.
# Characters of the texts that are kept read; their nodes take 25 to 100 bytes for each.
MAX_KEPT = 1_000_000
MAX_SCALAR_PROBLEMS = 100  # Of one kind in one file; a binary file would give thousands.

# A number with thousands separators, which in braces falls apart into keys.
THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])")
WIDE = ("｛", "［", "【")  # A key that begins so was not meant to.


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

    def place_of(self, key: str) -> Place:
        """Where the value under ``key`` stands; the place of the whole where there is none."""
        node = self.get(key)
        return node.place if node else self.place

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        return ((k.text, v) for k, v in self.entries)


Node = YScalar | YList | YMap

_kept: dict[tuple[str, str], tuple[Node | None, tuple[Problem, ...]]] = {}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stop(Exception):
    """The text cannot be read further; the problem has been reported."""


def read_yaml(name: str, text: str, problems: Problems) -> Node | None:
    """Read one document. What is wrong is appended to ``problems`` (codes E101–E108).

    Returns None, with a problem, for an empty file or one that cannot be read at all.
    """
    source = SourceText(name, text.removeprefix("\ufeff"))
    forbidden = find_forbidden(source)
    if forbidden:
        problems.append(forbidden)
        return None
    if marker := find_marker(source):
        problems.append(marker)
        return None
    parser = _Parser(source, problems)
    try:
        return parser.document()
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        problem = syntax_problem(source, error)
        # A slip may have been told before reading came to where it goes no further.
        at = problem.place
        problems[:] = [p for p in problems if not _same_start(p.place, at)]
        problems.append(problem)
        return None


def read_kept(name: str, text: str, problems: Problems) -> Node | None:
    """``read_yaml`` for the files of a rulebook: of one that is edited most are as they were.

    Safe for threads: nodes and problems are immutable, so that at worst a text is read twice.
    """
    kept = _kept.get((name, text))
    if kept is None:
        own = Problems()
        kept = read_yaml(name, text, own), tuple(own)
        if sum(len(known) for _, known in list(_kept)) + len(text) > MAX_KEPT:
            _kept.clear()
        if len(text) <= MAX_KEPT:
            _kept[name, text] = kept
    node, wrong = kept
    problems += wrong
    return node


def _same_start(a: Place, b: Place) -> bool:
    return (a.source, a.line, a.column) == (b.source, b.line, b.column)


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


class _Parser:
    """A recursive descent over events; recursion is bounded by MAX_DEPTH."""

    def __init__(self, source: SourceText, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.events: Iterator[Any] = iter(yaml.parse(source.text, Loader=_LOADER))
        self.anchors: dict[str, tuple[Node, int] | None] = {}
        self.weight = 0
        self.aliased = 0
        self.reported: dict[str, int] = {}
        self._lines: list[str] | None = None

    def report(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        count = self.reported[code] = self.reported.get(code, 0) + 1
        if count <= MAX_SCALAR_PROBLEMS:
            self.problems.report(code, message, place, hint)

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
        anchored = self.anchors[name]
        if anchored is None:
            self.report("E105", f"锚点“{name}”引用了自己", place, "把内容写全，不用锚点")
            raise _Stop
        node, weight = anchored
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
        hollow: YScalar | None = None  # The last key, where it has no content.
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
            value_event = next(self.events)
            value = self.node(value_event, depth + 1)
            if self.key_is_slip(event, value_event, entries):
                continue
            if name == "<<":
                self.report("E106", "不支持合并键“<<”", key_place, "请把内容写全")
            elif name in seen and hollow is not None:
                # Its own lines stand beside it: what follows would only seem to be repeated.
                if hollow.place.column == key_place.column and hollow.text:
                    what = f"“{hollow.text}”下面没有内容，下面各行与它一样缩进"
                    hint = "下面各行是它的内容的，它少写 2 个空格，与上一层的各项对齐"
                    self.report("E101", f"YAML 写法有误：{what}", hollow.place, hint)
                    hollow = YScalar("", "", hollow.place)
                continue
            elif name in seen:
                first = (("第一处", seen[name]),)
                self.problems.report("E102", f"键“{name}”重复", key_place, "只保留一处", first)
            else:
                seen[name] = key_place
                entries.append((key, value))
                if hollow is None or hollow.text:
                    empty = isinstance(value, YScalar) and not value.text and value.value is None
                    hollow = key if empty else None
        return YMap(tuple(entries), place)

    def key_is_slip(self, key: Any, value: Any, before: list[tuple[YScalar, Node]]) -> bool:
        """Whether a key is a slip, reported as that: ``{value: 1,800}``, ``- ｛value: 20｝``."""
        bare = isinstance(value, yaml.ScalarEvent) and not value.value and not value.style
        if key.style or not (bare or key.value[:1] in WIDE):
            return False
        place = self.place(key)
        slip = key_slip(place.line or 1, place.column or 1, key.value)
        if slip is not None:
            at = Place(self.source, slip.line, slip.column, slip.end_column)
            self.report("E101", f"YAML 写法有误：{slip.what}", at, slip.hint)
            return True
        return bare and key.value[:3].isdecimal() and self.in_a_number(place, before)

    def in_a_number(self, key: Place, before: list[tuple[YScalar, Node]]) -> bool:
        """Whether a key is what follows a comma in the number before it (E104, told once)."""
        last = before[-1][1] if before else None
        if (
            not isinstance(last, YScalar)
            or last.place.line != key.line
            or last.place.column is None
        ):
            return False
        start, column = last.place.column, key.column or 0
        number = THOUSANDS.match(self.lines()[(key.line or 1) - 1], start - 1)
        if number is None or number.end() < column:
            return False
        if last.place.end_column == column - 1:
            both = Place(self.source, key.line, start, number.end() + 1)
            hint = f"数中不加逗号，写 {number[0].replace(',', '')}"
            self.report("E104", f"“{number[0]}”的意思不明确", both, hint)
        return True

    def lines(self) -> list[str]:
        if self._lines is None:
            self._lines = split_lines(self.source.text)
        return self._lines

    def scalar(self, event: Any, place: Place) -> Scalar:
        text: str = event.value
        if event.style:  # quoted or block text; plain is None or ''
            return text
        value = meaning(text)
        if isinstance(value, Unclear):
            self.report("E104", value.message, place, value.hint)
            return None
        return value
