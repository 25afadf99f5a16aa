"""Projects that may be the same one: said before a submission, and to whoever looks at one.

Same project number, same credit code, or a name and an enterprise that are nearly the same. Others'
projects are counted for whoever may not see them, and not named.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.database.tables import Project
from api.store.projects.listed import key_of
from api.store.visibility import visible
from api.store.work import Actor
from api.transport.schemas import record

NEAR = 0.8
LIMIT = 200
SHOWN = 10
CODE = "项目编号相同"
SAME = "项目名称相同"
CLOSE = "企业相同，项目名称相近"
ENTERPRISE = "同一企业的项目"


@record
class DuplicateOut:
    """A project that may be the same, and why."""

    number: str
    project: str
    enterprise: str | None
    submitted_on: dt.date
    state: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a project is told by; ``number`` is its own, which is left out."""

    project_id: str | None = None
    name: str | None = None
    enterprise: str | None = None
    credit_code: str | None = None
    number: str | None = None


@record
class Duplicates:
    """Those the actor may see, the surest first; ``others`` are not his to see."""

    found: tuple[DuplicateOut, ...]
    others: int


def duplicates(session: Session, actor: Actor, wanted: Wanted) -> Duplicates:
    """Look for projects that may be the one ``wanted``; each by an index."""
    name, enterprise = key_of(wanted.name), key_of(wanted.enterprise)
    alike = [
        column == value
        for column, value in (
            (Project.project_code, wanted.project_id),
            (Project.credit_code, wanted.credit_code),
            (Project.name_key, name),
            (Project.enterprise_key, enterprise),
        )
        if value
    ]
    if not alike:
        return Duplicates((), 0)
    query = select(Project).where(or_(*alike)).order_by(Project.id.desc()).limit(LIMIT)
    found = []
    for project in session.scalars(query):
        why = tuple(_why(project, wanted, name, enterprise))
        if why and project.number != wanted.number:
            found.append((project, why))
    ids = [p.id for p, _ in found]
    mine = set(session.scalars(select(Project.id).where(Project.id.in_(ids), visible(actor))))
    listed = sorted(
        (
            DuplicateOut(
                number=p.number,
                project=p.name,
                enterprise=p.enterprise,
                submitted_on=p.submitted_on,
                state=p.state,
                why=why,
            )
            for p, why in found
            if p.id in mine
        ),
        key=lambda d: (d.why == (ENTERPRISE,), d.number),
    )
    hidden = sum(1 for p, why in found if p.id not in mine and why != (ENTERPRISE,))
    return Duplicates(tuple(listed[:SHOWN]), hidden)


def _why(project: Project, wanted: Wanted, name: str, enterprise: str) -> list[str]:
    why = []
    if wanted.project_id and project.project_code == wanted.project_id:
        why.append(CODE)
    if name and project.name_key == name:
        why.append(SAME)
    same = bool(wanted.credit_code and project.credit_code == wanted.credit_code) or bool(
        enterprise and project.enterprise_key == enterprise
    )
    if same and SAME not in why:
        near = SequenceMatcher(None, name, project.name_key or "").ratio() >= NEAR
        why.append(CLOSE if near else ENTERPRISE)
    return why
