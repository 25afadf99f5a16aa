"""A scorecard's points and bands changed by a form: every number where it stands, bands that come and
go; all else stays as written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluator.amend.splice import CannotSplice, Patch, Spliced, patched
from evaluator.dossier.fields import Registry
from evaluator.problems.choices import KEY_LABELS
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_yaml
from evaluator.rulebook.cards import Scorecard

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
DOWN, UP = ("at_least", "more_than"), ("at_most", "less_than")
WORDS = {
    "full_marks": "满分",
    "cap": "封顶",
    "floor": "最少",
    "bonus_cap": "加分最多",
    "deduction_cap": "扣分最多",
    "points": "得分",
    "then": "满足得分",
    "otherwise": "其余得分",
    "each": "每一项得分",
    "step": "每一步",
    "above": "高于",
    "below": "低于",
    "least": "最少得分",
    "most": "最多得分",
    "at_least": "不低于",
    "more_than": "高于",
    "at_most": "不高于",
    "less_than": "低于",
}
NEW_BOUND, NEW_POINTS = "new_bound", "new_points"
MAX_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a card: what it is of, what it is called, and how it stands in the file.

    ``path`` names it among the card's numbers: "items.tax.points.rows.0.at_least".
    """

    path: str
    group: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class NewBand:
    """A band to add to an item's bands: from ``bound`` on it gives ``points``."""

    item: str
    bound: str
    points: str


def figures(text: str, card: Scorecard, registry: Registry) -> tuple[Figure, ...]:
    """The numbers of a card in a file, in reading order. Raises CannotSplice."""
    return tuple(
        Figure(path, group, label, node.text)
        for path, group, label, node in _numbers(_node(text, card), card, registry)
    )


def banded(text: str, card: Scorecard) -> Mapping[str, str]:
    """The items that a band can be added to, by id, and what its bound is called."""
    out = {}
    for id_, rows in _bands(_node(text, card)):
        key = _bound_key(rows)
        if key is not None and not Spliced(text).flow(rows):
            out[id_] = WORDS[key]
    return out


def amended_card(
    text: str,
    card: Scorecard,
    registry: Registry,
    values: Mapping[str, str],
    added: Sequence[NewBand] = (),
    removed: Sequence[str] = (),
) -> str:
    """The file with these numbers by path, bands added, and bands taken out, by the path of their
    bound. Raises CannotSplice."""
    spliced, node = Spliced(text), _node(text, card)
    found = {path: number for path, _, _, number in _numbers(node, card, registry)}
    patches = []
    gone = tuple(path.rpartition(".")[0] + "." for path in removed)
    for path, value in values.items():
        if path in found and not path.startswith(gone):
            at = found[path]
            end = spliced.end_of(at, inside=True)
            patches.append(Patch(spliced.at(at.place), end, checked(value)))
    bands = dict(_bands(node))
    for path in removed:
        patches.append(_without(spliced, bands, path))
    patches += [_with(spliced, bands, band) for band in added]
    return patched(text, patches)


def checked(value: str) -> str:
    """A number as it is written into the file. Raises CannotSplice."""
    bare = value.strip().replace("，", ",").replace(",", "")
    if not _NUMBER.fullmatch(bare) or len(bare) > MAX_DIGITS:
        raise CannotSplice(f"“{value[:20]}”不是数；只写数，如 7.5")
    return bare


def _node(text: str, card: Scorecard) -> YMap:
    root = read_yaml("card.yaml", text, Problems())
    for item in root.items if isinstance(root, YList) else ():
        id_ = item.get("id") if isinstance(item, YMap) else None
        if isinstance(item, YMap) and isinstance(id_, YScalar) and id_.text == card.id:
            return item
    raise CannotSplice(f"文件里找不到评分表“{card.id}”")


def _numbers(
    card: YMap, held: Scorecard, registry: Registry
) -> Iterator[tuple[str, str, str, YScalar]]:
    """Path, group, label and node of every number."""
    for key, value in card.entries:
        if isinstance(value, YScalar) and _NUMBER.fullmatch(value.text) and key.text in WORDS:
            yield key.text, "整张表", WORDS[key.text], value
    titles = {i.id: i.title for i in held.items} | {}
    for id_, item in _listed(card, "items"):
        group = titles.get(id_, id_)
        for key, value in item.entries:
            path = f"items.{id_}.{key.text}"
            if key.text == "points":
                yield from ((p, group, w, n) for p, w, n in _points(value, path, registry))
            elif isinstance(value, YScalar) and _NUMBER.fullmatch(value.text):
                yield path, group, WORDS.get(key.text, key.text), value
    grades = {g.id: g.title for g in held.grades}
    for id_, grade in _listed(card, "grades"):
        for key, value in grade.entries:
            if key.text in ("id", "title", "note", "message"):
                continue
            for path, label, number in _deep(value, f"grades.{id_}.{key.text}", key.text):
                yield path, f"等次“{grades.get(id_, id_)}”", label, number


def _listed(card: YMap, key: str) -> Iterator[tuple[str, YMap]]:
    """The mappings of a list, by their ids."""
    node = card.get(key)
    for item in node.items if isinstance(node, YList) else ():
        id_ = item.get("id") if isinstance(item, YMap) else None
        if isinstance(item, YMap) and isinstance(id_, YScalar):
            yield id_.text, item


def _points(node: Node, path: str, registry: Registry) -> Iterator[tuple[str, str, YScalar]]:
    if not isinstance(node, YMap):
        return
    option = node.get("options")
    words = (
        registry.fields[option.text].values
        if isinstance(option, YScalar) and option.text in registry.fields
        else {}
    )
    for key, value in node.entries:
        at = f"{path}.{key.text}"
        if key.text == "values" and isinstance(value, YMap):
            for word, points in value.entries:
                named = words.get(word.text) or {"true": "是", "false": "否"}.get(
                    word.text, word.text
                )
                yield from _deep(points, f"{at}.{word.text}", word.text, f"{named}得分")
        elif key.text == "rows" and isinstance(value, YList):
            for n, row in enumerate(value.items):
                for part, number in row.entries if isinstance(row, YMap) else ():
                    for p, label, found in _deep(number, f"{at}.{n}.{part.text}", part.text):
                        yield p, f"第 {n + 1} 档：{label}", found
        else:
            yield from _deep(value, at, key.text)


def _deep(node: Node, path: str, key: str, label: str = "") -> Iterator[tuple[str, str, YScalar]]:
    """The numbers at and below a node, with what they are called."""
    own = label or WORDS.get(key) or KEY_LABELS.get(key, key)
    if isinstance(node, YScalar):
        if _NUMBER.fullmatch(node.text):
            yield path, own, node
    elif isinstance(node, YMap):
        for name, value in node.entries:
            said = WORDS.get(name.text) or KEY_LABELS.get(name.text, name.text)
            yield from _deep(
                value, f"{path}.{name.text}", name.text, f"每加：{said}" if key == "each" else ""
            )
    else:
        for n, value in enumerate(node.items):
            yield from _deep(value, f"{path}.{n}", key)


# --- bands ----------------------------------------------------------------------------------------


def _bands(card: YMap) -> Iterator[tuple[str, YList]]:
    """The lists of bands, by item."""
    for id_, item in _listed(card, "items"):
        points = item.get("points")
        rows = points.get("rows") if isinstance(points, YMap) else None
        if isinstance(rows, YList) and isinstance(points, YMap) and points.get("bands") is not None:
            yield id_, rows


def _bound_key(rows: YList) -> str | None:
    keys = (k.text for row in rows.items if isinstance(row, YMap) for k, _ in row.entries)
    return next((k for k in keys if k in (*DOWN, *UP)), None)


def _line(spliced: Spliced, row: Node) -> tuple[int, int]:
    """Where the line of a band begins, and how far its dash is indented."""
    number = row.place.line or 1
    line = spliced.line(number)
    dash = line.find("-")
    if line[:dash].strip() or line[dash + 1 : (row.place.column or 1) - 1].strip():
        raise CannotSplice("各档写在一行里，请在文件里改")
    return spliced.starts[number - 1], dash


def _without(spliced: Spliced, bands: Mapping[str, YList], path: str) -> Patch:
    """The band out, whose bound has this path."""
    _, item, _, _, number, _ = path.split(".")
    rows = bands[item]
    row = rows.items[int(number)]
    if len(rows.items) == 1 or spliced.flow(rows):
        raise CannotSplice("这一档不能用表删去，请在文件里改")
    start, dash = _line(spliced, row)
    return Patch(start, spliced.block_end(row.place, dash), "")


def _with(spliced: Spliced, bands: Mapping[str, YList], band: NewBand) -> Patch:
    """The band in, in the order of the bounds."""
    rows = bands.get(band.item)
    key = _bound_key(rows) if rows is not None else None
    if rows is None or key is None or spliced.flow(rows):
        raise CannotSplice("这一项不能用表加一档，请在文件里改")
    bound = checked(band.bound)
    before = rows.items[-1]
    for row in rows.items:
        written = row.get(key) if isinstance(row, YMap) else None
        if isinstance(written, YScalar) and _NUMBER.fullmatch(written.text):
            here = Fraction(written.text)
            if here == Fraction(bound):
                raise CannotSplice(f"已经有“{WORDS[key]} {bound}”的一档")
            if (here < Fraction(bound)) == (key in DOWN):
                before = row
                break
    start, dash = _line(spliced, before)
    return spliced.inserted(
        start, [" " * dash + f"- {{{key}: {bound}, points: {checked(band.points)}}}"]
    )
