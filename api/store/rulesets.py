"""Rulesets: stored with their source, one of them in force, judges made of them when needed.

The newest publication is in force. A program that starts publishes the rulebook directory, unless
what is in force was published through the service: then the service's word stands.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from types import MappingProxyType

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.db import Database
from api.judge import Judge
from api.store.work import Missing, Work
from api.tables import Publication, StoredRuleset
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import Layers, load_layers

__all__ = ["Rulesets", "current_identity", "hold", "load_stored", "publish", "store_ruleset"]

KEPT = 4
PUBLICATION_LOCK = 7_305_003


def current_identity(session: Session) -> str | None:
    """The identity of the ruleset in force; None before the first publication."""
    return session.scalar(select(Publication.identity).order_by(Publication.id.desc()).limit(1))


def hold(session: Session, *, change: bool = False) -> None:
    """Until this transaction ends: no publication (or, with ``change``, no submission) beside it.

    Without it a submission on PostgreSQL could commit by the old ruleset after a publication had.
    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        kind = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {kind}({PUBLICATION_LOCK})"))


def store_ruleset(work: Work, ruleset: Ruleset) -> None:
    """Keep a ruleset with its source; nothing where it is kept already."""
    if work.session.get(StoredRuleset, ruleset.identity) is not None:
        return
    layers = [[name, dict(files)] for name, files in ruleset.layers]
    work.session.add(
        StoredRuleset(
            identity=ruleset.identity, profile_id=ruleset.profile_id, title=ruleset.title,
            layers=layers, stored_at=work.now,
        )
    )  # fmt: skip
    work.session.flush()
    work.log("ruleset.store", f"ruleset:{ruleset.identity}", None, {"title": ruleset.title})


def publish(work: Work, ruleset: Ruleset, source: str, note: str | None = None) -> None:
    """Put a ruleset in force; ``source`` is "directory" or "service"."""
    hold(work.session, change=True)
    before = current_identity(work.session)
    store_ruleset(work, ruleset)
    work.session.add(
        Publication(
            identity=ruleset.identity, source=source, published_by=work.actor.name,
            published_at=work.now, note=note,
        )
    )  # fmt: skip
    work.session.flush()
    after = {"identity": ruleset.identity, "source": source, "note": note}
    work.log("ruleset.publish", f"ruleset:{ruleset.identity}", {"identity": before}, after)


def load_stored(session: Session, identity: str) -> Ruleset:
    """A stored ruleset, read again from its source. Raises Missing."""
    found = session.get(StoredRuleset, identity)
    if found is None:
        raise Missing(f"没有存下规则集 {identity[:12]}")
    layers: Layers = tuple((name, MappingProxyType(files)) for name, files in found.layers)
    ruleset = load_layers(layers)
    if ruleset.identity != identity:
        # The identity covers the language too: a program that reads it otherwise must not judge.
        raise Missing(
            f"规则集 {identity[:12]} 由不兼容的程序版本存下，读出为 {ruleset.identity[:12]}"
        )
    return ruleset


class Rulesets:
    """Judges by identity. The one in force runs the chosen engine, past ones the reference."""

    def __init__(self, db: Database, engine: str, check_seconds: float = 1.0) -> None:
        self._db = db
        self._engine = engine
        self._check_seconds = check_seconds
        self._checked = 0.0
        self._lock = threading.RLock()
        self._current: Judge | None = None
        self._past: OrderedDict[str, Judge] = OrderedDict()

    def current(self) -> Judge:
        """The judge of the ruleset in force, asked of the database at most every check_seconds."""
        now = time.monotonic()
        judge = self._current
        if judge is not None and now - self._checked < self._check_seconds:
            return judge
        with self._db.read() as session:
            return self.current_in(session)

    def current_in(self, session: Session) -> Judge:
        """The judge of the ruleset in force as this session sees it."""
        identity = current_identity(session)
        self._checked = time.monotonic()
        judge = self._current
        if judge is not None and judge.ruleset.identity == identity:
            return judge
        if identity is None:
            raise Missing("还没有发布过规则集")
        with self._lock:
            if self._current is None or self._current.ruleset.identity != identity:
                # Requests under way may still hold the old judge; it goes when they let go.
                self._current = Judge(load_stored(session, identity), self._engine)
            return self._current

    def past(self, session: Session, identity: str) -> Judge:
        """A judge for decisions of any stored ruleset, in force or not. Raises Missing."""
        with self._lock:
            if self._current is not None and self._current.ruleset.identity == identity:
                return self._current
            judge = self._past.get(identity)
            if judge is None:
                judge = Judge(load_stored(session, identity), "reference")
                self._past[identity] = judge
                while len(self._past) > KEPT:
                    self._past.popitem(last=False)
            else:
                self._past.move_to_end(identity)
            return judge

    def close(self) -> None:
        """Let go of the judges; each gives its engine back when nobody uses it any more."""
        with self._lock:
            self._current = None
            self._past.clear()
