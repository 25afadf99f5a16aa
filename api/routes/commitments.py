"""After admission: commitments, reports of what was done, conversion rates."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import require, store_of
from api.filters import find_industry
from api.store.promises import commitments, overdue
from api.store.promises.commitments import CommitmentOut, Promise
from api.store.promises.overdue import OverduePage
from api.store.promises.rates import RateOut, rates_of, standings
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.body import model_body, takes
from api.transport.paging import Cursor, Limit
from api.transport.parameters import DAY, From, Id, Number, To, parse_day
from api.transport.schemas import ACTS, READS
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id
from api.workdays.china import today

router = APIRouter(prefix="/api/v1", tags=["commitments"])
Reader = Annotated[Actor, require("commitment.read")]
Manager = Annotated[Actor, require("commitment.manage")]
Reporter = Annotated[Actor, require("commitment.report")]
Kind = Literal[
    "signed", "started", "funded", "production", "capacity", "investment", "output", "tax", "energy"
]
DayText = Annotated[str, Field(pattern=DAY, json_schema_extra={"format": "date"})]


class PromiseIn(BaseModel):
    """One promise; an amount without ``promised`` takes the number of the dossier."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Kind
    due_on: DayText
    promised: str | None = Field(default=None, max_length=40, description="数，按单位填写的文字")


class PromisesIn(BaseModel):
    """What a project promises."""

    model_config = ConfigDict(extra="forbid", strict=True)

    promises: list[PromiseIn] = Field(min_length=1, max_length=9)


class ReportIn(BaseModel):
    """What was done on a date (milestone), or reached by it (amount)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on_date: DayText
    value: str | None = Field(default=None, max_length=40)
    note: str = Field(default="", max_length=2000)


def _day(text: str, field: str) -> dt.date:
    day = parse_day(text, field)
    assert day is not None
    return day


@router.get(
    "/projects/{number}/commitments",
    summary="项目的承诺与实绩",
    response_model=list[CommitmentOut],
    responses=READS,
)
def list_commitments(request: Request, actor: Reader, number: Number) -> Response:
    """A project's commitments with their lights."""
    with store_of(request).db.read() as session:
        return answer(commitments.of_project(session, actor, number, today()))


@router.post(
    "/projects/{number}/commitments",
    summary="登记承诺",
    status_code=201,
    response_model=list[CommitmentOut],
    openapi_extra=takes(PromisesIn),
    responses=ACTS,
)
def add_commitments(
    request: Request,
    actor: Manager,
    number: Number,
    seen: SeenHeader,
    given: Annotated[PromisesIn, model_body(PromisesIn)],
) -> Response:
    """Record what a project promised; a promise cannot be rewritten."""
    wanted = tuple(Promise(p.kind, _day(p.due_on, "due_on"), p.promised) for p in given.promises)
    with store_of(request).work(actor, request_id.get()) as work:
        commitments.promise(work, number, wanted, seen)
        return answer(commitments.of_project(work.session, actor, number, today()), 201)


@router.get(
    "/commitments/overdue",
    summary="逾期未兑现的承诺，供督办",
    response_model=OverduePage,
    responses=READS,
)
def list_overdue_commitments(
    request: Request,
    actor: Reader,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What the actor may see of it, the longest overdue first."""
    with store_of(request).db.read() as session:
        return answer(overdue.find(session, actor, today(), cursor, limit))


@router.post(
    "/commitments/{commitment_id}/reports",
    summary="填报实绩",
    status_code=204,
    responses=ACTS,
    openapi_extra=takes(ReportIn),
)
def report_commitment(
    request: Request,
    actor: Reporter,
    commitment_id: Id,
    seen: SeenHeader,
    given: Annotated[ReportIn, model_body(ReportIn)],
) -> Response:
    """Report what was done; the newest report counts."""
    with store_of(request).work(actor, request_id.get()) as work:
        commitments.report(
            work, commitment_id, _day(given.on_date, "on_date"), given.value, given.note, seen
        )
    return Response(status_code=204)


@router.get(
    "/statistics/rates",
    summary="开工率、资金到位率、投产达效率、履约率",
    response_model=list[RateOut],
    responses=READS,
)
def get_rates(
    request: Request,
    actor: Annotated[Actor, require("statistics")],
    start: From = None,
    end: To = None,
    industry: Annotated[str | None, Query(pattern=r"^[A-Ta-t][0-9]{0,4}$")] = None,
) -> Response:
    """The conversion rates of all projects, or of those accepted within a period."""
    code = find_industry(industry)
    with store_of(request).db.read() as session:
        made = standings(
            session,
            actor,
            today(),
            start=parse_day(start, "from"),
            end=parse_day(end, "to"),
            industry=code,
        )
        return answer(rates_of(list(made), today()))
