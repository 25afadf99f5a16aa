"""The committee's conclusion: beside the machine's verdict, never in its place.

Where it goes against a pass or a reject it is an override (一事一议) and needs authority, reason and
document number.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Conclusion, Task
from api.database.tables import Decision, Project
from api.errors import Conflict, Invalid, Missing
from api.store.preconditions import must_be, of_decision
from api.store.review.waiting import WAITING, withdraw
from api.store.visibility import get_decision
from api.store.work import Actor, Work
from api.transport.schemas import VerdictWord, record
from api.transport.seen import Seen
from evaluator.rulebook.ast import Ruleset


@record
class ConclusionOut:
    """What the committee concluded; ``machine`` is the verdict it stands beside."""

    decision: int
    number: str
    outcome: str
    machine: VerdictWord
    override: bool
    reason: str
    authority: str | None
    document_number: str | None
    person: str
    concluded_at: dt.datetime


def conclude(
    work: Work,
    ruleset: Ruleset,
    decision_id: int,
    seen: Seen,
    outcome: str,
    reason: str,
    authority: str | None = None,
    document_number: str | None = None,
) -> ConclusionOut:
    """The committee's conclusion on the newest decision of a project.

    A task that an earlier version opened for the applicant is withdrawn: nobody could answer it.
    Raises Conflict for an old decision, a second conclusion, tasks that still wait, or an admission
    before the last stage; Invalid where
    an override lacks authority or document number, or no reason is given.
    """
    decision, project = get_decision(work.session, work.actor, decision_id)
    # A new version takes the same lock: whichever comes second sees what the first has done.
    work.session.refresh(project, with_for_update=True)
    if project.decision_id != decision.id:
        raise Conflict(f"这不是最新一次决定，最新为第 {project.decision_id} 号")
    if work.session.scalar(select(Conclusion.id).where(Conclusion.decision_id == decision.id)):
        raise Conflict("这次决定已有委员会结论")
    _as_seen(work, decision, project, seen)
    last = ruleset.stages[-1]
    if outcome == "admit" and decision.judged_at not in (None, last.id):
        raise Conflict(f"项目还没有到{last.title}环节，不能同意准入；请先转到下一环节")
    registry = ruleset.registry
    waiting = work.session.scalars(
        select(Task).where(Task.decision_id == decision.id, Task.state.in_(WAITING))
    ).all()
    departments = sorted(t.department for t in waiting if t.department != registry.applicant)
    if departments:
        raise Conflict(f"还有部门未办结：{'、'.join(map(registry.department, departments))}")
    if not reason.strip():
        raise Invalid("reason", "须写明理由")
    for task in waiting:
        withdraw(work, task)
    override = (decision.verdict, outcome) in (("reject", "admit"), ("pass", "reject"))
    if override:
        lacking = [
            (field, word)
            for field, value, word in (
                ("authority", authority, "批准依据或批准机关"),
                ("document_number", document_number, "批准文号"),
            )
            if not (value or "").strip()
        ]
        if lacking:
            words = "和".join(word for _, word in lacking)
            raise Invalid(lacking[0][0], f"与系统结论相反属一事一议，须写明{words}")
    conclusion = Conclusion(
        decision_id=decision.id,
        project_id=project.id,
        outcome=outcome,
        machine=decision.verdict,
        override=override,
        reason=reason.strip(),
        authority=authority,
        document_number=document_number,
        concluded_by=work.actor.account_id,
        person=work.actor.display_name,
        concluded_at=work.now,
    )
    work.session.add(conclusion)
    before = {"state": project.state}
    project.state = "admitted" if outcome == "admit" else "rejected"
    project.updated_at = work.now
    work.session.flush()
    after = {
        "state": project.state,
        "outcome": outcome,
        "machine": decision.verdict,
        "override": override,
        "reason": conclusion.reason,
        "authority": authority,
        "document_number": document_number,
    }
    work.log("review.conclude", f"decision:{decision.id}", before, after)
    return _conclusion(conclusion, project)


def _as_seen(work: Work, decision: Decision, project: Project, seen: Seen) -> None:
    tasks = select(Task.id).where(Task.decision_id == decision.id)
    about = [f"task:{n}" for n in work.session.scalars(tasks)]
    subjects = [f"project:{project.number}", f"decision:{decision.id}", *about]
    now = of_decision(work.session, decision, project)
    must_be(work.session, seen, now, f"第 {decision.id} 号决定的会审情况", subjects)


def _conclusion(conclusion: Conclusion, project: Project) -> ConclusionOut:
    return ConclusionOut(
        decision=conclusion.decision_id,
        number=project.number,
        outcome=conclusion.outcome,
        machine=conclusion.machine,
        override=conclusion.override,
        reason=conclusion.reason,
        authority=conclusion.authority,
        document_number=conclusion.document_number,
        person=conclusion.person,
        concluded_at=conclusion.concluded_at,
    )


def conclusion_of(session: Session, actor: Actor, decision_id: int) -> ConclusionOut:
    """The committee's conclusion on a decision. Raises Missing where there is none."""
    decision, project = get_decision(session, actor, decision_id)
    conclusion = session.scalar(select(Conclusion).where(Conclusion.decision_id == decision.id))
    if conclusion is None:
        raise Missing("这次决定还没有委员会结论")
    return _conclusion(conclusion, project)
