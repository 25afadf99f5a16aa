"""What a command costs before its work: processor time and wall time, this tree beside another.

    python -m benchmarks.start [--old TREE] [--rounds 5]

Each command runs in a process of its own, the trees in turns; the least of the rounds counts. The
first round fills what is kept of rulebooks, in a directory of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parents[1]
COMMANDS = (
    ("rules", "check"),
    ("rules", "diff", ".", "profiles/longchang"),
    ("rules", "--help"),
    ("evaluate", "examples/r36-acid-mist-purifier.yaml"),
)


def measured(tree: Path, command: tuple[str, ...], cache: str) -> tuple[float, float]:
    """Seconds of processor and of the clock for a command of a tree."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from api.commands.app import app; app()", *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "ADMISSION_CACHE": cache},
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return used, time.perf_counter() - start


def main() -> None:
    """Measure and print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    trees = [HERE, *([given.old.resolve()] if given.old else [])]
    with tempfile.TemporaryDirectory() as cache:
        for command in COMMANDS:
            runs: dict[Path, list[tuple[float, float]]] = {tree: [] for tree in trees}
            for _ in range(given.rounds):
                for tree in trees:
                    runs[tree].append(measured(tree, command, str(Path(cache) / "kept")))
            least = [tuple(map(min, zip(*runs[tree], strict=True))) for tree in trees]
            told = "  ".join(f"{cpu:.2f} s cpu {wall:.2f} s" for cpu, wall in least)
            print(f"{' '.join(command):<48}{told}")


if __name__ == "__main__":
    main()
