"""Text as it is compared: one width, no quotation marks, no spaces between Chinese characters.

``Plain`` keeps for each of its characters where it stands in the original, so that what was found
can be shown there. Knows nothing of fields.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_DROPPED = frozenset("“”‘’\"'「」『』*\u200b\ufeff\xad")
_SENTENCE = frozenset("。！？!?\n")
_KEPT = {"，": "，", "…": "…", "：": ":", "；": ";", "〔": "〔", "〕": "〕"}
_SQUARE = {"㎡": "m2", "㎥": "m3", "²": "2", "³": "3"}


@dataclass(frozen=True, slots=True)
class Plain:
    """``text`` for matching; ``at[i]`` is where its character i stands in the original."""

    text: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original that ``text[start:end]`` was made of."""
        if start >= end:
            return self.at[start], self.at[start]
        return self.at[start], self.at[end - 1] + 1


def _digit(char: str) -> bool:
    return char.isdecimal()


def _joins(before: str, after: str) -> bool:
    """Whether a space between the two means something: it separates words or numbers."""
    return (
        before.isascii()
        and after.isascii()
        and (before.isalnum() or before in ".)")
        and (after.isalnum() or after == "(")
    )


@lru_cache(maxsize=2048)  # A cell is looked at as a label, a heading, a value.
def plain(original: str) -> Plain:
    """The text for matching."""
    out: list[str] = []
    at: list[int] = []
    pending: int | None = None
    last = len(original) - 1
    for i, char in enumerate(original):
        if char in _DROPPED:
            continue
        if pending is None and char.isascii() and char > " ":
            out.append(char)
            at.append(i)
            continue
        if char == "\n":
            out.append("\n")
            at.append(i)
            pending = None
            continue
        if char.isspace():
            pending = i if pending is None else pending
            continue
        if char in "，．" and 0 < i < last and _digit(original[i - 1]) and _digit(original[i + 1]):
            # A full-width number with its marks; "12，345" in narrow digits is two numbers.
            wide = not original[i - 1].isascii() and not original[i + 1].isascii()
            piece = ("," if char == "，" else ".") if wide or char == "．" else "，"
        else:
            piece = _SQUARE.get(char) or _KEPT.get(char) or unicodedata.normalize("NFKC", char)
        if pending is not None:
            if out and piece and _joins(out[-1], piece[0]):
                out.append(" ")
                at.append(pending)
            pending = None
        for part in piece:
            out.append(part)
            at.append(i)
    return Plain("".join(out), tuple(at))


def folded(text: str) -> str:
    """The text for matching, without its places."""
    return plain(text).text


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence of a plain text, the mark that ends it included."""
    out: list[tuple[int, int]] = []
    start = 0
    for i, char in enumerate(text):
        if char in _SENTENCE:
            out.append((start, i + 1))
            start = i + 1
    if start < len(text):
        out.append((start, len(text)))
    return [(a, b) for a, b in out if text[a:b].strip()]


_CLAUSE = re.compile(r"[，；;。！？!?\n]|,(?![0-9]{3})|(?<![0-9]),")


def clause_of(text: str, start: int, end: int, where: int) -> tuple[int, int]:
    """The clause of the sentence ``start:end`` that holds the position ``where``."""
    left = start
    for match in _CLAUSE.finditer(text, start, end):
        if match.start() >= where:
            return left, match.start()
        left = match.end()
    return left, end


def wildcard(phrase: str) -> str:
    """A phrase as a pattern: "…" stands for up to twelve characters within the clause, 《》 for a title."""
    parts = [re.escape(folded(part)) for part in re.split("…+", phrase)]
    return r"[^，。;；\n]{0,12}?".join(parts).replace("《》", "《[^《》\n]{2,40}》")
