"""How long finding projects takes among many: Chinese words, filters, the last page.

python -m benchmarks.service_search [--count 100000] [--postgres]
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
import time

from sqlalchemy import insert

from api.store.projects import Filter, find
from api.store.submissions import normalised
from api.store.work import SYSTEM
from api.tables import Account, Decision, Hit, Project
from benchmarks.service_reliability import database, key_for

PLACES = ["福州", "厦门", "泉州", "漳州", "莆田", "龙岩", "三明", "南平", "宁德", "平潭"]
THINGS = [
    "芯片封装",
    "光伏组件",
    "储能电池",
    "智能装备",
    "生物制药",
    "精密模具",
    "新型建材",
    "冷链物流",
    "工业软件",
    "碳纤维",
]
BATCH = 2000


def main() -> None:
    """Fill a database and time the queries."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--postgres", action="store_true")
    args = parser.parse_args()
    chance = random.Random(1)
    now = dt.datetime.now(dt.UTC)
    with database(args.postgres) as url:
        store, _ = key_for(url)
        identity = store.rulesets.current().ruleset.identity
        for start in range(1, args.count + 1, BATCH):
            projects, decisions, hits = [], [], []
            for i in range(start, min(start + BATCH, args.count + 1)):
                place, thing = chance.choice(PLACES), chance.choice(THINGS)
                name, firm = (
                    f"{place}{thing}生产基地{i}期",
                    f"{place}{chance.choice(THINGS)}有限公司",
                )
                number = f"ZR2026-{i:06d}"
                verdict = chance.choice(["pass", "refer", "refer", "reject"])
                day = dt.date(2020, 1, 1) + dt.timedelta(days=i % 2400)
                projects.append({
                    "id": i, "number": number, "owner_id": 1, "project_code": f"P{i}", "name": name,
                    "enterprise": firm, "industry": chance.choice(["C3985", "C2614", "C3852"]),
                    "search": normalised(number, f"P{i}", name, firm), "submitted_on": day,
                    "version": 1, "verdict": verdict, "decision_id": i, "state": "decided",
                    "created_at": now, "updated_at": now,
                })  # fmt: skip
                decisions.append({
                    "id": i, "project_id": i, "version": 1, "dossier": "{}", "dossier_digest": "0" * 64,
                    "ruleset": identity, "as_of": day, "engine": "durable", "software": "0",
                    "verdict": verdict, "result": "{}", "digest": "0" * 64, "decided_by": 1,
                    "decided_at": now,
                })  # fmt: skip
                hits += [
                    {"decision_id": i, "rule": f"rule.{chance.randrange(90)}.{n}", "department": chance.choice(["ecology", "tax", "science"]),
                     "status": "violated", "effect": "refer"}
                    for n in range(10)
                ]  # fmt: skip
            with store.db.write() as session:
                assert session.get(Account, 1) is not None
                session.execute(insert(Project), projects)
                session.execute(insert(Decision), decisions)
                session.execute(insert(Hit), hits)
        asked = {
            "newest page": Filter(),
            "q=芯片 (many)": Filter(q="芯片"),
            "q=99999期 (one)": Filter(q=f"{args.count - 1}期"),
            "q=福州 碳纤维 有限": Filter(q="福州 碳纤维 有限"),
            "q that is nowhere": Filter(q="量子计算机"),
            "rule": Filter(rule="rule.7.3"),
            "department and verdict": Filter(department="tax", verdict="reject"),
            "industry and a month": Filter(
                industry="C39", start=dt.date(2023, 5, 1), end=dt.date(2023, 5, 31)
            ),
        }
        print(
            f"{args.count} projects, {args.count * 10} hits, {'PostgreSQL' if args.postgres else 'SQLite'}"
        )
        for name, wanted in asked.items():
            times = []
            for _ in range(5):
                begun = time.perf_counter()
                with store.db.read() as session:
                    page = find(session, SYSTEM, wanted)
                times.append(time.perf_counter() - begun)
            print(f"{name:<24} {statistics.median(times) * 1000:>8.1f} ms  {len(page.items)} rows")
        store.close()


if __name__ == "__main__":
    main()
