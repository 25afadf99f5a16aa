"""Marks that the eye takes for others: full-width quotes, brackets and braces, a quote left open.

They load, since nothing forbids them in a text; but what they say is not what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.problems.errors import Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.scalar import full_width
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_kept
from evaluator.reading.yaml.slips import open_quote
from evaluator.reading.yaml.syntax import split_lines
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.files import is_case_file, shown_name

BRACES = re.compile("[｛｝]")
# What a file must hold to be read again here: most hold nothing of the kind.
SIGNS = re.compile(r"[｛｝]|[-:,\[]\s*[“‘「＂［【]|^[^\"\n]*[^\"\s]\"\s*$", re.M)
SENTENCES = ("message", "remedy")


def _texts(ruleset: Ruleset) -> Iterator[tuple[str, str]]:
    for layer, files in ruleset.layers:
        for name, text in files.items():
            if not is_case_file(name):
                yield shown_name(layer, name), text


class FullWidthMark:
    """A value in full-width quotes or brackets; full-width braces in a message."""

    code: ClassVar[str] = "E929"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for name, text in _texts(ruleset):
            node = read_kept(name, text, Problems()) if SIGNS.search(text) else None
            if node is not None:
                yield from self._in(node, "", "")

    def _in(self, node: Node, key: str, subject: str) -> Iterator[Problem]:
        if isinstance(node, YMap):
            id_ = node.get("id")
            subject = id_.text if isinstance(id_, YScalar) else subject
            for inner, value in node.entries:
                below = inner.text if key in ("criteria", "sources") else subject
                yield from self._in(value, inner.text, below)
        elif isinstance(node, YList):
            for item in node.items:
                yield from self._in(item, key, subject)
        else:
            yield from self._word(node, key, subject)

    def _word(self, node: YScalar, key: str, subject: str) -> Iterator[Problem]:
        place = node.place
        line = place.source.line(place.line or 0)
        if key in SENTENCES and (braces := BRACES.search(node.text)):
            yield problem(
                self.code,
                f"“{key}”里的花括号“{braces[0]}”用了全角，不会换成数值",
                _first(place),
                "改为半角，如 {value}",
                subject=subject,
            )
        elif isinstance(node.value, str) and line.startswith(
            node.text[:1], (place.column or 1) - 1
        ):
            fault = full_width(node.text)
            if fault is not None:
                yield problem(self.code, fault.message, place, fault.hint, subject=subject)


def _first(place: Place) -> Place:
    """The first full-width brace from where a text begins."""
    number, start = place.line or 1, (place.column or 1) - 1
    lines = split_lines(place.source.text)
    for index in range(number - 1, len(lines)):
        braces = BRACES.search(lines[index], start if index == number - 1 else 0)
        if braces is not None:
            return Place(place.source, index + 1, braces.start() + 1, braces.end() + 1)
    return place


class OpenQuote:
    """A text in quotes that runs over the items below it, to the next quote."""

    code: ClassVar[str] = "E930"
    whole: ClassVar[bool] = False

    def run(self, ruleset: Ruleset) -> Iterable[Problem]:
        for name, text in _texts(ruleset):
            source = SourceText(name, text.removeprefix("\ufeff"))
            lines = split_lines(source.text)
            opened = open_quote(lines, len(lines), ended=True)
            if opened is not None:
                line, column = opened
                quote = source.line(line)[column - 1 : column]
                yield problem(
                    self.code,
                    "这个引号没有配对，下面几行成了文字的一部分",
                    Place(source, line, column, column + 1),
                    f"在文字末尾补上 {quote}；文字确有几行的，后面的行要缩进",
                    subject=name,
                )
