"""Strict JSON: exact numbers, no second key of the same name, and a place for every value.

A good text costs one pass of the standard parser. Places are found only when a problem asks for
one, by scanning the containers on the way to it. Knows nothing of dossiers.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText, json_pointer

_TOKEN = re.compile(r'[{}\[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\]:,"]+')
_SYNTAX = (
    (
        "Expecting property name",
        "此处应是双引号括起的名字",
        "名字加英文双引号；最后一项后面不加逗号",
    ),
    (
        "Expecting value",
        "此处缺少值",
        "文字加英文双引号；是非写 true 或 false；最后一项后面不加逗号",
    ),
    ("Expecting ':'", "名字后面缺少英文冒号", None),
    ("Expecting ','", "两项之间缺少英文逗号，或括号没有配对", None),
    ("Unterminated string", "双引号没有配对", None),
    ("Invalid control character", "文字里直接写了换行或控制字符", "换行写作 \\n"),
    ("Invalid \\", "反斜杠的写法不对", "反斜杠本身写作 \\\\"),
    ("Illegal trailing comma", "最后一项后面多了逗号", None),
    ("Extra data", "一份 JSON 之后还有内容", "若每行一份申报材料，请把文件后缀改为 .jsonl"),
)


@dataclass(frozen=True, slots=True)
class _Child:
    """A member of a container: where its key (for an object) and its value stand."""

    key: str | int
    key_span: tuple[int, int]
    span: tuple[int, int]


@dataclass(frozen=True)
class JsonText:
    """A parsed text; ``data`` has Decimal for every number that is not whole."""

    source: SourceText
    data: Any
    _cache: dict[int, dict[str | int, _Child]] = field(default_factory=dict, repr=False)

    def place(self, path: tuple[str | int, ...], *, of_key: bool = False) -> Place:
        """Where the value at ``path`` (or its key) stands; the nearest container if not there."""
        first = _TOKEN.search(self.source.text)
        span = first.span() if first else (0, 0)
        known: tuple[str | int, ...] = ()
        for step in path:
            child = self._children(span[0]).get(step)
            if child is None:
                break
            known += (step,)
            span = child.key_span if of_key and known == path else child.span
        return self._at(span, known)

    def report_repeated(self, problems: Problems) -> None:
        """A problem for every key that stands twice in one object."""
        first = _TOKEN.search(self.source.text)
        todo = [first.start()] if first else []
        while todo:
            seen: dict[str | int, _Child] = {}
            children = _scan(self.source.text, todo.pop())
            todo += [c.span[0] for c in reversed(children)]
            for child in children:
                if child.key in seen:
                    place = self._at(child.key_span, ())
                    notes = (("第一处", self._at(seen[child.key].key_span, ())),)
                    problems.report("D116", f"“{child.key}”写了两次", place, "只保留一处", notes)
                seen.setdefault(child.key, child)

    def _children(self, start: int) -> dict[str | int, _Child]:
        if start not in self._cache:
            self._cache[start] = {c.key: c for c in _scan(self.source.text, start)}
        return self._cache[start]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.source.text))]

    def _at(self, span: tuple[int, int], path: tuple[str | int, ...]) -> Place:
        line = bisect_right(self._starts, span[0])
        column = span[0] - self._starts[line - 1] + 1
        end = column + span[1] - span[0]
        number = self.source.first_line - 1 + line
        return Place(self.source, number, column, end, pointer=json_pointer(path) or None)


def _scan(text: str, start: int) -> list[_Child]:
    """The members of the container that begins at ``start``; the text is valid JSON."""
    out: list[_Child] = []
    if text[start : start + 1] not in ("{", "["):
        return out
    is_object = text[start] == "{"
    depth, index = 0, 0
    key: re.Match[str] | None = None
    wants_key = is_object
    for token in _TOKEN.finditer(text, start):
        mark = token[0][0]
        value_starts = depth == 1 and mark not in "}],:" and not wants_key
        if value_starts:
            name = json.loads(key[0]) if key else index
            out.append(_Child(name, (key or token).span(), token.span()))
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and mark == ",":
            index += 1
            key, wants_key = None, is_object
        elif depth == 1 and wants_key:
            key, wants_key = token, False
    return out


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # An exponent past what Decimal can hold.
        return Decimal("Infinity")


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) < 400 else Decimal(text)


def read_json(source: SourceText, problems: Problems) -> JsonText | None:
    """Parse one JSON text; None, with every problem appended, where it is not strict JSON.

    NaN and Infinity pass as floats, which no field takes, so that their field is named.
    """
    repeated = False

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        out = dict(pairs)
        repeated = repeated or len(out) < len(pairs)
        return out

    try:
        data = json.loads(
            source.text, parse_float=_decimal, parse_int=_integer, object_pairs_hook=unique
        )
    except json.JSONDecodeError as error:
        problems.append(_syntax_problem(source, error))
        return None
    except RecursionError:
        place = Place(source, source.first_line)
        problems.report("D115", "JSON 嵌套过深，读不了", place, "检查括号")
        return None
    text = JsonText(source, data)
    if repeated:
        text.report_repeated(problems)
        return None
    return text


def too_many(data: Any, most: int) -> bool:
    """Whether there are more than ``most`` keys and values in it, counted before anything looks at the parts."""
    left, count = [data], 0
    while left:
        node = left.pop()
        if isinstance(node, (dict, list)):
            count += len(node)
            if count > most:
                return True
            left += [
                v
                for v in (node.values() if isinstance(node, dict) else node)
                if v and isinstance(v, (dict, list))
            ]
    return False


def _syntax_problem(source: SourceText, error: json.JSONDecodeError) -> Problem:
    number = source.first_line - 1 + error.lineno
    place = Place(source, number, error.colno, error.colno + 1)
    for start, message, hint in _SYNTAX:
        if error.msg.startswith(start):
            return Problem("D115", f"JSON 写法有误：{message}", place, hint)
    return Problem("D115", "JSON 写法有误", place)
