"""The store as a whole: the database, the rulesets, and units of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import select

from api.database.db import Database
from api.database.tables import Publication
from api.store import audit, verifying
from api.store.logins import Uses
from api.store.rulesets import Rulesets, current_identity, install
from api.store.work import SYSTEM, Actor, Work
from api.workdays.china import today
from api.workdays.workdays import WorkCalendar
from evaluator.rulebook.ast import Ruleset


class Store:
    """Everything that routes, pages and commands need to reach the record."""

    def __init__(
        self,
        db: Database,
        engine: str,
        check_seconds: float = 1.0,
        calendar: WorkCalendar | None = None,
        review_workdays: int = 5,
        paper_days: int = 30,
        silence: str = "supervision",
    ) -> None:
        self.db = db
        self.calendar = calendar or WorkCalendar()
        self.review_workdays = review_workdays
        self.paper_days = paper_days
        self.silence = silence
        # The day on which what comes in now is received: the server's, never the request's.
        self.day: Callable[[], dt.date] = today
        self.uses = Uses()
        self.rulesets = Rulesets(db, engine, check_seconds)

    def bring_forward(self) -> None:
        """The structure that this program needs, and what was there before it sealed."""
        self.db.migrate()
        revision = self.db.revision()
        if revision is not None and not verifying.adopted(self.db):
            with self.work(SYSTEM) as work:
                verifying.adopt(work, revision)

    @contextmanager
    def work(
        self, actor: Actor, request_id: str | None = None, wait: float | None = None
    ) -> Iterator[Work]:
        """One transaction, committed with its audit entries at the end, or not at all.

        ``wait`` seconds at most for those who write already. Raises Locked.
        """
        with self.db.write(wait) as session:
            work = Work(session, actor, dt.datetime.now(dt.UTC), request_id)
            yield work
            session.flush()
            audit.append(work)

    def install_directory(self, ruleset: Ruleset) -> bool:
        """Put the directory's ruleset in force where there is none yet; whether it is in force now."""
        with self.work(SYSTEM) as work:
            audit.lock(work.session)
            running = current_identity(work.session)
            if running is None and work.session.scalar(select(Publication.id).limit(1)) is None:
                install(work, ruleset)
                running = ruleset.identity
        return running == ruleset.identity

    def close(self) -> None:
        """Give back engines and connections."""
        self.rulesets.close()
        self.db.close()
