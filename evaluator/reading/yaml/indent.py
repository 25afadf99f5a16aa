"""Indentation that fits nothing: which line is out of line, and where it should begin.

YAML goes by the first line of a block. So where that one is wrong, libyaml complains of the second;
here the one that differs from the rest is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.reading.yaml.lines import (
    ITEM,
    KEY,
    LEAD,
    MAX_LINES,
    Slip,
    indent_of,
    line_above,
    line_at,
    says_something,
)


def _levels(lines: Sequence[str], number: int, item: bool) -> list[int]:
    """The indents at which a line may stand after those above it, the innermost first."""
    levels: list[int] = []
    low = 1_000
    for above in range(number - 1, max(0, number - MAX_LINES), -1):
        text = line_at(lines, above)
        if not says_something(text):
            continue
        indent, content = indent_of(text), LEAD.match(text)
        if indent >= low and levels:
            continue
        own = [indent] if item and ITEM.match(text) else []
        if not item and KEY.match(text) and content:
            own = [content.end()]
        levels += [n for n in own if n not in levels]
        low = min(low, indent)
        if not low:
            break
    return levels


def _odd_first(lines: Sequence[str], number: int) -> Slip | None:
    """The slip in the first line of a block that the lines below it, from ``number``, do not fit.

    YAML goes by the first line, so it complains of the second, of a block that is otherwise even.
    """
    text = line_at(lines, number)
    item, own = bool(ITEM.match(text)), indent_of(text)
    above: list[tuple[int, int]] = []  # Lines of the block above, nearest first, and their levels.
    parent, inside = -1, ""
    for n in range(number - 1, max(0, number - MAX_LINES), -1):
        line = line_at(lines, n)
        if not says_something(line):
            continue
        level = _level(line, item)
        if level < min(own, above[0][1] if above else own + 1):
            parent, inside = level, line
            break
        above.append((n, level))
    if not above:
        return None
    first, level = above[-1]
    in_item = bool(ITEM.match(inside))
    if (
        item
        and not in_item
        and not ITEM.match(line_at(lines, first))
        and indent_of(line_at(lines, first)) >= own
    ):
        at = indent_of(line_at(lines, first)) + 1
        return Slip(first, at, "这一行开头缺少“- ”", "列表的每一项以“- ”开头，与下面各项对齐")
    if level == own or level != min(n for _, n in above):
        return None
    below = [n for n in _levels_below(lines, number, item) if n > parent]
    mine, others = sum(n == level for _, n in above), below.count(own)
    usual = own - max(parent, 0) == 2 != level - max(parent, 0)
    if level in below or others < mine or (others == mine and not usual):
        return None
    return _unlike_below(lines, first, own - level)


def _shallow_first(lines: Sequence[str], number: int) -> Slip | None:
    """The same where the first line of the block is less indented than those below it."""
    text = line_at(lines, number)
    item, own = bool(ITEM.match(text)), indent_of(text)
    first = parent = 0
    for n in range(number - 1, max(0, number - MAX_LINES), -1):
        line = line_at(lines, n)
        if says_something(line):
            if first:
                parent = n
                break
            if (level := _level(line, item)) == own:
                return None
            first = n if level < own else 0
    if not parent or not line_at(lines, parent).rstrip().endswith(":"):
        return None
    outer, level = _level(line_at(lines, parent), item), _level(line_at(lines, first), item)
    below = [n for n in _levels_below(lines, number, item) if n > outer]
    others = below.count(own)
    usual = own - outer == 2 != level - outer
    if level <= outer or level in below or not (others > 1 or usual):
        return None
    return _unlike_below(lines, first, own - level)


def _unlike_below(lines: Sequence[str], number: int, change: int) -> Slip:
    indent = indent_of(line_at(lines, number))
    what = f"缩进与下面各行不一致，这一行前面有 {indent} 个空格"
    hint = f"与下面同一层的各行对齐，前面写 {indent + change} 个空格"
    return Slip(number, indent + 1, what, hint)


def not_at_the_edge(lines: Sequence[str], number: int) -> Slip | None:
    """A first line that is indented, with lines below that are not."""
    first = next((n for n in range(1, number) if says_something(line_at(lines, n))), 0)
    text = line_at(lines, first)
    if not first or not indent_of(text) or indent_of(line_at(lines, number)):
        return None
    if ITEM.match(line_at(lines, number)) and not ITEM.match(text):
        return Slip(
            first, indent_of(text) + 1, "这一行开头缺少“- ”", "列表的每一项以“- ”开头，顶格写"
        )
    what = f"缩进与下面各行不一致，这一行前面有 {indent_of(text)} 个空格"
    return Slip(first, indent_of(text) + 1, what, "顶格写，前面不留空格")


def _level(text: str, item: bool) -> int:
    """The column that counts: of the dash among items, else of the key."""
    lead = LEAD.match(text)
    return indent_of(text) if item or lead is None else lead.end()


def _levels_below(lines: Sequence[str], number: int, item: bool) -> list[int]:
    """The levels of a line and those below it that are no deeper, until its block ends."""
    own = indent_of(line_at(lines, number))
    levels: list[int] = []
    for n in range(number, min(len(lines), number + MAX_LINES) + 1):
        text = line_at(lines, n)
        if says_something(text):
            if indent_of(text) < min(own, 1):
                break
            levels.append(_level(text, item))
            if not item and n > number and ITEM.match(text) and indent_of(text) < own:
                break
    return levels


def uneven(lines: Sequence[str], number: int) -> Slip:
    text = line_at(lines, number)
    indent = indent_of(text)
    first = _odd_first(lines, number) or _shallow_first(lines, number)
    if first is not None:
        return first
    what = f"缩进与上文不一致，这一行前面有 {indent} 个空格"
    levels = _levels(lines, number, bool(ITEM.match(text)))
    if not levels or indent in levels:
        return Slip(number, indent + 1, what, "同一层的各行要从同一列开始")
    near = min(levels, key=lambda n: (abs(n - indent), -n))
    return Slip(number, indent + 1, what, f"与同一层的上一项对齐，前面写 {near} 个空格")


def too_deep(lines: Sequence[str], number: int) -> Slip | None:
    """A key deeper than the one above, which already has its content."""
    above = line_above(lines, number)
    text, previous = line_at(lines, number), line_at(lines, above)
    lead = LEAD.match(previous)
    indent = indent_of(text)
    if not (lead and KEY.match(previous)):
        return None
    if indent <= lead.end():
        return None
    first = _odd_first(lines, number) or _shallow_first(lines, number)
    if first is not None:
        return first
    what = f"缩进多了，这一行前面有 {indent} 个空格"
    return Slip(number, indent + 1, what, f"与上一项对齐，前面写 {lead.end()} 个空格")
