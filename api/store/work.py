"""Actors and units of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

SEES_ALL = frozenset({"committee", "auditor", "maintainer", "publisher"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account with its roles; ``account_id`` 0 is the system itself."""

    account_id: int
    name: str
    display_name: str
    roles: frozenset[str]
    read_only: bool = False
    # When the API key that the actor came with ends; a key made with it ends no later.
    until: dt.datetime | None = None
    # The API key that the actor came with; a key made with it ends with it.
    key_id: int | None = None

    @property
    def departments(self) -> frozenset[str]:
        """The departments this actor answers for."""
        return frozenset(r.partition(":")[2] for r in self.roles if r.startswith("department:"))

    @property
    def sees_all(self) -> bool:
        """Whether every project is visible."""
        return not SEES_ALL.isdisjoint(self.roles)

    def has(self, roles: Iterable[str]) -> bool:
        """Whether the actor has one of ``roles``; "department" stands for any department."""
        return any(r in self.roles or (r == "department" and self.departments) for r in roles)


SYSTEM = Actor(0, "system", "系统", frozenset({"committee", "publisher", "admin"}))


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be written into the audit log."""

    action: str
    subject: str
    before: Any
    after: Any


@dataclass(slots=True)
class Work:
    """One transaction by one actor; its audit entries are committed with it."""

    session: Session
    actor: Actor
    now: dt.datetime
    request_id: str | None = None
    entries: list[Entry] = field(default_factory=list)

    def log(self, action: str, subject: str, before: Any = None, after: Any = None) -> None:
        """Write an audit entry when the transaction commits."""
        self.entries.append(Entry(action, subject, before, after))
