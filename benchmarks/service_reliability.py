"""What must hold when things break: each command makes one line of docs/benchmarks.md.

    python -m benchmarks.service_reliability kill      [--postgres] [--count 2000]
    python -m benchmarks.service_reliability outage    [--count 600]
    python -m benchmarks.service_reliability publish   [--postgres] [--count 400]
    python -m benchmarks.service_reliability malformed [--count 100000]
    python -m benchmarks.service_reliability load      [--seconds 60] [--clients 50]

All traffic stays on 127.0.0.1. ``--postgres`` makes a database of its own on the server of
ADMISSION_TEST_POSTGRES and drops it; ``outage`` runs a PostgreSQL of its own that it may stop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.engine import make_url

from api.app import open_store
from api.database.tables import AuditEntry, Decision, Hit, Idempotency, Project
from api.settings import Settings
from api.store import accounts, apikeys, audit
from api.store.core import Store
from api.store.rulesets import publish
from api.store.work import SYSTEM, Actor
from benchmarks.service import ROOT, Server, dossiers, read_response, request_bytes
from evaluator.rulebook.load import load_layers

POSTGRES = os.environ.get("ADMISSION_TEST_POSTGRES", "postgresql+psycopg://127.0.0.1:5432/postgres")
PATH = "/api/v1/projects"


@contextmanager
def database(postgres: bool) -> Iterator[str]:
    """The URL of an empty database."""
    if not postgres:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/admission.db"
        return
    name = f"admission_bench_{uuid.uuid4().hex[:10]}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def key_for(url: str) -> tuple[Store, str]:
    """The store, and the key of a clerk who may submit."""
    store = open_store(Settings(database_url=url, log_level="ERROR", engine="durable"))
    with store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, "clerk", "clerk", ["committee"])
    actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
    with store.work(actor) as work:
        return store, apikeys.create_key(work, "bench", None, False, None)[1]


def submission(number: int, key: str) -> bytes:
    """A whole submission with an Idempotency-Key of its own."""
    shown = dossiers()
    body = json.dumps({**shown[number % len(shown)], "project_id": f"K{number}"}).encode()
    return request_bytes(
        PATH, body, f"Authorization: Bearer {key}\r\nIdempotency-Key: k-{number}\r\n"
    )


async def send(port: int, message: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(message)
        return await read_response(reader)
    finally:
        writer.close()


class Crowd:
    """Clients that submit until every one of ``count`` submissions is acknowledged."""

    def __init__(self, count: int, key: str, clients: int = 8) -> None:
        self.messages = [submission(n, key) for n in range(count)]
        self.clients = clients
        self.acknowledged: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()
        self.broken = 0
        self.port = 0

    async def run(self) -> None:
        """Submit everything; a request without an answer is sent again, under its key."""
        todo = iter(range(len(self.messages)))

        async def client() -> None:
            for number in todo:
                while number not in self.acknowledged:
                    try:
                        status, body = await asyncio.wait_for(
                            send(self.port, self.messages[number]), 60
                        )
                    except (OSError, asyncio.IncompleteReadError, TimeoutError):
                        self.broken += 1
                        await asyncio.sleep(0.1)
                        continue
                    self.statuses[status] += 1
                    if status == 201:
                        self.acknowledged[number] = json.loads(body)["number"]
                    elif status == 503:
                        await asyncio.sleep(0.2)
                    else:
                        raise SystemExit(f"unexpected {status}: {body.decode()}")

        await asyncio.gather(*(client() for _ in range(self.clients)))


def check(store: Store, crowd: Crowd) -> list[str]:
    """Everything that is wrong with the record after a run."""
    wrong: list[str] = []
    with store.db.read() as session:
        numbers = {r.key: r.answer for r in session.scalars(select(Idempotency))}
        projects = {p.number: p for p in session.scalars(select(Project))}
        for number, given in crowd.acknowledged.items():
            answer = json.loads(numbers.get(f"k-{number}", "{}"))
            if answer.get("number") != given:
                wrong.append(f"k-{number}: acknowledged {given}, stored {answer.get('number')}")
            elif given not in projects or projects[given].project_code != f"K{number}":
                wrong.append(f"{given}: project not there or another's")
        if len(projects) != len(crowd.acknowledged):
            wrong.append(f"{len(projects)} projects, {len(crowd.acknowledged)} acknowledged")
        submitted = Counter(
            session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "project.submit"))
        )
        for project in projects.values():
            decision = session.get(Decision, project.decision_id)
            if decision is None or decision.project_id != project.id:
                wrong.append(f"{project.number}: no decision")
                continue
            result = json.loads(decision.result)
            expected = sum(
                max(1, len(f["departments"]))
                for f in result["findings"]
                if f["status"] in ("violated", "unknown")
            )
            hits = session.scalar(
                select(func.count()).select_from(Hit).where(Hit.decision_id == decision.id)
            )
            if hits != expected:
                wrong.append(f"{project.number}: {hits} hits of {expected}")
            if submitted[f"project:{project.number}"] != 1:
                wrong.append(
                    f"{project.number}: logged {submitted[f'project:{project.number}']} times"
                )
        _, broken = audit.verify(session)
        wrong += [b.detail for b in broken]
    return wrong


def kill(args: argparse.Namespace) -> None:
    """kill -9 at random moments."""
    with database(args.postgres) as url:
        store, key = key_for(url)
        crowd = Crowd(args.count, key)
        kills = 0

        async def run() -> None:
            nonlocal kills
            server = await asyncio.to_thread(Server, "service", ADMISSION_DATABASE_URL=url)
            crowd.port = server.port
            work = asyncio.create_task(crowd.run())
            chance = random.Random(args.seed)
            while True:
                done, _ = await asyncio.wait([work], timeout=chance.uniform(0.3, 10))
                server.process.send_signal(signal.SIGKILL)
                server.process.wait()
                if done:
                    break
                kills += 1
                server = await asyncio.to_thread(
                    Server, "service", port=crowd.port, ADMISSION_DATABASE_URL=url
                )
            await work

        start = time.perf_counter()
        asyncio.run(run())
        wrong = check(store, crowd)
        store.close()
        kind = "PostgreSQL" if args.postgres else "SQLite"
        print(
            f"kill -9, {kind}: {len(crowd.acknowledged)} acknowledged, {kills} kills, {crowd.broken} requests "
            f"without answer, {len(wrong)} faults, {time.perf_counter() - start:.0f} s"
        )
        _end(wrong)


@contextmanager
def own_postgres() -> Iterator[tuple[int, Any]]:
    """A PostgreSQL of our own: its port, and a function that runs pg_ctl on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp())
    data = folder / "data"
    prefix: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]

    def tool(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def control(*command: str) -> None:
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}"
        tool("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, *command)

    tool(
        "initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"
    )
    control("start")
    try:
        yield port, control
    finally:
        control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def outage(args: argparse.Namespace) -> None:
    """PostgreSQL stopped and started under load."""
    with own_postgres() as (port, control):
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        store, key = key_for(url)
        store.close()
        crowd = Crowd(args.count, key)
        server = Server("service", ADMISSION_DATABASE_URL=url)
        crowd.port = server.port

        async def run() -> None:
            work = asyncio.create_task(crowd.run())
            for mode in ("fast", "immediate"):
                await asyncio.sleep(3)
                await asyncio.to_thread(control, "stop", "-m", mode)
                await asyncio.sleep(4)
                await asyncio.to_thread(control, "start")
            await work

        asyncio.run(run())
        alive = server.process.poll() is None
        server.stop()
        store = Store(
            open_store(Settings(database_url=url, log_level="ERROR", engine="durable")).db,
            "reference",
        )
        wrong = check(store, crowd)
        if not alive:
            wrong.append("the server did not live through it")
        if not crowd.statuses[503]:
            wrong.append("no 503 was seen")
        store.close()
        print(
            f"PostgreSQL stopped twice: {len(crowd.acknowledged)} acknowledged, answers {dict(crowd.statuses)}, "
            f"{crowd.broken} without answer, {len(wrong)} faults"
        )
        _end(wrong)


def publish_under_load(args: argparse.Namespace) -> None:
    """Two workers, one publication in the middle."""
    with database(args.postgres) as url:
        store, key = key_for(url)
        with store.db.read() as session:
            old = store.rulesets.current_in(session).ruleset
        layers = [(name, dict(files)) for name, files in old.layers]
        layers[0][1]["criteria.yaml"] = layers[0][1]["criteria.yaml"].replace(
            f"title: {old.title}", f"title: {old.title}（第二版）"
        )
        new = load_layers(tuple(layers))
        server = Server("service", 2, ADMISSION_DATABASE_URL=url)
        crowd = Crowd(args.count, key)
        crowd.port = server.port

        async def run() -> None:
            work = asyncio.create_task(crowd.run())
            while len(crowd.acknowledged) < args.count // 3:
                await asyncio.sleep(0.05)

            def change() -> None:
                with store.work(SYSTEM) as unit:
                    publish(unit, new, "service")

            await asyncio.to_thread(change)
            await work

        asyncio.run(run())
        server.stop()
        wrong = check(store, crowd)
        count: Counter[str] = Counter()
        with store.db.read() as session:
            changed = session.scalar(
                select(AuditEntry.seq).where(
                    AuditEntry.subject == f"ruleset:{new.identity}",
                    AuditEntry.action == "ruleset.publish",
                )
            )
            entries = session.scalars(
                select(AuditEntry).where(AuditEntry.action == "project.submit")
            ).all()
            for entry in entries:
                expected = new.identity if entry.seq > (changed or 0) else old.identity
                decision = session.get_one(Decision, entry.after["decision"])
                inside = json.loads(decision.result)["ruleset"]["identity"]
                count["new" if decision.ruleset == new.identity else "old"] += 1
                if not decision.ruleset == inside == expected:
                    wrong.append(
                        f"decision {decision.id}: column {decision.ruleset[:8]}, result {inside[:8]}, order {expected[:8]}"
                    )
                judge = store.rulesets.past(session, decision.ruleset)
                again = judge.judge(judge.read(json.loads(decision.dossier)), decision.as_of)
                if again.body.decode() != decision.result:
                    wrong.append(f"decision {decision.id}: replay differs")
        store.close()
        kind = "PostgreSQL" if args.postgres else "SQLite"
        print(
            f"publication under load, two workers, {kind}: {count['old']} by the old, {count['new']} by the new, {len(wrong)} faults"
        )
        _end(wrong)


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
        _end(wrong)


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
        _end([f"{n} answers {s}" for s, n in statuses.items() if s >= 400])


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


def _end(wrong: list[str]) -> None:
    for line in wrong[:20]:
        print("  FAULT", line)
    sys.exit(1 if wrong else 0)


def main() -> None:
    """Run one of the commands."""
    commands = {
        "kill": kill,
        "outage": outage,
        "publish": publish_under_load,
        "malformed": malformed,
        "load": load,
    }
    defaults = {"kill": 2000, "outage": 600, "publish": 400, "malformed": 100_000, "load": 0}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=commands)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.count = args.count or defaults[args.command]
    os.chdir(ROOT)
    commands[args.command](args)


if __name__ == "__main__":
    main()
