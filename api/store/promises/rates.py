"""Conversion rates: how many of the promises that were due were kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database.review_tables import Commitment, Report
from api.database.tables import Project
from api.store.promises.commitments import MILESTONES, ReportOut, progress, title_of
from api.store.visibility import visible
from api.store.work import Actor
from api.transport.schemas import record
from evaluator.values.numbers import exact_text


@record
class RateOut:
    """A rate as exact parts; ``percent`` rounded to two digits, None where nothing was due."""

    name: str
    title: str
    numerator: str
    denominator: str
    percent: str | None


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
            project, kind, promised, due_on, last, *progress(kind, promised, due_on, last, today)
        )


def rates_of(made: Sequence[Standing], today: dt.date) -> tuple[RateOut, ...]:
    """The conversion rates of these commitments."""
    reached = {k: {s.project for s in made if s.kind == k and s.met} for k in MILESTONES}
    money = [s for s in made if s.kind == "investment" and (s.last or s.due_on < today)]
    paid = sum((Fraction(s.last.value or 0) for s in money if s.last), Fraction(0))
    owed = sum((Fraction(s.promised or 0) for s in money), Fraction(0))
    due = [s for s in made if s.due_on < today]
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
    made = list(standings(session, actor, today, credit_code=credit_code))
    kept = next(r for r in rates_of(made, today) if r.name == "fulfilment")
    if kept.percent is None:
        return {}
    exact = Fraction(kept.numerator) / Fraction(kept.denominator) * 100
    return {"past_fulfilment_rate": exact_text(exact), "past_commitments_due": kept.denominator}
