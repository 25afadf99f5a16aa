"""What the database says to the one who watches: gauges, asked anew at each scrape.

Beside them the counts that processes keep (``transport/telemetry.py``). What happened outside of the
service, a backup or a verification, leaves its time in ``counters`` (``note_done``).
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.build import commit
from api.database.db import Database
from api.database.proposal_tables import ProposalRun
from api.database.review_tables import Commitment, Supervision, Task
from api.database.tables import Counter
from api.judging.judge import SOFTWARE
from api.store.core import Store
from api.store.proposals.runs import FAILED, QUEUED
from api.store.review.waiting import WAITING
from api.store.rulesets import current_publication
from api.workdays.china import today

log = logging.getLogger("api")
BACKUP, VERIFIED = "done:backup", "done:verify"


def note_done(db: Database, what: str) -> None:
    """Remember that ``what`` (BACKUP, VERIFIED) was done just now; a database that refuses is let be."""
    try:
        with db.write() as session:
            session.merge(Counter(name=what, last=int(time.time())))
    except SQLAlchemyError as error:
        log.warning("%s is not noted: %s", what, str(error).split("\n", 1)[0])


def observed_text(store: Store) -> bytes:
    """The gauges in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Gauges(store))
    return generate_latest(registry)


class _Gauges(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is asked when it is registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every gauge; those of the database only where it answers."""
        build = GaugeMetricFamily(
            "admission_build", "Version and commit", labels=["version", "commit"]
        )
        build.add_metric([SOFTWARE, commit()], 1)
        yield build
        trouble = self._store.rulesets.trouble() is not None
        yield _gauge("admission_ruleset_readable", "Whether submissions can be judged", not trouble)
        pool = self._store.db.engine.pool
        used = getattr(pool, "checkedout", int)()
        yield _gauge("admission_database_connections", "Connections in use, this process", used)
        most = getattr(pool, "size", int)() * 2
        yield _gauge("admission_database_connections_most", "Connections it may use", most)
        try:
            with self._store.db.read() as session:
                found = list(_asked(session))
        except SQLAlchemyError as error:
            log.warning("metrics: %s", str(error).split("\n", 1)[0])
            yield _gauge("admission_database_up", "Whether the database answers", 0)
            return
        yield _gauge("admission_database_up", "Whether the database answers", 1)
        yield from found


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=float(value))


def _asked(session: Session) -> Iterator[GaugeMetricFamily]:
    day, now = today(), dt.datetime.now(dt.UTC)

    def count(name: str, told: str, model: type, *where: object) -> GaugeMetricFamily:
        query = select(func.count()).select_from(model).where(*where)  # type: ignore[arg-type]
        return _gauge(name, told, session.scalar(query) or 0)

    open_ = Task.state.in_(WAITING)
    yield count("admission_tasks_open", "Review tasks that wait", Task, open_)
    yield count("admission_tasks_overdue", "Those past their day", Task, open_, Task.due_on < day)
    oldest = session.scalar(select(func.min(Task.opened_on)).where(open_))
    yield _gauge(
        "admission_tasks_oldest_days", "Age of the oldest", (day - oldest).days if oldest else 0
    )
    late = (Commitment.kept.is_(False), Commitment.due_on < day)
    yield count("admission_commitments_overdue", "Promises past their day", Commitment, *late)
    watched = Supervision.closed_at.is_(None)
    yield count("admission_supervisions_open", "Supervisions not closed", Supervision, watched)
    run = ProposalRun
    yield count("admission_runs_waiting", "Checks of proposals that wait", run, run.state == QUEUED)
    queued = session.scalar(select(func.min(run.queued_at)).where(run.state == QUEUED))
    waited = (now - queued).total_seconds() if queued else 0
    yield _gauge("admission_runs_oldest_seconds", "How long the oldest has waited", waited)
    yield count("admission_runs_failed", "Checks that ended in an error", run, run.state == FAILED)
    for name, what in ((BACKUP, "backup"), (VERIFIED, "verification")):
        done = session.get(Counter, name)
        if done is not None:
            told = f"When the last {what} was made, in seconds since 1970"
            yield _gauge(f"admission_last_{what}_timestamp_seconds", told, done.last)
    publication = current_publication(session, day)
    if publication is not None:
        info = GaugeMetricFamily(
            "admission_ruleset", "The publication in force", labels=["publication", "identity"]
        )
        info.add_metric([str(publication.id), publication.identity[:12]], 1)
        yield info
