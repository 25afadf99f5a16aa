"""Holding everything that is evidence against the log: rows against their seals, contents against
their digests, the triggers that keep both. What the log itself must be is ``audit.verify``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Text, select, text, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.database.db import Database
from api.database.proposal_tables import IMMUTABLE_PROPOSALS
from api.database.review_tables import IMMUTABLE_REVIEW, Attachment, AttachmentPart
from api.database.tables import (
    IMMUTABLE,
    AuditEntry,
    Counter,
    Decision,
    Document,
    DocumentPart,
    Hit,
)
from api.store import audit, evidence
from api.store.audit import BrokenOut
from api.store.work import Work

ADOPT = "evidence.adopt"
SUBJECT = "evidence"
STRUCTURE = "evidence.structure"
CHUNK = 1000
SHOWN = 50
PAGE = 200
PARTS = 8
STATUSES = ("violated", "unknown")


@dataclass(slots=True)
class _Seals:
    """The newest seal of each row and the entry that has it; which entries adopted rows."""

    newest: dict[str, tuple[str, int]] = field(default_factory=dict)
    adopted: list[tuple[int, int, int]] = field(default_factory=list)


def _sealed(session: Session) -> _Seals:
    out = _Seals()
    query = (
        select(AuditEntry.seq, AuditEntry.action, AuditEntry.after)
        .where(type_coerce(AuditEntry.after, Text).like(f'%"{evidence.SEALED}":{{%'))
        .order_by(AuditEntry.seq)
    )
    for seq, action, after in session.execute(query.execution_options(yield_per=PAGE)):
        sealed = after.get(evidence.SEALED) if isinstance(after, dict) else None
        if not isinstance(sealed, dict):
            continue
        if action == ADOPT:
            new = sum(1 for key in sealed if key not in out.newest)
            out.adopted.append((seq, new, len(sealed) - new))
        out.newest.update({key: (digest, seq) for key, digest in sealed.items()})
    return out


def word(key: str) -> str:
    """A row as people call it: "第 5 号决定"."""
    table, _, name = key.partition(":")
    kind = evidence.WORDS.get(table, table)
    return f"第 {name} 号{kind}" if name.isdecimal() else f"{kind} {name[:16]}"


def rows(session: Session) -> tuple[list[BrokenOut], list[str]]:
    """Every row of evidence against its seal: what does not hold, and what was adopted."""
    seals = _sealed(session)
    broken: list[BrokenOut] = []
    for key, digest in _readable(session, broken):
        told, seq = seals.newest.pop(key, ("", 0))
        if not told:
            broken.append(BrokenOut(0, f"{word(key)}没有登记在日志里：不是经由本系统写入的"))
        elif told != digest:
            broken.append(BrokenOut(seq, f"{word(key)}与日志第 {seq} 条登记的不同：内容被改动"))
    broken += [
        BrokenOut(seq, f"{word(key)}不见了：日志第 {seq} 条登记过")
        for key, (_, seq) in sorted(seals.newest.items())
    ]
    notes = [
        f"第 {seq} 条登记了结构升级时已有的记录：新登记 {new} 行，重新登记 {again} 行"
        for seq, new, again in seals.adopted
    ]
    return broken, notes


def _readable(session: Session, broken: list[BrokenOut]) -> Iterator[tuple[str, str]]:
    """Key and digest of every row, up to one that cannot be read at all, which is told."""
    try:
        yield from evidence.rows(session)
    except (ValueError, TypeError) as error:
        broken.append(BrokenOut(0, f"有一行记录读不出来，内容被改动：{error}"))


def contents(session: Session) -> Iterator[BrokenOut]:
    """What decisions and attachments hold against the digests that are sealed."""
    after = 0
    while page := session.scalars(
        select(Decision).where(Decision.id > after).order_by(Decision.id).limit(PAGE)
    ).all():
        ids = [d.id for d in page]
        hits: dict[int, set[tuple[str, str, str, str]]] = {i: set() for i in ids}
        for h in session.scalars(select(Hit).where(Hit.decision_id.in_(ids))):
            hits[h.decision_id].add((h.rule, h.department, h.status, h.effect))
        for decision in page:
            yield from _decision(decision, hits[decision.id])
        after = ids[-1]
        session.expunge_all()
    for what, key in unlike_files(session):
        yield BrokenOut(0, f"第 {key} 号{what}的内容与登记的大小或摘要不符")


def unlike_files(session: Session, *, documents: bool = True) -> Iterator[tuple[str, int]]:
    """The files, by what they are and number, that are not of the size and SHA-256 registered.

    Without ``documents`` for an earlier structure, which has none.
    """
    yield from (("附件", k) for k in _unlike(session, Attachment, AttachmentPart.attachment_id))
    if documents:
        yield from (("材料", k) for k in _unlike(session, Document, DocumentPart.document_id))


def _unlike(
    session: Session,
    files: type[Attachment] | type[Document],
    whose: InstrumentedAttribute[int],
) -> Iterator[int]:
    part = whose.class_
    registered = select(files.id, files.size, files.digest).order_by(files.id)
    for key, size, expected in session.execute(registered).all():
        digest, count = hashlib.sha256(), 0
        query = select(part.content).where(whose == key).order_by(part.part)
        for held in session.scalars(query.execution_options(yield_per=PARTS)):
            content = held if isinstance(held, bytes) else str(held).encode()
            digest.update(content)
            count += len(content)
        if (count, digest.hexdigest()) != (size, expected):
            yield key


def _decision(decision: Decision, hits: set[tuple[str, str, str, str]]) -> Iterator[BrokenOut]:
    name = f"第 {decision.id} 号决定"
    for content, digest, what in (
        (decision.result, decision.digest, "结论"),
        (decision.dossier, decision.dossier_digest, "材料"),
    ):
        if hashlib.sha256(content.encode()).hexdigest() != digest:
            yield BrokenOut(0, f"{name}的{what}与登记的摘要不符：内容被改动")
            return
    kept = json.loads(decision.result)  # It has its digest: it is what was written.
    told = (kept["verdict"], kept["as_of"], kept["ruleset"]["identity"])
    if told != (decision.verdict, decision.as_of.isoformat(), decision.ruleset):
        yield BrokenOut(0, f"{name}的结论、日期或规则集与它的结论全文不符")
    found = {
        (f["rule"], d, f["status"], f["effect"])
        for f in kept["findings"]
        if f["status"] in STATUSES
        for d in (f["departments"] or ("",))
    }
    if found != hits:
        yield BrokenOut(0, f"{name}的单项索引与它的结论全文不符")


def triggers(session: Session) -> Iterator[BrokenOut]:
    """The triggers that make evidence immutable, each there and on."""
    tables = (*IMMUTABLE, *IMMUTABLE_REVIEW, *IMMUTABLE_PROPOSALS)
    if session.get_bind().dialect.name == "sqlite":
        wanted = {f"immutable_{t}_{v}" for t in tables for v in ("update", "delete", "insert")}
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
    else:
        wanted = {f"immutable_{t}{v}" for t in tables for v in ("", "_truncate")}
        query = (
            "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') "
            "AND pg_table_is_visible(c.oid)"
        )
    found = set(session.execute(text(query)).scalars())
    for name in sorted(wanted - found):
        yield BrokenOut(0, f"触发器 {name} 不见了或被停用：这张表的记录可以被改动")


def adopt(work: Work, structure: str) -> None:
    """Seal rows that are not, or no longer, as they were sealed: those of an earlier structure.

    The entries stay in the log and are told by every verification: what a migration did not change
    must not be among them.
    """
    audit.lock(work.session)
    marker = work.session.get(Counter, STRUCTURE)
    if marker is not None and marker.last == int(structure):
        return
    sealed = _sealed(work.session).newest
    fresh: dict[str, str] = {}

    def log() -> None:
        again = [k for k in fresh if k in sealed]
        after = {"structure": structure, "again": again[:SHOWN], evidence.SEALED: dict(fresh)}
        work.log(ADOPT, SUBJECT, None, after)
        fresh.clear()

    for key, digest in evidence.rows(work.session):
        if sealed.get(key, ("",))[0] != digest:
            fresh[key] = digest
        if len(fresh) == CHUNK:
            log()
    if fresh:
        log()
    if marker is None:
        work.session.add(Counter(name=STRUCTURE, last=int(structure)))
    else:
        marker.last = int(structure)


@dataclass(frozen=True, slots=True)
class Checked:
    """How many entries there are, what does not hold, and what an auditor should know."""

    count: int
    broken: tuple[BrokenOut, ...]
    notes: tuple[str, ...]


def check(session: Session, expected: audit.Head | None = None) -> Checked:
    """The log, the triggers, and every row of evidence against its entry; not what is large."""
    count, broken = audit.verify(session, expected)
    unlike, notes = rows(session)
    return Checked(count, (*broken, *triggers(session), *unlike), tuple(notes))


def adopted(db: Database) -> bool:
    """Whether the rows of the structure there is are sealed; cheap, for every start."""
    with db.read() as session:
        marker = session.get(Counter, STRUCTURE)
    return marker is not None and str(marker.last).zfill(4) == db.revision()
