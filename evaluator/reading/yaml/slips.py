"""Slips of the hand behind a YAML syntax error: found in the lines, said where they were made.

libyaml notices a slip where it can read no further, which may be many lines later: an unclosed quote
runs to the next quote of the file, a key without a colon to the key after it. ``find_slip`` looks at
the lines for what people do: full-width marks, a missing colon or space, a quote or bracket that is
not closed, indentation that fits nothing.

    title: "亩均税收        →  2:10 这个引号没有配对 / 在文字末尾补上 "
    effect refer            →  7:3  “effect”后面缺少冒号 / 写作“effect: refer”
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.reading.yaml.indent import not_at_the_edge, too_deep, uneven
from evaluator.reading.yaml.lines import (
    ITEM,
    KEY,
    LEAD,
    MAX_LINES,
    Slip,
    indent_of,
    line_above,
    line_at,
)

_BLOCK_TEXT = re.compile(r"(?:: |- )[|>][-+0-9]*\s*(?:#.*)?$")
_CLOSED = {'"': re.compile(r'"(?:[^"\\]|\\.)*"'), "'": re.compile(r"'(?:[^']|'')*'")}
_REST = {'"': re.compile(r'(?:[^"\\]|\\.)*"'), "'": re.compile(r"(?:[^']|'')*'(?!')")}
_OPENERS = {"{": "}", "[": "]"}
_WIDE = {"｛": "{", "［": "[", "【": "[", "｝": "}", "］": "]", "】": "]", "，": ", ", "：": ": "}
_WIDE_NAMES = {"{": "括号", "[": "括号", "}": "括号", "]": "括号", ", ": "逗号", ": ": "冒号"}


@dataclass(frozen=True, slots=True)
class Failure:
    """What libyaml says: where it stopped, where what it was reading began, and why."""

    line: int
    column: int
    start: tuple[int, int] | None
    raw: str
    flow: bool


def find_slip(lines: Sequence[str], at: Failure) -> Slip | None:
    """The slip that made libyaml stop there; None where nothing familiar is found."""
    here = line_at(lines, at.line)
    lead = indent_of(here)
    if (tab := here.find("\t", 0, max(at.column, lead))) >= 0:
        return Slip(at.line, tab + 1, "缩进用了制表符", "删掉制表符，改用空格")
    opened = open_quote(lines, at.line)
    if opened is not None:
        return _unclosed(lines, *opened)
    numbers = dict.fromkeys([at.line, at.start[0]] if at.start else [at.line])
    for number in numbers:
        slip = _in_line(number, line_at(lines, number)) or _full_width(
            number, line_at(lines, number)
        )
        if slip is not None:
            return slip
    above = line_above(lines, at.line)
    if above not in numbers and (slip := _in_line(above, line_at(lines, above))) is not None:
        return slip
    if at.flow and at.start is not None:
        return _in_brackets(lines, at, at.start)
    return _of_failure(lines, at)


# --- quotes --------------------------------------------------------------------------------------


def _swallows_lines(lines: Sequence[str], first: int, last: int) -> bool:
    """Whether a quoted text from line ``first`` to ``last`` runs over what looks like other items.

    Such lines stand no deeper than the line that opens the quote: the text of a quote goes on
    deeper, or it is not meant to go on.
    """
    opening = LEAD.match(line_at(lines, first))
    own = opening.end() if opening else 0
    for number in range(first + 1, last + 1):
        text = line_at(lines, number)
        if indent_of(text) <= own and (KEY.match(text) or ITEM.match(text)):
            return True
    return False


def open_quote(lines: Sequence[str], last: int, *, ended: bool = False) -> tuple[int, int] | None:
    """Line and column of the first quote up to line ``last`` that is not closed as it should be.

    ``ended`` asks only for one that ends further down, which YAML takes for a text of many lines.
    """
    number, column, depth = 1, 0, 0
    block: int | None = None
    while number <= min(last, MAX_LINES):
        text = line_at(lines, number)
        indent = indent_of(text)
        if block is not None and (not text.strip() or indent > block):
            number += 1
            continue
        block = None
        if column == 0 and indent == 0 and (KEY.match(text) or ITEM.match(text)):
            depth = 0
        opening, depth = _scan(text, column, depth)
        if opening is None:
            if depth == 0 and _BLOCK_TEXT.search(text):
                lead = LEAD.match(text)
                block = lead.end() if lead and KEY.match(text) else indent
            number, column = number + 1, 0
            continue
        end = _closing(lines, number, text[opening])
        if end is None:
            return None if ended else (number, opening + 1)
        if _swallows_lines(lines, number, end[0]):
            return number, opening + 1
        number, column = end
    return None


def _scan(text: str, column: int, depth: int) -> tuple[int | None, int]:
    """Index of a quote opened and not closed in a line, and the depth of brackets behind it."""
    at, start = column, column == 0
    while at < len(text):
        char = text[at]
        if char == "#" and (at == 0 or text[at - 1].isspace()):
            break
        if start and char in _CLOSED:
            closed = _CLOSED[char].match(text, at)
            if closed is None:
                return at, depth
            at, start = closed.end(), False
            continue
        if char in "{[" and (start or depth):
            depth, start = depth + 1, True
        elif char in "}]" and depth:
            depth, start = depth - 1, False
        elif (char == "," and depth) or (char in ":-" and text[at + 1 : at + 2] in ("", " ")):
            start = char != "-" or start
        elif not char.isspace():
            start = False
        at += 1
    return None, depth


def _closing(lines: Sequence[str], first: int, quote: str) -> tuple[int, int] | None:
    """Line, and column behind it, of the quote that ends a text which goes on after ``first``."""
    for number in range(first + 1, min(len(lines), first + MAX_LINES) + 1):
        closed = _REST[quote].match(line_at(lines, number))
        if closed is not None:
            return number, closed.end()
    return None


def _unclosed(lines: Sequence[str], number: int, column: int) -> Slip:
    text = line_at(lines, number)
    quote = text[column - 1]
    wide = re.search("[”“’‘＂]", text[column:])
    if wide and not text[column + wide.end() :].strip(" ,]}"):
        at = column + wide.start()
        return Slip(number, at + 1, "后引号用了全角", f"改为半角 {quote}", at + 2)
    return Slip(number, column, "这个引号没有配对", f"在文字末尾补上 {quote}", column + 1)


# --- one line ------------------------------------------------------------------------------------


def _in_line(number: int, text: str) -> Slip | None:
    """A slip that can be seen in the line alone."""
    if match := re.match(r"\s*(?:- )?[\w.]+(\uff1a)", text, re.ASCII):
        return _mark(number, match, "冒号用了全角", "改为半角冒号，后面加一个空格")
    if match := re.match(r"\s*(?:- )?[a-z_]+(:)[^\s:/]", text):
        return _mark(number, match, "冒号后面缺少空格", "在冒号后加一个空格")
    if match := re.match(r"\s*(-)[\w{\[“\"]", text):
        return _mark(number, match, "“-”后面缺少空格", "在“-”后加一个空格")
    if match := re.match(r"\s*([－—–−•·])\s*\S", text):
        return _mark(number, match, "列表的短横不是半角的“-”", "改为半角“-”，后面加一个空格")
    if match := re.match(
        r"\s*(?:- +)*[\w.]+:\s+(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')\s*[^\s#]", text
    ):
        at = match.end() - 1
        return Slip(
            number, at + 1, "引号后面又有文字", "把整段文字放进一对引号，中间不再用同样的引号"
        )
    return None


def _full_width(number: int, text: str) -> Slip | None:
    """A full-width bracket or quote where a value begins; in a sound line that may be a text."""
    if match := re.match(r"\s*(?:- +)*(?:[\w.]+: +)?([｛［【])", text):
        return _wide(number, match)
    if match := re.match(r"\s*(?:- +)*(?:[\w.]+: +)?([“‘])", text):
        return _mark(number, match, "引号用了全角", "改为半角引号")
    return None


def _mark(number: int, match: re.Match[str], what: str, hint: str) -> Slip:
    return Slip(number, match.start(1) + 1, what, hint, match.end(1) + 1)


def _wide(number: int, match: re.Match[str]) -> Slip:
    narrow = _WIDE[match[1]]
    if narrow == ": ":
        return _mark(number, match, "冒号用了全角", "改为半角冒号，后面加一个空格")
    what = f"{_WIDE_NAMES[narrow]}“{match[1]}”用了全角"
    space = "，后面加一个空格" if narrow.endswith(" ") else ""
    return _mark(number, match, what, f"改为半角“{narrow.strip()}”{space}")


def key_slip(number: int, column: int, key: str) -> Slip | None:
    """What is wrong with a key without quotes and without content: ``{field:two_high, …}``."""
    if match := re.match("[｛［【]|(?<![｛［【])[^｛［【]*([｝］】])$", key):
        at = column + (match.start(1) if match[1] else 0)
        wide = match[1] or match[0]
        return Slip(number, at, f"括号“{wide}”用了全角", f"改为半角“{_WIDE[wide]}”", at + 1)
    if match := re.match("“([^“”]*)”?$", key):
        end = column + len(key)
        return Slip(number, column, "引号用了全角", f"名称不加引号，写 {match[1]}", end)
    if match := re.match(r"[A-Za-z_]+\s*(\uff1a)", key):
        at = column + match.start(1)
        return Slip(number, at, "冒号用了全角", "改为半角冒号，后面加一个空格", at + 1)
    if match := re.match(r"[A-Za-z_]+(:)[^\s:/]", key):
        at = column + match.start(1)
        return Slip(number, at, "冒号后面缺少空格", "在冒号后加一个空格", at + 1)
    if match := re.match(r"([A-Za-z_]+)\s+([^\s=<>].*)", key):
        hint = f"写作“{match[1]}: {match[2][:12]}”，冒号是半角，后面有一个空格"
        return Slip(number, column, f"“{match[1]}”后面缺少冒号", hint, column + match.end(1))
    return None


# --- brackets ------------------------------------------------------------------------------------


def _in_brackets(lines: Sequence[str], at: Failure, start: tuple[int, int]) -> Slip:
    """A slip between a bracket and where libyaml found that it cannot go on."""
    number, column = start
    text, here = line_at(lines, number), line_at(lines, at.line)
    end = at.column if at.line == number else len(text)
    for wide in re.finditer(r"([｛［【｝］】]|，(?=\s*\w+: )|：(?=[{\[]))", text):
        if column <= wide.start() + 1 <= end:
            return _wide(number, wide)
    before = here[: at.column - 1]
    inside = at.line == number or indent_of(here) > indent_of(text)
    if (
        inside
        and here[at.column - 1 : at.column] == ":"
        and (match := re.search(r"\s([A-Za-z_]+)$", before))
    ):
        return _mark(
            at.line, match, f"“{match[1]}”前面缺少逗号", "各项之间写半角逗号，后面加一个空格"
        )
    left = line_at(lines, number)[column - 1 : column]
    right = _OPENERS.get(left, "")
    if not right:
        return Slip(
            number,
            column,
            "括号没有配对，或缺少逗号",
            "检查 [ ] 和 { } 是否成对，各项之间用半角逗号",
        )
    rest = text[column - 1 :]
    if rest.count(left) > rest.count(right):
        return Slip(number, column, f"括号“{left}”没有配对", f"在末尾补上“{right}”")
    what = f"“{left}”到“{right}”之间缺少逗号，或括号没有配对"
    return Slip(number, column, what, "各项之间写半角逗号，后面加一个空格")


# --- what libyaml complains of -------------------------------------------------------------------


def _of_failure(lines: Sequence[str], at: Failure) -> Slip | None:
    here = line_at(lines, at.line)
    char = here[at.column - 1 : at.column]
    if "could not find expected ':'" in at.raw and at.start:
        return _no_colon(lines, at.start[0])
    if "mapping values are not allowed" in at.raw:
        key = KEY.match(here)
        if key and key.end() >= at.column:
            return too_deep(lines, at.line) or _no_colon(lines, line_above(lines, at.line))
        above = line_above(lines, at.line)
        if re.fullmatch(r"\s*(?:- +)*[a-z_]+\s*", line_at(lines, above)):
            return _no_colon(lines, above)
        return _no_colon(lines, at.line)
    if char and char in "}]" and "did not find expected" in at.raw:
        return Slip(at.line, at.column, f"多了一个“{char}”", "删掉它，或补上与它成对的括号")
    if "<document start>" in at.raw:
        return not_at_the_edge(lines, at.line)
    if "did not find expected key" in at.raw or "did not find expected '-'" in at.raw:
        return uneven(lines, at.line) if not here[: at.column - 1].strip() else None
    return None


def _no_colon(lines: Sequence[str], number: int) -> Slip | None:
    text = line_at(lines, number)
    if ITEM.match(line_at(lines, number - 1)) and (match := re.match(r"\s*([{\[])", text)):
        return _mark(number, match, "这一行开头缺少“- ”", "列表的每一项以“- ”开头")
    match = re.match(r"\s*(?:- +)*([A-Za-z_]+)(?:\s+([^\s:].*)|\s*)$", text)
    if match is None:
        return None
    rest = match[2] or ""
    example = f"{match[1]}: {rest if len(rest) <= 12 else '…'}".strip()
    return _mark(
        number, match, f"“{match[1]}”后面缺少冒号", f"写作“{example}”，冒号是半角，后面有一个空格"
    )
