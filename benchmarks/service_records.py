"""A service under a crowd that submits, and whether its record is whole afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
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
from api.store.work import SYSTEM, Actor
from benchmarks.service import dossiers, read_response, request_bytes

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


def finish(wrong: list[str]) -> None:
    """Print the first faults, and end: 1 where there is one."""
    for line in wrong[:20]:
        print("  FAULT", line)
    sys.exit(1 if wrong else 0)
