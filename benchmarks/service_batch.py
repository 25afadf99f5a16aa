"""POST /evaluations:batch beside a loop of POST /evaluations, over HTTP, on the same dossiers.

One server (uvicorn, one worker); the subjects take turns, so that all see the same machine:

    single, 1 client     POST /evaluations?counterfactual=false, one dossier a request, one connection
    single, 8 clients    the same over eight connections
    batch ndjson         all dossiers in one request
    batch parquet        the same as typed columns
    … with findings      with every rule's values, on a tenth of the dossiers

Printed for each: dossiers a second, how many times the single client's rate, the largest resident
memory of the server meanwhile, and how long /readyz took to answer beside it.

    python -m benchmarks.service_batch [--dossiers 100000] [--sample 3000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.service import Server, read_response, request_bytes
from benchmarks.synth import write_synthetic
from evaluator.dossier.fields import base_registry

NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
BATCH = "/api/v1/evaluations:batch"
SINGLE = "/api/v1/evaluations?counterfactual=false"
PROBE_SECONDS = 0.05
PIECE = 1 << 20


@dataclass
class Takes:
    """What a subject took, round by round."""

    rates: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)


def dossiers(path: Path, limit: int | None = None) -> Iterator[bytes]:
    """The rows of a synthetic file as dossiers in JSON."""
    fields = base_registry().fields
    with duckdb.connect() as db:
        found = db.execute(f"SELECT * FROM '{path}'" + (f" LIMIT {limit}" if limit else ""))
        names = [d[0] for d in found.description]
        while rows := found.fetchmany(5_000):
            for row in rows:
                yield _dossier(dict(zip(names, row, strict=True)), fields)


def _dossier(row: dict[str, Any], fields: Any) -> bytes:
    out: dict[str, Any] = {}
    for name, value in row.items():
        record, _, key = name.partition("__")
        if value is None:
            continue
        if key:
            entry = {fields[record].key or "key": key, "value": float(value)}
            out.setdefault(record, []).append(entry)
        elif isinstance(value, Decimal):
            out[name] = float(value)
        else:
            out[name] = value if isinstance(value, (bool, int)) else str(value)
    return json.dumps(out, ensure_ascii=False).encode()


def batch(port: int, path: Path, kind: str, query: str = "") -> Callable[[], int]:
    """One request with the whole file; the number of dossiers judged."""

    def run() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1800)
        with path.open("rb") as body:
            length = str(path.stat().st_size)
            connection.request(
                "POST", BATCH + query, body, {"Content-Type": kind, "Content-Length": length}
            )
            answer = connection.getresponse()
            last = b""
            while piece := answer.read(PIECE):
                last = (last + piece)[-2_000:]
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{answer.status} {last.decode()}")
        summary = json.loads(last.strip().rsplit(b"\n", 1)[-1])
        if summary["type"] != "summary" or summary["rejected"]:
            raise SystemExit(f"not judged whole: {summary}")
        return int(summary["judged"])

    return run


def singles(port: int, sample: list[bytes], clients: int) -> Callable[[], int]:
    """The sample, a request a dossier, over ``clients`` connections."""
    messages = [request_bytes(SINGLE, d) for d in sample]

    async def client(share: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in share:
            writer.write(message)
            status, body = await read_response(reader)
            if status != 200:
                raise SystemExit(f"{status} {body.decode()}")
        writer.close()

    async def all_clients() -> None:
        await asyncio.gather(*(client(messages[n::clients]) for n in range(clients)))

    def run() -> int:
        asyncio.run(all_clients())
        return len(messages)

    return run


@contextmanager
def probing(port: int, found: list[float]) -> Iterator[None]:
    """Ask /readyz all the while, and note how long each answer took."""
    done = threading.Event()

    def ask() -> None:
        while not done.wait(PROBE_SECONDS):
            start = time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/readyz")
            connection.getresponse().read()
            connection.close()
            found.append(time.perf_counter() - start)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def peak_mb(pid: int) -> float:
    """The largest resident memory of a process since ``forget_peak``, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmHWM")).split()[1]) / 1000


def forget_peak(pid: int) -> None:
    """Begin to measure anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dossiers", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, part = folder / "whole.parquet", folder / "part.parquet"
        write_synthetic(whole, args.dossiers)
        write_synthetic(part, args.dossiers // 10)
        lines, few = folder / "whole.ndjson", folder / "part.ndjson"
        for source, target in ((whole, lines), (part, few)):
            with target.open("wb") as file:
                file.writelines(d + b"\n" for d in dossiers(source))
        sample = list(dossiers(whole, args.sample))
        env = {
            "ADMISSION_DATABASE_URL": f"sqlite:///{folder}/a.db",
            "ADMISSION_MEMO_BYTES": "0",
            "ADMISSION_BATCH_LIMIT": str(10**10),
        }
        server = Server("service", **env)
        pid, port = server.process.pid, server.port
        idle = peak_mb(pid)
        subjects = {
            "single, 1 client": singles(port, sample, 1),
            "single, 8 clients": singles(port, sample, 8),
            "batch ndjson": batch(port, lines, NDJSON),
            "batch parquet": batch(port, whole, PARQUET),
            "batch ndjson with findings": batch(port, few, NDJSON, "?findings=true"),
            "batch parquet with findings": batch(port, part, PARQUET, "?findings=true"),
        }
        takes = {n: Takes() for n in subjects}
        try:
            for _ in range(args.rounds):
                for subject, run in subjects.items():
                    forget_peak(pid)
                    with probing(port, takes[subject].probes):
                        start = time.perf_counter()
                        count = run()
                        seconds = time.perf_counter() - start
                    takes[subject].rates.append(count / seconds)
                    takes[subject].peaks.append(peak_mb(pid))
        finally:
            server.stop()
        sizes = f"{lines.stat().st_size / 1e6:.0f} MB NDJSON, {whole.stat().st_size / 1e6:.0f} MB Parquet"
    base = statistics.median(takes["single, 1 client"].rates)
    print(f"{args.dossiers} dossiers ({sizes}); server at rest {idle:.0f} MB")
    for subject, t in takes.items():
        rate, probes = statistics.median(t.rates), sorted(t.probes)
        p99 = probes[int(len(probes) * 0.99)] if probes else float("nan")
        print(
            f"{subject:<28} {rate:>8.0f} dossiers/s {rate / base:>6.1f}x   peak {max(t.peaks):>6.0f} MB   "
            f"readyz median {statistics.median(probes) * 1000:>5.1f} ms, p99 {p99 * 1000:>6.1f} ms"
        )


if __name__ == "__main__":
    main()
