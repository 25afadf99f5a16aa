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
import signal
import time
from collections import Counter

from sqlalchemy import select

from api.app import open_store
from api.database.tables import AuditEntry, Decision
from api.settings import Settings
from api.store.core import Store
from api.store.rulesets import publish
from api.store.work import SYSTEM
from benchmarks.service import ROOT, Server
from benchmarks.service_load import load, malformed
from benchmarks.service_records import Crowd, check, database, finish, key_for, own_postgres
from evaluator.rulebook.load import load_layers


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
        finish(wrong)


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
        finish(wrong)


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
        finish(wrong)


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
