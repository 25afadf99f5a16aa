"""A portfolio in CSV, Parquet and Excel, from file to results: seconds and memory, with this code or
another tree's, side by side.

    python -m benchmarks.portfolio_files 1000000 /tmp/bench [--other TREE] [--rounds 3]

Each run is a process of its own. ``--excel ROWS`` measures an .xlsx of that many rows and 60 columns.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def one(source: Path, out: Path, rulebook: Path) -> None:
    """One run in this process: prints JSON."""
    from evaluator.portfolio.progress import silent
    from evaluator.portfolio.run import Options, evaluate_files
    from evaluator.rulebook.load import load_directory

    rules = load_directory(rulebook)
    start, cpu = time.perf_counter(), time.process_time()
    summary = evaluate_files(rules, [source], out, Options(), silent)
    told = {
        "wall": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "judged": summary.judged,
        "rejected": summary.rejected,
    }
    print(json.dumps(told))


def run(source: Path, tree: Path, rulebook: Path) -> dict[str, float]:
    """One run in a process of its own, with the code of ``tree`` by the same rulebook for all."""
    code = (
        f"import sys; sys.path[:0] = [{str(tree)!r}]; sys.path.append({str(ROOT)!r})\n"
        "import runpy; from pathlib import Path\n"
        f"mod = runpy.run_path({__file__!r}, run_name='run')\n"
        f"mod['one'](Path({str(source)!r}), Path({str(source) + '.out.parquet'!r}), Path({str(rulebook)!r}))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    told: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return told


def files(rows: int, folder: Path) -> list[Path]:
    """The same synthetic dossiers as Parquet and CSV."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    parquet = folder / f"synthetic_{rows}.parquet"
    if not parquet.exists():
        subprocess.run(
            [sys.executable, "benchmarks/synth.py", str(rows), str(parquet)], check=True, cwd=ROOT
        )
    csv = parquet.with_suffix(".csv")
    if not csv.exists():
        duckdb.sql(f"COPY (SELECT * FROM '{parquet}') TO '{csv}' (FORMAT csv, HEADER)")
    return [parquet, csv]


def excel(rows: int, folder: Path, parquet: Path) -> Path:
    """The first rows and 60 columns in .xlsx."""
    import duckdb
    from openpyxl import Workbook

    path = folder / f"synthetic_{rows}.xlsx"
    if not path.exists():
        found = duckdb.sql(f"SELECT * FROM '{parquet}' LIMIT {rows}")
        book = Workbook(write_only=True)
        sheet = book.create_sheet("一批")
        sheet.append(found.columns[:60])
        while chunk := found.fetchmany(5000):
            for row in chunk:
                plain = [float(v) if hasattr(v, "as_tuple") else v for v in row[:60]]
                sheet.append([v if not isinstance(v, (list, dict)) else None for v in plain])
        book.save(path)
    return path


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--excel", type=int)
    given = parser.parse_args()
    sources = files(given.rows, given.folder)
    trees = [ROOT, *([given.other] if given.other else [])]
    for source in sources:
        told: dict[Path, list[dict[str, float]]] = {tree: [] for tree in trees}
        for _ in range(given.rounds):
            for tree in trees:
                told[tree].append(run(source, tree, trees[-1]))
        for tree, runs in told.items():
            middle = {k: statistics.median(r[k] for r in runs) for k in runs[0]}
            print(source.name, tree, middle, flush=True)
    if given.excel:
        path = excel(given.excel, given.folder, sources[0])
        print(path.name, path.stat().st_size, run(path, ROOT, trees[-1]), flush=True)


if __name__ == "__main__":
    main()
