"""Tables of the joint review and of what was promised; the rest is in ``tables``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt, Json

IMMUTABLE_REVIEW = ("attachments", "attachment_parts", "opinions", "conclusions", "reports")


# --- joint review --------------------------------------------------------------------------------


class Task(Base):
    """What one department is asked about one decision, until a date in working days."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("decision_id", "department"),
        Index("ix_tasks_waiting", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"))
    department: Mapped[str] = mapped_column(String(100), index=True)
    opened_on: Mapped[dt.date]
    due_on: Mapped[dt.date] = mapped_column(Date, index=True)
    state: Mapped[str] = mapped_column(String(20))
    closed_at: Mapped[dt.datetime | None]
    # Defaults are the database's: rows of an earlier structure are restored without these columns.
    workdays: Mapped[int | None] = mapped_column(Integer)
    due_estimated: Mapped[bool] = mapped_column(Boolean, server_default=false())


class Attachment(Base):
    """A file given with an opinion; what is in it is in AttachmentPart. Immutable.

    ``content`` is only in backups from before revision 0004.
    """

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInt)
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    added_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    added_at: Mapped[dt.datetime]


class AttachmentPart(Base):
    """One part of a file, numbered from 0, so that no file is ever held whole. Immutable."""

    __tablename__ = "attachment_parts"

    attachment_id: Mapped[int] = mapped_column(
        ForeignKey("attachments.id"), primary_key=True, autoincrement=False
    )
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Opinion(Base):
    """What a department said: agree, disagree or supplement. Immutable."""

    __tablename__ = "opinions"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    opinion: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text)
    attachments: Mapped[Any] = mapped_column(Json)
    given_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    person: Mapped[str] = mapped_column(Text)
    given_at: Mapped[dt.datetime]


class Conclusion(Base):
    """What the committee decided, by a named person, beside the machine's verdict. Immutable.

    Of a decision's conclusions the newest stands; ``revises`` is the one before it. What has no
    value was not kept by an earlier structure, or is not the case.
    """

    __tablename__ = "conclusions"
    __table_args__ = (
        Index(
            "uq_conclusions_first",
            "decision_id",
            unique=True,
            sqlite_where=text("revises IS NULL"),
            postgresql_where=text("revises IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    machine: Mapped[str] = mapped_column(String(10))
    override: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(Text)
    authority: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    concluded_by: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    person: Mapped[str] = mapped_column(Text)
    concluded_at: Mapped[dt.datetime]
    # The body that the route names, and the day of its meeting.
    body: Mapped[str | None] = mapped_column(Text)
    concluded_on: Mapped[dt.date | None]
    # What was unknown and confirmed as such; which departments were not waited for.
    undecided: Mapped[Any] = mapped_column(Json, nullable=True)
    silent: Mapped[Any] = mapped_column(Json, nullable=True)
    silence_reason: Mapped[str | None] = mapped_column(Text)
    revises: Mapped[int | None] = mapped_column(ForeignKey("conclusions.id"), unique=True)
    revision_reason: Mapped[str | None] = mapped_column(Text)


class ConclusionCondition(Base):
    """A condition of an admission: what, until when, and the department that checks it."""

    __tablename__ = "conclusion_conditions"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    conclusion_id: Mapped[int] = mapped_column(ForeignKey("conclusions.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    due_on: Mapped[dt.date] = mapped_column(Date, index=True)
    department: Mapped[str] = mapped_column(String(100), index=True)
    met: Mapped[bool | None] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(Text)
    checked_by: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[dt.datetime | None]


class Supervision(Base):
    """督办 of an overdue task or an overdue commitment, until it is struck off (销号)."""

    __tablename__ = "supervisions"
    __table_args__ = (
        CheckConstraint("(task_id IS NULL) <> (commitment_id IS NULL)", name="ck_supervisions_one"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    commitment_id: Mapped[int | None] = mapped_column(ForeignKey("commitments.id"), index=True)
    note: Mapped[str] = mapped_column(Text)
    # Whom it is addressed to, and by when an answer is wanted; None where an earlier structure did not ask.
    addressee: Mapped[str | None] = mapped_column(String(200))
    answer_by: Mapped[dt.date | None] = mapped_column(Date)
    opened_by: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[dt.datetime]
    closing_note: Mapped[str | None] = mapped_column(Text)
    # What shows that it was done: the number of a paper, where a photograph is kept.
    evidence: Mapped[str | None] = mapped_column(Text)
    closed_by: Mapped[str | None] = mapped_column(String(200))
    closed_at: Mapped[dt.datetime | None]


# --- after admission -----------------------------------------------------------------------------


class Commitment(Base):
    """One thing promised: a milestone by a date, or an amount (exact text) by a date.

    ``kept`` is whether the newest report fulfils it.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        UniqueConstraint("project_id", "kind"),
        # Of all that was ever promised, only what is still open is looked for by its day.
        Index(
            "ix_commitments_open",
            "due_on",
            "id",
            sqlite_where=text("kept = 0"),
            postgresql_where=text("NOT kept"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(20), index=True)
    promised: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(String(40))
    due_on: Mapped[dt.date] = mapped_column(Date, index=True)
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[dt.datetime]
    kept: Mapped[bool] = mapped_column(default=False, server_default=false())


class Report(Base):
    """What was really done or reached, as reported on a day. Immutable; the newest counts."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    commitment_id: Mapped[int] = mapped_column(ForeignKey("commitments.id"), index=True)
    on_date: Mapped[dt.date]
    value: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    reported_by: Mapped[str] = mapped_column(String(200))
    reported_at: Mapped[dt.datetime]
