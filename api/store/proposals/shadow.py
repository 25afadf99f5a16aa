"""Shadow (旁路试行): an approved draft judges what is decided beside the rules in force.

It has no effect: nothing reads what it finds but whoever looks at the proposal. From the approval on
every new decision is judged once more by the draft, by the worker, until the proposal is published,
changed or given up. Where the draft begins on a later day, both sides are judged as of that day.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.proposal_tables import Proposal, ProposalReview, ShadowJudgement
from api.database.tables import Decision, Project
from api.store.proposals.reading import APPROVED, get_row
from api.store.proposals.text import load_text
from api.store.proposals.touched import TouchedOut
from api.store.rulesets import load_stored
from api.transport.schemas import record
from evaluator.revision.begins import first_day
from evaluator.revision.impact import impact_rows
from evaluator.revision.tally import Row
from evaluator.rulebook.load import load_layers

BATCH = 200
MAX_LISTED = 500


@record
class ShadowOut:
    """What a draft would have said otherwise since its approval."""

    running: Annotated[bool, Field(description="是否仍在试行：已批准，还没有发布、改动或撤回")]
    since: Annotated[dt.datetime | None, Field(description="从什么时候起（批准时）")]
    judged: Annotated[int, Field(description="试行以来判定过的次数")]
    waiting: Annotated[int, Field(description="还没有轮到的判定次数")]
    differing: Annotated[int, Field(description="其中会不同的次数")]
    items: Annotated[
        list[TouchedOut],
        Field(description="会不同的判定，新的在前，写法同 touched 的一项"),
    ]


def _approved_at(session: Session, proposal: Proposal) -> dt.datetime | None:
    return session.scalar(
        select(func.max(ProposalReview.given_at)).where(
            ProposalReview.proposal_id == proposal.id,
            ProposalReview.text == proposal.text,
            ProposalReview.outcome == "approve",
        )
    )


def _unjudged(proposal: Proposal, since: dt.datetime) -> Any:
    """The condition for decisions since the approval that the draft has not judged."""
    judged = (
        select(ShadowJudgement.id)
        .where(
            ShadowJudgement.proposal_id == proposal.id,
            ShadowJudgement.text == proposal.text,
            ShadowJudgement.decision_id == Decision.id,
        )
        .exists()
    )
    return and_(Decision.decided_at >= since, ~judged)


def _running(session: Session) -> list[tuple[Proposal, dt.datetime]]:
    rows = session.scalars(
        select(Proposal)
        .where(Proposal.state == APPROVED, Proposal.approved_text == Proposal.text)
        .order_by(Proposal.id)
    )
    found = [(p, _approved_at(session, p)) for p in rows]
    return [(p, since) for p, since in found if since is not None]


def waiting(session: Session) -> bool:
    """Whether any approved draft has decisions to judge; a cheap read where there is none."""
    return any(
        session.scalar(select(Decision.id).where(_unjudged(p, since)).limit(1)) is not None
        for p, since in _running(session)
    )


def judge(db: Database) -> int:
    """Judge what waits, a batch for each draft and ruleset; how many decisions were judged."""
    done = 0
    with db.read() as session:
        running = [(p.id, p.text, since) for p, since in _running(session)]
    for proposal_id, text, since in running:
        while made := _batch(db, proposal_id, text, since):
            done += made
    return done


def _batch(db: Database, proposal_id: int, text: str, since: dt.datetime) -> int:
    with db.read() as session:
        proposal = get_row(session, proposal_id)
        if proposal.state != APPROVED or proposal.text != text:
            return 0
        first = session.scalars(
            select(Decision).where(_unjudged(proposal, since)).order_by(Decision.id).limit(1)
        ).first()
        if first is None:
            return 0
        decisions = session.scalars(
            select(Decision)
            .where(_unjudged(proposal, since), Decision.ruleset == first.ruleset)
            .order_by(Decision.id)
            .limit(BATCH)
        ).all()
        wanted = select(Project.id, Project.number).where(
            Project.id.in_({d.project_id for d in decisions})
        )
        numbers = {row.id: row.number for row in session.execute(wanted)}
        old = load_stored(session, first.ruleset)
        new = load_layers(load_text(session, text).layers)
    begins = first_day(old, new)
    rows = [
        Row(str(d.id), d.dossier, max(d.as_of, begins) if begins else d.as_of) for d in decisions
    ]
    touched = {int(t.ref): t.to_dict() for t in impact_rows(old, new, rows, "reference").touched}
    named = {d.id: f"{numbers[d.project_id]}/{d.version}" for d in decisions}
    with db.write() as session:
        proposal = get_row(session, proposal_id, lock=True)
        if proposal.state != APPROVED or proposal.text != text:
            return 0
        for decision in decisions:
            found = touched.get(decision.id)
            session.add(
                ShadowJudgement(
                    proposal_id=proposal_id,
                    text=text,
                    decision_id=decision.id,
                    differs=found is not None,
                    found={**found, "ref": named[decision.id]} if found else None,
                    judged_at=dt.datetime.now(dt.UTC),
                )
            )
    return len(decisions)


def of(session: Session, proposal_id: int) -> ShadowOut:
    """What a draft has found so far. Raises Missing."""
    proposal = get_row(session, proposal_id)
    since = _approved_at(session, proposal)
    running = proposal.state == APPROVED and since is not None
    mine = and_(ShadowJudgement.proposal_id == proposal.id, ShadowJudgement.text == proposal.text)
    count = select(func.count()).select_from(ShadowJudgement).where(mine)
    rows = session.scalars(
        select(ShadowJudgement)
        .where(mine, ShadowJudgement.differs)
        .order_by(ShadowJudgement.decision_id.desc())
        .limit(MAX_LISTED)
    )
    left = 0
    if running and since is not None:
        ahead = select(func.count()).select_from(Decision).where(_unjudged(proposal, since))
        left = session.scalar(ahead) or 0
    return ShadowOut(
        running=running,
        since=since,
        judged=session.scalar(count) or 0,
        waiting=left,
        differing=session.scalar(count.where(ShadowJudgement.differs)) or 0,
        items=[row.found for row in rows],
    )
