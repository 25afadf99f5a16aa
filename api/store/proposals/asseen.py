"""Whether a proposal is still what whoever acts on it saw, and which files changed where it is not."""

from __future__ import annotations

from sqlalchemy import select

from api.database.proposal_tables import Proposal
from api.database.tables import AuditEntry
from api.store import preconditions
from api.store.proposals.text import Text, load_text
from api.store.work import Work
from api.transport.seen import Seen

FILES = 8


def as_seen(work: Work, proposal: Proposal, seen: Seen) -> None:
    """Raise Changed unless files, waivers and state are those that were seen."""
    now = preconditions.of_proposal(proposal)
    if seen.digest == now.digest:
        return
    subject = f"proposal:{proposal.id}"
    what = f"第 {proposal.id} 号提案"
    preconditions.must_be(
        work.session, seen, now, what, [subject], _files(work, proposal, seen.revision)
    )


def _files(work: Work, proposal: Proposal, revision: int) -> str:
    """Which files differ between the revision that was seen and the one there is."""
    if revision == proposal.revision:
        return ""
    query = select(AuditEntry.after).where(AuditEntry.subject == f"proposal:{proposal.id}")
    for after in work.session.scalars(query.order_by(AuditEntry.seq)):
        if isinstance(after, dict) and after.get("text") and after.get("revision", 1) == revision:
            old, new = (load_text(work.session, d) for d in (after["text"], proposal.text))
            changed = sorted(_differing(old, new))
            more = f"等 {len(changed)} 个文件" if len(changed) > FILES else ""
            return f"。与您看的第 {revision} 稿不同的文件：{'、'.join(changed[:FILES])}{more}"
    return ""


def _differing(old: Text, new: Text) -> set[str]:
    before, after = ({n: t.file(*n) for n in t.names()} for t in (old, new))
    names = before.keys() | after.keys()
    return {path for layer, path in names if before.get((layer, path)) != after.get((layer, path))}
