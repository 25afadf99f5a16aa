"""Tables of who looks after a project, what stands in its way, and what is known beside the dossier."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from api.database.tables import Base, BigInt


class ProjectFacts(Base):
    """What the office knows of a project that no rule reads: it changes without a new version.

    ``facts`` are texts by name. ``national_code`` is the 统一项目代码; ``leader`` the 包联领导,
    ``officer`` the 首席服务官.
    """

    __tablename__ = "project_facts"

    project_id: Mapped[int] = mapped_column(
        ForeignKey("projects.id"), primary_key=True, autoincrement=False
    )
    facts: Mapped[dict[str, str]]
    national_code: Mapped[str | None] = mapped_column(String(24), unique=True)
    leader: Mapped[str | None] = mapped_column(String(100), index=True)
    officer: Mapped[str | None] = mapped_column(String(100))
    officer_phone: Mapped[str | None] = mapped_column(String(40))
    revision: Mapped[int] = mapped_column(Integer)
    updated_by: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[dt.datetime]


class Obstacle(Base):
    """堵点: what stands in a project's way, whose it is, until when, and how it was solved."""

    __tablename__ = "obstacles"
    __table_args__ = (
        Index(
            "ix_obstacles_open",
            "department",
            "due_on",
            sqlite_where=text("solved_at IS NULL"),
            postgresql_where=text("solved_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    department: Mapped[str] = mapped_column(String(100))
    due_on: Mapped[dt.date] = mapped_column(Date)
    raised_by: Mapped[str] = mapped_column(String(200))
    raised_at: Mapped[dt.datetime]
    solution: Mapped[str | None] = mapped_column(Text)
    solved_by: Mapped[str | None] = mapped_column(String(200))
    solved_at: Mapped[dt.datetime | None]
