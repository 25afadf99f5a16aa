"""Tables of proposals and of what was published with them; the rest is in ``tables``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt, Json

IMMUTABLE_PROPOSALS = ("ruleset_texts", "publication_records", "proposal_reviews")


class RulesetText(Base):
    """A rulebook's files letter by letter, by digest: comments and cases are no part of identity.

    ``materials`` are the dossier files that its cases name. Immutable.
    """

    __tablename__ = "ruleset_texts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    layers: Mapped[Any] = mapped_column(Json)
    materials: Mapped[Any] = mapped_column(Json)
    stored_at: Mapped[dt.datetime]


class PublicationRecord(Base):
    """What a publication through a proposal adds: from when, why, by whom, what in words. Immutable."""

    __tablename__ = "publication_records"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    text: Mapped[str] = mapped_column(ForeignKey("ruleset_texts.digest"))
    effective_on: Mapped[dt.date] = mapped_column(Date, index=True)
    reason: Mapped[str] = mapped_column(Text)
    changes: Mapped[Any] = mapped_column(Json)
    waivers: Mapped[Any] = mapped_column(Json)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), index=True)
    drafted_by: Mapped[str] = mapped_column(String(200))
    approved_by: Mapped[str] = mapped_column(String(200))
    rollback_to: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))


class Proposal(Base):
    """A changed rulebook on its way: draft, review, approved, published or withdrawn.

    ``text`` and ``base_text`` are the files now and where it started from; ``editors`` the accounts
    that had a hand in it; ``touched`` the rules, criteria and so on that it changes.
    """

    __tablename__ = "proposals"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(ForeignKey("ruleset_texts.digest"))
    base_text: Mapped[str] = mapped_column(ForeignKey("ruleset_texts.digest"))
    base_publication: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    rollback_to: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))
    touched: Mapped[Any] = mapped_column(Json)
    overlap: Mapped[Any] = mapped_column(Json)
    waivers: Mapped[Any] = mapped_column(Json)
    editors: Mapped[Any] = mapped_column(Json)
    drafted_by: Mapped[str] = mapped_column(String(200))
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_text: Mapped[str | None] = mapped_column(String(64))
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]


class ProposalReview(Base):
    """What a second person said about a revision: approve, return or comment. Immutable."""

    __tablename__ = "proposal_reviews"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(Text)
    person: Mapped[str] = mapped_column(String(200))
    given_at: Mapped[dt.datetime]


class ProposalRun(Base):
    """One run of check, cases, diff, proof and impact over a revision; the queue of the worker."""

    __tablename__ = "proposal_runs"
    __table_args__ = (UniqueConstraint("proposal_id", "number"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    number: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(64))
    base_text: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), index=True)
    stage: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(Integer)
    result: Mapped[Any] = mapped_column(Json, nullable=True)
    error: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[dt.datetime]
    beat_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class ShadowJudgement(Base):
    """What an approved draft would have said of a decision; it has no effect.

    ``found`` is what would differ, as ``Touched.to_dict``; None where nothing would.
    """

    __tablename__ = "shadow_judgements"
    __table_args__ = (UniqueConstraint("proposal_id", "text", "decision_id"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    text: Mapped[str] = mapped_column(String(64))
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), index=True)
    differs: Mapped[bool] = mapped_column(Boolean)
    found: Mapped[Any] = mapped_column(Json, nullable=True)
    judged_at: Mapped[dt.datetime]
