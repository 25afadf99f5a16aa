"""GB/T 4754-2017 by code and by name: the code in a text, and candidates for a description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from evaluator.documents.text import folded
from evaluator.values.industries import industries

_CODE = re.compile(r"(?<![A-Za-z0-9])([A-T])\s?(\d{2,4})(?![0-9A-Za-z-])")
_DIGITS = re.compile(r"(?<![0-9A-Za-z.,-])(\d{4})(?![0-9A-Za-z.,-])")
_NOISE = re.compile(
    "及其他|其他|制造业|制造|生产|加工|业|项目|的|和|与|及|、|用|建设|基地|年产|智能|高端|新型"
)
BEST = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """One industry that a description may mean, with the words that they share."""

    code: str
    name: str
    words: tuple[str, ...]
    score: int


@lru_cache(maxsize=1)
def _by_name() -> Mapping[str, str]:
    out: dict[str, str] = {}
    for code, name in industries().items():
        if len(code) > 3:
            out[folded(name)] = code  # The class wins over its group of the same name.
    return out


@lru_cache(maxsize=1)
def _by_digits() -> Mapping[str, str]:
    return {code[1:]: code for code in industries() if len(code) > 1}


def code_in(text: str) -> tuple[str, bool] | None:
    """The code that a text gives, or the one whose name it is: then it is derived."""
    plain = folded(text)
    codes = {m[1] + m[2] for m in _CODE.finditer(plain)} & industries().keys()
    if not codes:
        codes = {
            c for m in _DIGITS.finditer(plain) for c in [_by_digits().get(m[1])] if c is not None
        }
    if codes:
        return (max(codes, key=len), False) if len(codes) == 1 else None
    for piece in re.split(r"[(),，;；/\s]", plain):
        code = _by_name().get(piece.removeprefix("行业为"))
        if code is not None:
            return code, True
    return None


def _pieces(text: str) -> set[str]:
    """The two-character pieces of a name or description, without what every name has."""
    parts = re.split(r"[^\u4e00-\u9fffA-Za-z]+", _NOISE.sub(" ", folded(text)))
    return {p[i : i + 2] for p in parts for i in range(len(p) - 1)}


@lru_cache(maxsize=1)
def _index() -> tuple[tuple[str, str, frozenset[str]], ...]:
    return tuple(
        (code, name, frozenset(_pieces(name)))
        for code, name in industries().items()
        if len(code) == 5
    )


@lru_cache(maxsize=1)
def _rarity() -> Mapping[str, int]:
    seen: dict[str, int] = {}
    for _, _, pieces in _index():
        for piece in pieces:
            seen[piece] = seen.get(piece, 0) + 1
    return {piece: max(1, 60 // (n + 2)) for piece, n in seen.items()}


def candidates(description: str, best: int = BEST) -> list[Candidate]:
    """The classes whose names share most with a description, the rarer a shared word the better."""
    wanted = _pieces(description)
    rarity = _rarity()
    out = []
    for code, name, pieces in _index():
        shared = wanted & pieces
        if shared:
            score = sum(rarity[p] for p in shared) * 100 // (len(pieces) + 2)
            out.append(Candidate(code, name, tuple(sorted(shared)), score))
    return sorted(out, key=lambda c: (-c.score, c.code))[:best]
