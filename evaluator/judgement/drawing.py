"""A picture of parts in columns as SVG, laid out here: no library draws one without binaries.

Each column but the last is put in the order of what its parts lead to, so that few lines cross. The
drawing is one image to a screen reader, with a title and a description; whoever shows it puts the
same in words beside it. ``style`` is for a file that stands alone: pages have theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from evaluator.judgement.picture import KINDS, Key, Part, Picture
from evaluator.problems.source import display_width

BOX, ROW, COLUMN = (184, 42), 52, 262
MARGIN, HEAD = 8, 30
ROOM = 25  # Cells of a title that fit into a box.
STYLE = """
text{font:13px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;fill:#1b1f24}
.line,.head{font-size:11.5px;fill:#4a5460}rect{fill:#fff;stroke:#56606b}path{fill:none;stroke:#8a96a3}
.rule rect,.verdict rect{fill:#f3f6f9}.open rect{stroke-dasharray:5 3;stroke:#7a5200;stroke-width:2;fill:#fff4d9}
path.open{stroke:#7a5200;stroke-dasharray:5 3}.violated rect,.reject rect{stroke:#a01c15;stroke-width:2;fill:#fdeceb}
.satisfied rect,.pass rect{stroke:#14683c}
""".replace("\n", "")


def draw(picture: Picture, title: str, name: str = "picture", *, style: bool = False) -> str:
    """The picture as an SVG element; ``name`` makes the ids of its title and description."""
    places = _places(picture)
    width = MARGIN * 2 + COLUMN * (len(picture.columns) - 1) + BOX[0]
    height = max(y for _, y in places.values()) + BOX[1] + MARGIN
    out = [
        f'<svg class="rests" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-labelledby="{name}-t {name}-d">',
        f'<title id="{name}-t">{escape(title)}</title>',
        f'<desc id="{name}-d">{escape(picture.summary())}</desc>',
    ]
    if style:
        out.append(f"<style>{STYLE}</style>")
    out += _heads(picture)
    parts = picture.parts
    for key, under in picture.rests.items():
        out += [_edge(places[source], places[key], parts[source].open) for source in under]
    out += [_box(part, *places[part.key]) for part in parts.values()]
    return "".join([*out, "</svg>"])


def _places(picture: Picture) -> Mapping[Key, tuple[int, int]]:
    """Where the box of each part stands: the last columns first, each part beside what it leads to."""
    leads: dict[Key, list[Key]] = {}
    for key, under in picture.rests.items():
        for source in under:
            leads.setdefault(source, []).append(key)
    rows: dict[Key, float] = {}
    for column in reversed(picture.columns):
        wanted = {}
        for number, part in enumerate(column):
            beside = [rows[key] for key in leads.get(part.key, ()) if key in rows]
            wanted[part.key] = sum(beside) / len(beside) if beside else float(number)
        if column[0].kind == "rule":
            wanted = {part.key: float(number) for number, part in enumerate(column)}
        below = 0.0
        for key in sorted(wanted, key=lambda k: wanted[k]):
            rows[key] = max(below, wanted[key])
            below = rows[key] + 1
    verdict = picture.columns[-1][0].key
    rules = [rows[key] for key in picture.rests[verdict]]
    if rules:
        rows[verdict] = sum(rules) / len(rules)
    return {
        part.key: (MARGIN + COLUMN * at, HEAD + round(ROW * rows[part.key]))
        for at, column in enumerate(picture.columns)
        for part in column
    }


def _heads(picture: Picture) -> list[str]:
    out = []
    seen = ""
    for at, column in enumerate(picture.columns):
        word = KINDS[column[0].kind]
        if word != seen:
            out.append(f'<text class="head" x="{MARGIN + COLUMN * at}" y="18">{word}</text>')
        seen = word
    return out


def _edge(start: tuple[int, int], end: tuple[int, int], unsettled: bool) -> str:
    x, y = start[0] + BOX[0], start[1] + BOX[1] // 2
    to_x, to_y = end[0], end[1] + BOX[1] // 2
    bend = (COLUMN - BOX[0]) // 2
    mark = ' class="open"' if unsettled else ""
    return f'<path{mark} d="M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"/>'


def _box(part: Part, x: int, y: int) -> str:
    marks = " ".join(filter(None, (part.kind, part.state, "open" if part.open else "")))
    lines = f'<text x="{x + 9}" y="{y + (17 if part.line else 26)}">{_cut(part.title)}</text>'
    if part.line:
        lines += f'<text class="line" x="{x + 9}" y="{y + 34}">{_cut(part.line)}</text>'
    return (
        f'<g class="{marks}"><rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="4"/>'
        f"{lines}</g>"
    )


def _cut(text: str) -> str:
    """A text that fits into a box."""
    if display_width(text) <= ROOM:
        return escape(text)
    kept = ""
    for char in text:
        if display_width(kept + char) > ROOM - 2:
            break
        kept += char
    return f"{escape(kept)}…"
