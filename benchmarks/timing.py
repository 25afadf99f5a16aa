"""Timing of small functions, interleaved: every subject takes turns, so all see the same machine."""

from __future__ import annotations

import gc
import os
import platform
import random
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Microseconds: median and 99th percentile of ``count`` single calls by the wall clock.

    ``cpu`` is the mean processor time of a call in all threads; what other processes take from
    the machine does not count in it.
    """

    median: float
    p99: float
    cpu: float
    count: int


def interleaved(
    subjects: Mapping[str, Callable[[], object]], seconds: float, rounds: int = 7
) -> dict[str, Spread]:
    """Time each subject for about ``seconds`` in all, in ``rounds`` rounds of random order.

    Each call is timed by itself, after a warm-up at the start of every round.
    """
    takes = {name: _Takes([], 0) for name in subjects}
    order = list(subjects)
    rng = random.Random(0)
    for _ in range(rounds):
        rng.shuffle(order)
        for name in order:
            _time(subjects[name], seconds / rounds, takes[name])
    return {name: _spread(found) for name, found in takes.items()}


@dataclass(slots=True)
class _Takes:
    wall: list[int]
    cpu: int


def _time(call: Callable[[], object], seconds: float, takes: _Takes) -> None:
    clock = time.perf_counter_ns
    warm = clock() + int(seconds * 2e8)
    call()
    while clock() < warm:
        call()
    gc.collect()
    end = clock() + int(seconds * 1e9)
    taken = 0
    cpu = time.process_time_ns()
    while taken < 5 or clock() < end:
        start = clock()
        call()
        takes.wall.append(clock() - start)
        taken += 1
    takes.cpu += time.process_time_ns() - cpu


def _spread(takes: _Takes) -> Spread:
    times, n = sorted(takes.wall), len(takes.wall)
    p99 = times[min(n - 1, int(n * 0.99))]
    return Spread(times[n // 2] / 1000, p99 / 1000, takes.cpu / n / 1000, n)


def machine() -> str:
    """The processor, its cores, and the Python that runs here."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            model = next(
                line.split(":")[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        pass
    return f"{model}，{os.cpu_count()} 核；{platform.python_implementation()} {platform.python_version()}"


def resident_mb() -> float:
    """Resident memory of this process in MB, now (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6
