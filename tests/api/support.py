"""What the tests of the service share: dossiers out of the examples, and an application."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import Session

from api.app import create_app
from api.database.agreement_tables import Amendment
from api.database.care_tables import Obstacle, ProjectFacts
from api.database.db import Database
from api.database.proposal_tables import Proposal
from api.database.review_tables import Commitment, Supervision, Task
from api.database.tables import Account, Decision, Draft, Project
from api.openapi.document import as_json
from api.settings import Settings
from api.store import accounts, apikeys, preconditions
from api.store.core import Store
from api.store.promises import agreements
from api.store.service import facts, obstacles
from api.store.work import SYSTEM, Actor
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import YMap, read_yaml
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory

ROOT = Path(__file__).parent.parent.parent
RECEIVED = dt.date(2024, 6, 3)
JSON = {"content-type": "application/json"}


@lru_cache(maxsize=1)
def shipped() -> Ruleset:
    """The shipped rulebook."""
    return load_directory(ROOT)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "migrated.db"
        db = Database(f"sqlite:///{path}")
        db.migrate()
        db.close()
        return path.read_bytes()


def sqlite_url(directory: Path, name: str = "admission.db") -> str:
    """The address of a new database in ``directory``: a copy of one that was migrated before."""
    path = directory / name
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


def settings(**over: Any) -> Settings:
    """Settings for tests: quiet, and without a rate limit."""
    return Settings(**{"log_level": "ERROR", "rate_limit": 0, "engine": "durable", **over})


def example(stem: str) -> dict[str, Any]:
    """The dossier of ``examples/<stem>*.yaml`` as JSON data."""
    path = next(iter(sorted((ROOT / "examples").glob(f"{stem}*.yaml"))))
    node = read_yaml(path.name, path.read_text("utf-8"), Problems())
    assert isinstance(node, YMap)
    dossier = node.get("dossier")
    assert dossier is not None
    out = as_json(plain(dossier))
    assert isinstance(out, dict)
    return out


ROLES = (
    "submitter",
    "committee",
    "maintainer",
    "publisher",
    "auditor",
    "admin",
    "department:natural_resources",
    "department:ecology",
)


def unlock(session: Session, table: str) -> None:
    """What only somebody with the database in their hands can do: drop the triggers."""
    if session.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            session.execute(text(f"DROP TRIGGER immutable_{table}_{verb}"))
    else:
        session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


ACTED_ON = (
    # Which record an act is upon; the first group is its number.
    (r"/proposals/(\d+)/(?!checks)", lambda s, n: preconditions.of_proposal(s.get(Proposal, n))),
    (r"/decisions/(\d+)/conclu", lambda s, n: _decision(s, n)),
    (
        r"/tasks/(\d+)/(opinion|supervis|values)",
        lambda s, n: preconditions.task_now(s, s.get(Task, n)),
    ),
    (
        r"/projects/[^/]+/amendments/(\d+)/",
        lambda s, n: agreements.amendment_seen(s.get(Amendment, n)),
    ),
    (r"/obstacles/(\d+)/", lambda s, n: obstacles.seen_of(s.get(Obstacle, n))),
    (r"/projects/([^/]+)/facts", lambda s, n: _facts(s, n)),
    (r"/commitments/(\d+)/", lambda s, n: preconditions.commitment_now(s, s.get(Commitment, n))),
    (r"/supervisions?/(\d+)/", lambda s, n: preconditions.of_supervision(s.get(Supervision, n))),
    (
        r"/projects/[^/]+/promises/(\d+)/",
        lambda s, n: preconditions.commitment_now(s, s.get(Commitment, n)),
    ),
    (r"/drafts/(\d+)", lambda s, n: preconditions.of_draft(s, s.get(Draft, n))),
    (r"/projects/([^/]+)/", lambda s, n: preconditions.of_project(s, _named(s, Project.number, n))),
    (r"/accounts/([^/]+)/", lambda s, n: preconditions.of_account(_named(s, Account.name, n))),
)


def _named(session: Session, column: Any, name: str) -> Any:
    return session.scalar(select(column.class_).where(column == name))


def _facts(session: Session, number: str) -> Any:
    project = session.scalar(select(Project).where(Project.number == number))
    if project is None:
        raise NoResultFound
    return facts.seen_of(session.get(ProjectFacts, project.id))


def _decision(session: Session, number: str) -> Any:
    decision = session.get_one(Decision, number)
    return preconditions.of_decision(
        session, decision, session.get_one(Project, decision.project_id)
    )


def now(store: Store, method: str, path: str) -> str | None:
    """What somebody who has just looked would send as If-Match; for no such record, any state."""
    if method == "GET":
        return None
    for pattern, made in ACTED_ON:
        if match := re.match(pattern, path):
            number: Any = int(match[1]) if match[1].isdecimal() else match[1]
            with store.db.read() as session:
                try:
                    return str(made(session, number))
                except (AttributeError, NoResultFound, OverflowError, DBAPIError):
                    return f"0-{'0' * 64}"
    return None


class Service:
    """The whole service on one database, with one account and one API key for each role.

    ``seeded`` False is for a database that has its accounts already.
    """

    def __init__(self, url: str, *, seeded: bool = True, **over: Any) -> None:
        self.app = create_app(settings(database_url=url, **over))
        self.store: Store = self.app.state.store
        # The law of the examples: what is submitted is received on this day.
        self.store.day = lambda: RECEIVED
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.keys: dict[str, str] = {}
        self.actors: dict[str, Actor] = {}
        for role in (*ROLES, "submitter:other") if seeded else ():
            self.add(role)

    def add(self, role: str) -> None:
        """An account named after the role, with a key."""
        name, granted = role.replace(":", "-"), "submitter" if role == "submitter:other" else role
        with self.store.work(SYSTEM) as work:
            view, _ = accounts.create_account(work, name, name, [granted], f"password of {name}")
        actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
        with self.store.work(actor) as work:
            _, self.keys[role] = apikeys.create_key(work, "tests", None, False, None)
        self.actors[role] = actor

    def headers(self, role: str | None) -> dict[str, str]:
        """What a client with that role sends; None is anonymous."""
        return {"authorization": f"Bearer {self.keys[role]}"} if role else {}

    def call(self, role: str | None, method: str, path: str, **more: Any) -> Any:
        """One request; ``path`` is under /api/v1."""
        headers = {**self.headers(role), **more.pop("headers", {})}
        seen = now(self.store, method, path) if "if-match" not in headers else None
        headers |= {"if-match": seen} if seen else {}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def undecided(self, decision: int) -> int:
        """How many findings of a decision are unknown and would count: what a conclusion confirms."""
        found = self.call("committee", "GET", f"/decisions/{decision}/findings").json()
        return sum(f["status"] == "unknown" and f["effect"] != "advise" for f in found)

    def submit(self, stem: str = "r01", role: str = "submitter", **more: Any) -> dict[str, Any]:
        """Submit an example dossier and return the receipt."""
        answer = self.call(role, "POST", "/projects", json=example(stem), **more)
        assert answer.status_code == 201, answer.text
        receipt = answer.json()
        assert isinstance(receipt, dict)
        return receipt

    def __enter__(self) -> Self:
        self.client.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self.client.__exit__(*args)
