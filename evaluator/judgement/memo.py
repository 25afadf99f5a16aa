"""What explanations keep between dossiers: results that hang on rules, dates and fields read alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

# So many results are kept.
MAX_KEPT = 20_000
T = TypeVar("T")


class Memo:
    """Results by what they are a function of, for one ruleset; bounded.

    Two generations: what was not asked for while half as many others came is forgotten, so that the
    many that hang on one dossier's figures do not push out the few that all dossiers share. Safe for
    threads: results are pure, so that at worst one is worked out twice.
    """

    def __init__(self) -> None:
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, worked out once for each key; it must not be None."""
        result: T | None = self._young.get(key)
        if result is None:
            result = self._old.get(key)
            if result is None:
                result = make()
            if len(self._young) >= max(1, MAX_KEPT // 2):
                self._old, self._young = self._young, {}
            self._young[key] = result
        return result
