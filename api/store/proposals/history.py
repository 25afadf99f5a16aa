"""How publications changed one rule or criterion: what the public page of it tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.proposal_tables import PublicationRecord

MAX_CHANGES = 20


@dataclass(frozen=True, slots=True)
class PublishedChange:
    """What one publication changed in one rule or criterion; for past days with who let it and why."""

    publication: int
    effective_on: dt.date
    lines: tuple[str, ...]
    retroactive: tuple[str, ...]
    decisions: int
    word: dict[str, Any] | None


def published_changes(session: Session, part: str) -> list[PublishedChange]:
    """How publications changed the rule or criterion ``part``, newest first."""
    query = select(PublicationRecord).order_by(PublicationRecord.publication_id.desc())
    out: list[PublishedChange] = []
    for published in session.scalars(query.limit(10 * MAX_CHANGES)):
        changes = published.changes or {}
        lines = [x for e in changes.get("entries") or () if e["id"] == part for x in e["lines"]]
        past = [r for r in changes.get("retroactive") or () if r["id"] == part]
        if lines or past:
            out.append(
                PublishedChange(
                    published.publication_id,
                    published.effective_on,
                    tuple(lines),
                    tuple(r["text"] for r in past),
                    sum(r["decisions"] for r in past),
                    changes.get("retroactive_word") if past else None,
                )
            )
    return out[:MAX_CHANGES]
