"""The stored decisions as the impact of a proposal sees them, and where copies of them are kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.db import Database
from api.database.tables import Decision, Project
from api.store.rulesets import current_identity, load_stored
from evaluator.revision.impact import keep_copies
from evaluator.revision.tally import Row

PAGE = 1000
MAX_NAMED = 200  # Decisions that a retroactive change lists; all are counted.
MANY = 20_000  # From here on one query for all is quicker than pages of numbers.


def copies_directory(db: Database, given: Path | None) -> Path | None:
    """The directory of the copies: the one given, else beside the SQLite file, or ``var/impact``."""
    if given is not None:
        return given
    if not db.sqlite:
        return Path("var/impact")
    file = db.url.database
    return Path(f"{file}.impact") if file and file != ":memory:" else None


class StoredDecisions:
    """Every stored decision under its id; its name is 受理编号 and version."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def listed(self) -> Sequence[tuple[int, str, dt.date | None]]:
        """Id, digest of the dossier and the day judged at, of all."""
        query = select(Decision.id, Decision.dossier_digest, Decision.as_of).order_by(Decision.id)
        with self._db.read() as session:
            return [(i, digest, day) for i, digest, day in session.execute(query)]

    def dossiers(self, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Id and dossier of these; they never change, so that no one snapshot is needed."""
        query = select(Decision.id, Decision.dossier)
        for page in _pages(numbers):
            with self._db.read() as session:
                rows = session.execute(query.where(Decision.id.in_(page))).all()
            yield from ((i, text) for i, text in rows)

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """受理编号 and version of these."""
        query = select(Decision.id, Project.number, Decision.version).join(
            Project, Project.id == Decision.project_id
        )
        asked = (
            [query]
            if len(numbers) > MANY
            else [query.where(Decision.id.in_(page)) for page in _pages(numbers)]
        )
        with self._db.read() as session:
            return {i: f"{n}/{v}" for q in asked for i, n, v in session.execute(q)}

    def made(self, start: dt.date, end: dt.date) -> tuple[int, list[str]]:
        """How many decisions were judged as of the days ``start`` to ``end``, and the first by name."""
        within = Decision.as_of.between(start, end)
        query = select(Decision.id).where(within).order_by(Decision.id).limit(MAX_NAMED)
        with self._db.read() as session:
            total = session.scalar(select(func.count()).select_from(Decision).where(within)) or 0
            numbers = list(session.scalars(query))
        names = self.names(numbers)
        return total, [names[n] for n in numbers if n in names]


def newest_rows(session: Session, limit: int) -> list[Row]:
    """The newest stored decisions by their names, oldest of them first."""
    query = (
        select(Decision.dossier, Decision.as_of, Project.number, Decision.version)
        .join(Project, Project.id == Decision.project_id)
        .order_by(Decision.id.desc())
        .limit(limit)
    )
    rows = session.execute(query).all()
    return [Row(f"{number}/{version}", dossier, day) for dossier, day, number, version in rows][
        ::-1
    ]


def _pages(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[i : i + PAGE] for i in range(0, len(numbers), PAGE))


def copy_decisions(db: Database, directory: Path | None) -> None:
    """Make the copies that the impact on the ruleset in force will want; nothing where another
    process is at it."""
    with db.read() as session:
        identity = current_identity(session)
        ruleset = load_stored(session, identity) if identity else None
    if ruleset is not None and directory is not None:
        keep_copies(ruleset, StoredDecisions(db), directory)
