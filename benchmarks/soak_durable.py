"""Soak of the durable engine: 200,000 dossiers, memory flat, every answer equal to the reference.

    python -m benchmarks.soak_durable [dossiers] [threads]

Run by hand, not by the test suite: it takes minutes. Prints a line for every tenth of the run with
the resident memory and the speed, and fails on the first wrong status or lost dossier.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import threading
import time
from collections.abc import Mapping
from fractions import Fraction

from benchmarks.rulebooks import dossier, forty_rules
from benchmarks.timing import resident_mb
from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.rulebook.verdict import Status

DAY = dt.date(2024, 6, 3)
VARIANTS = 400


def variants(base: Profile) -> list[Profile]:
    """Dossiers that differ in what is missing and on which side of a threshold they are."""
    rng = random.Random(1)
    out = []
    for _ in range(VARIANTS):
        profile = base
        for name, value in base.values.items():
            if "." in name or name in ("project_id", "project_name", "submitted_on"):
                continue
            luck = rng.random()
            if luck < 0.1:
                profile = profile.with_value(name, None)
            elif luck < 0.4 and isinstance(value, Fraction):
                profile = profile.with_value(name, value * rng.choice([0, 1, 3]) / 3)
            elif luck < 0.3 and isinstance(value, bool):
                profile = profile.with_value(name, not value)
        out.append(profile)
    return out


def main(dossiers: int = 200_000, threads: int = 8) -> None:
    """Judge that many dossiers from that many threads. Raises AssertionError on a difference."""
    ruleset = forty_rules()
    profiles = variants(dossier(ruleset, "few"))
    reference = ReferenceEngine(ruleset)
    expected: list[Mapping[str, Status]] = [reference.statuses(p, DAY) for p in profiles]
    engine = DurableEngine(ruleset)
    failures: list[str] = []
    step = dossiers // 10

    def work(seed: int, count: int) -> None:
        rng = random.Random(seed)
        for _ in range(count):
            n = rng.randrange(len(profiles))
            if engine.statuses(profiles[n], DAY) != expected[n]:
                failures.append(f"variant {n}")
                return

    print(
        f"{dossiers} dossiers, {threads} threads, {len(ruleset.rules)} rules; {resident_mb():.0f} MB"
    )
    for part in range(10):
        started = time.perf_counter()
        pool = [
            threading.Thread(target=work, args=(part * threads + t, step // threads))
            for t in range(threads)
        ]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        seconds = time.perf_counter() - started
        print(
            f"{(part + 1) * step:>9} {resident_mb():8.1f} MB {step / seconds:10.0f} dossiers/s",
            flush=True,
        )
        assert not failures, failures
    engine.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
