"""How work grows with what it is given: four times as much may take about four times as long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# Quadratic work takes sixteen times as long; twice the linear factor is taken for noise.
FACTOR = 8.0
# Below this a clock tells nothing.
SECONDS = 0.03


def _seconds(work: Callable[[Any], object], given: Any) -> float:
    start = time.process_time()
    work(given)
    return time.process_time() - start


def grows_evenly(work: Callable[[Any], object], make: Callable[[int], Any], n: int) -> bool:
    """Whether ``work`` on ``make(4 n)`` takes no more than its share of what ``make(n)`` takes.

    Processor time, the least of several tries: a busy machine must not fail a test.
    """
    small, large = make(n), make(4 * n)
    work(small)
    for _ in range(4):
        before = min(_seconds(work, small) for _ in range(2))
        if _seconds(work, large) <= FACTOR * before + SECONDS:
            return True
    return False
