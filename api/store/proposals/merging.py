"""Bringing a proposal onto what was published meanwhile: a three-way merge of its files.

A file that only one side changed is taken from that side. Where both changed a file, lines changed
by one side only are taken; what both changed otherwise stands between markers, as git writes them,
and such a file cannot be published until a person has decided.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import Match, SequenceMatcher
from types import MappingProxyType

from api.store.proposals.text import MATERIALS, Text

MARKER = "<<<<<<< "
OURS, MIDDLE, THEIRS = f"{MARKER}本提案\n", "=======\n", ">>>>>>> 已发布\n"


def merge_texts(base: Text, ours: Text, theirs: Text) -> tuple[Text, list[str]]:
    """The merged text, and the files in which markers stand.

    Layers are those of ``theirs``; a layer that only ``ours`` has is added at its end.
    """
    marked: list[str] = []

    def files(layer: str) -> dict[str, str]:
        sides = [_files(t, layer) for t in (base, ours, theirs)]
        out: dict[str, str] = {}
        for path in dict.fromkeys([*sides[2], *sides[1]]):
            a, b, c = (s.get(path) for s in sides)
            merged = _merge_file(a, b, c)
            if merged is not None:
                out[path] = merged
                if MARKER in merged and merged not in (b, c):
                    marked.append(path if layer == "base" else f"{layer}/{path}")
        return out

    names = list(dict.fromkeys([n for n, _ in theirs.layers] + [n for n, _ in ours.layers]))
    layers = tuple((n, MappingProxyType(files(n))) for n in names)
    return Text(layers, MappingProxyType(files(MATERIALS))), marked


def _files(text: Text, layer: str) -> dict[str, str]:
    if layer == MATERIALS:
        return dict(text.materials)
    return dict(dict(text.layers).get(layer, {}))


def _merge_file(base: str | None, ours: str | None, theirs: str | None) -> str | None:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    if ours is None or theirs is None:
        # One side deleted what the other changed: both are shown.
        return OURS + (ours or "") + MIDDLE + (theirs or "") + THEIRS
    return merge_lines(base or "", ours, theirs)


def merge_lines(base: str, ours: str, theirs: str) -> str:
    """Three-way merge by lines; conflicting stretches stand between markers."""
    a, b, c = (t.splitlines(keepends=True) for t in (base, ours, theirs))
    out: list[str] = []
    i = j = k = 0
    for start, in_b, in_c, size in _common(a, b, c):
        out += _stretch(a[i:start], b[j:in_b], c[k:in_c])
        out += a[start : start + size]
        i, j, k = start + size, in_b + size, in_c + size
    return "".join(out)


def _stretch(a: list[str], b: list[str], c: list[str]) -> list[str]:
    if b == c or c == a:
        return b
    if b == a:
        return c
    return [OURS, *_ended(b), MIDDLE, *_ended(c), THEIRS]


def _ended(lines: list[str]) -> list[str]:
    return [x if x.endswith("\n") else x + "\n" for x in lines]


def _common(a: list[str], b: list[str], c: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of ``a`` found unchanged in both others: (in a, in b, in c, length); an end mark last."""
    in_b = {i: m.b + i - m.a for m in _blocks(a, b) for i in range(m.a, m.a + m.size)}
    in_c = {i: m.b + i - m.a for m in _blocks(a, c) for i in range(m.a, m.a + m.size)}
    i = 0
    while i < len(a):
        size = 0
        while (
            i + size < len(a)
            and in_b.get(i + size, -1) == in_b.get(i, -2) + size
            and in_c.get(i + size, -1) == in_c.get(i, -2) + size
        ):
            size += 1
        if size:
            yield i, in_b[i], in_c[i], size
        i += size or 1
    yield len(a), len(b), len(c), 0


def _blocks(a: list[str], b: list[str]) -> list[Match]:
    return SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()


def marked_files(text: Text) -> list[str]:
    """The files in which markers of a merge still stand."""
    return [
        path if layer == "base" else f"{layer}/{path}"
        for layer, path in text.names()
        if any(line.startswith(MARKER) for line in (text.file(layer, path) or "").splitlines())
    ]
