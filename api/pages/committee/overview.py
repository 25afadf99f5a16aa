"""总览: verdicts, reasons, rules and rates over all projects."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access.security import store_of
from api.database.review_tables import Task
from api.judging.current import ReadingJudge
from api.pages.committee.counts import Counts, CountsMemo
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import (
    CONCLUSION_LIGHTS,
    OUTCOMES_BY_STATE,
    TASK_LIGHTS,
    chinese_date,
    chinese_time,
)
from api.store import statistics
from api.store.core import Store
from api.store.promises.commitments import MILESTONES
from api.store.promises.rates import RATES
from api.store.review import waiting
from api.store.review.tasks import light
from api.store.statistics import RuleCountOut, VerdictCountOut
from api.transport.parameters import parse_day
from api.transport.problems import ProblemError
from api.workdays.china import today
from evaluator.rulebook.ast import Ruleset
from evaluator.values.industries import industry_label

router = APIRouter(include_in_schema=False, route_class=PageRoute)
# What the committee concluded, in the order in which it is counted, then what is open.
CONCLUDED = {**OUTCOMES_BY_STATE, "open": "未作结论"}
NUMBERS = (
    *(Column(word, "number", "个") for word in CONCLUDED.values()),
    Column("合计", "number", "个"),
    Column("系统：准入", "number", "个"),
    Column("系统：提交会审", "number", "个"),
    Column("系统：不予准入", "number", "个"),
)
GROUPS = {
    "month": ("各月的结论", "月份"),
    "industry": ("各行业大类的结论", "行业大类"),
    "department": ("涉及各部门事项的项目", "部门"),
}


LIGHTS = (("green", "绿灯"), ("yellow", "黄灯"), ("red", "红灯"), ("grey", "等补正"))
PROMISES = (*MILESTONES.values(), "投资", "产值", "税收", "能耗")


@dataclass(frozen=True, slots=True)
class Period:
    """The days of acceptance that are counted, as they were asked for."""

    start: Annotated[str, Query(alias="from", max_length=10)] = ""
    end: Annotated[str, Query(alias="to", max_length=10)] = ""

    @property
    def days(self) -> tuple[dt.date | None, dt.date | None]:
        """First and last day. Raises ProblemError 422."""
        return parse_day(self.start or None, "from"), parse_day(self.end or None, "to")


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the page shows."""

    counts: Counts
    overridden: tuple[RuleCountOut, ...]
    lights: dict[str, Counter[str]]

    @property
    def stages(self) -> dict[str, Counter[str]]:
        """Lights from the joint review to full output."""
        review_lights = sum(self.lights.values(), Counter())
        promised = {t: self.counts.promises[t] for t in PROMISES if t in self.counts.promises}
        return ({"会审": review_lights} if review_lights else {}) | promised

    @property
    def groups(self) -> dict[str, tuple[VerdictCountOut, ...]]:
        """Verdicts by month, industry and department, each with a label that people know."""
        return {k: tuple(_labelled(k, c) for c in v) for k, v in self.counts.groups.items()}


def _labelled(by: str, count: VerdictCountOut) -> VerdictCountOut:
    if by == "industry":
        return replace(count, label=industry_label(count.key) if count.key else count.label)
    if by == "month":
        year, _, month = count.key.partition("-")
        return replace(count, label=f"{year}年{int(month)}月")
    return count


def _lights(store: Store, session: Session, ruleset: Ruleset) -> dict[str, Counter[str]]:
    """Waiting review tasks by department and light."""
    query = (
        select(Task.department, Task.state, Task.due_on, func.count())
        .where(Task.state.in_(waiting.WAITING))
        .group_by(Task.department, Task.state, Task.due_on)
    )
    out: dict[str, Counter[str]] = {}
    for department, state, due_on, number in session.execute(query):
        colour = light(state, due_on, today(), store.calendar)
        if colour:
            out.setdefault(ruleset.registry.department(department), Counter())[colour] += number
    return out


def _overview(request: Request, ruleset: Ruleset, period: Period) -> Overview:
    memo: CountsMemo = request.app.state.counts
    store, (first, last) = store_of(request), period.days
    with store.db.read() as session:
        return Overview(
            memo.get(session, ruleset, first, last, today()),
            statistics.overridden_rules(session, ruleset),
            _lights(store, session, ruleset),
        )


@router.get("/overview")
def overview(
    request: Request, judge: ReadingJudge, period: Annotated[Period, Depends()]
) -> Response:
    """Counts over the projects accepted within a period."""
    entitled(request, "statistics")
    shown = _overview(request, judge.ruleset, period)
    totals = [
        sum(getattr(c, k) for c in shown.groups["month"])
        for k in ("passed", "referred", "rejected")
    ]
    concluded = {
        k: (word, sum(getattr(c.concluded, k) for c in shown.groups["month"]))
        for k, word in CONCLUDED.items()
    }
    asked = urlencode({k: v for k, v in (("from", period.start), ("to", period.end)) if v})
    return page(
        request,
        "overview.html",
        shown=shown,
        groups=shown.groups,
        totals=totals,
        concluded=concluded,
        where={(by, c.key): _where(by, c.key, period) for by, g in shown.groups.items() for c in g},
        lights=CONCLUSION_LIGHTS,
        asked=asked,
        stages=shown.stages,
        formulas={k: v for k, (_, v) in RATES.items()},
        start=period.start,
        end=period.end,
    )


def _where(by: str, key: str, period: Period) -> str:
    """The query of the list that a row counts; empty where no list is of just those."""
    if not key:
        return ""
    days = {"from": period.start, "to": period.end}
    if by == "month":
        year, _, month = key.partition("-")
        first = dt.date(int(year), int(month), 1)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        # ISO texts sort as their days do.
        days = {
            "from": max(first.isoformat(), period.start),
            "to": min(last.isoformat(), period.end or last.isoformat()),
        }
    named = {} if by == "month" else {by: key}
    return urlencode({k: v for k, v in {**named, **days}.items() if v})


@router.get("/overview.{kind}")
def overview_file(
    request: Request,
    judge: ReadingJudge,
    kind: Kind,
    period: Annotated[Period, Depends()],
    table: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One table for a spreadsheet, or as .xlsx all of them where none is named."""
    entitled(request, "statistics")
    shown = _overview(request, judge.ruleset, period)
    tables = _tables(shown, _about(judge.ruleset, period, shown))
    if not table and kind == "xlsx":
        return listing_response(kind, "overview", *tables.values(), title="总览")
    if table not in tables:
        raise ProblemError(404, f"没有统计表“{table}”。可用：{'、'.join(tables)}。")
    return listing_response(
        kind, f"overview-{table}", tables[table], title=f"总览-{tables[table].title}"
    )


def _about(ruleset: Ruleset, period: Period, shown: Overview) -> Sequence[tuple[str, str]]:
    first, last = (chinese_date(d) if d else "不限" for d in period.days)
    return [
        ("受理日期从", first),
        ("受理日期到", last),
        ("规则集", ruleset.title),
        ("规则集标识", ruleset.identity),
        ("统计截至", chinese_time(shown.counts.at)),
    ]


def _tables(shown: Overview, about: Sequence[tuple[str, str]]) -> dict[str, Listing]:
    out = {}
    for by, (title, first) in GROUPS.items():
        rows = [
            (
                c.label,
                *(getattr(c.concluded, k) for k in CONCLUDED),
                c.total,
                c.passed,
                c.referred,
                c.rejected,
            )
            for c in shown.groups[by]
        ]
        out[by] = Listing(title, (Column(first, width=40), *NUMBERS), rows, about)
    out["tasks"] = Listing(
        "未办结的会审事项",
        (Column("部门", width=26), *(Column(w, "number", "件") for w in TASK_LIGHTS.values())),
        [(d, *(c[k] for k in TASK_LIGHTS)) for d, c in shown.lights.items()],
        about,
    )
    rule = (Column("规则", width=36), Column("标题", width=30))
    out["reasons"] = Listing(
        "最常见的理由",
        (*rule, Column("不符合", "number", "个项目"), Column("材料不足", "number", "个项目")),
        [(c.rule, c.title, c.violated, c.unknown) for c in shown.counts.reasons],
        about,
    )
    out["stages"] = Listing(
        "各环节的灯",
        (Column("环节"), *(Column(word, "number", "项") for _, word in LIGHTS)),
        [(t, *(c[k] for k, _ in LIGHTS)) for t, c in shown.stages.items()],
        about,
    )
    out["rates"] = Listing(
        "转化率",
        (
            Column("指标"),
            Column("比率", "number", "%"),
            Column("怎样算", width=44),
            Column("分子", "number"),
            Column("分母", "number"),
        ),
        [
            (r.title, r.percent, RATES[r.name][1], r.numerator, r.denominator)
            for r in shown.counts.rates
        ],
        about,
    )
    out["overridden"] = Listing(
        "一事一议推翻过的规则",
        (*rule, Column("次数", "number", "次")),
        [(c.rule, c.title, c.violated) for c in shown.overridden],
        about,
    )
    out["unhit"] = Listing(
        "从未有项目不符合的规则", rule, [(c.rule, c.title) for c in shown.counts.unhit], about
    )
    return out
