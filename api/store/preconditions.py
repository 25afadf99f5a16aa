"""The states of records that acts are upon, and the refusal of an act upon another state.

Each state has a revision and a digest over what whoever acts has to have seen. It is compared within
the transaction that acts, after the row is locked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.proposal_tables import Proposal
from api.database.review_tables import Commitment, Conclusion, Opinion, Report, Supervision, Task
from api.database.tables import Account, AuditEntry, Decision, Draft, Project
from api.errors import Changed
from api.store.actions import ACTIONS
from api.transport.seen import Seen, state
from api.workdays.china import CHINA

TOLD = 8
# What is done to a record without changing it.
QUIET = (
    "decision.read",
    "login.open",
    "login.close",
    "login.fail",
    "login.end",
    "login.prove",
    "factor.fail",
    "factor.recover",
    "proposal.checked",
)


def of_proposal(proposal: Proposal) -> Seen:
    """The files, what they started from, the waivers, and where the proposal stands."""
    p = proposal
    content = [p.title, p.reason, p.text, p.base_text, p.waivers, p.state, p.approved_by]
    return state(p.revision, content)


def of_project(session: Session, project: Project) -> Seen:
    """The newest version with its decision, and what the committee concluded."""
    digest = session.scalar(select(Decision.digest).where(Decision.id == project.decision_id))
    content = [digest, project.decision_id, _concluded(session, project)]
    return state(project.version, content)


def _concluded(session: Session, project: Project) -> int | None:
    query = select(func.max(Conclusion.id)).where(Conclusion.project_id == project.id)
    return session.scalar(query)


def of_decision(session: Session, decision: Decision, project: Project) -> Seen:
    """A decision with what departments and committee have said of it."""
    tasks = session.execute(
        select(Task.id, Task.state).where(Task.decision_id == decision.id).order_by(Task.id)
    ).all()
    ids = [t.id for t in tasks]
    said = session.scalars(
        select(Opinion.id).where(Opinion.task_id.in_(ids)).order_by(Opinion.id)
    ).all()
    concluded = _concluded(session, project)
    content = [decision.digest, project.decision_id, concluded, [[*t] for t in tasks], [*said]]
    return state(decision.version, content)


def of_task(task: Task, decision_digest: str, opinions: Iterable[int]) -> Seen:
    """A review task: the decision it is about, whether it waits, what was said."""
    said = sorted(opinions)
    return state(len(said), [decision_digest, task.state, said])


def of_commitment(commitment: Commitment, reports: Iterable[dt.datetime]) -> Seen:
    """A promise and what was reported on it."""
    c, told = commitment, sorted(r.astimezone(dt.UTC).isoformat() for r in reports)
    return state(len(told), [c.kind, c.promised, c.unit, c.due_on.isoformat(), told])


def of_supervision(supervision: Supervision) -> Seen:
    """A supervision, open or closed."""
    closed = supervision.closed_at is not None
    return state(int(closed), [supervision.note, closed, supervision.closing_note])


def of_draft(session: Session, draft: Draft) -> Seen:
    """A draft, and the project that it is to be a new version of as that now stands."""
    project = session.get(Project, draft.project_id) if draft.project_id else None
    base = str(of_project(session, project)) if project is not None else None
    return state(draft.revision, [draft.dossier, base])


def of_account(account: Account) -> Seen:
    """An account: who it is, its roles, whether it may be used; password and factors by the revision."""
    a = account
    content = [a.name, a.display_name, a.roles, a.active, a.subject, a.revision]
    return state(a.revision, content)


def task_now(session: Session, task: Task) -> Seen:
    """The state of a task as it is stored."""
    digest = session.scalar(select(Decision.digest).where(Decision.id == task.decision_id))
    said = session.scalars(select(Opinion.id).where(Opinion.task_id == task.id)).all()
    return of_task(task, digest or "", said)


def commitment_now(session: Session, commitment: Commitment) -> Seen:
    """The state of a promise as it is stored."""
    query = select(Report.reported_at).where(Report.commitment_id == commitment.id)
    return of_commitment(commitment, session.scalars(query).all())


def must_be(
    session: Session, seen: Seen, now: Seen, what: str, subjects: Iterable[str], note: str = ""
) -> None:
    """Raise Changed unless the state that was seen is the one there is.

    ``what`` names the record; what was done to ``subjects`` last is told, newest first.
    """
    if seen.digest == now.digest:
        return
    word = f"，现在是第 {now.revision} 次改动后的" if seen.revision != now.revision else ""
    raise Changed(
        f"{what}在您查看之后有变化{word}，这次没有办理。请看过现在的内容再办理" + note,
        tuple(_since(session, subjects)),
    )


def _since(session: Session, subjects: Iterable[str]) -> Iterable[str]:
    query = (
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.after)
        .where(AuditEntry.subject.in_([*subjects]), AuditEntry.action.not_in(QUIET))
        .order_by(AuditEntry.seq.desc())
        .limit(TOLD)
    )
    for at, actor, action, after in session.execute(query):
        yield (
            f"{at.astimezone(CHINA):%Y-%m-%d %H:%M} {actor}"
            f" {ACTIONS.get(action, action)}{_more(after)}"
        )


def _more(after: Any) -> str:
    """What of an entry says which change it was."""
    if not isinstance(after, dict):
        return ""
    told = [f"第 {after['revision']} 稿"] if "revision" in after else []
    told += [f"第 {after['version']} 版"] if "version" in after else []
    told += (
        [str(f) for f in after.get("files", ())][:5] if isinstance(after.get("files"), list) else []
    )
    return f"（{'，'.join(told)}）" if told else ""
