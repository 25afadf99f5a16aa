"""Tables of the 标准地 agreement and of what was amended in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt, Json


class Agreement(Base):
    """The 标准地 agreement of a project: what was committed, as it stood on the day it was signed."""

    __tablename__ = "agreements"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), unique=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"))
    paper: Mapped[str] = mapped_column(String(200))
    signed_on: Mapped[dt.date] = mapped_column(Date)
    # The committed figures beside the standards in force, with their basis.
    figures: Mapped[Any] = mapped_column(Json)
    made_by: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[dt.datetime]


class Amendment(Base):
    """A change of one commitment, asked for by one and approved or refused by another of the committee."""

    __tablename__ = "amendments"
    __table_args__ = (
        # One at a time: what is asked for is asked of the commitment as it stands.
        Index(
            "uq_amendments_open",
            "commitment_id",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"), index=True)
    commitment_id: Mapped[int] = mapped_column(ForeignKey("commitments.id"), index=True)
    old_promised: Mapped[str | None] = mapped_column(Text)
    old_due_on: Mapped[dt.date] = mapped_column(Date)
    promised: Mapped[str | None] = mapped_column(Text)
    due_on: Mapped[dt.date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[dt.datetime]
    approved: Mapped[bool | None] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[dt.datetime | None]
