"""Proposals as people see them, with what stands in their way."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.proposal_tables import Proposal, ProposalReview, ProposalRun
from api.errors import Missing
from api.store import preconditions
from api.store.proposals import runs
from api.store.proposals.checks import STAGES
from api.store.proposals.text import Text, head, load_text
from api.transport.schemas import NextCursor, one_of, record
from api.transport.seen import SeenText
from api.transport.shapes import Rival, RunResult, RunShort, Waiver, shown_as

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


@record
class RunOut:
    """A run: how far it is, and what came out so far."""

    number: int
    revision: int
    state: Annotated[str, one_of(*runs.LABELS)]
    label: Annotated[str, Field(description="排队、进行中、完成、失败、已作废")]
    stage: str
    stages: tuple[str, ...]
    queued_at: dt.datetime
    finished_at: dt.datetime | None
    error: str | None
    current: Annotated[bool, Field(description="是否就是现在这一稿的检查")]
    result: Annotated[
        dict[str, Any],
        shown_as(RunResult),
        Field(description="check、cases、diff、proof、impact 各一段，做完一段出一段"),
    ]


@record
class ReviewOut:
    """What somebody said about a revision."""

    revision: int
    outcome: Annotated[str, one_of("approve", "return", "comment", "retroactive")]
    comment: str
    person: str
    given_at: dt.datetime


@record
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
        tuple[Annotated[dict[str, Any], shown_as(Rival)], ...],
        Field(description="改动了同样内容的其他未办结提案"),
    ]
    waivers: tuple[Annotated[dict[str, Any], shown_as(Waiver)], ...]
    blockers: Annotated[
        tuple[str, ...], Field(description="为什么还不能送审、批准、发布；空则可以")
    ]
    reviews: tuple[ReviewOut, ...]
    run: Annotated[dict[str, Any], shown_as(RunShort)] | None
    created_at: dt.datetime
    updated_at: dt.datetime
    seen: SeenText


@record
class ProposalPage:
    """A page of proposals, newest first."""

    items: tuple[ProposalOut, ...]
    next: NextCursor


def get_row(session: Session, proposal_id: int, *, lock: bool = False) -> Proposal:
    """A proposal. Raises Missing."""
    query = select(Proposal).where(Proposal.id == proposal_id)
    proposal = session.scalar(query.with_for_update() if lock else query)
    if proposal is None:
        raise Missing(f"没有第 {proposal_id} 号提案")
    return proposal


def listed(
    session: Session,
    state: str | None = None,
    limit: int = 100,
    before: int | None = None,
    since: dt.datetime | None = None,
) -> list[ProposalOut]:
    """Proposals, newest first, older than number ``before``, changed ``since`` then."""
    query = select(Proposal).order_by(Proposal.id.desc()).limit(limit)
    if state is not None:
        query = query.where(Proposal.state == state)
    if before is not None:
        query = query.where(Proposal.id < before)
    if since is not None:
        query = query.where(Proposal.updated_at >= since)
    return [view(session, p) for p in session.scalars(query).all()]


def open_titles(session: Session) -> list[dict[str, Any]]:
    """Number and title of every proposal that is open, newest first."""
    query = select(Proposal.id, Proposal.title).where(Proposal.state.in_(OPEN))
    rows = session.execute(query.order_by(Proposal.id.desc()).limit(100))
    return [{"id": number, "title": title} for number, title in rows]


def get(session: Session, proposal_id: int) -> ProposalOut:
    """One proposal. Raises Missing."""
    return view(session, get_row(session, proposal_id))


def view(session: Session, proposal: Proposal) -> ProposalOut:
    """A proposal as people see it."""
    p = proposal
    run = runs.latest(session, p.id)
    reviews = session.scalars(
        select(ProposalReview).where(ProposalReview.proposal_id == p.id).order_by(ProposalReview.id)
    )
    short = None
    if run is not None:
        short = {
            "number": run.number,
            "state": run.state,
            "label": runs.LABELS[run.state],
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
        seen=str(preconditions.of_proposal(p)),
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
    run = runs.latest(session, proposal_id)
    if run is None:
        raise Missing("还没有检查过")
    return RunOut(
        number=run.number,
        revision=run.revision,
        state=run.state,
        label=runs.LABELS[run.state],
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
    run = runs.latest(session, proposal.id)
    if run is None or not _current(proposal, run) or run.state != runs.DONE:
        said = runs.LABELS[run.state] if run is not None else "没有检查"
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


def retroactive_of(session: Session, proposal: Proposal) -> list[dict[str, Any]]:
    """What the present files change for days that are past, as the newest run found it."""
    run = runs.latest(session, proposal.id)
    if run is None or not _current(proposal, run):
        return []
    found: list[dict[str, Any]] = (run.result or {}).get("diff", {}).get("retroactive", [])
    return found


def retroactive_word(session: Session, proposal: Proposal) -> ProposalReview | None:
    """The second person's explicit word that the present files may change past days."""
    return session.scalar(
        select(ProposalReview)
        .where(
            ProposalReview.proposal_id == proposal.id,
            ProposalReview.text == proposal.text,
            ProposalReview.outcome == "retroactive",
        )
        .order_by(ProposalReview.id.desc())
        .limit(1)
    )


def files_of(session: Session, proposal_id: int) -> Text:
    """The files of a proposal as they are now. Raises Missing."""
    return load_text(session, get_row(session, proposal_id).text)


def file_of(session: Session, proposal_id: int, layer: str, path: str) -> str:
    """One file's text, letter by letter. Raises Missing."""
    text = files_of(session, proposal_id).file(layer, path)
    if text is None:
        raise Missing(f"没有文件 {path[:200]}")
    return text
