"""The stored projects as a list, and as a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from api.access.security import allowed, store_of
from api.database.tables import Hit
from api.filters import find_choice, find_industry, find_past_department, find_rule
from api.judging.current import ReadingJudge
from api.judging.judge import Judge
from api.pages.assess.industries import industry_choices
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import entitled
from api.pages.frame.words import CONCLUSION_LIGHTS, STATES, VERDICTS, stage_title, verdict_word
from api.store.projects import drafts, lookup
from api.store.projects.lookup import Filter
from api.transport.parameters import Number, parse_day

router = APIRouter(prefix="/projects", include_in_schema=False, route_class=PageRoute)
SOUGHT = {
    **STATES,
    lookup.OPEN: "委员会未作结论",
    lookup.READY: "可以作结论",
    lookup.TALKS: "在谈",
    lookup.PASSED: "已准入（含附条件）",
    lookup.UNSTARTED: "签约未开工",
}
Words = Annotated[str, Query(max_length=100)]
Short = Annotated[str, Query(max_length=60)]
PROJECTS = (
    Column("受理编号", width=17),
    Column("项目编号"),
    Column("项目名称", width=36),
    Column("投资主体", width=30),
    Column("行业代码"),
    Column("片区", width=18),
    Column("总投资", "number", "万元"),
    Column("用地", "number", "亩"),
    Column("经办人"),
    Column("受理日期", "date"),
    Column("版本", "number"),
    Column("委员会结论"),
    Column("系统结论"),
    Column("环节"),
    Column("状态"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, as it was typed."""

    q: Words = ""
    verdict: Short = ""
    state: Short = ""
    department: Short = ""
    industry: Short = ""
    zone: Words = ""
    rule: Words = ""
    last: Annotated[str, Query(max_length=1)] = ""
    start: Annotated[str, Query(alias="from", max_length=10)] = ""
    end: Annotated[str, Query(alias="to", max_length=10)] = ""

    @property
    def given(self) -> dict[str, str]:
        """The same by parameter."""
        named = asdict(self)
        return named | {"from": named.pop("start"), "to": named.pop("end")}

    def filter(self, session: Session, judge: Judge) -> Filter:
        """The same for the store. Raises ProblemError 422."""
        return Filter(
            verdict=find_choice("verdict", self.verdict, VERDICTS),
            department=find_past_department(session, judge, self.department, Hit.department),
            rule=find_rule(session, judge.ruleset, self.rule),
            industry=find_industry(self.industry),
            state=find_choice("state", self.state, SOUGHT),
            start=parse_day(self.start or None, "from"),
            end=parse_day(self.end or None, "to"),
            q=self.q or None,
            zone=self.zone or None,
            last=judge.ruleset.stages[-1].id if self.last else None,
        )


@router.get("")
def listed(
    request: Request,
    judge: ReadingJudge,
    wanted: Annotated[Wanted, Depends()],
    cursor: Short = "",
) -> Response:
    """Projects the actor may see."""
    actor = entitled(request, "read")
    with store_of(request).db.read() as session:
        sought = wanted.filter(session, judge)
        shown = lookup.find(session, actor, sought, cursor or None, 50)
        mine = drafts.mine(session, actor) if allowed(actor, "draft") else ()
    return page(
        request,
        "projects.html",
        listed=shown,
        drafts=mine,
        chosen=wanted.given,
        sought=SOUGHT,
        ruleset=judge.ruleset,
        industries=industry_choices(),
        asked=urlencode({k: v for k, v in wanted.given.items() if v}),
        cursor=cursor,
    )


@router.get(".{kind}")
def listed_file(
    request: Request, judge: ReadingJudge, kind: Kind, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """The same list for a spreadsheet."""
    actor = entitled(request, "read")
    registry = judge.ruleset.registry
    with store_of(request).db.read() as session:
        sought = wanted.filter(session, judge)
        asked = {
            "文字": wanted.q,
            "系统结论": VERDICTS.get(wanted.verdict, ""),
            "状态": SOUGHT.get(wanted.state, ""),
            "环节": "只列到了最后一个环节的" if wanted.last else "",
            "涉及部门": registry.department(sought.department) if sought.department else "",
            "行业代码": wanted.industry,
            "片区": wanted.zone,
            "规则": wanted.rule,
            "受理日期从": wanted.start,
            "受理日期到": wanted.end,
        }
        rows = (
            (
                p.number,
                p.project_id,
                p.name,
                p.enterprise,
                p.industry,
                p.zone,
                p.investment,
                p.land,
                p.person,
                p.submitted_on,
                p.version,
                STATES[p.state] if p.state in CONCLUSION_LIGHTS else "",
                verdict_word(judge.ruleset, p.stage, p.verdict),
                stage_title(judge.ruleset, p.stage),
                STATES.get(p.state, p.state),
            )
            for p in lookup.each(session, actor, sought)
        )
        notes = [(k, v) for k, v in asked.items() if v]
        return listing_response(
            kind, "projects", Listing("项目", PROJECTS, rows, notes), title="项目清单"
        )


@router.get("/{number}")
def newest(request: Request, number: Number) -> Response:
    """The newest decision on a project."""
    actor = entitled(request, "read")
    with store_of(request).db.read() as session:
        return RedirectResponse(f"/decisions/{lookup.get(session, actor, number).decision}", 302)
