"""Industry codes for people: the whole table of GB/T 4754-2017 to choose from by code or by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from evaluator.documents.industry import by_product, candidates, product_words
from evaluator.values.industries import industries, level, search_industries

OFFERED = 3


@dataclass(frozen=True, slots=True)
class Found:
    """An industry found, with the words for products that led to it."""

    code: str
    name: str
    level: str
    words: str = ""


@lru_cache(maxsize=1)
def industry_choices() -> tuple[tuple[str, str], ...]:
    """Code and name of every division, group and class, in the order of the codes, a class with the
    common words for its products: a browser finds it by these, too."""
    words: dict[str, list[str]] = {}
    for word, codes in product_words().items():
        for code in codes:
            words.setdefault(code, []).append(word)
    return tuple(
        (code, f"{name}（{'、'.join(sorted(words[code]))}）" if code in words else name)
        for code, name in industries().items()
        if level(code) != "门类"
    )


def found_industries(words: str) -> tuple[Found, ...]:
    """Entries by code or name, then the classes that make what the words are commonly called."""
    if not words:
        return ()
    hits = {code: Found(code, name, level(code)) for code, name in search_industries(words)}
    for code, said in by_product(words).items():
        hits.setdefault(code, Found(code, industries()[code], level(code), "、".join(said)))
    for c in candidates(words, best=20):
        if c.code not in hits:
            hits[c.code] = Found(c.code, c.name, level(c.code), "、".join(c.words))
    return tuple(hits.values())


def suggested(words: str) -> str | None:
    """What a text that is no code may mean, to be asked; None where nothing fits."""
    found = [f for f in found_industries(words) if f.level == "小类"][:OFFERED]
    if not found:
        return None
    return f"是不是{'，或'.join(f'{f.code} {f.name}' for f in found)}？填代码"
