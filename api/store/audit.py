"""The audit log: every entry carries the hash of the one before it.

An entry's hash covers its sequence number, time, actor, action, subject, before, after, request and
the previous hash, as canonical JSON. Whoever alters, removes or reorders an entry breaks the chain
at a place that ``verify`` names. Removing the newest entries leaves a whole chain: against that,
keep a head (``head``) elsewhere, as the export and every backup do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.database.tables import AuditEntry, dump_json
from api.store import evidence
from api.store.work import Work
from api.transport.schemas import record

GENESIS = "0" * 64
CHAIN_LOCK = 7_305_002
BATCH = 1000
# Clocks of several processes differ, and on PostgreSQL a transaction may wait for another before it is
# chained: a time may stand this much before that of the entry before it.
TOLERANCE = dt.timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry: its number and hash; number 0 for an empty log."""

    seq: int
    hash: str


@record
class BrokenOut:
    """A place where the chain does not hold."""

    seq: int
    detail: str


def entry_hash(entry: AuditEntry) -> str:
    """The hash that an entry must carry."""
    return hashlib.sha256(dump_json(_hashed(entry)).encode()).hexdigest()


def _hashed(entry: AuditEntry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": entry.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
        "request_id": entry.request_id,
        "previous": entry.previous,
    }


def head(session: Session) -> Head:
    """The newest entry of the log."""
    row = session.execute(
        select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1)
    ).first()
    return Head(row[0], row[1]) if row else Head(0, GENESIS)


def lock(session: Session) -> None:
    """Be the only writer of the log, on any process, until this transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK})"))


def append(work: Work) -> None:
    """Chain the entries of ``work`` onto the log; the last act of its transaction.

    On PostgreSQL writers queue here until the one before them has committed, so that numbers have
    no gaps and every entry names its true predecessor.
    """
    session = work.session
    _seal(work)
    if not work.entries:
        return
    lock(session)
    last = head(session)
    for item in work.entries:
        entry = AuditEntry(
            seq=last.seq + 1,
            at=work.now,
            actor=work.actor.name,
            action=item.action,
            subject=item.subject,
            before=item.before,
            after=item.after,
            request_id=work.request_id,
            previous=last.hash,
        )
        entry.hash = entry_hash(entry)
        session.add(entry)
        last = Head(entry.seq, entry.hash)
    session.flush()
    work.entries.clear()


def _seal(work: Work) -> None:
    """Have the last entry that can say so seal the rows of evidence that were written with it."""
    sealed = evidence.seals(work.session)
    if not sealed:
        return
    for place in reversed(range(len(work.entries))):
        entry = work.entries[place]
        if entry.after is None or isinstance(entry.after, dict):
            after = {**(entry.after or {}), evidence.SEALED: sealed}
            work.entries[place] = replace(entry, after=after)
            return
    work.log("evidence.change", "evidence", None, {evidence.SEALED: sealed})


def entries(
    session: Session, after: int = 0, subject: str | None = None, limit: int = 0
) -> Iterator[AuditEntry]:
    """Entries in order, from the one after ``after``; all of them where ``limit`` is 0."""
    given = 0
    while True:
        query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq)
        if subject is not None:
            query = query.where(AuditEntry.subject == subject)
        size = min(BATCH, limit - given) if limit else BATCH
        page = session.scalars(query.limit(size)).all()
        yield from page
        given += len(page)
        if len(page) < size or (limit and given >= limit):
            return
        after = page[-1].seq
        session.expunge_all()


def _readable(session: Session) -> Iterator[AuditEntry | Head]:
    """Every entry in order; of one whose content cannot be read only its place and hash."""
    after = 0
    while True:
        query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq)
        try:
            page: list[AuditEntry | Head] = [*session.scalars(query.limit(BATCH))]
        except (ValueError, TypeError):
            page = [*_one_by_one(session, after)]
        yield from page
        if len(page) < BATCH:
            return
        after = page[-1].seq
        session.expunge_all()


def _one_by_one(session: Session, after: int) -> Iterator[AuditEntry | Head]:
    query = select(AuditEntry.seq, AuditEntry.hash).where(AuditEntry.seq > after)
    for seq, digest in session.execute(query.order_by(AuditEntry.seq).limit(BATCH)).all():
        try:
            yield session.scalars(select(AuditEntry).where(AuditEntry.seq == seq)).one()
        except (ValueError, TypeError):
            yield Head(seq, digest)


def verify(session: Session, expected: Head | None = None) -> tuple[int, tuple[BrokenOut, ...]]:
    """How many entries there are, and every place where the chain does not hold.

    ``expected`` is a head that was kept elsewhere: it must still be in the log.
    """
    broken: list[BrokenOut] = []
    previous = Head(0, GENESIS)
    count = 0
    seen_expected = expected is None or expected.seq == 0
    latest = dt.datetime.fromtimestamp(0, dt.UTC)
    for entry in _readable(session):
        count += 1
        if entry.seq != previous.seq + 1:
            missing = (
                f"{previous.seq + 1}"
                if entry.seq == previous.seq + 2
                else f"{previous.seq + 1} 至 {entry.seq - 1}"
            )
            broken.append(BrokenOut(entry.seq, f"第 {missing} 条不见了"))
        elif isinstance(entry, AuditEntry) and entry.previous != previous.hash:
            broken.append(
                BrokenOut(
                    entry.seq,
                    f"第 {entry.seq} 条不接在第 {previous.seq} 条之后：被调换或前一条被改写",
                )
            )
        if isinstance(entry, Head):
            broken.append(BrokenOut(entry.seq, f"第 {entry.seq} 条的内容被改动，已经读不出来"))
        elif entry.hash != entry_hash(entry):
            broken.append(
                BrokenOut(
                    entry.seq, f"第 {entry.seq} 条的内容被改动（{entry.action} {entry.subject}）"
                )
            )
        if isinstance(entry, AuditEntry):
            if entry.at < latest - TOLERANCE:
                broken.append(BrokenOut(entry.seq, _backwards(entry, latest)))
            latest = max(latest, entry.at)
        if expected is not None and entry.seq == expected.seq:
            seen_expected = True
            if entry.hash != expected.hash:
                broken.append(
                    BrokenOut(entry.seq, f"第 {entry.seq} 条与另存的链头不同：日志被整体改写")
                )
        previous = Head(entry.seq, entry.hash)
    if latest > dt.datetime.now(dt.UTC) + TOLERANCE:
        broken.append(BrokenOut(previous.seq, f"日志里最晚的时间 {_time(latest)} 还没有到"))
    if not seen_expected and expected is not None:
        broken.append(
            BrokenOut(expected.seq, f"另存的链头第 {expected.seq} 条已不在日志中：末尾被删除")
        )
    return count, tuple(broken)


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")


def _backwards(entry: AuditEntry, latest: dt.datetime) -> str:
    return (
        f"第 {entry.seq} 条的时间 {_time(entry.at)} 早于它之前的 {_time(latest)}"
        f"（容许 {TOLERANCE.seconds} 秒）：服务器的时钟被拨回，或日志被改写"
    )


def entry_data(entry: AuditEntry) -> dict[str, Any]:
    """An entry as JSON data."""
    return {**_hashed(entry), "hash": entry.hash}


def export_lines(session: Session, after: int = 0) -> Iterator[str]:
    """The log as JSON Lines, one entry a line."""
    for entry in entries(session, after):
        yield json.dumps(entry_data(entry), ensure_ascii=False, sort_keys=True) + "\n"
