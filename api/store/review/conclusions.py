"""The committee's conclusion: beside the machine's verdict, never in its place.

Where it goes against a pass or a reject it is an override (一事一议) and needs authority, reason and
document number. What was concluded stays; a later one that says why may take its place.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Conclusion, ConclusionCondition, Task
from api.database.tables import Decision, Project
from api.errors import Conflict, Invalid, Missing
from api.store.preconditions import must_be, of_decision
from api.store.review.outcomes import (
    ADMITTING,
    BODY,
    STATE_OF,
    Concluding,
    bodies_of,
    check,
    counts_undecided,
    overrides,
    said,
    undecided_of,
)
from api.store.review.silence import settle, waiting_for
from api.store.visibility import get_decision
from api.store.work import Actor, Work
from api.transport.schemas import NextCursor, VerdictWord, one_of, record
from api.transport.seen import Seen
from api.workdays.china import china_day
from evaluator.rulebook.ast import Ruleset

EffectWord = Annotated[str, one_of("reject", "refer"), Field(description="处置")]


@record
class ConditionOut:
    """A condition of an admission, and whether it was checked."""

    id: int
    text: str
    due_on: dt.date
    department: str
    met: bool | None
    note: str | None
    checked_by: str | None
    checked_at: dt.datetime | None


@record
class UndecidedOut:
    """A finding that was unknown when it was concluded."""

    rule: str
    title: str
    effect: EffectWord


@record
class SilentOut:
    """A department that had not answered in time; ``no_objection``: that counted as agreeing."""

    department: str
    due_on: dt.date
    no_objection: Annotated[bool, Field(description="视为无异议")]


@record
class ConclusionOut:
    """What the committee concluded; ``machine`` is the verdict it stands beside.

    ``revises`` is the conclusion that it took the place of, and ``revised_by`` the one that took its own.
    """

    id: int
    decision: int
    number: str
    outcome: str
    machine: VerdictWord
    override: bool
    reason: str
    authority: str | None
    document_number: str | None
    body: str
    concluded_on: dt.date
    conditions: tuple[ConditionOut, ...]
    undecided: tuple[UndecidedOut, ...]
    silent: tuple[SilentOut, ...]
    silence_reason: str | None
    revises: int | None
    revision_reason: str | None
    revised_by: int | None
    person: str
    concluded_at: dt.datetime


@record
class ConclusionPage:
    """The conclusions on a decision, the one that stands first; all of them are on one page."""

    items: tuple[ConclusionOut, ...]
    next: NextCursor


def conclude(
    work: Work,
    ruleset: Ruleset,
    decision_id: int,
    seen: Seen,
    asked: Concluding,
    silence: str = "supervision",
) -> ConclusionOut:
    """The committee's conclusion on the newest decision of a project.

    A task that an earlier version opened for the applicant is withdrawn: nobody could answer it.
    Raises Conflict for an old decision, a second conclusion that does not say why, tasks that still wait,
    or an admission before the last stage; Invalid for what it does not say and has to.
    """
    decision, project = get_decision(work.session, work.actor, decision_id)
    # A new version takes the same lock: whichever comes second sees what the first has done.
    work.session.refresh(project, with_for_update=True)
    if project.decision_id != decision.id:
        raise Conflict(f"这不是最新一次决定，最新为第 {project.decision_id} 号")
    before = _newest(work.session, decision.id)
    why = said(asked.revision_reason)
    if before is not None and why is None:
        raise Conflict("这次决定已有委员会结论；要变更的，须写明变更的理由")
    _as_seen(work, decision, project, seen)
    if before is None and why is not None:
        raise Invalid("revision_reason", "还没有结论，无从变更")
    last = ruleset.stages[-1]
    if asked.outcome in ADMITTING and decision.judged_at not in (None, last.id):
        raise Conflict(f"项目还没有到{last.title}环节，不能同意准入；请先转到下一环节")
    waiting = waiting_for(work, ruleset, project, asked.outcome)
    result = json.loads(decision.result)
    today = china_day(work.now)
    registry = ruleset.registry
    check(asked, result, project.submitted_on, today, registry.departments)
    on = asked.concluded_on or today
    if before is not None and before.concluded_on is not None and on < before.concluded_on:
        raise Invalid("concluded_on", "变更的日期不能早于原来的结论")
    silent = settle(work, ruleset, waiting, asked, silence)
    conclusion = Conclusion(
        decision_id=decision.id,
        project_id=project.id,
        outcome=asked.outcome,
        machine=decision.verdict,
        override=overrides(asked.outcome, decision.verdict),
        reason=asked.reason.strip(),
        authority=said(asked.authority),
        document_number=said(asked.document_number),
        concluded_by=work.actor.account_id,
        person=work.actor.display_name,
        concluded_at=work.now,
        body=asked.body or bodies_of(result)[0],
        concluded_on=on,
        undecided=undecided_of(result) if counts_undecided(asked.outcome, decision.verdict) else [],
        silent=silent,
        silence_reason=said(asked.silence_reason) if silent else None,
        revises=before.id if before is not None else None,
        revision_reason=why,
    )
    work.session.add(conclusion)
    work.session.flush()
    _add_conditions(work.session, conclusion, asked)
    old = {"state": project.state}
    project.state = STATE_OF[asked.outcome]
    project.updated_at = work.now
    work.session.flush()
    work.log(
        "review.conclude" if before is None else "review.revise",
        f"decision:{decision.id}",
        old if before is None else old | {"outcome": before.outcome},
        _told(conclusion, project, asked),
    )
    return view(work.session, conclusion, project)


def _add_conditions(session: Session, conclusion: Conclusion, asked: Concluding) -> None:
    for one in asked.conditions:
        session.add(
            ConclusionCondition(
                conclusion_id=conclusion.id,
                text=one.text.strip(),
                due_on=one.due_on,
                department=one.department,
            )
        )


def _told(conclusion: Conclusion, project: Project, asked: Concluding) -> dict[str, object]:
    c = conclusion
    told: dict[str, object] = {
        "state": project.state,
        "outcome": c.outcome,
        "machine": c.machine,
        "override": c.override,
        "reason": c.reason,
        "authority": c.authority,
        "document_number": c.document_number,
        "body": c.body,
        "on": c.concluded_on.isoformat() if c.concluded_on else None,
        "undecided": len(c.undecided or ()),
    }
    if asked.conditions:
        told["conditions"] = [f"{one.text.strip()}（{one.due_on}）" for one in asked.conditions]
    if c.silent:
        told |= {"silent": [s["department"] for s in c.silent], "silence_reason": c.silence_reason}
    if c.revises is not None:
        told["revision_reason"] = c.revision_reason
    return told


def _as_seen(work: Work, decision: Decision, project: Project, seen: Seen) -> None:
    tasks = select(Task.id).where(Task.decision_id == decision.id)
    about = [f"task:{n}" for n in work.session.scalars(tasks)]
    subjects = [f"project:{project.number}", f"decision:{decision.id}", *about]
    now = of_decision(work.session, decision, project)
    must_be(work.session, seen, now, f"第 {decision.id} 号决定的会审情况", subjects)


def _newest(session: Session, decision_id: int) -> Conclusion | None:
    query = select(Conclusion).where(Conclusion.decision_id == decision_id)
    return session.scalar(query.order_by(Conclusion.id.desc()).limit(1))


def view(session: Session, conclusion: Conclusion, project: Project) -> ConclusionOut:
    """A conclusion as it is shown. What an earlier structure did not keep has a plain default."""
    c = conclusion
    later = session.scalar(select(Conclusion.id).where(Conclusion.revises == c.id))
    found = session.scalars(
        select(ConclusionCondition)
        .where(ConclusionCondition.conclusion_id == c.id)
        .order_by(ConclusionCondition.id)
    )
    return ConclusionOut(
        id=c.id,
        decision=c.decision_id,
        number=project.number,
        outcome=c.outcome,
        machine=c.machine,
        override=c.override,
        reason=c.reason,
        authority=c.authority,
        document_number=c.document_number,
        body=c.body or BODY,
        concluded_on=c.concluded_on or china_day(c.concluded_at),
        conditions=tuple(
            ConditionOut(
                id=one.id,
                text=one.text,
                due_on=one.due_on,
                department=one.department,
                met=one.met,
                note=one.note,
                checked_by=one.checked_by,
                checked_at=one.checked_at,
            )
            for one in found
        ),
        undecided=tuple(UndecidedOut(**one) for one in c.undecided or ()),
        silent=tuple(
            SilentOut(
                department=one["department"],
                due_on=dt.date.fromisoformat(one["due_on"]),
                no_objection=one["no_objection"],
            )
            for one in c.silent or ()
        ),
        silence_reason=c.silence_reason,
        revises=c.revises,
        revision_reason=c.revision_reason,
        revised_by=later,
        person=c.person,
        concluded_at=c.concluded_at,
    )


def conclusion_of(session: Session, actor: Actor, decision_id: int) -> ConclusionOut:
    """The committee's conclusion on a decision that stands. Raises Missing where there is none."""
    decision, project = get_decision(session, actor, decision_id)
    conclusion = _newest(session, decision.id)
    if conclusion is None:
        raise Missing("这次决定还没有委员会结论")
    return view(session, conclusion, project)


def conclusions_of(session: Session, actor: Actor, decision_id: int) -> tuple[ConclusionOut, ...]:
    """All conclusions on a decision, the one that stands first."""
    decision, project = get_decision(session, actor, decision_id)
    query = select(Conclusion).where(Conclusion.decision_id == decision.id)
    found = session.scalars(query.order_by(Conclusion.id.desc()))
    return tuple(view(session, c, project) for c in found)


def can_be(decision: Decision, ruleset: Ruleset) -> tuple[str, ...]:
    """The outcomes that this decision's stage allows."""
    last = decision.judged_at in (None, ruleset.stages[-1].id)
    return tuple(o for o in STATE_OF if last or o not in ADMITTING)
