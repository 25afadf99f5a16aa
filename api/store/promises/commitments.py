"""After admission: what was promised, what was really done, and the rates that come of it.

Milestones （签约, 开工, 资金到位, 投产, 达效） have a date; amounts (investment, output, tax, energy) have
a date and an exact number. Reports are never altered: the newest one counts.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Report
from api.database.tables import Decision, Project
from api.errors import Conflict, Invalid, Missing
from api.store.visibility import get_project, may_write, visible
from api.store.work import Actor, Work
from api.transport.schemas import one_of
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
SOON = dt.timedelta(days=30)
NEARLY = Fraction(8, 10)
Kind = Annotated[str, one_of(*MILESTONES, *AMOUNTS)]
PROMISING = ("decided", "review", "supplement", "admitted")


@dataclass(frozen=True, slots=True)
class Promise:
    """A promise to be kept: ``promised`` None takes an amount's number from the dossier."""

    kind: str
    due_on: dt.date
    promised: str | None = None


@dataclass(frozen=True, slots=True)
class ReportOut:
    """What was reported."""

    on_date: dt.date
    value: str | None
    note: str
    reported_by: str
    reported_at: dt.datetime


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class RateOut:
    """A rate as exact parts; ``percent`` rounded to two digits, None where nothing was due."""

    name: str
    title: str
    numerator: str
    denominator: str
    percent: str | None


def promise(work: Work, number: str, promises: tuple[Promise, ...]) -> None:
    """Record what a project promised. Raises Invalid, or Conflict where it has promised it already."""
    project = get_project(work.session, work.actor, number, lock=True)
    if project.state not in PROMISING:
        raise Conflict("委员会不予准入的项目不登记承诺")
    dossier = json.loads(work.session.get_one(Decision, project.decision_id).dossier)
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
            promised = exact_text(_number(promised, f"{place}/promised"))
        elif wanted.promised is not None:
            raise Invalid(f"{place}/promised", "节点只有日期，没有数")
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


def title_of(kind: str) -> str:
    """What is promised, in a word."""
    names = {"investment": "投资", "output": "产值", "tax": "税收", "energy": "能耗"}
    return MILESTONES.get(kind) or names[kind]


def _number(text: str, field: str) -> Fraction:
    try:
        if len(text) > 40 or "e" in text.lower():
            raise ValueError(text)
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Invalid(field, f"“{text[:40]}”不是数") from None
    if value < 0:
        raise Invalid(field, "不能是负数")
    return value


def report(work: Work, commitment_id: int, on_date: dt.date, value: str | None, note: str) -> None:
    """Report what was done (milestone: the date) or reached (amount: the number)."""
    # Locked, so that what it says of the newest report is of the newest report.
    found = work.session.get(Commitment, commitment_id, with_for_update=True)
    if found is None:
        raise Missing("没有这项承诺")
    project = work.session.get_one(Project, found.project_id)
    may_write(work.actor, get_project(work.session, work.actor, project.number))
    if (found.kind in AMOUNTS) != (value is not None):
        raise Invalid("value", "数量类承诺须填实绩，节点类承诺只填日期")
    if on_date > china_day(work.now):
        raise Invalid("on_date", "不能填将来的日期")
    exact = None if value is None else exact_text(_number(value, "value"))
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
    found.kept = keeps(found.kind, found.promised, exact)
    work.session.flush()
    after = {"kind": found.kind, "on": on_date.isoformat(), "value": exact}
    work.log("commitment.report", f"project:{project.number}", None, after)


def keeps(kind: str, promised: str | None, value: str | None) -> bool:
    """Whether a report keeps a promise: a milestone by being made, an amount by its number."""
    if kind in MILESTONES:
        return True
    if value is None:
        return False
    have, want = Fraction(value), Fraction(promised or 0)
    return have <= want if kind == "energy" else have >= want


def light(
    kind: str, promised: str | None, due_on: dt.date, last: ReportOut | None, today: dt.date
) -> tuple[bool, bool, str]:
    """(met, late, light) of a commitment as of ``today``."""
    if kind in MILESTONES:
        if last is not None:
            late = last.on_date > due_on
            return True, late, "yellow" if late else "green"
        if today > due_on:
            return False, True, "red"
        return False, False, "yellow" if due_on - today <= SOON else "green"
    want = Fraction(promised or 0)
    have = Fraction(last.value) if last is not None and last.value is not None else None
    met = last is not None and keeps(kind, promised, last.value)
    # A limit is kept when its day has come, a floor as soon as it is reached.
    if met and last is not None and (kind != "energy" or today >= due_on):
        late = kind != "energy" and last.on_date > due_on
        return True, late, "yellow" if late else "green"
    if today <= due_on:
        return False, False, "yellow" if due_on - today <= SOON else "green"
    near = have is not None and (
        want >= have * NEARLY if kind == "energy" else have >= want * NEARLY
    )
    return False, True, "yellow" if near else "red"


def of_project(
    session: Session, actor: Actor, number: str, today: dt.date
) -> tuple[CommitmentOut, ...]:
    """A project's commitments."""
    project = get_project(session, actor, number)
    found = session.scalars(
        select(Commitment).where(Commitment.project_id == project.id).order_by(Commitment.id)
    ).all()
    said = reports_of(session, [c.id for c in found])
    return tuple(_view(c, project.number, said.get(c.id, ()), today) for c in found)


def _view(
    found: Commitment, number: str, said: tuple[ReportOut, ...], today: dt.date
) -> CommitmentOut:
    last = said[0] if said else None
    met, late, colour = light(found.kind, found.promised, found.due_on, last, today)
    return CommitmentOut(
        id=found.id,
        number=number,
        kind=found.kind,
        title=title_of(found.kind),
        promised=found.promised,
        unit=found.unit,
        due_on=found.due_on,
        met=met,
        late=late,
        light=colour,
        reports=said,
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


RATES: Mapping[str, tuple[str, str]] = {
    "start": ("开工率", "已开工项目 ÷ 已签约项目"),
    "funds": ("资金到位率", "到位资金 ÷ 承诺投资（有投资实绩或已到期的项目）"),
    "capacity": ("投产达效率", "已达效项目 ÷ 已投产项目"),
    "fulfilment": ("履约率", "已履行承诺 ÷ 已到期承诺"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one commitment stands by its newest report; ``project`` is the project's id."""

    project: int
    kind: str
    promised: str | None
    due_on: dt.date
    last: ReportOut | None
    met: bool
    late: bool
    light: str

    @property
    def title(self) -> str:
        """What was promised, in a word."""
        return title_of(self.kind)


def standings(
    session: Session,
    actor: Actor,
    today: dt.date,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    industry: str | None = None,
    credit_code: str | None = None,
) -> Iterator[Standing]:
    """Every commitment of the projects that the actor may see, out of one query."""
    newest = (
        select(Report.commitment_id, func.max(Report.id).label("id"))
        .group_by(Report.commitment_id)
        .subquery()
    )
    query = (
        select(
            Commitment.project_id,
            Commitment.kind,
            Commitment.promised,
            Commitment.due_on,
            Report.on_date,
            Report.value,
            Report.note,
            Report.reported_by,
            Report.reported_at,
        )
        .join(Project, Project.id == Commitment.project_id)
        .outerjoin(newest, newest.c.commitment_id == Commitment.id)
        .outerjoin(Report, Report.id == newest.c.id)
        .where(visible(actor))
        .order_by(Commitment.id)
    )
    if start:
        query = query.where(Project.submitted_on >= start)
    if end:
        query = query.where(Project.submitted_on <= end)
    if industry:
        query = query.where(Project.industry.startswith(industry.upper(), autoescape=True))
    if credit_code:
        query = query.where(Project.credit_code == credit_code)
    for project, kind, promised, due_on, on_date, *said in session.execute(query):
        # An outer join: without a report all five are None.
        last = ReportOut(on_date, *said) if on_date is not None else None  # type: ignore[arg-type]
        yield Standing(
            project, kind, promised, due_on, last, *light(kind, promised, due_on, last, today)
        )


def rates(
    session: Session,
    actor: Actor,
    today: dt.date,
    *,
    start: dt.date | None = None,
    end: dt.date | None = None,
    industry: str | None = None,
    credit_code: str | None = None,
) -> tuple[RateOut, ...]:
    """The conversion rates of the projects that the actor may see, out of one query."""
    found = standings(
        session, actor, today, start=start, end=end, industry=industry, credit_code=credit_code
    )
    return rates_of(list(found), today)


def rates_of(found: Sequence[Standing], today: dt.date) -> tuple[RateOut, ...]:
    """The conversion rates of these commitments."""
    reached = {k: {s.project for s in found if s.kind == k and s.met} for k in MILESTONES}
    money = [s for s in found if s.kind == "investment" and (s.last or s.due_on < today)]
    paid = sum((Fraction(s.last.value or 0) for s in money if s.last), Fraction(0))
    owed = sum((Fraction(s.promised or 0) for s in money), Fraction(0))
    due = [s for s in found if s.due_on < today]
    parts: dict[str, tuple[Fraction, Fraction]] = {
        "start": (
            Fraction(len(reached["started"] & reached["signed"])),
            Fraction(len(reached["signed"])),
        ),
        "funds": (paid, owed),
        "capacity": (
            Fraction(len(reached["capacity"] & reached["production"])),
            Fraction(len(reached["production"])),
        ),
        "fulfilment": (Fraction(sum(s.met for s in due)), Fraction(len(due))),
    }
    out = []
    for name, (top, bottom) in parts.items():
        percent = f"{float(round(top / bottom * 100, 2)):.2f}" if bottom else None
        out.append(
            RateOut(
                name=name,
                title=RATES[name][0],
                numerator=exact_text(top),
                denominator=exact_text(bottom),
                percent=percent,
            )
        )
    return tuple(out)


def past_record(session: Session, actor: Actor, credit_code: str, today: dt.date) -> dict[str, str]:
    """An enterprise's past fulfilment, as dossier fields that a rule can read.

    ``past_fulfilment_rate`` (%) and ``past_commitments_due`` (count); empty where nothing was due.
    """
    found = {r.name: r for r in rates(session, actor, today, credit_code=credit_code)}
    kept = found["fulfilment"]
    if kept.percent is None:
        return {}
    exact = Fraction(kept.numerator) / Fraction(kept.denominator) * 100
    return {"past_fulfilment_rate": exact_text(exact), "past_commitments_due": kept.denominator}
