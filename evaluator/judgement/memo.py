"""What explanations keep between dossiers: results that hang on rules, dates and fields read alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

# So many results are kept before all are forgotten.
MAX_KEPT = 20_000
T = TypeVar("T")


class Memo:
    """Results by what they are a function of, for one ruleset; bounded.

    Safe for threads: results are pure, so that at worst one is worked out twice.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, worked out once for each key; it must not be None."""
        result: T | None = self._kept.get(key)
        if result is None:
            result = make()
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = result
        return result
