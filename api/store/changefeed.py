"""What has changed since a place in the record: for systems that keep a copy of their own.

The audit log is that record: every change is an entry of the transaction that makes it, numbered
without gaps in the order in which they commit. A change names what it is of; whoever follows the feed
reads that again. What an actor may not see is passed over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Task
from api.database.tables import AuditEntry, Decision, Project
from api.store.visibility import visible
from api.store.work import Actor
from api.transport.paging import cursor_of, place_of
from api.transport.schemas import one_of, record

Kind = Literal["project", "decision", "task", "conclusion", "commitment", "supervision"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# An entry of the log and what it says has changed, in this order.
CHANGES: dict[str, tuple[tuple[Kind, str], ...]] = {
    "project.submit": (("project", "submitted"), ("decision", "decided")),
    "project.stage": (("project", "moved"), ("decision", "decided")),
    "task.open": (("task", "opened"),),
    "task.opinion": (("task", "opinion"),),
    "task.fill": (("task", "filled"),),
    "task.due": (("task", "due"),),
    "task.withdraw": (("task", "withdrawn"),),
    "task.carry": (("task", "carried"),),
    "task.lapse": (("task", "lapsed"),),
    "review.conclude": (("project", "concluded"), ("conclusion", "concluded")),
    "review.revise": (("project", "concluded"), ("conclusion", "revised")),
    "condition.check": (("conclusion", "checked"),),
    "commitment.promise": (("commitment", "promised"),),
    "commitment.report": (("commitment", "reported"),),
    "supervision.start": (("supervision", "started"),),
    "supervision.close": (("supervision", "closed"),),
}
WORDS = tuple(dict.fromkeys(word for said in CHANGES.values() for _, word in said))
# Entries looked at for one answer: one who may see little of a long log gets short pages, not a slow one.
LOOKED_AT = 2000


@record
class ChangeEntryOut:
    """Something that changed; what does not go with its kind is null."""

    seq: Annotated[int, Field(description="第几条记录；越大越晚，中间可以有空缺")]
    at: dt.datetime
    kind: Kind
    change: Annotated[str, one_of(*WORDS), Field(description="怎么变的")]
    number: str
    decision: Annotated[int | None, Field(description="项目最新一次决定，或有结论的那次决定")]
    task: int | None
    commitment: int | None


@record
class ChangePage:
    """What has changed, oldest first."""

    items: tuple[ChangeEntryOut, ...]
    next: Annotated[str, Field(description="下一次从这里接着要；总是有，存下来")]
    more: Annotated[bool, Field(description="现在就还有；false 为已经跟上，过一会儿再来")]


def find(
    session: Session, actor: Actor, cursor: str | None, limit: int, kinds: Iterable[str] = ()
) -> ChangePage:
    """What the actor may see of the changes after ``cursor``, at least ``limit`` where there are so many.

    An entry is never divided: its changes come in one page. Raises Invalid for a foreign cursor.
    """
    start, wanted = place_of("c", cursor) or 0, frozenset(kinds) or frozenset(KINDS)
    actions = [a for a, said in CHANGES.items() if any(kind in wanted for kind, _ in said)]
    query = select(AuditEntry).where(AuditEntry.seq > start, AuditEntry.action.in_(actions))
    rows = session.scalars(query.order_by(AuditEntry.seq).limit(LOOKED_AT)).all()
    last = rows[-1].seq if rows else start
    owners = _owners(session, rows)
    seen = _seen(session, actor, set(owners.values()))
    items: list[ChangeEntryOut] = []
    for place, entry in enumerate(rows):
        owner = owners.get(entry.subject)
        if owner in seen and not _hidden(session, actor, entry, seen[owner]):
            items += _changes(session, entry, seen[owner], wanted)
        if len(items) >= limit and place + 1 < len(rows):
            return ChangePage(tuple(items), cursor_of("c", entry.seq), True)
    return ChangePage(tuple(items), cursor_of("c", last), len(rows) == LOOKED_AT)


def _id(subject: str) -> int:
    return int(subject.partition(":")[2])


def _owners(session: Session, rows: Sequence[AuditEntry]) -> dict[str, int]:
    """The project of each entry's subject."""
    subjects = {e.subject for e in rows}
    numbers = {s.partition(":")[2] for s in subjects if s.startswith("project:")}
    found = session.execute(select(Project.number, Project.id).where(Project.number.in_(numbers)))
    out = {f"project:{number}": owner for number, owner in found}
    for kind, table in (("decision", Decision), ("task", Task), ("commitment", Commitment)):
        ids = {_id(s) for s in subjects if s.startswith(f"{kind}:")}
        pairs = session.execute(select(table.id, table.project_id).where(table.id.in_(ids)))
        out |= {f"{kind}:{id_}": owner for id_, owner in pairs}
    return out


def _seen(session: Session, actor: Actor, owners: set[int]) -> dict[int, Project]:
    query = select(Project).where(Project.id.in_(owners), visible(actor))
    return {p.id: p for p in session.scalars(query)}


def _hidden(session: Session, actor: Actor, entry: AuditEntry, project: Project) -> bool:
    """Whether it is a task of another department, on a project that the actor sees a part of."""
    whole = actor.sees_all or ("submitter" in actor.roles and project.owner_id == actor.account_id)
    if whole or not entry.subject.startswith("task:"):
        return False
    task = session.get(Task, _id(entry.subject))
    return task is None or task.department not in actor.departments


def _changes(
    session: Session, entry: AuditEntry, project: Project, wanted: frozenset[str]
) -> Iterable[ChangeEntryOut]:
    said: dict[str, Any] = entry.after if isinstance(entry.after, dict) else {}
    kind, _, of = entry.subject.partition(":")
    decision = int(of) if kind == "decision" else said.get("decision")
    commitment = int(of) if kind == "commitment" else None
    if entry.action.startswith("commitment."):
        # The log names a promise by its project and kind, of which there is one.
        query = select(Commitment.id).where(Commitment.project_id == project.id)
        commitment = session.scalar(query.where(Commitment.kind == said.get("kind")))
    for what, change in CHANGES[entry.action]:
        if what in wanted:
            yield ChangeEntryOut(
                seq=entry.seq,
                at=entry.at,
                kind=what,
                change=change,
                number=project.number,
                decision=decision if isinstance(decision, int) else None,
                task=int(of) if kind == "task" else None,
                commitment=commitment,
            )
