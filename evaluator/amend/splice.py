"""Changing a YAML text at places, so that all the rest stays as it is, letter by letter.

A rulebook's comments, order and spacing are its maintainers'. What is read and written again by a
library loses some of it (``[{criterion: x}]`` comes back as ``[criterion: x]``), so that nothing is
written again here: what changes is put in where the reader says that it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.scan import Node, YMap, YScalar, read_yaml

_BREAK = re.compile(r"\r\n|\r|\n")
_CLOSERS = {"{": "}", "[": "]"}


class CannotSplice(Exception):
    """The text is written in a way that is not changed here; the message is for people."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Characters ``start`` to ``end`` are replaced by ``text``."""

    start: int
    end: int
    text: str


def patched(text: str, patches: Iterable[Patch]) -> str:
    """The text after all patches, which must not overlap."""
    out, at = [], 0
    for patch in sorted(patches, key=lambda p: (p.start, p.end)):
        if patch.start < at:
            raise CannotSplice("改动互相重叠")
        out += [text[at : patch.start], patch.text]
        at = patch.end
    return "".join([*out, text[at:]])


class Spliced:
    """One text, and where its lines begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(m.end() for m in _BREAK.finditer(text))]
        found = _BREAK.search(text)
        self.newline = found[0] if found else "\n"

    def at(self, place: Place) -> int:
        """The offset of a place."""
        assert place.line is not None
        return self.starts[place.line - 1] + (place.column or 1) - 1

    def line(self, number: int) -> str:
        """Line ``number`` (1-based) with its end."""
        end = self.starts[number] if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]

    def flow(self, node: Node) -> bool:
        """Whether a mapping or list is written in brackets."""
        return self.text[self.at(node.place)] in _CLOSERS

    def end_of(self, node: Node, *, inside: bool) -> int:
        """Where a scalar or a bracketed node ends; ``inside`` brackets a plain word ends at a comma.

        Raises CannotSplice for a text over several lines.
        """
        start = self.at(node.place)
        first = self.text[start : start + 1]
        if first in _CLOSERS:
            return self._bracket(start)
        if not isinstance(node, YScalar) or first in "|>&*!":
            raise CannotSplice("这一处写在几行里")
        if first in "\"'":
            return self._quoted(start)
        line_end = _BREAK.search(self.text, start)
        rest = self.text[start : line_end.start() if line_end else len(self.text)]
        stop = re.search(r"\s+#|\s*[,\]}]|\s*$" if inside else r"\s+#|\s*$", rest)
        assert stop is not None
        written = rest[: stop.start()]
        if written != node.text:
            raise CannotSplice("这一处写在几行里")
        return start + stop.start()

    def _quoted(self, start: int) -> int:
        quote = self.text[start]
        form = r'"(?:[^"\\\r\n]|\\.)*"' if quote == '"' else r"'(?:[^'\r\n]|'')*'"
        found = re.compile(form).match(self.text, start)
        if found is None:
            raise CannotSplice("引号里的文字写在几行里")
        return found.end()

    def _bracket(self, start: int) -> int:
        """Where the bracket that opens at ``start`` is closed."""
        stack: list[str] = []
        at, before = start, ""
        while at < len(self.text):
            char = self.text[at]
            if char in "\"'" and before in "{[,:":
                at = self._quoted(at)
                before = "x"
                continue
            if char == "#" and self.text[at - 1].isspace():
                line_end = _BREAK.search(self.text, at)
                at = line_end.end() if line_end else len(self.text)
                continue
            if char in _CLOSERS:
                stack.append(_CLOSERS[char])
            elif stack and char == stack[-1]:
                stack.pop()
                if not stack:
                    return at + 1
            if not char.isspace():
                before = char
            at += 1
        raise CannotSplice("括号没有配对")

    def block_end(self, place: Place, indent: int) -> int:
        """The offset after the last line of what begins at ``place`` and stands deeper than ``indent``.

        Comments and empty lines after it belong to what follows.
        """
        assert place.line is not None
        last = place.line
        for number in range(place.line + 1, len(self.starts) + 1):
            line = self.line(number)
            bare = line.strip()
            if not bare or bare.startswith("#"):
                continue
            if len(line) - len(line.lstrip(" ")) <= indent:
                break
            last = number
        return self.starts[last] if last < len(self.starts) else len(self.text)

    def inserted(self, at: int, lines: Iterable[str]) -> Patch:
        """Whole lines put in at the beginning of a line, or after a last line without an end."""
        body = "".join(f"{line}{self.newline}" for line in lines)
        if at and self.text[at - 1] not in "\r\n":
            body = self.newline + body.removesuffix(self.newline)
        return Patch(at, at, body)


def plain(text: str) -> str:
    """A text as a YAML scalar that reads back as the same text, quoted where it must be."""
    problems = Problems()
    node = read_yaml("x", f"a: {{b: {text}}}\n", problems) if text.strip() == text else None
    inner = node.get("a") if isinstance(node, YMap) else None
    word = inner.get("b") if isinstance(inner, YMap) else None
    if not problems and isinstance(word, YScalar) and word.value == text:
        return text
    return json.dumps(text, ensure_ascii=False)
