"""After admission: what was promised, what was really done, and the rates that come of it.

Milestones (签约, 开工, 资金到位, 投产, 达效) have a date; amounts (investment, output, tax, energy) have
a date and an exact number. Reports are never altered: the newest one counts.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Report
from api.database.tables import Decision, Project
from api.errors import Conflict, Invalid, Missing
from api.store import preconditions
from api.store.preconditions import commitment_now, must_be, of_commitment
from api.store.review.outcomes import ADMITTED
from api.store.visibility import get_project, may_write
from api.store.work import Actor, Work
from api.transport.schemas import one_of, record
from api.transport.seen import Seen, SeenText
from api.workdays.china import china_day
from evaluator.values.numbers import exact_text

MILESTONES = {
    "signed": "签约",
    "started": "开工",
    "funded": "资金到位",
    "production": "投产",
    "capacity": "达效",
}
# What a dossier says about an amount: field, unit; energy is a limit, the rest are floors.
AMOUNTS = {
    "investment": ("total_investment", "万元"),
    "output": ("annual_output", "万元/年"),
    "tax": ("annual_tax", "万元/年"),
    "energy": ("annual_energy", "吨标准煤/年"),
}
# A milestone that may also be an amount: how much money is to be there by its day.
FUNDED, MONEY = "funded", "万元"
# Milestones follow one another: none comes before the one ahead of it.
ORDER = ("signed", "started", "production", "capacity")
SOON = dt.timedelta(days=30)
NEARLY = Fraction(8, 10)
Kind = Annotated[str, one_of(*MILESTONES, *AMOUNTS)]
PROMISING = ("decided", "review", "supplement", "suspended", *ADMITTED)


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise to be kept: ``promised`` None takes an amount's number from the dossier."""

    kind: str
    due_on: dt.date
    promised: str | None = None


@record
class ReportOut:
    """What was reported."""

    on_date: dt.date
    value: str | None
    note: str
    reported_by: str
    reported_at: dt.datetime


@record
class CommitmentOut:
    """A promise with its reports, newest first; ``met`` is whether it is fulfilled as of today."""

    id: int
    number: str
    kind: Kind
    title: str
    promised: str | None
    unit: str | None
    due_on: dt.date
    met: bool
    late: bool
    light: Annotated[str, one_of("green", "yellow", "red")]
    reports: tuple[ReportOut, ...]
    seen: SeenText


def promise(work: Work, number: str, promises: tuple[Promise, ...], seen: Seen) -> None:
    """Record what a project promised. Raises Invalid, or Conflict where it has promised it already."""
    project = get_project(work.session, work.actor, number, lock=True)
    if project.state not in PROMISING:
        raise Conflict("委员会不予准入或已终止的项目不登记承诺")
    now = preconditions.of_project(work.session, project)
    must_be(work.session, seen, now, f"项目 {number}", [f"project:{number}"])
    dossier = dossier_of(work.session.get_one(Decision, project.decision_id))
    for place, wanted in enumerate(promises):
        exists = select(Commitment.id).where(
            Commitment.project_id == project.id, Commitment.kind == wanted.kind
        )
        if work.session.scalar(exists) is not None:
            raise Conflict(f"“{title_of(wanted.kind)}”已有承诺，承诺不能改写")
        promised, unit = None, None
        if wanted.kind in AMOUNTS:
            field, unit = AMOUNTS[wanted.kind]
            promised = wanted.promised if wanted.promised is not None else dossier.get(field)
            if promised is None:
                raise Invalid(f"{place}/promised", "申报材料没有这个数，须写明承诺的数")
            promised = exact_text(amount(promised, f"{place}/promised"))
        elif wanted.promised is not None:
            if wanted.kind != FUNDED:
                title = title_of(wanted.kind)
                raise Invalid(f"{place}/promised", f"{title}只有日期，没有数，请把数量空着")
            unit, promised = MONEY, exact_text(amount(wanted.promised, f"{place}/promised"))
        due = _dues(work.session, project.id) | {p.kind: p.due_on for p in promises[:place]}
        _in_order(wanted.kind, wanted.due_on, due, f"{place}/due_on", "的期限")
        work.session.add(
            Commitment(
                project_id=project.id,
                kind=wanted.kind,
                promised=promised,
                unit=unit,
                due_on=wanted.due_on,
                made_by=work.actor.name,
                made_at=work.now,
            )
        )
        after = {"kind": wanted.kind, "promised": promised, "due_on": wanted.due_on.isoformat()}
        work.log("commitment.promise", f"project:{number}", None, after)
    work.session.flush()


def _dues(session: Session, project: int) -> dict[str, dt.date]:
    """The days by which a project's milestones are promised."""
    query = select(Commitment.kind, Commitment.due_on).where(Commitment.project_id == project)
    return dict(session.execute(query).all())


def _done(session: Session, project: int) -> dict[str, dt.date]:
    """The days on which a project's milestones were reached, by their newest reports."""
    query = (
        select(Commitment.kind, Report.on_date)
        .join(Report, Report.commitment_id == Commitment.id)
        .where(Commitment.project_id == project)
        .order_by(Report.id)
    )
    return dict(session.execute(query).all())


def _in_order(kind: str, day: dt.date, days: dict[str, dt.date], field: str, word: str) -> None:
    """Raises Invalid for a milestone before the one ahead of it, or after the one behind it."""
    if kind not in ORDER:
        return
    at = ORDER.index(kind)
    for n, other in enumerate(ORDER):
        known = days.get(other)
        if known is None or n == at:
            continue
        first, second = (other, kind) if n < at else (kind, other)
        if (known > day) if n < at else (known < day):
            raise Invalid(
                field,
                f"{title_of(second)}{word}不能早于{title_of(first)}"
                f"（{title_of(other)}是 {known.isoformat()}）",
            )


def fits(session: Session, commitment: Commitment, day: dt.date) -> None:
    """Raises Invalid where a day does not fit between those of the project's other milestones."""
    due = _dues(session, commitment.project_id)
    _in_order(commitment.kind, day, due, "due_on", "的期限")


def dossier_of(decision: Decision) -> dict[str, Any]:
    """The snapshot of a decision."""
    told = json.loads(decision.dossier)
    assert isinstance(told, dict)
    return told


def title_of(kind: str) -> str:
    """What is promised, in a word."""
    names = {"investment": "投资", "output": "产值", "tax": "税收", "energy": "能耗"}
    return MILESTONES.get(kind) or names[kind]


def amount(text: str, field: str) -> Fraction:
    """A number as it was typed, exact. Raises Invalid at ``field``."""
    try:
        if len(text) > 40 or "e" in text.lower():
            raise ValueError(text)
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Invalid(field, f"“{text[:40]}”不是数") from None
    if value < 0:
        raise Invalid(field, "不能是负数")
    return value


def report(
    work: Work, commitment_id: int, on_date: dt.date, value: str | None, note: str, seen: Seen
) -> None:
    """Report what was done (milestone: the date) or reached (amount: the number)."""
    # Locked, so that what it says of the newest report is of the newest report.
    commitment = work.session.get(Commitment, commitment_id, with_for_update=True)
    if commitment is None:
        raise Missing("没有这项承诺")
    project = work.session.get_one(Project, commitment.project_id)
    may_write(work.actor, get_project(work.session, work.actor, project.number))
    promise_as_seen(work, commitment, project.number, seen)
    if (commitment.promised is not None) != (value is not None):
        raise Invalid("value", "数量类承诺须填实绩，节点类承诺只填日期")
    if on_date > china_day(work.now):
        raise Invalid("on_date", "不能填将来的日期")
    done = _done(work.session, commitment.project_id)
    _in_order(commitment.kind, on_date, done, "on_date", "")
    exact = None if value is None else exact_text(amount(value, "value"))
    work.session.add(
        Report(
            commitment_id=commitment_id,
            on_date=on_date,
            value=exact,
            note=note.strip(),
            reported_by=work.actor.name,
            reported_at=work.now,
        )
    )
    commitment.kept = keeps(commitment.kind, commitment.promised, exact)
    work.session.flush()
    after = {"kind": commitment.kind, "on": on_date.isoformat(), "value": exact}
    work.log("commitment.report", f"project:{project.number}", None, after)


def promise_as_seen(work: Work, commitment: Commitment, number: str, seen: Seen) -> None:
    """Raise Changed unless the promise and its reports are those that were seen."""
    subjects = [f"commitment:{commitment.id}", f"project:{number}"]
    now = commitment_now(work.session, commitment)
    must_be(work.session, seen, now, f"承诺“{title_of(commitment.kind)}”", subjects)


def keeps(kind: str, promised: str | None, value: str | None) -> bool:
    """Whether a report keeps a promise: a milestone by being made, an amount by its number."""
    if promised is None:
        return kind in MILESTONES
    if value is None:
        return False
    have, want = Fraction(value), Fraction(promised or 0)
    return have <= want if kind == "energy" else have >= want


class Progress(NamedTuple):
    """How far a promise is: fulfilled, later than promised, and 红黄绿灯."""

    met: bool
    late: bool
    light: str


def progress(
    kind: str, promised: str | None, due_on: dt.date, last: ReportOut | None, today: dt.date
) -> Progress:
    """How far a promise is as of ``today``, by its newest report."""
    if kind in MILESTONES and promised is None:
        if last is not None:
            late = last.on_date > due_on
            return Progress(True, late, "yellow" if late else "green")
        if today > due_on:
            return Progress(False, True, "red")
        return Progress(False, False, "yellow" if due_on - today <= SOON else "green")
    want = Fraction(promised or 0)
    have = Fraction(last.value) if last is not None and last.value is not None else None
    met = last is not None and keeps(kind, promised, last.value)
    # A limit is kept when its day has come, a floor as soon as it is reached.
    if met and last is not None and (kind != "energy" or today >= due_on):
        late = kind != "energy" and last.on_date > due_on
        return Progress(True, late, "yellow" if late else "green")
    if today <= due_on:
        return Progress(False, False, "yellow" if due_on - today <= SOON else "green")
    near = have is not None and (
        want >= have * NEARLY if kind == "energy" else have >= want * NEARLY
    )
    return Progress(False, True, "yellow" if near else "red")


def of_project(
    session: Session, actor: Actor, number: str, today: dt.date
) -> tuple[CommitmentOut, ...]:
    """A project's commitments."""
    project = get_project(session, actor, number)
    made = session.scalars(
        select(Commitment).where(Commitment.project_id == project.id).order_by(Commitment.id)
    ).all()
    said = reports_of(session, [c.id for c in made])
    return tuple(_view(c, project.number, said.get(c.id, ()), today) for c in made)


def _view(
    commitment: Commitment, number: str, said: tuple[ReportOut, ...], today: dt.date
) -> CommitmentOut:
    last = said[0] if said else None
    far = progress(commitment.kind, commitment.promised, commitment.due_on, last, today)
    return CommitmentOut(
        id=commitment.id,
        number=number,
        kind=commitment.kind,
        title=title_of(commitment.kind),
        promised=commitment.promised,
        unit=commitment.unit,
        due_on=commitment.due_on,
        met=far.met,
        late=far.late,
        light=far.light,
        reports=said,
        seen=str(of_commitment(commitment, (r.reported_at for r in said))),
    )


def reports_of(session: Session, ids: list[int]) -> dict[int, tuple[ReportOut, ...]]:
    """What was reported on each commitment, newest first."""
    out: dict[int, tuple[ReportOut, ...]] = {}
    query = select(Report).where(Report.commitment_id.in_(ids)).order_by(Report.id.desc())
    for r in session.scalars(query):
        view = ReportOut(
            on_date=r.on_date,
            value=r.value,
            note=r.note,
            reported_by=r.reported_by,
            reported_at=r.reported_at,
        )
        out[r.commitment_id] = (*out.get(r.commitment_id, ()), view)
    return out
