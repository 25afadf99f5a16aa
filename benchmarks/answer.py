"""What one whole answer costs, in process, beside earlier code: on dossiers never seen before.

    python -m benchmarks.answer [--old TREE] [--dossiers 600]
    python -m benchmarks.answer --memory 200000

``TREE`` is a checkout of earlier code with an environment of its own (``.venv``), such as that of
2026-11-30 (``git worktree add TREE dbe77e9``). Both answer the same dossiers in turns, each dossier
once, each by the rulebook of its own tree. Medians of the processor's clock and of the wall's. With
``--memory`` so many whole answers are made, and the process's resident memory is told ten times.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.openapi import examples_in
from evaluator.dossier.fields import FieldType, base_registry

ROOT = Path(__file__).parent.parent
WHATS = ("whole", "without remedy", "reasons", "parts")
STEPS = (
    "whole",
    "without remedy",
    "include=reasons",
    "read",
    "judge",
    "findings",
    "remedy",
    "bytes",
)
CHUNK = 10


def unseen(seed: int) -> Iterator[str]:
    """Dossiers without end, as JSON: the examples with every figure, and some answers, drawn anew."""
    rng = random.Random(seed)
    shown = [e["value"] for e in examples_in(ROOT / "examples").values()]
    number = 0
    while True:
        number += 1
        made = {k: _drawn(rng, k, v) for k, v in rng.choice(shown).items() if _kept(rng, k)}
        made["project_id"] = f"N{seed}-{number}"
        yield json.dumps(made, ensure_ascii=False, default=str)


def _kept(rng: random.Random, name: str) -> bool:
    field = base_registry().fields.get(name)
    return (field is not None and field.required) or rng.random() > 0.06


def _drawn(rng: random.Random, name: str, value: Any) -> Any:
    field = base_registry().fields.get(name)
    if field is None:
        return value
    if field.name == "submitted_on":
        day = dt.date.fromisoformat(str(value))
        return (day + dt.timedelta(days=rng.randrange(-200, 200))).isoformat()
    if field.type is FieldType.BOOL and rng.random() < 0.06:
        return not value
    if field.type is FieldType.ENUM and rng.random() < 0.06:
        return rng.choice(list(field.values))
    if field.numeric and isinstance(value, int | float) and not isinstance(value, bool):
        whole = field.type is FieldType.INT
        most = int(field.maximum) if field.maximum is not None else 10**12
        drawn = round(value * rng.uniform(0.7, 1.4), None if whole else rng.choice((0, 1, 2, 4)))
        return min(most, max(drawn, int(field.minimum or 0)))
    return value


class Tree:
    """A process that answers by the code of one tree."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [root / ".venv/bin/python", Path(__file__).with_name("answer_steps.py"), root],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str, dossiers: list[str]) -> dict[str, list[list[int]]]:
        """What each step of each dossier took: pairs of nanoseconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"what": what, "dossiers": dossiers}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args}: ended")
        taken: dict[str, list[list[int]]] = json.loads(line)
        return taken

    def resident_mb(self) -> float:
        """Resident memory of the process in MB (Linux)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
        return pages * resource.getpagesize() / 1e6

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(30)


def memory(answers: int, seed: int) -> None:
    """Print the resident memory while so many dossiers are answered."""
    tree, each = Tree(ROOT), unseen(seed)
    try:
        for turn in range(11):
            for _ in range(answers // 1000 if turn else 1):
                tree.ask("whole", [next(each) for _ in range(100)])
            print(
                f"{turn * (answers // 1000) * 100:>9} answers {tree.resident_mb():>8.1f} MB",
                flush=True,
            )
    finally:
        tree.stop()


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--old", type=Path)
    parser.add_argument("--dossiers", type=int, default=600)
    parser.add_argument("--seed", type=int, default=dt.date.today().toordinal())
    parser.add_argument("--memory", type=int, default=0)
    args = parser.parse_args()
    if args.memory:
        memory(args.memory, args.seed)
        return
    names = {"now": ROOT} | ({"old": args.old.resolve()} if args.old else {})
    trees = {name: Tree(root) for name, root in names.items()}
    taken: dict[str, dict[str, list[list[int]]]] = {name: {} for name in names}
    each = unseen(args.seed)
    try:
        for turn in range(20 + args.dossiers // CHUNK):
            for what in WHATS:
                chunk = [next(each) for _ in range(CHUNK)]
                for name, tree in trees.items() if turn % 2 else reversed(trees.items()):
                    for step, spent in tree.ask(what, chunk).items():
                        # The first rounds fill what is kept for good.
                        if turn >= 20:
                            taken[name].setdefault(step, []).extend(spent)
    finally:
        for tree in trees.values():
            tree.stop()
    print(f"{'ms':<16}" + "".join(f"{f'{n} cpu':>10}{f'{n} wall':>10}" for n in names))
    for step in STEPS:
        print(f"{step:<16}" + "".join(_cells(taken[name].get(step)) for name in names))


def _cells(spent: list[list[int]] | None) -> str:
    if not spent:
        return f"{'':>20}"
    cpu, wall = (statistics.median(pair[at] for pair in spent) / 1e6 for at in (0, 1))
    return f"{cpu:>10.3f}{wall:>10.3f}"


if __name__ == "__main__":
    sys.exit(main())
