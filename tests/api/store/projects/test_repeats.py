"""Answers under an Idempotency-Key are kept for a month, and taken out by the server itself."""

from __future__ import annotations

import datetime as dt
import time

from sqlalchemy import func, select, update

from api.database.tables import Counter, Idempotency
from api.jobs import Jobs
from api.store.projects.repeats import DONE, KEPT, forget_answers
from tests.api.support import Service
from tests.support import PATIENCE

NOW = dt.datetime.now(dt.UTC)


def keys(service: Service) -> list[str]:
    with service.store.db.read() as session:
        return list(session.scalars(select(Idempotency.key).order_by(Idempotency.key)))


def test_what_is_older_than_a_month_goes_once_a_day(service: Service) -> None:
    first = {n: service.submit("r01", headers={"idempotency-key": n}) for n in ("kept", "old")}
    with service.store.db.write() as session:
        # The service has done it when it started.
        session.merge(Counter(name=DONE, last=0))
        # Just beyond the month, and just within it.
        for key, age in (("old", KEPT + dt.timedelta(minutes=1)), ("kept", KEPT)):
            when = NOW - age + dt.timedelta(seconds=30)
            session.execute(
                update(Idempotency).where(Idempotency.key == key).values(created_at=when)
            )
    forget_answers(service.store.db, NOW)
    assert keys(service) == ["kept"]
    again = service.submit("r01", headers={"idempotency-key": "kept"})
    assert again["number"] == first["kept"]["number"]
    # One that comes later on the same day waits for the next.
    forget_answers(service.store.db, NOW + dt.timedelta(minutes=1))
    assert keys(service) == ["kept"]
    forget_answers(service.store.db, NOW + dt.timedelta(days=1))
    assert keys(service) == []
    # The projects stay.
    number = first["old"]["number"]
    assert service.call("committee", "GET", f"/projects/{number}").status_code == 200


def test_the_server_does_it_by_itself(service: Service) -> None:
    service.submit("d01", headers={"idempotency-key": "ancient"})
    with service.store.db.write() as session:
        session.execute(update(Idempotency).values(created_at=NOW - 2 * KEPT))
        session.merge(Counter(name=DONE, last=0))
    jobs = Jobs(service.store)
    jobs.start()
    end = time.monotonic() + PATIENCE
    try:
        while keys(service):
            assert time.monotonic() < end, "nothing was taken out"
            time.sleep(0.05)
    finally:
        jobs.stop()
    with service.store.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Idempotency)) == 0
