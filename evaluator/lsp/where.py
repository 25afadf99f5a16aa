"""Where in a YAML text a cursor stands, also in one that is being typed and does not read yet."""

from __future__ import annotations

import re
from dataclasses import dataclass

KEY = re.compile(r"([\w.]+)\s*:\s*$")
ENTRY = re.compile(r"[\s-]*([\w.]+)\s*:(?:\s|$)")
WORD_BEFORE = re.compile(r"[\w.]*$")
WORD_AFTER = re.compile(r"[\w.]*")
SIBLING = re.compile(r"\bfield:\s*([\w.]+)")
NEAR = 6  # Lines up and down in which a comparison names its field.
CLOSED = {"]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Spot:
    """A cursor's surroundings.

    ``word`` runs from column ``start`` to ``end`` (code points) of the line. ``role`` is "key" for
    the name of an entry, else "value". ``key`` is the entry whose value this is or belongs to, for
    a key the one that it stands under; "" at the top. ``field`` is the field that a comparison
    around the cursor is about.
    """

    word: str
    start: int
    end: int
    role: str
    key: str
    field: str | None


def spot(text: str, line: int, column: int) -> Spot:
    """The surroundings of a position, both 0-based."""
    lines = text.split("\n")
    current = lines[line] if line < len(lines) else ""
    column = min(column, len(current))
    before, after = WORD_BEFORE.search(current[:column]), WORD_AFTER.match(current[column:])
    start, end = (before.start() if before else column), column + (after.end() if after else 0)
    colon = re.match(r"\s*:(\s|$)", current[end:]) is not None
    head = _item_head(lines, line) + current[:start]
    opened, inside = _enclosing(head)
    if opened:
        role, key = _in_flow(opened, head, inside, colon)
        outer = _enclosing(head[: len(head) - len(inside) - 1])[1] if opened == "[" else inside
        around = outer + current[start:].split("}")[0]
    else:
        role, key = _in_block(lines[:line], current[:start], colon)
        around = "\n".join(_beside(lines, line))
    sibling = SIBLING.search(around)
    return Spot(current[start:end], start, end, role, key, sibling[1] if sibling else None)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" -"))


def _beside(lines: list[str], line: int) -> list[str]:
    """The lines near by that stand as far in, nearest first."""
    near = range(max(0, line - NEAR), min(len(lines), line + NEAR + 1))
    same = [n for n in near if _indent(lines[n]) == _indent(lines[line])]
    return [lines[n] for n in sorted(same, key=lambda n: abs(n - line))]


def _item_head(lines: list[str], line: int) -> str:
    """The text of the top-level entry before this line; flow brackets do not reach beyond it."""
    first = line
    while first and (not lines[first].strip() or lines[first][0] in " \t]}"):
        first -= 1
    return "".join(f"{text}\n" for text in lines[first:line])


def _enclosing(head: str) -> tuple[str, str]:
    """The innermost open bracket, and the text since; ("", "") outside brackets."""
    stack: list[tuple[str, int]] = []
    quote = ""
    for index, char in enumerate(head):
        if quote:
            quote = "" if char in (quote, "\n") else quote
        elif char in "\"'" and (not index or head[index - 1] in " [{,:"):
            quote = char
        elif char in "[{":
            stack.append((char, index))
        elif char in CLOSED and stack and stack[-1][0] == CLOSED[char]:
            stack.pop()
    if not stack:
        return "", ""
    bracket, index = stack[-1]
    return bracket, head[index + 1 :]


def _in_flow(opened: str, head: str, inside: str, colon: bool) -> tuple[str, str]:
    part = _last_part(inside)
    named = ENTRY.match(part)
    if opened == "{" and named:
        return "value", named[1]
    outer = head[: len(head) - len(inside) - 1].rstrip()
    owner = KEY.search(outer)
    if owner:
        key = owner[1]
    elif outer.endswith(("[", ",")):  # An item of a list: the list's key.
        bracket, since = _enclosing(outer)
        key = _in_flow(bracket, outer, since, False)[1] if bracket else ""
    else:
        key = _parent(outer.split("\n"))
    return ("key" if colon or (opened == "{" and not part.strip()) else "value"), key


def _last_part(inside: str) -> str:
    """What stands after the last comma that no bracket encloses."""
    depth, start = 0, 0
    for index, char in enumerate(inside):
        depth += (char in "[{") - (char in "]}")
        if char == "," and not depth:
            start = index + 1
    return inside[start:]


def _in_block(above: list[str], before: str, colon: bool) -> tuple[str, str]:
    named = ENTRY.match(before)
    if named:
        return "value", named[1]
    item = before.lstrip().startswith("-") and _parent([*above, before])
    return ("value" if item and not colon else "key"), _parent([*above, before])


def _parent(lines: list[str]) -> str:
    """The key of the nearest line above that is indented less than the last line."""
    *above, last = lines
    for text in reversed(above):
        match = ENTRY.match(text)
        if match and _indent(text) < _indent(last):
            return match[1]
    return ""
