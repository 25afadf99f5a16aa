"""The audit chain: whole as written, and every kind of damage found and named."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.app import open_store
from api.store import audit, auditlist
from api.store.auditlist import AuditFilter
from api.store.core import Store
from api.store.work import SYSTEM
from tests.api.support import Service, settings, shipped, unlock
from tests.support import join_all


@pytest.fixture
def store(database_url: str) -> Store:
    found = open_store(settings(database_url=database_url), shipped())
    for number in range(6):
        with found.work(SYSTEM) as work:
            work.log("test", f"thing:{number}", None, {"number": number, "名称": "试验"})
    return found


def _alter(session: Session) -> None:
    session.execute(text("UPDATE audit_log SET actor = 'nobody' WHERE seq = 5"))


def _garble(session: Session) -> None:
    session.execute(text("UPDATE audit_log SET after = 'not json' WHERE seq = 5"))


def _alter_and_rehash(session: Session) -> None:
    from api.database.tables import AuditEntry

    entry = session.get_one(AuditEntry, 5)
    entry.actor = "nobody"
    entry.hash = audit.entry_hash(entry)


def _remove(session: Session) -> None:
    session.execute(text("DELETE FROM audit_log WHERE seq = 5"))


def _swap(session: Session) -> None:
    for old, new in ((5, 100), (6, 5), (100, 6)):
        session.execute(text(f"UPDATE audit_log SET seq = {new} WHERE seq = {old}"))


@pytest.mark.parametrize(
    ("damage", "place"),
    [(_alter, 5), (_garble, 5), (_alter_and_rehash, 6), (_remove, 6), (_swap, 5)],
)
def test_damage_is_found_and_named(
    store: Store, damage: Callable[[Session], None], place: int
) -> None:
    with store.db.read() as session:
        count, broken = audit.verify(session)
    assert count >= 8
    assert broken == ()
    with store.db.write() as session:
        unlock(session, "audit_log")
        damage(session)
    with store.db.read() as session:
        _, broken = audit.verify(session)
    assert broken[0].seq == place
    assert str(place) in broken[0].detail or str(place - 1) in broken[0].detail
    store.close()


def test_a_cut_tail_is_found_with_a_head_kept_elsewhere(store: Store) -> None:
    with store.db.read() as session:
        head = audit.head(session)
    with store.db.write() as session:
        unlock(session, "audit_log")
        session.execute(text(f"DELETE FROM audit_log WHERE seq = {head.seq}"))
    with store.db.read() as session:
        assert audit.verify(session)[1] == ()
        assert "末尾被删除" in audit.verify(session, head)[1][0].detail
    store.close()


def test_many_writers_leave_one_chain(store: Store) -> None:
    def write(name: int) -> None:
        for turn in range(10):
            with store.work(SYSTEM) as work:
                work.log("test", f"thread:{name}", None, {"turn": turn})
                work.log("test", f"thread:{name}", None, {"turn": turn, "second": True})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    join_all(threads)
    with store.db.read() as session:
        count, broken = audit.verify(session)
    assert broken == ()
    assert count >= 6 * 20
    store.close()


def test_nothing_is_logged_when_the_work_fails(store: Store) -> None:
    with store.db.read() as session:
        before = audit.head(session)

    def fail() -> None:
        with store.work(SYSTEM) as work:
            work.log("test", "never", None, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.db.read() as session:
        assert audit.head(session) == before
    store.close()


def test_reading_a_decision_is_logged_and_the_log_can_be_exported(service: Service) -> None:
    receipt = service.submit("r01")
    service.call("committee", "GET", f"/decisions/{receipt['decision']}")
    subject = {"subject": f"decision:{receipt['decision']}"}
    entries = service.call("auditor", "GET", "/audit/entries", params=subject).json()["items"]
    assert [(e["actor"], e["action"]) for e in entries] == [("committee", "decision.read")]
    found = service.call("auditor", "GET", "/audit/verify").json()
    assert found["intact"]
    head = {"head_seq": found["head_seq"], "head_hash": found["head_hash"]}
    assert service.call("auditor", "GET", "/audit/verify", params=head).json()["intact"]
    lines = service.call("auditor", "GET", "/audit/export").text.splitlines()
    data = [json.loads(line) for line in lines]
    assert [d["seq"] for d in data] == list(range(1, len(data) + 1))
    submitted = [d for d in data if d["subject"] == f"project:{receipt['number']}"]
    assert submitted[0]["after"]["digest"] == receipt["digest"]


def test_the_log_is_searched(service: Service) -> None:
    service.submit("r36")
    with service.store.db.read() as session:
        everything = list(auditlist.each(session, AuditFilter()))
        assert [e.seq for e in everything] == list(range(len(everything), 0, -1))
        page = auditlist.find(session, AuditFilter(), before=10, limit=4)
        assert [e.seq for e in page] == [9, 8, 7, 6]
        tasks = auditlist.find(session, AuditFilter(subject="task:*"), limit=400)
        assert {e.subject.partition(":")[0] for e in tasks} == {"task"}
        one = auditlist.find(session, AuditFilter(subject=tasks[0].subject, action="task.open"))
        assert {e.action for e in one} <= {"task.open"}
        assert auditlist.find(session, AuditFilter(subject="task%")) == ()
        mine = auditlist.find(session, AuditFilter(actor="submitter"), limit=400)
        assert {e.actor for e in mine} == {"submitter"}
        today = everything[0].at.astimezone(dt.timezone(dt.timedelta(hours=8))).date()
        day = dt.timedelta(days=1)
        assert auditlist.find(session, AuditFilter(start=today + day)) == ()
        assert auditlist.find(session, AuditFilter(end=today - 2 * day)) == ()
        within = auditlist.find(session, AuditFilter(start=today - day, end=today), limit=9999)
        assert len(within) == len(everything)
