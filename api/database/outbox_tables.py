"""Messages that are to go out, and those that have: what is in here survives a restart."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt


class Message(Base):
    """One message to one address. ``once`` keeps the same one from being put in twice."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_waiting",
            "next_at",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    # mail, text (DingTalk and WeCom), event (a signed webhook).
    way: Mapped[str] = mapped_column(String(10))
    target: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    once: Mapped[str] = mapped_column(String(300), unique=True)
    created_at: Mapped[dt.datetime]
    next_at: Mapped[dt.datetime]
    tries: Mapped[int] = mapped_column(Integer)
    # Sent, or given up: then ``error`` says why.
    done_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
