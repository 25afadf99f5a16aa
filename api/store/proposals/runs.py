"""The queue of runs: one row a run, claimed by a worker, with its stage and outcome for all to see.

Works on any number of processes. A run whose worker has gone silent is claimed again, at most
``MAX_ATTEMPTS`` times.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.proposal_tables import Proposal, ProposalRun
from api.store import audit
from api.store.proposals.checks import STAGES, Stored, run_stages
from api.store.proposals.stored import StoredDecisions
from api.store.proposals.text import load_text, publication_row, text_of
from api.store.work import SYSTEM, Work
from api.workdays.china import china_day
from evaluator.revision.impact import impact_stored
from evaluator.revision.outcome import Impact
from evaluator.rulebook.ast import Ruleset

log = logging.getLogger("api")
QUEUED, RUNNING, DONE, FAILED, SUPERSEDED = "queued", "running", "done", "failed", "superseded"
LABELS = {QUEUED: "排队", RUNNING: "进行中", DONE: "完成", FAILED: "失败", SUPERSEDED: "已作废"}
SILENT = dt.timedelta(seconds=60)
MAX_ATTEMPTS = 3


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def queue(work: Work, proposal: Proposal) -> ProposalRun:
    """Have the proposal's present revision run; runs of earlier revisions no longer count."""
    waiting = and_(ProposalRun.proposal_id == proposal.id, ProposalRun.state.in_((QUEUED, RUNNING)))
    work.session.execute(
        update(ProposalRun).where(waiting).values(state=SUPERSEDED, finished_at=work.now)
    )
    last = work.session.scalar(
        select(func.max(ProposalRun.number)).where(ProposalRun.proposal_id == proposal.id)
    )
    run = ProposalRun(
        proposal_id=proposal.id,
        number=(last or 0) + 1,
        revision=proposal.revision,
        text=proposal.text,
        base_text=proposal.base_text,
        state=QUEUED,
        stage="",
        attempts=0,
        queued_at=work.now,
    )
    work.session.add(run)
    work.session.flush()
    return run


def latest(session: Session, proposal_id: int) -> ProposalRun | None:
    """The newest run of a proposal."""
    return session.scalar(
        select(ProposalRun)
        .where(ProposalRun.proposal_id == proposal_id)
        .order_by(ProposalRun.number.desc())
        .limit(1)
    )


def waiting(session: Session) -> bool:
    """Whether there is anything to claim; a cheap read."""
    return session.scalar(select(ProposalRun.id).where(_claimable(_now())).limit(1)) is not None


def _claimable(now: dt.datetime) -> Any:
    silent = and_(ProposalRun.state == RUNNING, ProposalRun.beat_at < now - SILENT)
    return or_(ProposalRun.state == QUEUED, silent)


def claim(db: Database) -> int | None:
    """Take the oldest run that waits, or whose worker has gone; None where there is none."""
    now = _now()
    with db.write() as session:
        run = session.scalar(
            select(ProposalRun)
            .where(_claimable(now))
            .order_by(ProposalRun.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if run is None:
            return None
        run.attempts += 1
        if run.attempts > MAX_ATTEMPTS:
            run.state, run.finished_at = FAILED, now
            run.error = f"试了 {MAX_ATTEMPTS} 次，每次都中断"
            return None
        run.state, run.stage, run.beat_at = RUNNING, STAGES[0], now
        return run.id


def beat(db: Database, run_id: int) -> bool:
    """Say that the run is being worked on; False where it no longer counts."""
    with db.write() as session:
        run = session.get(ProposalRun, run_id)
        if run is None or run.state != RUNNING:
            return False
        run.beat_at = _now()
        return True


def fail(db: Database, run_id: int, error: str) -> None:
    """Close a run that could not be finished."""
    with db.write() as session:
        run = session.get(ProposalRun, run_id)
        if run is not None and run.state == RUNNING:
            run.state, run.error, run.finished_at = FAILED, error[:2000], _now()


def execute(db: Database, run_id: int, copies: Path | None = None) -> None:
    """Do a claimed run, stage by stage; what comes out is kept with it and told to the audit log.

    ``copies`` is the directory with copies of the stored dossiers (see ``api.store.proposals.stored``).
    """
    with db.read() as session:
        run = session.get_one(ProposalRun, run_id)
        base, text = load_text(session, run.base_text), load_text(session, run.text)
        restored = _restored(session, run)
    decisions = StoredDecisions(db)

    def moved(old: Ruleset, new: Ruleset) -> Impact:
        return impact_stored(old, new, decisions, copies)

    stored = Stored(moved, decisions.made)
    result: dict[str, Any] = {}
    stages = run_stages(base, text, china_day(_now()), stored, restored=restored)
    for name, outcome in stages:
        result[name] = outcome
        following = STAGES.index(name) + 1
        if not _progress(db, run_id, result, STAGES[following] if following < len(STAGES) else ""):
            return
    _finish(db, run_id, result)


def _restored(session: Session, run: ProposalRun) -> bool:
    """Whether the run is of the files that the publication gone back to had, as they were."""
    target = session.get_one(Proposal, run.proposal_id).rollback_to
    if target is None:
        return False
    published = text_of(session, publication_row(session, target))
    return published.layers == load_text(session, run.text).layers


def _progress(db: Database, run_id: int, result: dict[str, Any], stage: str) -> bool:
    with db.write() as session:
        run = session.get_one(ProposalRun, run_id)
        if run.state != RUNNING:
            return False
        run.result, run.stage, run.beat_at = dict(result), stage or run.stage, _now()
        return True


def _finish(db: Database, run_id: int, result: dict[str, Any]) -> None:
    with db.write() as session:
        work = Work(session, SYSTEM, _now(), None)
        run = session.get_one(ProposalRun, run_id)
        if run.state != RUNNING:
            return
        run.result, run.state, run.stage, run.finished_at = result, DONE, "", work.now
        proposal = session.get_one(Proposal, run.proposal_id)
        if proposal.text == run.text and proposal.base_text == run.base_text:
            proposal.touched = result.get("diff", {}).get("touched", [])
        after = {
            "run": run.number,
            "text": run.text,
            "errors": result["check"]["errors"],
            "failed_cases": result.get("cases", {}).get("failed"),
            "broken_invariants": result.get("proof", {}).get("broken"),
            "moved": result.get("impact", {}).get("moved_total"),
        }
        work.log("proposal.checked", f"proposal:{proposal.id}", None, after)
        session.flush()
        audit.append(work)
