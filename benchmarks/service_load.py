"""The service under load, and under what is no request: memory, latency, answers."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.service import Server, dossiers, read_response, request_bytes
from benchmarks.service_records import PATH, database, finish, key_for, send, submission


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


def mangled(chance: random.Random, good: bytes) -> bytes:
    """A body that is broken in one of many ways."""
    kind = chance.randrange(8)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 400))
    if kind == 1:
        return good[: chance.randrange(len(good))]
    if kind == 2:
        place = chance.randrange(len(good))
        return good[:place] + chance.randbytes(3) + good[place + 3 :]
    if kind == 3:
        return b"[" * chance.randrange(1, 5000) + b"]" * chance.randrange(0, 5000)
    if kind == 4:
        return good.replace(b'"project_id"', b'"project_id": "x", "project_id"', 1)
    if kind == 5:
        return good.replace(
            b": ",
            chance.choice([b": NaN, ", b": 1e99999, ", b": -0, ", b": {}, "]),
            chance.randrange(1, 5),
        )
    if kind == 6:
        return json.dumps(
            {
                f"f{chance.randrange(999)}": chance.choice([None, [], {}, 1, "x", True])
                for _ in range(20)
            }
        ).encode()
    return json.dumps(
        {
            **json.loads(good),
            "land_area": chance.choice(["18 头", "-5", "一二三", "9" * 200, [1], {"a": 1}]),
        }
    ).encode()


def malformed(args: argparse.Namespace) -> None:
    """Malformed bodies: no 5xx, no growth in memory."""
    with database(False) as url:
        store, key = key_for(url)
        store.close()
        server = Server("service", ADMISSION_DATABASE_URL=url)
        chance = random.Random(args.seed)
        goods = [json.dumps(d).encode() for d in dossiers()]
        statuses: Counter[int] = Counter()
        memory: list[int] = []
        left = args.count

        async def client() -> None:
            nonlocal left
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            while left > 0:
                left -= 1
                path = PATH if left % 2 else "/api/v1/evaluations?counterfactual=false"
                body = mangled(chance, chance.choice(goods))
                writer.write(request_bytes(path, body, f"Authorization: Bearer {key}\r\n"))
                status, _ = await read_response(reader)
                statuses[status] += 1
                if left % (args.count // 10) == 0:
                    memory.append(_memory(server.process.pid))
            writer.close()

        async def run() -> None:
            await asyncio.gather(*(client() for _ in range(16)))

        asyncio.run(run())
        server.stop()
        wrong = [f"{n} answers {s}" for s, n in statuses.items() if s >= 500]
        print(
            f"malformed bodies: {sum(statuses.values())}, answers {dict(sorted(statuses.items()))}, memory {memory} MiB"
        )
        finish(wrong)


def _commit_rate(seconds: float = 2) -> float:
    """Commits a second of one small row, WAL and synchronous FULL, on the disk of the run."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(f"{folder}/x.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (a)")
        count, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            connection.execute("INSERT INTO t VALUES (1)")
            count += 1
        connection.close()
        return count / seconds


def load(args: argparse.Namespace) -> None:
    """Clients that judge, submit and look things up, all at once."""
    with database(args.postgres) as url:
        store, key = key_for(url)
        store.close()
        server = Server("service", ADMISSION_DATABASE_URL=url)
        shown = dossiers()
        times: dict[str, list[float]] = {
            "POST /evaluations": [],
            "POST /projects": [],
            "GET /projects": [],
        }
        statuses: Counter[int] = Counter()
        numbers = iter(range(10**9))
        end = time.perf_counter() + args.seconds

        async def client(name: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            chance = random.Random(name)
            auth = f"Authorization: Bearer {key}\r\n"
            while time.perf_counter() < end:
                what = chance.choices(list(times), [6, 1, 3])[0]
                number = next(numbers)
                body = json.dumps({**chance.choice(shown), "project_id": f"L{number}"}).encode()
                if what == "GET /projects":
                    message = f"GET {PATH}?q=%E5%9F%BA%E5%9C%B0&limit=20 HTTP/1.1\r\nHost: x\r\n{auth}\r\n".encode()
                elif what == "POST /projects":
                    message = request_bytes(PATH, body, auth)
                else:
                    message = request_bytes("/api/v1/evaluations?counterfactual=false", body)
                start = time.perf_counter()
                writer.write(message)
                status, _ = await read_response(reader)
                times[what].append(time.perf_counter() - start)
                statuses[status] += 1
            writer.close()

        async def run() -> None:
            await asyncio.gather(*(client(n) for n in range(args.clients)))

        asyncio.run(run())
        rate = asyncio.run(_submissions(server.port, key, 5))
        server.stop()
        for what, values in times.items():
            values.sort()
            if values:
                p50, p99 = values[len(values) // 2], values[int(len(values) * 0.99)]
                print(
                    f"{what:<18} {len(values):>6} requests   p50 {p50 * 1000:>7.1f} ms   p99 {p99 * 1000:>7.1f} ms"
                )
        print(f"answers {dict(statuses)}")
        kind = "PostgreSQL" if args.postgres else "SQLite"
        print(
            f"POST /projects alone, 4 clients, {kind}: {rate:.0f}/s; the disk commits {_commit_rate():.0f}/s"
        )
        finish([f"{n} answers {s}" for s, n in statuses.items() if s >= 400])


async def _submissions(port: int, key: str, seconds: float) -> float:
    end = time.perf_counter() + seconds
    count = 0

    async def client(name: int) -> None:
        nonlocal count
        turn = 0
        while time.perf_counter() < end:
            turn += 1
            await send(port, submission(name * 10**6 + turn, key))
            count += 1

    await asyncio.gather(*(client(n) for n in range(1, 5)))
    return count / seconds
