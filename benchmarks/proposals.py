"""How long a proposal waits: each stage of a one-number change, over some stored decisions.

    python -m benchmarks.proposals [--count 100] [--against DIRECTORY]

The change is that of ``benchmarks.impact``, the tax floor from 20 to 18. ``--against`` times another
checkout of the program by the same change and dossiers, each round once here and once there, so that
both meet the same machine. A round is a process of its own; what is printed is the median.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROUNDS = 3
# Of any version: what it is given is made by plain means, and the ways in are looked for.
ROUND = """
import dataclasses, datetime as dt, inspect, json, sys, time
from pathlib import Path
count, root = int(sys.argv[1]), Path(sys.argv[2])
from api.store.proposals.checks import run_stages
from api.store.proposals.text import make_text
from evaluator.dossier.files import read_dossiers
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.transfer import read_text
try:
    from evaluator.revision.impact import impact_rows
    from evaluator.revision.tally import Row
except ImportError:
    from evaluator.revision.impact import Row, impact_rows
layers, materials = read_text(root)
base = make_text(list(layers), materials)
files = dict(layers[0][1])
head, mark, tail = files["criteria.yaml"].partition("  land_tax_floor:")
files["criteria.yaml"] = head + mark + tail.replace("{value: 20}", "{value: 18}", 1)
new = make_text([("base", files)], materials)
ruleset = load_layers(base.layers)
(model,) = read_dossiers(root / "examples" / "d01-complete-good.yaml", ruleset.registry)
data = model.to_dict(ruleset.registry)
texts = [
    json.dumps({**data, "project_id": f"P{n}", "annual_tax": str(1000 + n % 3000)}, ensure_ascii=False)
    for n in range(1, count + 1)
]
rows = [Row(f"{n}/1", text, dt.date(2024, 6, 3)) for n, text in enumerate(texts, 1)]
moved = lambda old, changed: impact_rows(old, changed, rows)
try:
    from api.store.proposals.checks import Stored
    given = Stored(moved, lambda start, end: (0, []))
except ImportError:
    given = moved
clocks = lambda: (time.perf_counter(), time.process_time())
start = last = clocks()
times = {}
for name, outcome in run_stages(base, new, dt.date(2026, 12, 1), given):
    now = clocks()
    times[name] = [now[0] - last[0], now[0] - start[0], now[1] - start[1]]
    last = now
print(json.dumps(times))
"""


def once(program: Path, count: int) -> dict[str, list[float]]:
    """The seconds of each stage with the code in ``program``: its own, since the start, and since the
    start those of the processor, which other work on the machine does not change much."""
    env = {**os.environ, "PYTHONPATH": str(program)}
    done = subprocess.run(
        [sys.executable, "-c", ROUND, str(count), str(program)],
        cwd=program,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--against", type=Path)
    args = parser.parse_args()
    programs = {"now": ROOT} | ({"before": args.against.resolve()} if args.against else {})
    found: dict[str, list[dict[str, list[float]]]] = {name: [] for name in programs}
    begun = time.perf_counter()
    for _ in range(args.rounds):
        for name, program in programs.items():
            found[name].append(once(program, args.count))
    for name, rounds in found.items():
        for stage in rounds[0]:
            own, since, work = (statistics.median(r[stage][i] for r in rounds) for i in range(3))
            print(f"{name}: {stage} {own:.2f} s, shown after {since:.2f} s ({work:.2f} s of work)")
    spent = time.perf_counter() - begun
    print(f"{args.count} decisions, {args.rounds} rounds, {dt.date.today()}, {spent:.0f} s in all")


if __name__ == "__main__":
    main()
