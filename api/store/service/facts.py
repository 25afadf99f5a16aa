"""What is known of a project beside its dossier: where, what, who to call, who of the government cares.

No rule reads it, so it is no part of a decision and changes without a new version.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.database.care_tables import ProjectFacts
from api.database.tables import Project
from api.errors import Conflict, Denied, Invalid
from api.store.preconditions import must_be
from api.store.visibility import get_project, may_write
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.seen import Seen, SeenText, state
from evaluator.values.project_codes import project_code

# By name, the label and the most characters; in the order of the form.
FACTS = {
    "place": ("建设地点", 200),
    "building": ("建设内容和规模", 1000),
    "product": ("主要产品", 300),
    "process": ("生产工艺", 500),
    "site": ("意向地块或厂房", 300),
    "request": ("需要政府解决的事", 1000),
    "contact": ("企业联系人", 50),
    "phone": ("联系电话", 40),
}
CODE = "national_code"
# Who looks after the project: the committee names them.
CARE = {
    "leader": ("包联领导", 100),
    "officer": ("首席服务官", 100),
    "officer_phone": ("服务官电话", 40),
}
LABELS = {CODE: "统一项目代码", **{n: label for n, (label, _) in (FACTS | CARE).items()}}


@record
class FactsOut:
    """What is known of a project beside its dossier; what is not known is null."""

    number: str
    national_code: Annotated[str | None, Field(description="统一项目代码（GB/T 40058-2021）")]
    place: str | None
    building: str | None
    product: str | None
    process: str | None
    site: str | None
    request: str | None
    contact: str | None
    phone: str | None
    leader: Annotated[str | None, Field(description="包联领导")]
    officer: Annotated[str | None, Field(description="首席服务官")]
    officer_phone: str | None
    updated_by: str | None
    updated_at: dt.datetime | None
    seen: SeenText


def seen_of(row: ProjectFacts | None) -> Seen:
    """The state of a project's facts; revision 0 where there are none yet."""
    if row is None:
        return state(0, [])
    content = [row.facts, row.national_code, row.leader, row.officer, row.officer_phone]
    return state(row.revision, content)


def _out(project: Project, row: ProjectFacts | None) -> FactsOut:
    facts = row.facts if row is not None else {}
    return FactsOut(
        number=project.number,
        national_code=row.national_code if row else None,
        **{name: facts.get(name) for name in FACTS},
        **{name: getattr(row, name, None) for name in CARE},
        updated_by=row.updated_by if row else None,
        updated_at=row.updated_at if row else None,
        seen=str(seen_of(row)),
    )


def of_project(session: Session, actor: Actor, number: str) -> FactsOut:
    """A project's facts. Raises Missing or Denied."""
    project = get_project(session, actor, number)
    return _out(project, session.get(ProjectFacts, project.id))


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """The facts as they are kept. Raises Invalid at the name of what is wrong."""
    out = {}
    for name, text in given.items():
        plain = text.strip()
        most = (FACTS | CARE).get(name, ("", 24))[1]
        if name == CODE and plain:
            try:
                plain = project_code(plain)
            except ValueError as error:
                raise Invalid(name, str(error)) from None
        if len(plain) > most:
            raise Invalid(name, f"{LABELS[name]}最多 {most} 个字")
        out[name] = plain
    return out


def change(work: Work, number: str, given: Mapping[str, str], seen: Seen) -> FactsOut:
    """Change the facts that are given; an empty text takes one away. Raises Invalid, Denied, Conflict."""
    project = get_project(work.session, work.actor, number, lock=True)
    row = work.session.get(ProjectFacts, project.id)
    must_be(work.session, seen, seen_of(row), f"项目 {number} 的概况", [f"project:{number}"])
    write(work, project, given)
    return _out(project, work.session.get(ProjectFacts, project.id))


def write(work: Work, project: Project, given: Mapping[str, str]) -> None:
    """Keep the facts that are given with the project; nothing is written where nothing differs."""
    may_write(work.actor, project)
    new = checked({n: t for n, t in given.items() if n in LABELS})
    row = work.session.get(ProjectFacts, project.id)
    old = _texts(row)
    moved = {n: t for n, t in new.items() if t != old.get(n, "")}
    if not moved:
        return
    if "committee" not in work.actor.roles and not moved.keys().isdisjoint(CARE):
        raise Denied("包联领导和首席服务官由委员会指定")
    _free(work.session, project, moved.get(CODE))
    if row is None:
        row = ProjectFacts(project_id=project.id, facts={}, revision=0)
    facts = {n: moved.get(n, old.get(n, "")) for n in FACTS}
    row.facts = {n: t for n, t in facts.items() if t}
    for name in (CODE, *CARE):
        if name in moved:
            setattr(row, name, moved[name] or None)
    row.revision, row.updated_by, row.updated_at = row.revision + 1, work.actor.name, work.now
    try:
        with work.session.begin_nested():
            work.session.add(row)
    except IntegrityError:  # Given to another project at this very moment.
        raise Conflict(f"统一项目代码 {moved.get(CODE)} 已用于另一个项目") from None
    before = {n: old[n] for n in moved if old.get(n)}
    work.log("project.facts", f"project:{project.number}", before or None, moved)


def _texts(row: ProjectFacts | None) -> dict[str, str]:
    if row is None:
        return {}
    return {**row.facts, **{n: getattr(row, n) or "" for n in (CODE, *CARE)}}


def _free(session: Session, project: Project, code: str | None) -> None:
    """Raises Conflict where another project has the code."""
    if not code:
        return
    query = (
        select(Project.number)
        .join(ProjectFacts, ProjectFacts.project_id == Project.id)
        .where(ProjectFacts.national_code == code, Project.id != project.id)
    )
    other = session.scalar(query)
    if other is not None:
        raise Conflict(f"统一项目代码 {code} 已用于 {other}")


def leaders(session: Session) -> tuple[str, ...]:
    """The leaders who look after some project."""
    query = select(ProjectFacts.leader).where(ProjectFacts.leader.is_not(None)).distinct()
    return tuple(sorted(session.scalars(query)))
