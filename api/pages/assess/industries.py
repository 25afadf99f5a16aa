"""Industry codes for people: the whole table of GB/T 4754-2017 to choose from by code or by name."""

from __future__ import annotations

from functools import lru_cache

from evaluator.values.industries import industries, level


@lru_cache(maxsize=1)
def industry_choices() -> tuple[tuple[str, str], ...]:
    """Code and name of every division, group and class, in the order of the codes."""
    return tuple((code, name) for code, name in industries().items() if level(code) != "门类")
