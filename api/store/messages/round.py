"""One round of the messages: events taken up, digests made when it is time, what is due sent."""

from __future__ import annotations

import datetime as dt
import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Supervision, Task
from api.database.tables import Counter
from api.store.core import Store
from api.store.messages import events, outbox, reminders
from api.store.messages.ways import Ways
from api.store.promises import supervision
from api.store.review.silence import SUPERVISION
from api.store.review.waiting import OPEN
from api.store.work import SYSTEM
from api.workdays.china import china_day

log = logging.getLogger("api")
DAILY, SUPERVISED = "messages.day", "supervision.day"
KEPT = dt.timedelta(days=90)


def once(store: Store, ways: Ways, now: dt.datetime | None = None) -> tuple[int, int]:
    """One round; how many messages went out, and how many did not."""
    moment = now or dt.datetime.now(dt.UTC)
    day = reminders.due_today(moment, store.calendar)
    if day is not None and store.silence == SUPERVISION and _first(store, SUPERVISED, day):
        supervise_silent(store, moment)
    if not ways.any:
        return 0, 0
    if ways.event_webhooks and events.there_are(store.db):
        with store.db.write() as session:
            events.collect(session, ways.event_webhooks, moment)
    if day is not None:
        _daily(store, ways, day, moment)
    sent, failed = outbox.send_due(store.db, ways.send, moment)
    if failed:
        log.warning("有 %d 条提醒或事件没有送到，稍后再送", failed)
    return sent, failed


def _first(store: Store, name: str, day: dt.date) -> bool:
    """Whether this process is the one that does something on a day; nobody else does it then."""
    with store.db.read() as session:
        done = session.get(Counter, name)
        if done is not None and done.last >= day.toordinal():
            return False
    with store.db.write() as session:
        return _mark(session, name, day)


def _mark(session: Session, name: str, day: dt.date) -> bool:
    at = outbox.mark(session, name, 0)
    if at.last >= day.toordinal():
        return False
    at.last = day.toordinal()
    return True


def _daily(store: Store, ways: Ways, day: dt.date, now: dt.datetime) -> None:
    """The digests and overdue events of a working day, in the transaction that marks it as done."""
    with store.db.read() as session:
        done = session.get(Counter, DAILY)
        if done is not None and done.last >= day.toordinal():
            return
    ruleset = store.rulesets.reading().ruleset
    with store.db.write() as session:
        if _mark(session, DAILY, day):
            reminders.digest(session, ways, store.calendar, ruleset, now)
            events.overdue(session, ways.event_webhooks, day, now)
            outbox.forget(session, now - KEPT)


def supervise_silent(store: Store, now: dt.datetime) -> int:
    """Put what is overdue and unsupervised under supervision, as the office's rule has it; how many."""
    done = 0
    with store.work(SYSTEM) as work:
        watched = select(Supervision.task_id).where(
            Supervision.closed_at.is_(None), Supervision.task_id.is_not(None)
        )
        query = select(Task.id).where(
            Task.state == OPEN, Task.due_on < china_day(now), Task.id.not_in(watched)
        )
        for task_id in work.session.scalars(query.order_by(Task.id)).all():
            supervision.start_overdue(work, task_id)
            done += 1
    return done
