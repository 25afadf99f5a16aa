"""GB/T 4754-2017, the whole table: every section, division, group and class by code and by name.

``data/gbt4754_2017.csv`` has 20 sections, 97 divisions, 473 groups and 1,381 classes. Some ten names of
groups are derived from their only class, and the first amendment of 2019 is not in it
(``docs/sources.md``): a code that only the amendment has is refused like any other that is not there.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from io import StringIO
from types import MappingProxyType

LEVELS = ("门类", "大类", "中类", "小类")
# What ``table:`` of a field may name, with what a person reads.
TABLES = {"gbt4754_2017": "GB/T 4754-2017"}
FOUND = 50


@lru_cache(maxsize=1)
def industries() -> Mapping[str, str]:
    """Code and name of every section ("C"), division, group and class ("C3011"), by code."""
    text = resources.files("evaluator.data").joinpath("gbt4754_2017.csv").read_text("utf-8")
    rows = {row["code"]: row["name"] for row in csv.DictReader(StringIO(text))}
    return MappingProxyType(dict(sorted(rows.items())))


def level(code: str) -> str:
    """What a code of the table is: 门类, 大类, 中类 or 小类."""
    return LEVELS[max(len(code) - 2, 0)]


def industry_name(code: str | None) -> str | None:
    """The standard's name of a code; None for what is not in the table."""
    return industries().get((code or "").strip().upper())


def industry_label(code: str) -> str:
    """ "C3011 水泥制造"; a code without a name as it is."""
    name = industry_name(code)
    return f"{code} {name}" if name else code


def not_in_table(code: str) -> str | None:
    """What to do about a code that the table has not; None where it has it."""
    table = industries()
    if code in table:
        return None
    parent = next((code[:n] for n in range(len(code) - 1, 0, -1) if code[:n] in table), "")
    below = [c for c in table if len(c) == max(len(parent) + 1, 3) and c.startswith(parent)]
    if not parent or not below:
        return "按 GB/T 4754-2017 核对"
    shown = "、".join(industry_label(c) for c in below[:5])
    more = f"等 {len(below)} 个" if len(below) > 5 else ""
    return f"{industry_label(parent)}之下有 {shown}{more}"


@lru_cache(maxsize=512)
def search_industries(words: str, limit: int = FOUND) -> tuple[tuple[str, str], ...]:
    """Codes and names that begin with a code, or whose names have every word; at most ``limit``.

    Whole names come first, then names that begin with the first word, then classes before groups.
    """
    wanted = words.strip().upper().split()
    if not wanted:
        return ()
    table = industries()
    if len(wanted) == 1 and wanted[0].isascii():
        found = [c for c in table if c.startswith(wanted[0]) or c[1:].startswith(wanted[0])]
        return tuple((c, table[c]) for c in found[:limit])
    hits = [(c, n) for c, n in table.items() if all(w in n.upper() for w in wanted)]
    hits.sort(key=lambda h: (h[1] != wanted[0], not h[1].startswith(wanted[0]), -len(h[0]), h[0]))
    return tuple(hits[:limit])
