"""One of several, drawn as a number: building a strategy for each draw costs more than the draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

T = TypeVar("T")
PERCENT = st.integers(0, 99)


def pick(draw: DrawFn, options: Sequence[T]) -> T:
    """One of the options; a failing draw shrinks towards the first."""
    return options[draw(st.integers(0, len(options) - 1))]


def some(draw: DrawFn, options: Sequence[T], most: int) -> list[T]:
    """One to ``most`` different options."""
    count = draw(st.integers(1, most))
    return list(dict.fromkeys(pick(draw, options) for _ in range(count)))
