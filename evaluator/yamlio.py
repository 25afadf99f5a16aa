"""Strict YAML with positions.

Reads a text into nodes that remember where they stand. What stock YAML 1.1 silently changes is an
error here: ``no`` is not false, ``010`` is not 8, ``1:30`` is not 90, a second key of the same name
does not win. Anchors may be used but not expand without bound. Numbers stay exact (Decimal).
Knows nothing of rules or dossiers.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import yaml

from evaluator.errors import Problem
from evaluator.source import Place, SourceText

__all__ = ["Node", "Reader", "YList", "YMap", "YScalar", "plain", "read_yaml", "suggest"]

Scalar = str | bool | int | Decimal | dt.date | None
MAX_NODES = 2_000_000
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class YScalar:
    """A scalar; ``text`` is what was written, ``value`` what it means."""

    value: Scalar
    text: str
    place: Place


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
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRAPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)y|n|yes|no|on|off"), "是非值只写 true 或 false;若是文字请加引号"),
    (re.compile(r"(?i)true|false"), "是非值只写小写的 true 或 false;若是文字请加引号"),
    (re.compile(r"(?i)null|~"), "空值只写 null 或留空；若是文字请加引号"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9]*)?"), "数不能以 0 开头；若是编号请加引号"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "只写十进制数；若是编号请加引号"),
    (re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"), "此写法会被当作六十进制数；若是时间或比例请加引号"),
    (re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+"), "不用科学计数法，请写全数字"),
    (re.compile(r"[-+]?[0-9]+(_[0-9]+)+(\.[0-9]+)?"), "数中不加下划线"),
    (re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"), "数中不加逗号"),
    (re.compile(r"[-+]?([0-9]+\.|\.[0-9]+)"), "小数点前后都要有数字"),
    (re.compile(r"(?i)[-+]?\.?(inf|nan)"), "不允许无穷大或非数"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9].*)?"), "日期写作 2024-01-01"),
)


def suggest(word: str, known: Iterable[str]) -> str | None:
    """A "did you mean" sentence for a mistyped name, or None where nothing is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"是否想写“{close[0]}”？" if close else None


def plain(node: Node) -> object:
    """The node as plain Python data (dict, list, scalars)."""
    if isinstance(node, YScalar):
        return node.value
    if isinstance(node, YList):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node}


def read_yaml(name: str, text: str, problems: list[Problem]) -> Node | None:
    """Read one document. What is wrong is appended to ``problems`` (codes E101–E109).

    Returns None for an empty file or one that cannot be read at all.
    """
    source = SourceText(name, text.removeprefix("\ufeff"))
    try:
        root = yaml.compose(source.text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        problems.append(_syntax_problem(source, error))
        return None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        bad = str(error).splitlines()[0] if str(error) else type(error).__name__
        problems.append(Problem("E101", f"文件不是可读的 YAML:{bad}", Place(source, 1)))
        return None
    if root is None:
        return None
    return _Builder(source, problems).build(root)


_SYNTAX_HINTS = (
    ("mapping values are not allowed", "冒号后面的文字里又出现了“: ”；整段文字请加引号，或检查缩进"),
    ("found character '\\t'", "缩进用空格，不用制表符"),
    ("found undefined alias", "引用的锚点没有定义"),
    ("could not find expected ':'", "此处缺少冒号，或缩进不对"),
    ("expected <block end>", "缩进与上文不一致"),
    ("found unexpected end of stream", "引号没有配对"),
    ("expected a single document", "一个文件只放一份文档，去掉多余的“---”"),
    ("did not find expected key", "缩进与上文不一致"),
    ("did not find expected ',' or", "括号没有配对，或缺少逗号"),
    ("found character that cannot start any token", "此字符不能放在开头；若是文字请加引号"),
)


def _syntax_problem(source: SourceText, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(source, mark.line + 1, mark.column + 1) if mark else Place(source, 1)
    raw = " ".join(filter(None, (error.context, error.problem)))
    hint = next((h for key, h in _SYNTAX_HINTS if key in raw), None)
    return Problem("E101", f"YAML 写法有误（{error.problem}）", place, hint)


class _Builder:
    def __init__(self, source: SourceText, problems: list[Problem]) -> None:
        self.source = source
        self.problems = problems
        self.count = 0
        self.stopped = False

    def place(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        end_column = end.column + 1 if end.line == start.line else None
        return Place(self.source, start.line + 1, start.column + 1, end_column)

    def report(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        self.problems.append(Problem(code, message, place, hint))

    def build(self, node: yaml.Node, depth: int = 0) -> Node:
        self.count += 1
        place = self.place(node)
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            # INVARIANT: aliases are expanded here, so a bound on nodes bounds every expansion.
            if not self.stopped:
                self.report("E105", "内容过多或嵌套过深（锚点引用可能在无限展开）", place)
                self.stopped = True
            return YScalar(None, "", place)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self.report("E106", f"不允许自定义类型“{node.tag}”", place, "去掉“！”开头的标记")
        if isinstance(node, yaml.ScalarNode):
            return YScalar(self.scalar(node, place), node.value, place)
        if isinstance(node, yaml.SequenceNode):
            return YList(tuple(self.build(item, depth + 1) for item in node.value), place)
        return self.mapping(node, place, depth)

    def mapping(self, node: yaml.Node, place: Place, depth: int) -> YMap:
        seen: dict[str, Place] = {}
        entries: list[tuple[YScalar, Node]] = []
        for key_node, value_node in node.value:
            key_place = self.place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.report("E103", "键必须是一个名字", key_place)
                continue
            name = key_node.value
            if name == "<<":
                self.report("E106", "不支持合并键“<<”", key_place, "请把内容写全")
                continue
            if name in seen:
                self.problems.append(
                    Problem(
                        "E102", f"键“{name}”重复", key_place, "只保留一处", (("第一处", seen[name]),)
                    )
                )
                continue
            seen[name] = key_place
            key = YScalar(name, name, key_place)
            entries.append((key, self.build(value_node, depth + 1)))
        return YMap(tuple(entries), place)

    def scalar(self, node: yaml.ScalarNode, place: Place) -> Scalar:
        text: str = node.value
        if node.style:  # quoted or block text; plain is None or ''
            return text
        if text in ("", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        first = text[0]
        if not (first.isascii() and (first.isdigit() or first in "+-.~") or text.isalpha()):
            return text
        if _INT.fullmatch(text):
            return int(text) if len(text) <= 40 else Decimal(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        if _DATE.fullmatch(text):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                self.report("E104", f"“{text}”不是有效的日期", place, "日期写作 2024-01-01")
                return None
        for pattern, hint in _TRAPS:
            if pattern.fullmatch(text):
                self.report("E104", f"“{text}”的意思不明确", place, hint)
                return None
        return text


class Reader:
    """Takes the expected keys of a mapping one by one; what is left over is an unknown key.

    All problems go to the shared list, so that one reading reports everything.
    """

    def __init__(self, node: YMap, problems: list[Problem], what: str) -> None:
        self.node = node
        self.problems = problems
        self.what = what
        self._entries = {k.text: (k, v) for k, v in node.entries}
        self._asked: list[str] = []

    def report(self, code: str, message: str, place: Place, hint: str | None = None) -> None:
        """Add a problem."""
        self.problems.append(Problem(code, message, place, hint))

    def take(self, key: str, *, required: bool = False) -> Node | None:
        """The value under ``key``; null counts as not there."""
        self._asked.append(key)
        found = self._entries.get(key)
        node = found[1] if found else None
        if isinstance(node, YScalar) and node.value is None:
            node = None
        if node is None and required:
            self.report("E201", f"{self.what}缺少“{key}”", self.node.place)
        return node

    def text(self, key: str, *, required: bool = False) -> str | None:
        """A non-empty text; numbers and dates written without quotes are taken as written."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, YScalar):
            self.report("E202", f"“{key}”应是文字", node.place)
            return None
        return node.text

    def boolean(self, key: str, default: bool) -> bool:
        """true or false."""
        node = self.take(key)
        if node is None:
            return default
        if not isinstance(node, YScalar) or not isinstance(node.value, bool):
            self.report("E202", f"“{key}”应是 true 或 false", node.place)
            return default
        return node.value

    def date(self, key: str, *, required: bool = False) -> dt.date | None:
        """A calendar date."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, YScalar) or not isinstance(node.value, dt.date):
            self.report("E202", f"“{key}”应是日期，写作 2024-01-01", node.place)
            return None
        return node.value

    def integer(self, key: str, *, required: bool = False) -> int | None:
        """A whole number."""
        node = self.take(key, required=required)
        if node is None:
            return None
        value = node.value if isinstance(node, YScalar) else None
        if not isinstance(value, int) or isinstance(value, bool):
            self.report("E202", f"“{key}”应是整数", node.place)
            return None
        return value

    def choice(self, key: str, allowed: Iterable[str], *, required: bool = False) -> str | None:
        """One of a closed list of words."""
        node = self.take(key, required=required)
        if node is None:
            return None
        words = list(allowed)
        text = node.text if isinstance(node, YScalar) else "(不是文字)"
        if text not in words:
            hint = suggest(text, words) or f"可用：{'、'.join(words)}"
            self.report("E203", f"“{key}”不能是“{text}”", node.place, hint)
            return None
        return text

    def list_of(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        """The items of a list; empty where the key is not there."""
        node = self.take(key, required=required)
        if node is None:
            return ()
        if not isinstance(node, YList):
            self.report("E202", f"“{key}”应是列表", node.place)
            return ()
        return node.items

    def words(self, key: str, *, required: bool = False) -> tuple[YScalar, ...]:
        """A list of single texts."""
        out: list[YScalar] = []
        for item in self.list_of(key, required=required):
            if isinstance(item, YScalar) and item.value is not None:
                out.append(item)
            else:
                self.report("E202", f"“{key}”的每一项应是文字", item.place)
        return tuple(out)

    def mapping(self, key: str, *, required: bool = False) -> YMap | None:
        """A nested mapping."""
        node = self.take(key, required=required)
        if node is None:
            return None
        if not isinstance(node, YMap):
            self.report("E202", f"“{key}”应是键值表", node.place)
            return None
        return node

    def finish(self) -> None:
        """Report every key that nobody asked for."""
        for name, (key, _) in self._entries.items():
            if name not in self._asked:
                hint = suggest(name, self._asked) or f"可用：{'、'.join(self._asked)}"
                self.report("E204", f"{self.what}没有“{name}”这一项", key.place, hint)
