"""By period: how far admitted projects are, by district and industry; what each department did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.access.security import store_of
from api.filters import find_choice
from api.judging.current import ReadingJudge
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.store.promises.rates_by import GROUPS, Reached, reached, together
from api.store.review.appraisal import Unit, appraised
from api.transport.parameters import parse_day
from api.transport.problems import ProblemError
from api.workdays.china import today
from evaluator.values.industries import industry_label
from evaluator.values.numbers import exact_text, shown

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Day = Annotated[str, Query(max_length=10)]
RATES = (
    Column("项目", "number", "个"),
    Column("已签约", "number", "个"),
    Column("签约未开工", "number", "个"),
    Column("已开工", "number", "个"),
    Column("已投产", "number", "个"),
    Column("已达效", "number", "个"),
    Column("承诺到位", "number", "万元"),
    Column("资金到位", "number", "万元"),
    Column("开工率", "number", "%"),
    Column("投产率", "number", "%"),
    Column("达效率", "number", "%"),
    Column("资金到位率", "number", "%"),
)
UNITS = (
    Column("部门", width=26),
    Column("收到会审事项", "number", "件"),
    Column("办结", "number", "件"),
    Column("其中逾期办结", "number", "件"),
    Column("逾期没有办", "number", "件"),
    Column("平均用时", "number", "天"),
    Column("被督办", "number", "件"),
    Column("督办销号", "number", "件"),
    Column("堵点", "number", "个"),
    Column("解决堵点", "number", "个"),
    Column("其中逾期解决", "number", "个"),
)


def rate_cells(g: Reached) -> tuple[object, ...]:
    """The numbers of one group, in the order of ``RATES``."""
    numbers = (g.projects, g.signed, g.waiting, g.started, g.production, g.capacity)
    return (*numbers, exact_text(g.promised), exact_text(g.funded), *g.rates)


def unit_cells(u: Unit) -> tuple[object, ...]:
    """The numbers of one department, in the order of ``UNITS`` after its name."""
    mean = shown(u.mean, 1) if u.mean is not None else None
    answered = (u.received, u.answered, u.answered_late, u.waiting_late, mean)
    return (*answered, u.supervised, u.struck_off, u.obstacles, u.solved, u.solved_late)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How it is grouped, and of which days, as it was typed; without days, of this year."""

    by: Annotated[str, Query(max_length=20)] = "zone"
    start: Annotated[str, Query(alias="from", max_length=10)] = ""
    end: Annotated[str, Query(alias="to", max_length=10)] = ""

    @property
    def asked(self) -> str:
        """The same as a query."""
        return urlencode({"by": self.by, "from": self.start, "to": self.end})


def _period(wanted: Wanted) -> tuple[dt.date | None, dt.date | None]:
    start, end = parse_day(wanted.start or None, "from"), parse_day(wanted.end or None, "to")
    if start is not None and end is not None and start > end:
        raise ProblemError(422, "起始日期不能晚于截止日期")
    return start, end


def _year(wanted: Wanted) -> tuple[dt.date, dt.date]:
    start, end = _period(wanted)
    return start or today().replace(month=1, day=1), end or today()


def _label(by: str, key: str) -> str:
    if not key:
        return "没有填"
    return industry_label(key) if by == "industry" else key


@router.get("/rates")
def rates(request: Request, wanted: Annotated[Wanted, Depends()]) -> Response:
    """How far projects are after admission, by district or industry."""
    actor = entitled(request, "statistics")
    by = find_choice("by", wanted.by, GROUPS) or "zone"
    start, end = _period(wanted)
    with store_of(request).db.read() as session:
        groups = reached(session, actor, by, start, end)
    return page(
        request,
        "rates.html",
        rows=[(_label(by, g.key), rate_cells(g)) for g in groups],
        total=rate_cells(together(groups)),
        columns=RATES,
        groups=GROUPS,
        by=by,
        wanted=wanted,
    )


@router.get("/rates.{kind}")
def rates_file(request: Request, kind: Kind, wanted: Annotated[Wanted, Depends()]) -> Response:
    """The same for a spreadsheet."""
    actor = entitled(request, "statistics")
    by = find_choice("by", wanted.by, GROUPS) or "zone"
    start, end = _period(wanted)
    with store_of(request).db.read() as session:
        groups = reached(session, actor, by, start, end)
    rows = [(_label(by, g.key), *rate_cells(g)) for g in (*groups, together(groups))]
    about = [("受理日期从", wanted.start or "最早"), ("到", wanted.end or "今天")]
    columns = (Column(GROUPS[by], width=26), *RATES)
    return listing_response(kind, "rates", Listing("兑现进度", columns, rows, about))


@router.get("/appraisal")
def appraisal(
    request: Request, judge: ReadingJudge, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """What each department did in a period."""
    entitled(request, "statistics")
    start, end = _year(wanted)
    with store_of(request).db.read() as session:
        units = appraised(session, start, end, today())
    name = judge.ruleset.registry.department
    return page(
        request,
        "appraisal.html",
        rows=[(name(u.department), unit_cells(u)) for u in units],
        columns=UNITS[1:],
        start=start,
        end=end,
        wanted=wanted,
    )


@router.get("/appraisal.{kind}")
def appraisal_file(
    request: Request, judge: ReadingJudge, kind: Kind, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """The same for a spreadsheet."""
    entitled(request, "statistics")
    start, end = _year(wanted)
    with store_of(request).db.read() as session:
        units = appraised(session, start, end, today())
    name = judge.ruleset.registry.department
    rows = [(name(u.department), *unit_cells(u)) for u in units]
    about = [("从", start.isoformat()), ("到", end.isoformat())]
    return listing_response(kind, "appraisal", Listing("部门考核", UNITS, rows, about))
