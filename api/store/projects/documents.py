"""Documents that values were read from, kept where the person says so.

Held when they are read, tied to the project when a submission names them by their SHA-256; what nobody
submitted is thrown away.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from api.database.tables import Document, DocumentPart, Project
from api.errors import Conflict, Denied, Missing
from api.store.visibility import get_project, sees_whole
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.uploads import PART

HELD = dt.timedelta(days=3)
MOST_HELD = 10


@record
class KeptDocumentOut:
    """A document without its content."""

    id: int
    name: str
    size: int
    digest: str
    added_at: dt.datetime


def _out(one: Document) -> KeptDocumentOut:
    return KeptDocumentOut(
        id=one.id, name=one.name, size=one.size, digest=one.digest, added_at=one.added_at
    )


def hold(work: Work, name: str, data: bytes) -> KeptDocumentOut:
    """Keep a document until its values are submitted. Raises Conflict for too many."""
    session, digest = work.session, hashlib.sha256(data).hexdigest()
    _forget(session, work.now - HELD)
    mine = (Document.added_by == work.actor.account_id, Document.project_id.is_(None))
    same = session.scalar(select(Document).where(*mine, Document.digest == digest))
    if same is not None:
        same.added_at = work.now
        return _out(same)
    if (session.scalar(select(func.count()).select_from(Document).where(*mine)) or 0) >= MOST_HELD:
        raise Conflict(f"最多留 {MOST_HELD} 份还没有提交的材料，请先提交，或不勾选留存")
    one = Document(
        project_id=None,
        name=name,
        size=len(data),
        digest=digest,
        added_by=work.actor.account_id,
        added_at=work.now,
    )
    session.add(one)
    session.flush()
    for part, start in enumerate(range(0, len(data), PART)):
        row = {"document_id": one.id, "part": part, "content": data[start : start + PART]}
        session.execute(insert(DocumentPart), row)
    return _out(one)


def _forget(session: Session, until: dt.datetime) -> None:
    """Throw away what was held and not submitted until then."""
    query = select(Document.id).where(Document.project_id.is_(None), Document.added_at < until)
    old = session.scalars(query).all()
    session.execute(delete(DocumentPart).where(DocumentPart.document_id.in_(old)))
    session.execute(delete(Document).where(Document.id.in_(old)))


def tie(work: Work, project: Project, digests: Iterable[str]) -> None:
    """What the actor holds of these documents belongs to the project from now on."""
    query = select(Document).where(
        Document.added_by == work.actor.account_id,
        Document.project_id.is_(None),
        Document.digest.in_(sorted(digests)),
    )
    for one in work.session.scalars(query.order_by(Document.id)):
        one.project_id = project.id
        after = {"name": one.name, "size": one.size, "digest": one.digest}
        work.log(
            "project.document", f"project:{project.number}", None, {"document": one.id, **after}
        )


def of_project(session: Session, actor: Actor, number: str) -> tuple[KeptDocumentOut, ...]:
    """The documents of a project; none for a department, which sees only a part of it."""
    project = get_project(session, actor, number)
    if not sees_whole(actor, project):
        return ()
    query = select(Document).where(Document.project_id == project.id).order_by(Document.id)
    return tuple(_out(d) for d in session.scalars(query))


def get(session: Session, actor: Actor, document_id: int) -> KeptDocumentOut:
    """A document without its content. Raises Missing or Denied."""
    one = session.get(Document, document_id)
    if one is None or one.project_id is None:
        raise Missing("没有这份材料")
    if not sees_whole(actor, session.get_one(Project, one.project_id)):
        raise Denied("这份材料不在您的查看范围内")
    return _out(one)


def part(session: Session, document_id: int, number: int) -> bytes | None:
    """One part of a document's content, from 0; None after the last."""
    row = session.get(DocumentPart, (document_id, number))
    return row.content if row is not None else None
