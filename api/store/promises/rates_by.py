"""After admission by district, industry and period: signed and not started, money in place, rates that follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Report
from api.database.tables import Project
from api.store.promises.commitments import FUNDED, ORDER
from api.store.visibility import visible
from api.store.work import Actor

GROUPS = {"zone": "片区", "industry": "行业大类"}
NOWHERE = ""  # A project that names none.


@dataclass(slots=True)
class Reached:
    """How far the projects of one group are. Projects by milestone; money in 万元, exact.

    A milestone is reached where it was reported; a project that started counts as signed, and so on up.
    """

    key: str
    projects: int = 0
    signed: int = 0
    started: int = 0
    production: int = 0
    capacity: int = 0
    promised: Fraction = field(default_factory=Fraction)
    funded: Fraction = field(default_factory=Fraction)

    @property
    def waiting(self) -> int:
        """签约未开工: signed and not started."""
        return self.signed - self.started

    @property
    def rates(self) -> tuple[str | None, ...]:
        """开工率, 投产率, 达效率, 资金到位率 in per cent with two digits; None where nothing is below the line."""
        pairs = (
            (Fraction(self.started), Fraction(self.signed)),
            (Fraction(self.production), Fraction(self.started)),
            (Fraction(self.capacity), Fraction(self.production)),
            (self.funded, self.promised),
        )
        return tuple(f"{float(round(a / b * 100, 2)):.2f}" if b else None for a, b in pairs)


def _query(
    actor: Actor, start: dt.date | None, end: dt.date | None
) -> Select[int, str | None, str | None, str, str | None, str | None, dt.date | None]:
    newest = (
        select(Report.commitment_id, func.max(Report.id).label("id"))
        .group_by(Report.commitment_id)
        .subquery()
    )
    query = (
        select(
            Commitment.project_id,
            Project.zone,
            Project.industry,
            Commitment.kind,
            Commitment.promised,
            Report.value,
            Report.on_date,
        )
        .join(Project, Project.id == Commitment.project_id)
        .outerjoin(newest, newest.c.commitment_id == Commitment.id)
        .outerjoin(Report, Report.id == newest.c.id)
        .where(visible(actor), Commitment.kind.in_((*ORDER, FUNDED)))
    )
    if start is not None:
        query = query.where(Project.submitted_on >= start)
    if end is not None:
        query = query.where(Project.submitted_on <= end)
    return query


def reached(
    session: Session,
    actor: Actor,
    by: str,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> tuple[Reached, ...]:
    """The groups by ``by`` (zone or industry), the largest first, of projects accepted in the period."""
    groups: dict[str, Reached] = {}
    steps: dict[int, int] = {}
    keys: dict[int, str] = {}
    for row in session.execute(_query(actor, start, end)):
        project, zone, industry, kind, promised, value, on = row
        key = (zone if by == "zone" else (industry or "")[:3]) or NOWHERE
        group = groups.setdefault(key, Reached(key))
        keys[project] = key
        steps.setdefault(project, 0)
        if kind in ORDER and on is not None:
            steps[project] = max(steps[project], ORDER.index(kind) + 1)
        elif kind == FUNDED and promised is not None:
            group.promised += Fraction(promised)
            group.funded += Fraction(value) if value is not None else 0
    for project, key in keys.items():
        group = groups[key]
        group.projects += 1
        for n, kind in enumerate(ORDER, 1):
            if steps[project] >= n:
                setattr(group, kind, getattr(group, kind) + 1)
    return tuple(sorted(groups.values(), key=lambda g: (-g.projects, g.key)))


def together(groups: Iterable[Reached]) -> Reached:
    """All of them as one."""
    out = Reached("合计")
    for g in groups:
        for name in ("projects", *ORDER, "promised", "funded"):
            setattr(out, name, getattr(out, name) + getattr(g, name))
    return out
