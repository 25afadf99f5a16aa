"""Proposals: drafting a changed rulebook, and who has a hand in it.

draft → review → approved → published, or withdrawn. Any change of the files takes it back to draft
and has it checked again. Publishing is in ``proposals_publish``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.proposal_tables import Proposal, ProposalReview, ProposalRun
from api.errors import Conflict, Invalid, Missing
from api.store.proposals import run as proposals_run
from api.store.proposals.checks import STAGES
from api.store.proposals.merging import merge_texts
from api.store.proposals.text import Text, head, load_text, store_text, text_of, touched_by
from api.store.work import Work
from api.transport.schemas import one_of

DRAFT, REVIEW, APPROVED, PUBLISHED, WITHDRAWN = (
    "draft",
    "review",
    "approved",
    "published",
    "withdrawn",
)
OPEN = (DRAFT, REVIEW, APPROVED)
STATES = {
    DRAFT: "起草",
    REVIEW: "待审",
    APPROVED: "已批准",
    PUBLISHED: "已发布",
    WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One file as it shall be; ``text`` None leaves it out."""

    layer: str
    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class RunOut:
    """A run: how far it is, and what came out so far."""

    number: int
    revision: int
    state: Annotated[str, one_of(*proposals_run.LABELS)]
    label: Annotated[str, Field(description="排队、进行中、完成、失败、已作废")]
    stage: str
    stages: tuple[str, ...]
    queued_at: dt.datetime
    finished_at: dt.datetime | None
    error: str | None
    current: Annotated[bool, Field(description="是否就是现在这一稿的检查")]
    result: Annotated[
        dict[str, Any],
        Field(description="check、cases、diff、proof、impact 各一段，做完一段出一段"),
    ]


@dataclass(frozen=True, slots=True)
class ReviewOut:
    """What somebody said about a revision."""

    revision: int
    outcome: Annotated[str, one_of("approve", "return", "comment")]
    comment: str
    person: str
    given_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProposalOut:
    """A proposal with what stands in its way."""

    id: int
    title: str
    reason: str
    state: Annotated[str, one_of(*STATES)]
    label: str
    revision: int
    drafted_by: str
    approved_by: str | None
    base_publication: int
    publication: int | None
    rollback_to: int | None
    stale: Annotated[bool, Field(description="起草之后又有别的发布，须先合并（rebase）")]
    touched: Annotated[
        tuple[str, ...], Field(description="改动的规则、标准等，如 criterion:land_tax_floor")
    ]
    overlap: Annotated[tuple[str, ...], Field(description="合并时发现双方都改过的")]
    rivals: Annotated[
        tuple[dict[str, Any], ...], Field(description="改动了同样内容的其他未办结提案")
    ]
    waivers: tuple[dict[str, Any], ...]
    blockers: Annotated[
        tuple[str, ...], Field(description="为什么还不能送审、批准、发布；空则可以")
    ]
    reviews: tuple[ReviewOut, ...]
    run: dict[str, Any] | None
    created_at: dt.datetime
    updated_at: dt.datetime


# --- reading -------------------------------------------------------------------------------------


def get_row(session: Session, proposal_id: int, *, lock: bool = False) -> Proposal:
    """A proposal. Raises Missing."""
    query = select(Proposal).where(Proposal.id == proposal_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise Missing(f"没有第 {proposal_id} 号提案")
    return found


def listed(
    session: Session, state: str | None = None, limit: int = 100, before: int | None = None
) -> list[ProposalOut]:
    """Proposals, newest first, older than number ``before``."""
    query = select(Proposal).order_by(Proposal.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Proposal.state == state)
    if before is not None:
        query = query.where(Proposal.id < before)
    return [view(session, p) for p in session.scalars(query).all()]


def get(session: Session, proposal_id: int) -> ProposalOut:
    """One proposal. Raises Missing."""
    return view(session, get_row(session, proposal_id))


def view(session: Session, proposal: Proposal) -> ProposalOut:
    """A proposal as people see it."""
    p = proposal
    run = proposals_run.latest(session, p.id)
    reviews = session.scalars(
        select(ProposalReview).where(ProposalReview.proposal_id == p.id).order_by(ProposalReview.id)
    )
    short = None
    if run is not None:
        short = {
            "number": run.number,
            "state": run.state,
            "label": proposals_run.LABELS[run.state],
            "stage": run.stage,
            "current": _current(p, run),
            "error": run.error,
        }
    is_open = p.state in OPEN
    return ProposalOut(
        id=p.id,
        title=p.title,
        reason=p.reason,
        state=p.state,
        label=STATES[p.state],
        revision=p.revision,
        drafted_by=p.drafted_by,
        approved_by=p.approved_by,
        base_publication=p.base_publication,
        publication=p.publication_id,
        rollback_to=p.rollback_to,
        stale=is_open and head(session).id != p.base_publication,
        touched=tuple(p.touched),
        overlap=tuple(p.overlap),
        rivals=_rivals(session, p) if is_open else (),
        waivers=tuple(p.waivers),
        blockers=tuple(blockers(session, p)) if is_open else (),
        reviews=tuple(
            ReviewOut(
                revision=r.revision,
                outcome=r.outcome,
                comment=r.comment,
                person=r.person,
                given_at=r.given_at,
            )
            for r in reviews
        ),
        run=short,
        created_at=p.created_at,
        updated_at=p.updated_at,
    )


def _current(proposal: Proposal, run: ProposalRun) -> bool:
    return run.text == proposal.text and run.base_text == proposal.base_text


def _rivals(session: Session, proposal: Proposal) -> tuple[dict[str, Any], ...]:
    mine = set(proposal.touched)
    others = session.scalars(
        select(Proposal)
        .where(Proposal.state.in_(OPEN), Proposal.id != proposal.id)
        .order_by(Proposal.id)
    )
    return tuple(
        {
            "proposal": o.id,
            "title": o.title,
            "drafted_by": o.drafted_by,
            "both": sorted(mine & set(o.touched)),
        }
        for o in others
        if mine & set(o.touched)
    )


def run_of(session: Session, proposal_id: int) -> RunOut:
    """The newest run with its outcome. Raises Missing."""
    proposal = get_row(session, proposal_id)
    run = proposals_run.latest(session, proposal_id)
    if run is None:
        raise Missing("还没有检查过")
    return RunOut(
        number=run.number,
        revision=run.revision,
        state=run.state,
        label=proposals_run.LABELS[run.state],
        stage=run.stage,
        stages=STAGES,
        queued_at=run.queued_at,
        finished_at=run.finished_at,
        error=run.error,
        current=_current(proposal, run),
        result=run.result or {},
    )


def blockers(session: Session, proposal: Proposal) -> list[str]:
    """Why this text cannot be approved or published, each as a sentence; none when it can."""
    run = proposals_run.latest(session, proposal.id)
    if run is None or not _current(proposal, run) or run.state != proposals_run.DONE:
        said = proposals_run.LABELS[run.state] if run is not None else "没有检查"
        return [f"检查还没有完成（{said}）"]
    result, out = run.result or {}, []
    errors = result["check"]["errors"]
    if errors:
        out.append(f"规则集有 {errors} 处错误")
    failed = result.get("cases", {}).get("failed", 0)
    if failed:
        out.append(f"有 {failed} 个案例不通过")
    waived = {w["invariant"] for w in proposal.waivers}
    broken = [i for i in result.get("proof", {}).get("broken", []) if i not in waived]
    out += [f"不变式 {i} 不成立，也没有写明理由豁免" for i in broken]
    if "diff" in result and not result["diff"]["files"]:
        out.append("与已发布的规则集没有不同")
    return out


def files_of(session: Session, proposal_id: int) -> Text:
    """The files of a proposal as they are now. Raises Missing."""
    return load_text(session, get_row(session, proposal_id).text)


def file_of(session: Session, proposal_id: int, layer: str, path: str) -> str:
    """One file's text, letter by letter. Raises Missing."""
    found = files_of(session, proposal_id).file(layer, path)
    if found is None:
        raise Missing(f"没有文件 {path[:200]}")
    return found


# --- writing -------------------------------------------------------------------------------------


def _words(field: str, text: str, what: str) -> str:
    if not text.strip():
        raise Invalid(field, f"请写明{what}")
    return text.strip()


def create(
    work: Work,
    title: str,
    reason: str,
    root: Path | None = None,
    text: Text | None = None,
    rollback_to: int | None = None,
) -> Proposal:
    """A draft from what was published last, or with the files ``text``; checking begins by itself.

    ``root`` is where the dossier files of a rulebook published from a directory are. Raises Invalid.
    """
    base = head(work.session)
    base_text = text_of(work.session, base, root)
    mine = text or base_text
    if text is not None and not text.materials and base_text.materials:
        mine = Text(text.layers, base_text.materials)
    proposal = Proposal(
        title=_words("title", title, "改什么"),
        reason=_words("reason", reason, "为什么改"),
        state=DRAFT,
        revision=1,
        text=store_text(work, mine),
        base_text=store_text(work, base_text),
        base_publication=base.id,
        rollback_to=rollback_to,
        touched=[],
        overlap=[],
        waivers=[],
        editors=[work.actor.account_id],
        drafted_by=work.actor.name,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(proposal)
    work.session.flush()
    after = {
        "title": proposal.title,
        "text": proposal.text,
        "base": base.id,
        "rollback": rollback_to,
    }
    work.log("proposal.create", f"proposal:{proposal.id}", None, after)
    proposals_run.queue(work, proposal)
    return proposal


def _editable(work: Work, proposal_id: int, revision: int | None) -> Proposal:
    proposal = get_row(work.session, proposal_id, lock=True)
    if proposal.state not in OPEN:
        raise Conflict(f"第 {proposal.id} 号提案{STATES[proposal.state]}，不能再改")
    if revision is not None and revision != proposal.revision:
        raise Conflict(
            f"提案已被改到第 {proposal.revision} 稿，您改的是第 {revision} 稿；请重新打开后再改"
        )
    return proposal


def _rewrite(work: Work, proposal: Proposal, text: Text, action: str, more: dict[str, Any]) -> None:
    before = {"text": proposal.text, "state": proposal.state, "revision": proposal.revision}
    proposal.text = store_text(work, text)
    proposal.revision += 1
    proposal.state, proposal.approved_by, proposal.approved_text = DRAFT, None, None
    if work.actor.account_id not in proposal.editors:
        proposal.editors = [*proposal.editors, work.actor.account_id]
    proposal.updated_at = work.now
    after = {"text": proposal.text, "revision": proposal.revision, **more}
    work.log(action, f"proposal:{proposal.id}", before, after)
    proposals_run.queue(work, proposal)


def edit(work: Work, proposal_id: int, revision: int, edits: Sequence[Edit]) -> Proposal:
    """Change files. Raises Conflict where somebody else changed the proposal meanwhile, Invalid."""
    proposal = _editable(work, proposal_id, revision)
    text = load_text(work.session, proposal.text)
    for one in edits:
        text = text.with_file(one.layer, one.path, one.text)
    files = [f"{e.layer}/{e.path}" for e in edits]
    _rewrite(work, proposal, text, "proposal.edit", {"files": files})
    return proposal


def recheck(work: Work, proposal_id: int) -> Proposal:
    """Have it run again as it is, over the decisions stored by now."""
    proposal = _editable(work, proposal_id, None)
    run = proposals_run.queue(work, proposal)
    work.log("proposal.recheck", f"proposal:{proposal.id}", None, {"run": run.number})
    return proposal


def waive(work: Work, proposal_id: int, invariant: str, reason: str) -> Proposal:
    """Let the proposal break an invariant, by name and with a reason; it has to be reviewed again."""
    proposal = _editable(work, proposal_id, None)
    run = proposals_run.latest(work.session, proposal.id)
    broken = (run.result or {}).get("proof", {}).get("broken", []) if run is not None else []
    if invariant not in broken:
        raise Invalid("invariant", f"不变式“{invariant[:80]}”没有被这份提案打破，不用豁免")
    kept = [w for w in proposal.waivers if w["invariant"] != invariant]
    given = {
        "invariant": invariant,
        "reason": _words("reason", reason, "豁免的理由"),
        "by": work.actor.name,
    }
    before = proposal.waivers
    _reopen(work, proposal, [*kept, given])
    work.log("proposal.waive", f"proposal:{proposal.id}", before, proposal.waivers)
    return proposal


def unwaive(work: Work, proposal_id: int, invariant: str) -> Proposal:
    """Take a waiver back. Raises Missing."""
    proposal = _editable(work, proposal_id, None)
    kept = [w for w in proposal.waivers if w["invariant"] != invariant]
    if len(kept) == len(proposal.waivers):
        raise Missing(f"没有豁免过不变式“{invariant[:80]}”")
    before = proposal.waivers
    _reopen(work, proposal, kept)
    work.log("proposal.unwaive", f"proposal:{proposal.id}", before, kept)
    return proposal


def _reopen(work: Work, proposal: Proposal, waivers: list[dict[str, Any]]) -> None:
    proposal.waivers, proposal.updated_at = waivers, work.now
    # What was approved was approved without this.
    proposal.state, proposal.approved_by, proposal.approved_text = DRAFT, None, None
    if work.actor.account_id not in proposal.editors:
        proposal.editors = [*proposal.editors, work.actor.account_id]


def submit(work: Work, proposal_id: int) -> Proposal:
    """Send it to review. Raises Conflict with every reason why it cannot be."""
    proposal = get_row(work.session, proposal_id, lock=True)
    if proposal.state != DRAFT:
        raise Conflict(f"提案{STATES[proposal.state]}，不用再送审")
    found = blockers(work.session, proposal)
    if found:
        raise Conflict(f"还不能送审：{'；'.join(found)}")
    proposal.state, proposal.updated_at = REVIEW, work.now
    after = {"text": proposal.text, "revision": proposal.revision}
    work.log("proposal.submit", f"proposal:{proposal.id}", None, after)
    return proposal


def withdraw(work: Work, proposal_id: int) -> Proposal:
    """Give it up."""
    proposal = _editable(work, proposal_id, None)
    before = {"state": proposal.state}
    proposal.state, proposal.updated_at = WITHDRAWN, work.now
    work.log("proposal.withdraw", f"proposal:{proposal.id}", before, {"state": WITHDRAWN})
    return proposal


def rebase(work: Work, proposal_id: int, root: Path | None = None) -> Proposal:
    """Bring a proposal onto what was published meanwhile; it is checked and reviewed anew.

    What both sides changed is kept in ``overlap``; lines changed otherwise on both stand between
    markers in the files.
    """
    proposal = _editable(work, proposal_id, None)
    newest = head(work.session)
    if newest.id == proposal.base_publication:
        raise Conflict("提案已经建立在最新发布的规则集上")
    base, mine = (load_text(work.session, d) for d in (proposal.base_text, proposal.text))
    theirs = text_of(work.session, newest, root)
    merged, marked = merge_texts(base, mine, theirs)
    overlap = touched_by(base, mine) & touched_by(base, theirs)
    proposal.overlap = sorted(overlap | {f"file:{name}" for name in marked})
    proposal.base_text, proposal.base_publication = store_text(work, theirs), newest.id
    proposal.touched = []
    more = {"base": newest.id, "overlap": proposal.overlap}
    _rewrite(work, proposal, merged, "proposal.rebase", more)
    return proposal
