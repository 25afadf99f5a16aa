"""The second person: review, approval, publication; the policy changelog; going back.

Whoever had a hand in a proposal can neither approve nor publish it, whatever their roles.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.proposal_tables import Proposal, ProposalReview, PublicationRecord
from api.database.tables import Publication, StoredRuleset
from api.errors import Conflict, Denied, Invalid
from api.store.core import Store
from api.store.proposals import drafting, reading, runs
from api.store.proposals.asseen import as_seen
from api.store.proposals.reading import APPROVED, DRAFT, PUBLISHED, REVIEW, STATES, get_row
from api.store.proposals.text import Text, head, load_text, publication_row, text_of, touched_by
from api.store.rulesets import current_publication, hold, publish
from api.store.work import Actor, Work
from api.transport.schemas import NextCursor, one_of, record
from api.transport.seen import Seen
from api.transport.shapes import PublishedChanges, Waiver, shown_as
from api.workdays.china import china_day, today
from evaluator.problems.errors import InputError
from evaluator.revision.diff import diff
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers


@record
class PublicationOut:
    """One entry of the policy changelog."""

    id: int
    identity: str
    title: str
    source: Annotated[str, one_of("directory", "service")]
    state: Annotated[str, one_of("in_force", "scheduled", "past")]
    published_by: str
    published_at: dt.datetime
    effective_on: dt.date
    reason: str
    changes: Annotated[
        Annotated[dict[str, Any], shown_as(PublishedChanges)] | None,
        Field(description="与上一次发布的不同：text 为文字，entries 逐条"),
    ]
    waivers: tuple[Annotated[dict[str, Any], shown_as(Waiver)], ...]
    proposal: int | None
    drafted_by: str | None
    approved_by: str | None
    rollback_to: int | None


@record
class PublicationPage:
    """A page of publications, newest first."""

    items: tuple[PublicationOut, ...]
    next: NextCursor


# --- the second person ---------------------------------------------------------------------------


def _second(work: Work, proposal: Proposal) -> None:
    if work.actor.account_id in proposal.editors:
        raise Denied("起草或修改过这份提案的人不能审批、发布它，请由另一人办理")


def _say(work: Work, proposal: Proposal, outcome: str, text: str) -> None:
    work.session.add(
        ProposalReview(
            proposal_id=proposal.id,
            revision=proposal.revision,
            text=proposal.text,
            outcome=outcome,
            comment=text,
            person=work.actor.name,
            given_at=work.now,
        )
    )
    work.session.flush()
    after = {"text": proposal.text, "comment": text, "waivers": proposal.waivers}
    work.log(f"proposal.{outcome}", f"proposal:{proposal.id}", {"state": proposal.state}, after)


def comment(work: Work, proposal_id: int, text: str, seen: Seen) -> Proposal:
    """Say something about a revision."""
    proposal = get_row(work.session, proposal_id, lock=True)
    if not text.strip():
        raise Invalid("comment", "请写明意见")
    as_seen(work, proposal, seen)
    _say(work, proposal, "comment", text.strip())
    return proposal


def approve(
    work: Work, proposal_id: int, seen: Seen, text: str = "", retroactive: str = ""
) -> Proposal:
    """Approve exactly the files and waivers as they are. Raises Denied for whoever wrote them.

    Files that change what held on past days need an explicit word of their own, ``retroactive``:
    why that may be. Raises Invalid without it.
    """
    proposal = get_row(work.session, proposal_id, lock=True)
    _second(work, proposal)
    if proposal.state != REVIEW:
        raise Conflict(f"提案{STATES[proposal.state]}，不在待审")
    as_seen(work, proposal, seen)
    reasons = reading.blockers(work.session, proposal)
    if reasons:
        raise Conflict(f"还不能批准：{'；'.join(reasons)}")
    changes, word = reading.retroactive_of(work.session, proposal), retroactive.strip()
    if changes and not word:
        what = "；".join(str(c["text"]) for c in changes[:5])
        raise Invalid(
            "retroactive",
            f"这份提案改了以前的标准（{what}），批准人须另外写明为什么可以追溯",
            "不该追溯的，退回起草人改为从今后某一天起的新一段",
        )
    if word and not changes:
        raise Invalid("retroactive", "这份提案没有改以前的标准，不用写追溯的理由")
    if word:
        _say(work, proposal, "retroactive", word)
    _say(work, proposal, "approve", text.strip())
    proposal.state, proposal.approved_by = APPROVED, work.actor.name
    proposal.approved_text, proposal.updated_at = proposal.text, work.now
    return proposal


def send_back(work: Work, proposal_id: int, text: str, seen: Seen) -> Proposal:
    """Back to the drafter, with the reason."""
    proposal = get_row(work.session, proposal_id, lock=True)
    _second(work, proposal)
    if proposal.state not in (REVIEW, APPROVED):
        raise Conflict(f"提案{STATES[proposal.state]}，不在待审")
    as_seen(work, proposal, seen)
    if not text.strip():
        raise Invalid("comment", "请写明退回的理由")
    _say(work, proposal, "return", text.strip())
    proposal.state, proposal.approved_by, proposal.approved_text = DRAFT, None, None
    proposal.updated_at = work.now
    return proposal


# --- publication ---------------------------------------------------------------------------------


def publish_proposal(
    store: Store,
    actor: Actor,
    proposal_id: int,
    seen: Seen,
    effective_on: dt.date | None = None,
    reason: str | None = None,
    request_id: str | None = None,
) -> PublicationOut:
    """Publish an approved proposal; from ``effective_on`` (today if None) submissions go by it.

    Raises Conflict where something stands in its way, Denied for whoever wrote it, Invalid for a
    date that has passed.
    """
    with store.db.read() as session:
        row = get_row(session, proposal_id)
        text, digest = load_text(session, row.text), row.text
    try:
        ruleset = load_layers(text.layers)  # Takes a while: not while others wait to write.
    except InputError as error:
        raise Conflict("还不能发布：规则集有错误") from error
    with store.work(actor, request_id) as work:
        hold(work.session, change=True)
        proposal = get_row(work.session, proposal_id, lock=True)
        day = effective_on or china_day(work.now)
        _may_publish(work, proposal, day, seen)
        if proposal.text != digest:
            raise Conflict("提案刚被改动，请重新查看")
        made = _publish(work, proposal, ruleset, day, (reason or "").strip() or proposal.reason)
        published = _view(work.session, made, head(work.session), current_publication(work.session))
    store.rulesets.refresh()
    return published


def _may_publish(work: Work, proposal: Proposal, day: dt.date, seen: Seen) -> None:
    _second(work, proposal)
    if proposal.state != APPROVED or proposal.approved_text != proposal.text:
        raise Conflict(f"提案{STATES[proposal.state]}，批准后才能发布")
    as_seen(work, proposal, seen)
    reasons = reading.blockers(work.session, proposal)
    if reading.retroactive_of(work.session, proposal) and not reading.retroactive_word(
        work.session, proposal
    ):
        reasons.append("检查之后才看出它改了以前的标准，批准人还没有写明为什么可以追溯")
    newest = head(work.session)
    if newest.id != proposal.base_publication:
        base = load_text(work.session, proposal.base_text)
        since = touched_by(base, text_of(work.session, newest))
        both = sorted(since & set(proposal.touched))
        said = f"，并且改了同样的内容：{'、'.join(both)}" if both else ""
        reasons.append(
            f"起草之后又发布过第 {newest.id} 次{said}；请先合并到最新发布，重新检查、送审"
        )
    if reasons:
        raise Conflict(f"还不能发布：{'；'.join(reasons)}")
    if day < china_day(work.now):
        raise Invalid("effective_on", "生效日期不能早于今天")
    record = work.session.get(PublicationRecord, newest.id)
    if record is not None and day < record.effective_on and proposal.rollback_to is None:
        raise Invalid(
            "effective_on",
            f"第 {newest.id} 次发布定于 {record.effective_on} 生效，这次不能更早",
            "要取消那次发布，请先回退",
        )


def _publish(
    work: Work, proposal: Proposal, ruleset: Ruleset, day: dt.date, reason: str
) -> Publication:
    run = runs.latest(work.session, proposal.id)
    assert run is not None  # Without a finished run there was a blocker.
    changes = (run.result or {}).get("diff", {})
    made = publish(work, ruleset, "service", reason)
    work.session.add(
        PublicationRecord(
            publication_id=made.id,
            text=proposal.text,
            effective_on=day,
            reason=reason,
            changes={
                **{k: changes.get(k) for k in ("entries", "text", "files")},
                **_past(work.session, proposal),
            },
            waivers=proposal.waivers,
            proposal_id=proposal.id,
            drafted_by=proposal.drafted_by,
            approved_by=proposal.approved_by or work.actor.name,
            rollback_to=proposal.rollback_to,
        )
    )
    proposal.state, proposal.publication_id, proposal.updated_at = PUBLISHED, made.id, work.now
    work.session.flush()
    after = {
        "publication": made.id,
        "identity": ruleset.identity,
        "text": proposal.text,
        "effective_on": day.isoformat(),
        "reason": reason,
        "waivers": proposal.waivers,
        "approved_by": proposal.approved_by,
        "rollback_to": proposal.rollback_to,
    }
    work.log("proposal.publish", f"proposal:{proposal.id}", {"state": APPROVED}, after)
    return made


def _past(session: Session, proposal: Proposal) -> dict[str, Any]:
    """What a publication changes for past days, and the word of who let it."""
    changes = reading.retroactive_of(session, proposal)
    word = reading.retroactive_word(session, proposal)
    if not changes or word is None:
        return {}
    said = {"by": word.person, "word": word.comment, "at": word.given_at.isoformat()}
    return {"retroactive": changes, "retroactive_word": said}


def rollback(work: Work, publication_id: int, reason: str, root: Path | None = None) -> Proposal:
    """A proposal that brings an earlier publication's files back; it goes the way of every other.

    Published, it also takes the place of what was scheduled after it.
    """
    target = publication_row(work.session, publication_id)
    text = text_of(work.session, target, root)
    title = f"回退到第 {target.id} 次发布"
    return drafting.create(work, title, reason, root, text, rollback_to=target.id)


# --- changelog -----------------------------------------------------------------------------------


def history(session: Session, limit: int = 100, before: int | None = None) -> list[PublicationOut]:
    """The policy changelog, newest first."""
    query = select(Publication).order_by(Publication.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Publication.id < before)
    newest, now = head(session), current_publication(session)
    return [_view(session, p, newest, now) for p in session.scalars(query).all()]


def publication(session: Session, publication_id: int) -> PublicationOut:
    """One entry; a publication from the directory is compared with the one before it. Raises Missing."""
    row = publication_row(session, publication_id)
    shown = _view(session, row, head(session), current_publication(session))
    if shown.changes is not None:
        return shown
    previous = session.scalar(
        select(Publication).where(Publication.id < row.id).order_by(Publication.id.desc()).limit(1)
    )
    if previous is None:
        return shown
    old, new = (load_layers(text_of(session, p).layers) for p in (previous, row))
    entries = diff(old, new)
    changes = {
        "entries": [e.to_dict() for e in entries.entries],
        "text": entries.render(),
        "files": [],
    }
    return replace(shown, changes=changes)


def _view(
    session: Session, row: Publication, newest: Publication, now: Publication | None
) -> PublicationOut:
    record = session.get(PublicationRecord, row.id)
    stored = session.get_one(StoredRuleset, row.identity)
    effective = record.effective_on if record is not None else china_day(row.published_at)
    state = "past"
    if now is not None and row.id == now.id:
        state = "in_force"
    elif row.id == newest.id or (now is not None and row.id > now.id and effective > today()):
        state = "scheduled"
    return PublicationOut(
        id=row.id,
        identity=row.identity,
        title=stored.title,
        source=row.source,
        state=state,
        published_by=row.published_by,
        published_at=row.published_at,
        effective_on=effective,
        reason=record.reason if record else (row.note or ""),
        changes=record.changes if record else None,
        waivers=tuple(record.waivers) if record else (),
        proposal=record.proposal_id if record else None,
        drafted_by=record.drafted_by if record else None,
        approved_by=record.approved_by if record else None,
        rollback_to=record.rollback_to if record else None,
    )


def text_published(session: Session, publication_id: int, root: Path | None = None) -> Text:
    """The files of a publication. Raises Missing."""
    return text_of(session, publication_row(session, publication_id), root)
