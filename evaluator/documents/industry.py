"""GB/T 4754-2017 by code and by name: the code in a text, and candidates for a description."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from evaluator.documents.text import folded
from evaluator.problems.errors import Problems, RulebookError
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.values.industries import industries

_CODE = re.compile(r"(?<![A-Za-z0-9])([A-T])\s?(\d{2,4})(?![0-9A-Za-z-])")
_DIGITS = re.compile(r"(?<![0-9A-Za-z.,-])(\d{4})(?![0-9A-Za-z.,-])")
_NOISE = re.compile(
    "及其他|其他|制造业|制造|生产|加工|业|项目|的|和|与|及|、|用|建设|基地|年产|智能|高端|新型"
)
BEST = 5
_ANY = frozenset(
    [
        "材料",
        "系统",
        "产品",
        "设备",
        "装置",
        "器材",
        "零件",
        "配件",
        "用品",
        "制品",
        "服务",
        "其他",
        "元件",
        "器具",
        "技术",
        "工程",
        "管理",
    ]
)


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


@lru_cache(maxsize=1)
def product_words() -> Mapping[str, tuple[str, ...]]:
    """Common words for products, longest first, with the classes that make them."""
    text = resources.files("evaluator.data").joinpath("industry_words.yaml").read_text("utf-8")
    problems = Problems()
    root = read_yaml("industry_words.yaml", text, problems)
    if problems or not isinstance(root, YMap):
        raise RulebookError(problems)
    out: dict[str, list[str]] = {}
    for code, words in root:
        for word in _listed(plain(words)):
            out.setdefault(folded(word), []).append(code)
    return {w: tuple(out[w]) for w in sorted(out, key=len, reverse=True)}


def by_product(words: str) -> dict[str, tuple[str, ...]]:
    """The classes that make what is commonly called so, each with the words that match."""
    text = folded(words)
    out: dict[str, tuple[str, ...]] = {}
    if len(text) < 2:
        return out
    for word, codes in product_words().items():
        if word in text or text in word:
            for code in codes:
                out[code] = (*out.get(code, ()), word)
    return out


def _listed(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _core(name: str) -> str:
    """The name of a class without what every name has: 电子元件."""
    return _NOISE.sub("", folded(name))


def _pieces(text: str) -> set[str]:
    """The two-character pieces of a name or description, without what every name has."""
    parts = re.split(r"[^\u4e00-\u9fffA-Za-z]+", _NOISE.sub(" ", folded(text)))
    return {p[i : i + 2] for p in parts for i in range(len(p) - 1)}


@lru_cache(maxsize=1)
def _classes() -> tuple[tuple[str, str, tuple[str, ...], frozenset[str]], ...]:
    """Code, name, whole parts and pieces of the name of every class."""
    out = []
    for code, name in industries().items():
        if len(code) == 5:
            parts = tuple(
                p
                for p in (_core(n) for n in re.split("[、和及，（）]", name))
                if len(p) > 1 and p not in _ANY
            )
            out.append((code, name, parts, frozenset(_pieces(name))))
    return tuple(out)


@lru_cache(maxsize=1)
def _rarity() -> Mapping[str, int]:
    seen: dict[str, int] = {}
    for _, _, _, pieces in _classes():
        for piece in pieces:
            seen[piece] = seen.get(piece, 0) + 1
    return {piece: max(1, 60 // (n + 2)) for piece, n in seen.items()}


def candidates(project: str, about: str = "", best: int = BEST) -> list[Candidate]:
    """The classes that a project's name fits best, then what the text tells of its products.

    A product's common word counts most, then a whole part of a class's name, then pieces of it, the
    rarer the more; what stands in the name more than what stands in the text. Each candidate with the
    words that match.
    """
    scores: dict[str, int] = {}
    words: dict[str, list[str]] = {}
    for text, weight in ((folded(project), 4), (folded(about), 1)):
        for code, word, points in _matches(text):
            if word not in words.setdefault(code, []):
                words[code].append(word)
                scores[code] = scores.get(code, 0) + points * weight // _away(code)
    ranked = sorted(scores, key=lambda c: (-scores[c], c))[:best]
    return [Candidate(c, industries()[c], tuple(words[c]), scores[c]) for c in ranked]


def _away(code: str) -> int:
    """What is made counts before what is sold, financed or advised on."""
    return 1 if code[0] in "BCDN" else 4


def _matches(text: str) -> Iterator[tuple[str, str, int]]:
    """Code, matching word and points."""
    if not text:
        return
    rest = text
    for word, codes in product_words().items():
        if word in rest:
            rest = rest.replace(word, "\0")  # 铝型材 is no 型材.
            yield from ((code, word, 60 + 20 * len(word)) for code in codes)
    wanted, rarity = _pieces(text), _rarity()
    for code, _, parts, pieces in _classes():
        whole = [p for p in parts if p in text]
        yield from ((code, p, 40 + 20 * len(p)) for p in whole)
        loose = (p for p in wanted & pieces if not any(p in w for w in whole))
        yield from ((code, p, rarity[p] * 3 // (len(pieces) + 2)) for p in sorted(loose))
