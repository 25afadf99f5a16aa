"""How long finding projects takes among many: the query alone, and the page with its filters.

    python -m benchmarks.service_search [--count 100000] [--rules 10] [--postgres] [--plans]

A page is asked for over HTTP on loopback from a real server, by a logged-in committee member, a
submitter who owns every hundredth project, and a department; the time is from the request sent to
the last byte read. ``--plans`` prints how the database answers what took longest.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.client
import random
import re
import statistics
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import event, insert, text

from api.access.security import COOKIE
from api.database.review_tables import Task
from api.database.tables import Decision, Hit, Project
from api.store import accounts, logins
from api.store.core import Store
from api.store.projects.listed import normalised
from api.store.projects.lookup import Filter, find
from api.store.work import SYSTEM, Actor
from benchmarks.service import Server
from benchmarks.service_records import database, key_for
from evaluator.rulebook.ast import Ruleset

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
STATES = ["decided", "review", "review", "supplement", "admitted", "rejected"]
RARE = "rule.of.ten.projects"
BATCH = 2000
TIMES = 7
PEOPLE = {"committee": ["committee"], "submitter": ["submitter"], "department": ["department:tax"]}


def rows(ruleset: Ruleset, count: int, rules: int, owner: int) -> Iterator[dict[Any, list[Any]]]:
    """Rows of every table in batches: ``rules`` findings a project, common rules and rare ones."""
    chance = random.Random(1)
    now = dt.datetime.now(dt.UTC)
    known = [(r.id, r.departments) for r in ruleset.rules.values() if r.departments]
    weights = [1 / (1 + at) for at in range(len(known))]
    for start in range(1, count + 1, BATCH):
        out: dict[Any, list[Any]] = {Project: [], Decision: [], Hit: [], Task: []}
        for i in range(start, min(start + BATCH, count + 1)):
            place, thing = chance.choice(PLACES), chance.choice(THINGS)
            name, firm = f"{place}{thing}生产基地{i}期", f"{place}{chance.choice(THINGS)}有限公司"
            number = f"ZR2026-{i:06d}"
            verdict = chance.choice(["pass", "refer", "refer", "reject"])
            day = dt.date(2020, 1, 1) + dt.timedelta(days=i % 2400)
            state = "review" if i == count // 7 else chance.choice(STATES)
            out[Project].append(
                {
                    "id": i,
                    "number": number,
                    "owner_id": owner if i % 100 == 0 else 1,
                    "project_code": f"P{i}",
                    "name": name,
                    "enterprise": firm,
                    "industry": "A0111"
                    if i % 25_000 == 0
                    else chance.choice(["C3985", "C2614", "C3852"]),
                    "search": normalised(number, f"P{i}", name, firm),
                    "submitted_on": day,
                    "version": 1,
                    "verdict": verdict,
                    "decision_id": i,
                    "state": state,
                    "created_at": now,
                    "updated_at": now,
                }
            )
            out[Decision].append(
                {
                    "id": i,
                    "project_id": i,
                    "version": 1,
                    "dossier": "{}",
                    "dossier_digest": "0" * 64,
                    "ruleset": ruleset.identity,
                    "as_of": day,
                    "engine": "durable",
                    "software": "0",
                    "verdict": verdict,
                    "result": "{}",
                    "digest": "0" * 64,
                    "decided_by": 1,
                    "decided_at": now,
                }
            )
            hit = dict(chance.choices(known, weights, k=rules))
            if i % (count // 10) == 3:
                hit[RARE] = ("science",)
            out[Hit] += [
                {
                    "decision_id": i,
                    "rule": rule,
                    "department": department,
                    "status": "violated" if n % 5 == 0 else "unknown",
                    "effect": "refer",
                }
                for n, (rule, departments) in enumerate(hit.items())
                for department in departments
            ]
            if i % 4 == 0:
                out[Task] += [
                    {
                        "project_id": i,
                        "decision_id": i,
                        "department": department,
                        "opened_on": day,
                        "due_on": day + dt.timedelta(days=7),
                        "closed_at": None,
                        "state": "open" if i % 40 == 0 else "done",
                    }
                    for department in ("tax", "ecology")
                ]
        yield out


def fill(store: Store, count: int, rules: int) -> dict[str, str]:
    """Projects into the store; the session cookie of one person of each kind."""
    cookies = {}
    owner = 1
    for name, roles in PEOPLE.items():
        with store.work(SYSTEM) as work:
            view, _ = accounts.create_account(work, name, name, roles)
        actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
        with store.work(actor) as work:
            cookies[name] = logins.open_login(work, actor, 12)
        owner = view.id if name == "submitter" else owner
    for batch in rows(store.rulesets.current().ruleset, count, rules, owner):
        with store.db.write() as session:
            for table, found in batch.items():
                if found:
                    session.execute(insert(table), found)
    with store.db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text("ANALYZE" if store.db.sqlite else "VACUUM ANALYZE")  # As autovacuum does.
        )
    return cookies


def asked(count: int) -> dict[str, dict[str, str]]:
    """What the page is asked for: the common, the rare and what is nowhere."""
    return {
        "newest page": {},
        "q=芯片 (many)": {"q": "芯片"},
        "q=…期 (one)": {"q": f"{count - 1}期"},
        "q=…期 (one, old)": {"q": f"地{count // 50}期"},
        "q=受理编号": {"q": f"ZR2026-{count // 3:06d}"},
        "q=福州 碳纤维 有限": {"q": "福州 碳纤维 有限"},
        "q that is nowhere": {"q": "量子计算机"},
        "verdict": {"verdict": "reject"},
        "state": {"state": "supplement"},
        "department": {"department": "tax"},
        "department and verdict": {"department": "tax", "verdict": "reject"},
        "rule (common)": {"rule": "positive.building_coefficient"},
        "rule (ten projects)": {"rule": RARE},
        "rule nowhere": {"rule": "no.such.rule"},
        "rule and department": {"rule": RARE, "department": "science"},
        "industry (common)": {"industry": "C39"},
        "industry (four)": {"industry": "A01"},
        "industry nowhere": {"industry": "T97"},
        "a month": {"from": "2023-05-01", "to": "2023-05-31"},
        "a day": {"from": "2023-05-01", "to": "2023-05-01"},
        "no day": {"from": "2035-05-01", "to": "2035-05-31"},
        "industry and a month": {"industry": "C39", "from": "2023-05-01", "to": "2023-05-31"},
        "q, verdict and a month": {
            "q": "量子",
            "verdict": "pass",
            "from": "2023-05-01",
            "to": "2023-12-31",
        },
        "everything": {
            "q": "芯片",
            "verdict": "refer",
            "department": "tax",
            "rule": "positive.building_coefficient",
            "industry": "C39",
            "from": "2021-01-01",
            "to": "2026-01-01",
            "state": "review",
        },
    }


def queries(store: Store, wanted: dict[str, dict[str, str]]) -> None:
    """Time the query alone."""
    for name, given in wanted.items():
        texts = {k: v for k, v in given.items() if k not in ("from", "to")}
        days = [dt.date.fromisoformat(given[k]) if k in given else None for k in ("from", "to")]
        filters = Filter(**texts, start=days[0], end=days[1])
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            with store.db.read() as session:
                page = find(session, SYSTEM, filters)
            times.append(time.perf_counter() - begun)
        print(f"{name:<28} {statistics.median(times) * 1000:>8.1f} ms  {len(page.items)} rows")


def fetch(connection: http.client.HTTPConnection, path: str, cookie: str) -> tuple[float, str]:
    """Seconds and text of a page. Raises RuntimeError for anything but 200."""
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"{COOKIE}={cookie}"})
    answer = connection.getresponse()
    body = answer.read()
    taken = time.perf_counter() - begun
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return taken, body.decode()


def download(connection: http.client.HTTPConnection, path: str, cookie: str) -> tuple[float, int]:
    """Seconds and bytes of a file. Raises RuntimeError for anything but 200."""
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"{COOKIE}={cookie}"})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return time.perf_counter() - begun, size


def pages(port: int, cookies: dict[str, str], wanted: dict[str, dict[str, str]]) -> list[str]:
    """Time every page for every kind of person; the addresses that took 200 ms or more."""
    slow = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for who, cookie in cookies.items():
        worst = 0.0
        for name, given in wanted.items():
            path = f"/projects?{urlencode(given)}" if given else "/projects"
            deep = name in ("newest page", "q=芯片 (many)", "department and verdict")
            for step in range(4 if deep else 1):
                times = []
                for _ in range(TIMES):
                    taken, body = fetch(connection, path, cookie)
                    times.append(taken)
                median = statistics.median(times) * 1000
                worst = max(worst, median)
                shown = body.count('href="/projects/ZR')
                label = f"{name}, page {step + 1}" if step else name
                mark = "  SLOW" if median >= 200 else ""
                print(f"{who:<12}{label:<32}{median:>8.1f} ms  {shown} rows{mark}")
                if median >= 200:
                    slow.append(path)
                following = re.search(r'href="(/projects\?[^"]*cursor=[^"]+)"', body)
                if following is None:
                    break
                path = following[1].replace("&amp;", "&")
        print(f"{who:<12}{'slowest':<32}{worst:>8.1f} ms")
    for path in ("/tasks", "/tasks?state=all", "/supervision"):
        times = [fetch(connection, path, cookies["committee"])[0] for _ in range(TIMES)]
        print(f"{'committee':<12}{path:<32}{statistics.median(times) * 1000:>8.1f} ms")
    for label in ("/overview, counted", "/overview, again"):
        taken, _ = fetch(connection, "/overview", cookies["committee"])
        print(f"{'committee':<12}{label:<32}{taken * 1000:>8.1f} ms")
    for path in ("/projects.csv", "/projects.xlsx"):
        taken, size = download(connection, path, cookies["committee"])
        print(f"{'committee':<12}{path + ', everything':<32}{taken * 1000:>8.0f} ms  {size} bytes")
    return slow


def plans(store: Store, wanted: dict[str, dict[str, str]]) -> None:
    """Print how the database answers each query."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(store.db.engine, "before_cursor_execute", note)
    queries(store, wanted)
    event.remove(store.db.engine, "before_cursor_execute", note)
    word = "EXPLAIN QUERY PLAN" if store.db.sqlite else "EXPLAIN (ANALYZE, BUFFERS)"
    names = iter(wanted)
    for at, (statement, parameters) in enumerate(s for s in seen if "FROM projects" in s[0]):
        if at % TIMES:
            continue
        print(f"-- {next(names)}")
        with store.db.engine.connect() as connection:
            for row in connection.exec_driver_sql(f"{word} {statement}", parameters):
                print("  ", row[-1])


def main() -> None:
    """Fill a database, then time queries and pages."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=10, help="findings of a project")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--plans", action="store_true")
    args = parser.parse_args()
    with database(args.postgres) as url:
        store, _ = key_for(url)
        begun = time.perf_counter()
        cookies = fill(store, args.count, args.rules)
        with store.db.read() as session:
            hits = session.scalar(text("SELECT count(*) FROM hits"))
        print(
            f"{args.count} projects, {hits} hits, {'PostgreSQL' if args.postgres else 'SQLite'}, "
            f"filled in {time.perf_counter() - begun:.0f} s"
        )
        wanted = asked(args.count)
        queries(store, wanted)
        if args.plans:
            plans(store, wanted)
        server = Server("service", ADMISSION_DATABASE_URL=url)
        try:
            slow = pages(server.port, cookies, wanted)
        finally:
            server.stop()
            store.close()
        print(f"pages at 200 ms or more: {len(slow)}")


if __name__ == "__main__":
    main()
