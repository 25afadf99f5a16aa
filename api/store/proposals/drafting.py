"""Proposals: drafting a changed rulebook, and who has a hand in it.

draft → review → approved → published, or withdrawn. Any change of the files takes it back to draft
and has it checked again. Publishing is in ``publishing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.database.proposal_tables import Proposal
from api.errors import Conflict, Invalid, Missing
from api.store.proposals import runs
from api.store.proposals.asseen import as_seen
from api.store.proposals.merging import merge_texts
from api.store.proposals.reading import DRAFT, OPEN, REVIEW, STATES, WITHDRAWN, blockers, get_row
from api.store.proposals.text import Text, head, load_text, store_text, text_of, touched_by
from api.store.work import Work
from api.transport.seen import Seen


@dataclass(frozen=True, slots=True)
class Edit:
    """One file as it shall be; ``text`` None leaves it out."""

    layer: str
    path: str
    text: str | None


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
    runs.queue(work, proposal)
    return proposal


def _editable(
    work: Work, proposal_id: int, seen: Seen | None, revision: int | None = None
) -> Proposal:
    proposal = get_row(work.session, proposal_id, lock=True)
    if proposal.state not in OPEN:
        raise Conflict(f"第 {proposal.id} 号提案{STATES[proposal.state]}，不能再改")
    if revision is not None and revision != proposal.revision:
        raise Conflict(
            f"提案已被改到第 {proposal.revision} 稿，您改的是第 {revision} 稿；请重新打开后再改"
        )
    if seen is not None:
        as_seen(work, proposal, seen)
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
    runs.queue(work, proposal)


def edit(
    work: Work, proposal_id: int, revision: int, edits: Sequence[Edit], seen: Seen
) -> Proposal:
    """Change files. Raises Conflict where somebody else changed the proposal meanwhile, Invalid."""
    proposal = _editable(work, proposal_id, seen, revision)
    text = load_text(work.session, proposal.text)
    for one in edits:
        text = text.with_file(one.layer, one.path, one.text)
    files = [f"{e.layer}/{e.path}" for e in edits]
    _rewrite(work, proposal, text, "proposal.edit", {"files": files})
    return proposal


def recheck(work: Work, proposal_id: int) -> Proposal:
    """Have it run again as it is, over the decisions stored by now."""
    proposal = _editable(work, proposal_id, None)
    run = runs.queue(work, proposal)
    work.log("proposal.recheck", f"proposal:{proposal.id}", None, {"run": run.number})
    return proposal


def waive(work: Work, proposal_id: int, invariant: str, reason: str, seen: Seen) -> Proposal:
    """Let the proposal break an invariant, by name and with a reason; it has to be reviewed again."""
    proposal = _editable(work, proposal_id, seen)
    run = runs.latest(work.session, proposal.id)
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


def unwaive(work: Work, proposal_id: int, invariant: str, seen: Seen) -> Proposal:
    """Take a waiver back. Raises Missing."""
    proposal = _editable(work, proposal_id, seen)
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


def submit(work: Work, proposal_id: int, seen: Seen) -> Proposal:
    """Send it to review. Raises Conflict with every reason why it cannot be."""
    proposal = get_row(work.session, proposal_id, lock=True)
    if proposal.state != DRAFT:
        raise Conflict(f"提案{STATES[proposal.state]}，不用再送审")
    as_seen(work, proposal, seen)
    reasons = blockers(work.session, proposal)
    if reasons:
        raise Conflict(f"还不能送审：{'；'.join(reasons)}")
    proposal.state, proposal.updated_at = REVIEW, work.now
    after = {"text": proposal.text, "revision": proposal.revision}
    work.log("proposal.submit", f"proposal:{proposal.id}", None, after)
    return proposal


def withdraw(work: Work, proposal_id: int, seen: Seen) -> Proposal:
    """Give it up."""
    proposal = _editable(work, proposal_id, seen)
    before = {"state": proposal.state}
    proposal.state, proposal.updated_at = WITHDRAWN, work.now
    work.log("proposal.withdraw", f"proposal:{proposal.id}", before, {"state": WITHDRAWN})
    return proposal


def rebase(work: Work, proposal_id: int, seen: Seen, root: Path | None = None) -> Proposal:
    """Bring a proposal onto what was published meanwhile; it is checked and reviewed anew.

    What both sides changed is kept in ``overlap``; lines changed otherwise on both stand between
    markers in the files.
    """
    proposal = _editable(work, proposal_id, seen)
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
