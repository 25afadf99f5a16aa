"""Finding projects: filters, Chinese text, pages by cursor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from sqlalchemy import Exists, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Task
from api.database.tables import Account, Decision, Hit, Project
from api.store.preconditions import of_project
from api.store.review.outcomes import ADMITTED, STATE_OF
from api.store.review.waiting import WAITING
from api.store.visibility import get_project, owned, visible
from api.store.work import Actor
from api.transport.paging import MAX_PAGE, cursor_of, cut, place_of
from api.transport.schemas import NextCursor, VerdictWord, record
from api.transport.seen import Seen
from evaluator.judgement.lookup import normalised

# What is looked for beside the states themselves.
OPEN, TALKS, PASSED, READY = "open", "talks", "passed", "ready"
UNSTARTED = "unstarted"
_OPEN = Project.state.not_in(tuple(STATE_OF.values()))


def _kept(*kinds: str) -> Exists:
    """Whether the project keeps a commitment of one of these kinds."""
    made = select(Commitment.id).where(
        Commitment.project_id == Project.id,
        Commitment.kind.in_(kinds),
        Commitment.kept.is_(True),
    )
    return exists(made.correlate(Project))


GROUPS = {
    OPEN: _OPEN,
    TALKS: or_(_OPEN, Project.state == STATE_OF["suspend"]),
    PASSED: Project.state.in_(ADMITTED),
    READY: Project.state.in_(("decided", "review")),
    # As the weekly sheet counts it.
    UNSTARTED: and_(_kept("signed"), ~_kept("started", "production", "capacity")),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to look for. ``q``: words that must all stand in number, name or enterprise.

    ``state`` may be a group of ``GROUPS``; ``last`` is the id of the last stage, for
    those at it and those that know no stages.
    """

    verdict: str | None = None
    department: str | None = None
    rule: str | None = None
    industry: str | None = None
    state: str | None = None
    start: dt.date | None = None
    end: dt.date | None = None
    q: str | None = None
    since: dt.datetime | None = None
    last: str | None = None
    zone: str | None = None


State = Literal[
    "decided",
    "review",
    "supplement",
    "admitted",
    "conditional",
    "suspended",
    "rejected",
    "terminated",
]


@record
class ProjectOut:
    """A project as lists show it."""

    id: int
    number: str
    project_id: str
    name: str
    enterprise: str | None
    industry: str | None
    submitted_on: dt.date
    version: int
    verdict: VerdictWord
    stage: Annotated[str | None, Field(description="现在的环节；规则集不分环节的为 null")]
    state: State
    investment: Annotated[str | None, Field(description="总投资（万元）")]
    land: Annotated[str | None, Field(description="用地面积（亩）")]
    zone: Annotated[str | None, Field(description="拟落户片区")]
    person: Annotated[str, Field(description="经办人：申报的账号的姓名")]
    decision: int
    created_at: dt.datetime
    updated_at: dt.datetime


@record
class VersionOut:
    """One version of a project's dossier and the decision on it."""

    version: int
    decision: int
    verdict: VerdictWord
    stage: str | None
    ruleset: str
    as_of: dt.date
    decided_at: dt.datetime
    digest: str


@record
class ProjectPage:
    """A page of projects, newest first"""

    items: tuple[ProjectOut, ...]
    next: NextCursor


def project_view(project: Project, person: str) -> ProjectOut:
    """A project as a list shows it; ``person`` submitted it."""
    return ProjectOut(
        id=project.id,
        number=project.number,
        project_id=project.project_code,
        name=project.name,
        enterprise=project.enterprise,
        industry=project.industry,
        submitted_on=project.submitted_on,
        version=project.version,
        verdict=project.verdict,
        stage=project.stage,
        state=cast(Any, project.state),
        investment=project.investment,
        land=project.land,
        zone=project.zone,
        person=person,
        decision=project.decision_id,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )


def people(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The names of accounts."""
    query = select(Account.id, Account.display_name).where(Account.id.in_({*ids}))
    return dict(session.execute(query).all())


def _waits() -> Exists:
    """Whether a department still has to answer on the project."""
    waiting = select(Task.id).where(Task.project_id == Project.id, Task.state.in_(WAITING))
    return exists(waiting.correlate(Project))


def matching(actor: Actor, wanted: Filter) -> Select[Project]:
    """The query for what ``actor`` may see of what is ``wanted``."""
    query = select(Project).where(visible(actor))
    if wanted.verdict is not None:
        query = query.where(Project.verdict == wanted.verdict)
    if wanted.state in GROUPS:
        query = query.where(GROUPS[wanted.state])
        if wanted.state == READY:
            query = query.where(~_waits())
    elif wanted.state is not None:
        query = query.where(Project.state == wanted.state)
    if wanted.last is not None:
        query = query.where(or_(Project.stage.is_(None), Project.stage == wanted.last))
    if wanted.zone is not None:
        query = query.where(Project.zone == wanted.zone)
    if wanted.industry:
        query = query.where(Project.industry.startswith(wanted.industry.upper(), autoescape=True))
    if wanted.start:
        query = query.where(Project.submitted_on >= wanted.start)
    if wanted.end:
        query = query.where(Project.submitted_on <= wanted.end)
    if wanted.since:
        query = query.where(Project.updated_at >= wanted.since)
    if wanted.department or wanted.rule:
        hit = select(Hit.decision_id).where(Hit.decision_id == Project.decision_id)
        if wanted.department:
            hit = hit.where(Hit.department == wanted.department)
        if wanted.rule:
            hit = hit.where(Hit.rule == wanted.rule)
        if not actor.sees_all:
            # What other departments found is not told by a filter either.
            hit = hit.where(or_(Hit.department.in_(actor.departments), owned(actor)))
        query = query.where(exists(hit.correlate(Project)))
    for word in normalised(wanted.q or "").split():
        query = query.where(Project.search.contains(word, autoescape=True))
    return query


def find(
    session: Session, actor: Actor, wanted: Filter, cursor: str | None = None, limit: int = 50
) -> ProjectPage:
    """One page of projects. Raises Invalid for a cursor that was not given out."""
    query = matching(actor, wanted)
    before = place_of("p", cursor)
    if before is not None:
        query = query.where(Project.id < before)
    size = max(1, min(limit, MAX_PAGE))
    rows, more = cut(session.scalars(query.order_by(Project.id.desc()).limit(size + 1)).all(), size)
    names = people(session, (p.owner_id for p in rows))
    items = tuple(project_view(p, names[p.owner_id]) for p in rows)
    return ProjectPage(items, cursor_of("p", items[-1].id) if more else None)


def each(session: Session, actor: Actor, wanted: Filter) -> Iterator[ProjectOut]:
    """Every project, newest first, read a page at a time."""
    cursor = None
    while True:
        page = find(session, actor, wanted, cursor, MAX_PAGE)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def get(session: Session, actor: Actor, number: str) -> ProjectOut:
    """One project by its 受理编号. Raises Missing or Denied."""
    project = get_project(session, actor, number)
    return project_view(project, people(session, [project.owner_id])[project.owner_id])


def seen(session: Session, actor: Actor, number: str) -> Seen:
    """The state of a project, for an act upon it. Raises Missing or Denied."""
    return of_project(session, get_project(session, actor, number))


def versions(session: Session, actor: Actor, number: str) -> tuple[VersionOut, ...]:
    """Every version with its decision, newest first."""
    project = get_project(session, actor, number)
    # Not whole decisions: each carries a dossier and a result of a hundred kilobytes.
    query = select(
        Decision.version,
        Decision.id,
        Decision.verdict,
        Decision.stage,
        Decision.ruleset,
        Decision.as_of,
        Decision.decided_at,
        Decision.digest,
    ).where(Decision.project_id == project.id)
    rows = session.execute(query.order_by(Decision.version.desc()))
    return tuple(VersionOut(*row) for row in rows)
