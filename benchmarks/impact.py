"""How long impact takes: a Parquet file of synthetic dossiers, and as many stored snapshots.

    python benchmarks/impact.py 100000

The change is one table row of the shipped rulebook, 20 to 18. Prints seconds of the first and the
second run in one process, since a server has the libraries loaded, and of the reference engine.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from evaluator.dossier_files import read_dossiers
from evaluator.impact import Impact, Row, impact_file, impact_rows
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory, load_layers

ROOT = Path(__file__).parent.parent
SAMPLE = 2_000


def changed(ruleset: Ruleset) -> Ruleset:
    """The shipped rulebook with the tax floor of land lowered."""
    files = dict(ruleset.layers[0][1])
    head, mark, tail = files["criteria.yaml"].partition("  land_tax_floor:")
    files["criteria.yaml"] = head + mark + tail.replace("{value: 20}", "{value: 18}", 1)
    return load_layers((("base", files),))


def timed(what: str, work: Callable[[], Impact]) -> None:
    """Run twice and say how long each took."""
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - start)
    print(f"{what}: {seconds[0]:.2f} s, again {seconds[1]:.2f} s; {len(found.moved)} moved")


def main(count: int) -> None:
    """Measure for ``count`` dossiers."""
    from synth import write_synthetic

    old = load_directory(ROOT)
    new = changed(old)
    (model,) = read_dossiers(ROOT / "examples" / "d01-complete-good.yaml", old.registry)
    data = model.to_dict(old.registry)
    rows = [
        Row(f"{n}/1", json.dumps({**data, "project_id": f"P{n}", "annual_tax": str(1000 + n % 3000)}))
        for n in range(count)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dossiers.parquet"
        write_synthetic(path, count)
        timed(f"{count} from Parquet", lambda: impact_file(old, new, path))
    timed(f"{count} stored snapshots", lambda: impact_rows(old, new, rows))
    timed(f"{SAMPLE} by the reference", lambda: impact_rows(old, new, rows[:SAMPLE], "reference"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
