"""The figures of the weekly meeting: what is under talks, admitted and asked for, against last month."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from api.database.review_tables import Commitment, Conclusion, Report, Supervision, Task
from api.database.tables import Account, Project
from api.store.promises.commitments import title_of
from api.store.review.outcomes import ADMITTED, STATE_OF
from api.store.review.waiting import OPEN
from api.workdays.china import CHINA

NAMED = 12  # Red and yellow ones that fit on the sheet.


@dataclass(slots=True)
class Sums:
    """Projects and what they bring and ask for: 万元, 亩, 吨标准煤/年; exact."""

    projects: int = 0
    investment: Fraction = field(default_factory=Fraction)
    land: Fraction = field(default_factory=Fraction)
    energy: Fraction = field(default_factory=Fraction)

    def add(self, row: tuple[str | None, str | None, str | None]) -> None:
        """One project more; what it does not say counts as nothing and is not guessed."""
        investment, land, energy = (Fraction(v) if v else Fraction(0) for v in row)
        self.projects += 1
        self.investment += investment
        self.land += land
        self.energy += energy


@dataclass(frozen=True, slots=True)
class Late:
    """A project that stands out: what of it, whose it is, by when; ``red`` or else yellow.

    ``who``: departments by their code, or a person's name.
    """

    number: str
    project: str
    what: str
    who: tuple[str, ...]
    due_on: dt.date
    red: bool


@dataclass(frozen=True, slots=True)
class Month:
    """What came in and what was concluded within a month."""

    received: int
    concluded: Counter[str]


@dataclass(frozen=True, slots=True)
class Weekly:
    """Everything on the sheet. ``zones``: under talks and admitted; ``late`` is cut, ``late_all`` is not."""

    talks: Sums
    admitted: Sums
    zones: dict[str, tuple[Sums, Sums]]
    stages: dict[str, int]
    signed_not_started: int
    funded: Fraction
    this: Month
    last: Month
    late: tuple[Late, ...]
    late_all: int


def weekly(session: Session, today: dt.date, soon: dt.date) -> Weekly:
    """The figures as of ``today``; what is due until ``soon`` is yellow."""
    talks, admitted = Sums(), Sums()
    zones: dict[str, tuple[Sums, Sums]] = {}
    stages: Counter[str] = Counter()
    query = select(
        Project.state,
        Project.stage,
        Project.zone,
        Project.investment,
        Project.land,
        Project.energy,
    )
    for state, stage, zone, *amounts in session.execute(query):
        row = (amounts[0], amounts[1], amounts[2])
        here = zones.setdefault(zone or "", (Sums(), Sums()))
        if state in ADMITTED:
            admitted.add(row)
            here[1].add(row)
        elif state not in STATE_OF.values() or state == STATE_OF["suspend"]:
            talks.add(row)
            here[0].add(row)
            stages[stage or ""] += 1
    first = today.replace(day=1)
    before = (first - dt.timedelta(days=1)).replace(day=1)
    late = sorted(
        _grouped(_late(session, today, soon)), key=lambda x: (not x.red, x.due_on, x.number)
    )
    return Weekly(
        talks=talks,
        admitted=admitted,
        zones=dict(sorted(zones.items(), key=lambda e: (not e[0], e[0]))),
        stages=dict(stages),
        signed_not_started=int(session.scalar(_signed_not_started()) or 0),
        funded=_funded(session),
        this=_month(session, first, today + dt.timedelta(days=1)),
        last=_month(session, before, first),
        late=tuple(late[:NAMED]),
        late_all=len({x.number for x in late}),
    )


def _month(session: Session, start: dt.date, end: dt.date) -> Month:
    received = select(func.count()).where(Project.submitted_on >= start, Project.submitted_on < end)
    newer = aliased(Conclusion)
    made = (
        select(Conclusion.outcome, func.count())
        .where(
            Conclusion.concluded_at >= dt.datetime.combine(start, dt.time(), CHINA),
            Conclusion.concluded_at < dt.datetime.combine(end, dt.time(), CHINA),
            ~exists(select(newer.id).where(newer.revises == Conclusion.id)),
        )
        .group_by(Conclusion.outcome)
    )
    return Month(int(session.scalar(received) or 0), Counter(dict(session.execute(made).all())))


def _signed_not_started() -> Select[int]:
    started = aliased(Commitment)
    return select(func.count(Commitment.project_id.distinct())).where(
        Commitment.kind == "signed",
        Commitment.kept.is_(True),
        ~exists(
            select(started.id).where(
                started.project_id == Commitment.project_id,
                started.kind.in_(("started", "production", "capacity")),
                started.kept.is_(True),
            )
        ),
    )


def _funded(session: Session) -> Fraction:
    """Money in place, by the newest reports: of 资金到位 where it has an amount, else of the investment."""
    newest = select(func.max(Report.id)).group_by(Report.commitment_id)
    query = (
        select(Commitment.project_id, Report.value)
        .join(Report, Report.commitment_id == Commitment.id)
        .where(
            Commitment.kind.in_(("investment", "funded")),
            Report.value.is_not(None),
            Report.id.in_(newest),
        )
        .order_by(Commitment.kind.desc())  # What is said of the funds counts last.
    )
    found = {project: value or "0" for project, value in session.execute(query)}
    return sum((Fraction(value) for value in found.values()), Fraction(0))


def _grouped(late: list[Late]) -> list[Late]:
    """One line for all departments that are late with the same project."""
    out: dict[tuple[str, str, bool], Late] = {}
    for one in late:
        key = (one.number, one.what, one.red)
        had = out.get(key)
        if had is not None:
            due = min(one.due_on, had.due_on)
            one = replace(one, who=(*had.who, *one.who), due_on=due)
        out[key] = one
    return list(out.values())


def _late(session: Session, today: dt.date, soon: dt.date) -> list[Late]:
    supervised = exists(
        select(Supervision.id).where(
            Supervision.task_id == Task.id, Supervision.closed_at.is_(None)
        )
    )
    tasks = (
        select(Project.number, Project.name, Task.department, Task.due_on, supervised)
        .join(Task, Task.project_id == Project.id)
        .where(Task.state == OPEN, Task.due_on <= soon)
        .order_by(Task.due_on)
        .limit(500)
    )
    out = [
        Late(number, name, "会审（督办中）" if watched else "会审", (department,), due, due < today)
        for number, name, department, due, watched in session.execute(tasks)
    ]
    promises = (
        select(
            Project.number,
            Project.name,
            Commitment.kind,
            Account.display_name,
            Commitment.due_on,
        )
        .join(Commitment, Commitment.project_id == Project.id)
        .join(Account, Account.id == Project.owner_id)
        .where(and_(Commitment.kept.is_(False), Commitment.due_on <= soon))
        .where(Project.state.in_(ADMITTED))
        .order_by(Commitment.due_on)
        .limit(500)
    )
    out += [
        Late(number, name, title_of(kind), (person,), due, due < today)
        for number, name, kind, person, due in session.execute(promises)
    ]
    return out
