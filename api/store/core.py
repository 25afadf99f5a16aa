"""The store as a whole: the database, the rulesets, and units of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from api.calendar import WorkCalendar
from api.db import Database
from api.store import audit
from api.store.rulesets import Rulesets, publish
from api.store.work import SYSTEM, Actor, Work
from api.tables import Publication
from evaluator.rulebook.ast import Ruleset

__all__ = ["Store"]


class Store:
    """Everything that routes, pages and commands need to reach the record."""

    def __init__(
        self, db: Database, engine: str, check_seconds: float = 1.0,
        calendar: WorkCalendar | None = None, review_workdays: int = 5,
    ) -> None:  # fmt: skip
        self.db = db
        self.calendar = calendar or WorkCalendar()
        self.review_workdays = review_workdays
        self.rulesets = Rulesets(db, engine, check_seconds)

    @contextmanager
    def work(self, actor: Actor, request_id: str | None = None) -> Iterator[Work]:
        """One transaction, committed with its audit entries at the end, or not at all."""
        with self.db.write() as session:
            work = Work(session, actor, dt.datetime.now(dt.UTC), request_id)
            yield work
            session.flush()
            audit.append(work)

    def publish_directory(self, ruleset: Ruleset) -> None:
        """Put the rulebook directory's ruleset in force, unless the service published its own."""
        with self.work(SYSTEM) as work:
            audit.lock(work.session)
            newest = (
                work.session.query(Publication)
                .order_by(Publication.id.desc())
                .limit(1)
                .one_or_none()
            )
            if newest is None or (
                newest.source == "directory" and newest.identity != ruleset.identity
            ):
                publish(work, ruleset, "directory")

    def close(self) -> None:
        """Give back engines and connections."""
        self.rulesets.close()
        self.db.close()
