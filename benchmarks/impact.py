"""How long impact takes: over 100,000 decisions in a database, and over a file of dossiers.

    python -m benchmarks.impact [--count 100000] [--postgres]

The change is one row of the shipped rulebook's tax floor, 20 to 18, and the dossiers' taxes lie on
both sides of it. The decisions are real rows with whole dossiers, no two alike. As in the service,
copies are made as decisions come in (timed once, for all), and each impact is by a process of its
own: ``first`` right after the ruleset was put in force, ``next`` for each proposal after that.
Seconds are of the impact; ``process`` counts the start of Python and the loading of both rulesets,
too. Every outcome is compared with that of the reference engine on a sample.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from api.database.db import Database
from api.database.tables import Decision, Project
from api.store import accounts
from api.store.core import Store
from api.store.proposals.stored import StoredDecisions, copy_decisions
from api.store.work import SYSTEM
from benchmarks.service_records import database
from benchmarks.synth import write_synthetic
from evaluator.dossier.files import read_dossiers
from evaluator.revision.impact import impact_file, impact_rows, impact_stored
from evaluator.revision.tally import Row
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory, load_layers

ROOT = Path(__file__).parent.parent
SAMPLE = 2_000
BATCH = 2_000
TIMES = 3


def changed(ruleset: Ruleset) -> Ruleset:
    """The shipped rulebook with the tax floor of land lowered."""
    files = dict(ruleset.layers[0][1])
    head, mark, tail = files["criteria.yaml"].partition("  land_tax_floor:")
    files["criteria.yaml"] = head + mark + tail.replace("{value: 20}", "{value: 18}", 1)
    return load_layers((("base", files),))


def dossiers(ruleset: Ruleset, count: int) -> Iterator[tuple[int, str]]:
    """Number and text of dossiers like the complete example, taxes around both floors."""
    (model,) = read_dossiers(ROOT / "examples" / "d01-complete-good.yaml", ruleset.registry)
    data = model.to_dict(ruleset.registry)
    for n in range(1, count + 1):
        tax = str(1000 + n % 3000)
        yield n, json.dumps({**data, "project_id": f"P{n}", "annual_tax": tax}, ensure_ascii=False)


def fill(store: Store, ruleset: Ruleset, count: int) -> None:
    """A project and its decision for each dossier."""
    now, day = dt.datetime.now(dt.UTC), dt.date(2024, 6, 3)
    batch: list[tuple[int, str]] = []

    def flush() -> None:
        projects: list[dict[str, Any]] = [
            {
                "id": n,
                "number": f"ZR2026-{n:06d}",
                "owner_id": 1,
                "project_code": f"P{n}",
                "name": f"项目{n}",
                "search": "",
                "submitted_on": day,
                "version": 1,
                "verdict": "refer",
                "decision_id": n,
                "state": "decided",
                "created_at": now,
                "updated_at": now,
            }
            for n, _ in batch
        ]
        decisions: list[dict[str, Any]] = [
            {
                "id": n,
                "project_id": n,
                "version": 1,
                "dossier": text,
                "dossier_digest": hashlib.sha256(text.encode()).hexdigest(),
                "ruleset": ruleset.identity,
                "as_of": day,
                "engine": "durable",
                "software": "0",
                "verdict": "refer",
                "result": "{}",
                "digest": "0" * 64,
                "decided_by": 1,
                "decided_at": now,
            }
            for n, text in batch
        ]
        with store.db.write() as session:
            session.execute(insert(Project), projects)
            session.execute(insert(Decision), decisions)
        batch.clear()

    for one in dossiers(ruleset, count):
        batch.append(one)
        if len(batch) == BATCH:
            flush()
    if batch:
        flush()


def once(url: str, directory: Path) -> None:
    """One impact in this process; prints seconds and what moved."""
    db = Database(url, 2)
    old = load_directory(ROOT)
    new = changed(old)
    start, worked = time.perf_counter(), time.process_time()
    found = impact_stored(old, new, StoredDecisions(db), directory)
    seconds, work = time.perf_counter() - start, time.process_time() - worked
    counts = {"total": found.total, "moved": len(found.moved), "touched": len(found.touched)}
    print(json.dumps({"seconds": seconds, "work": work, **counts}))
    db.close()


def run(url: str, directory: Path) -> dict[str, float]:
    """``once`` in a process of its own."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.impact", "--once", url, str(directory)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "process": time.perf_counter() - start}


def stored(count: int, postgres: bool) -> None:
    """Over decisions in a database."""
    ruleset = load_directory(ROOT)
    with tempfile.TemporaryDirectory() as folder, database(postgres) as url:
        store = Store(Database(url), "reference")
        store.db.migrate()
        store.install_directory(ruleset)
        with store.work(SYSTEM) as work:
            accounts.create_account(work, "clerk", "clerk", ["committee"])
        fill(store, ruleset, count)
        copies = Path(folder) / "copies"
        kind = "PostgreSQL" if postgres else "SQLite"
        start = time.perf_counter()
        copy_decisions(store.db, copies)
        print(f"{kind}: {count} decisions copied in {time.perf_counter() - start:.1f} s, once")
        for name in ("first", *["next"] * TIMES):
            found = run(url, copies)
            print(
                f"{kind}, {name}: {found['seconds']:.2f} s, {found['work']:.2f} s of work "
                f"(process {found['process']:.2f} s), {found['moved']:.0f} of {found['total']:.0f} "
                f"moved, {found['touched']:.0f} touched"
            )
        store.db.close()


def files(count: int) -> None:
    """Over a Parquet file, first and again in one process, and a sample by the reference."""
    old = load_directory(ROOT)
    new = changed(old)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "dossiers.parquet"
        write_synthetic(path, count)
        for name in ("first", "again"):
            start = time.perf_counter()
            found = impact_file(old, new, path)
            seconds = time.perf_counter() - start
            print(f"Parquet, {name}: {seconds:.2f} s, {len(found.moved)} of {found.total} moved")
    rows = [Row(f"{n}/1", text) for n, text in dossiers(old, SAMPLE)]
    start = time.perf_counter()
    by_reference = impact_rows(old, new, rows, "reference")
    seconds = time.perf_counter() - start
    by_query = impact_rows(old, new, rows, "columnar")
    if by_reference.matrix != by_query.matrix:
        raise SystemExit(f"engines disagree: {by_reference.matrix}, {by_query.matrix}")
    print(f"reference engine: {SAMPLE} in {seconds:.2f} s, {len(by_reference.moved)} moved")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--once", nargs=2, metavar=("URL", "DIRECTORY"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        once(args.once[0], Path(args.once[1]))
        return
    stored(args.count, args.postgres)
    files(args.count)


if __name__ == "__main__":
    main()
