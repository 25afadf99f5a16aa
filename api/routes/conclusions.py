"""The committee's conclusions on decisions, and the conditions that they set."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import require, store_of
from api.errors import Invalid
from api.store.review import conclusions, conditions
from api.store.review.conclusions import ConclusionOut, ConclusionPage
from api.store.review.conditions import ConditionPage, OpenConditionOut
from api.store.review.outcomes import Concluding, Condition
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.body import model_body, takes
from api.transport.parameters import DAY, Id
from api.transport.schemas import ACTS, READS
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id

router = APIRouter(prefix="/api/v1", tags=["reviews"])
Reader = Annotated[Actor, require("review.read")]
Department = Annotated[Actor, require("review.opinion")]
Committee = Annotated[Actor, require("review.conclude")]
Text = Annotated[str, Field(max_length=5000)]
DayText = Annotated[str, Field(pattern=DAY, json_schema_extra={"format": "date"})]


def _day(text: str, field: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, f"没有 {text} 这一天") from None


class ConditionIn(BaseModel):
    """A condition of an admission; ``department`` checks it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(min_length=1, max_length=2000)]
    due_on: DayText
    department: Annotated[str, Field(max_length=100)]


class ConclusionIn(BaseModel):
    """The committee's conclusion; against a pass or reject it needs authority and document number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: Literal["admit", "conditional", "suspend", "reject", "terminate"]
    reason: Text
    authority: str | None = Field(default=None, max_length=500)
    document_number: str | None = Field(default=None, max_length=200)
    body: str | None = Field(
        default=None, max_length=500, description="作结论的机构，不写为审定层级所指的最后一级"
    )
    concluded_on: DayText | None = Field(default=None, description="作出结论的日期，不写为今天")
    undecided: int | None = Field(
        default=None, ge=0, le=100_000, description="确认看过的未判定项数，有未判定事项时必填"
    )
    conditions: list[ConditionIn] = Field(default=[], max_length=20, description="附条件准入的条件")
    silence_reason: str | None = Field(
        default=None, max_length=5000, description="不再等候逾期部门的理由"
    )
    revision_reason: str | None = Field(
        default=None, max_length=5000, description="变更已有结论的理由"
    )

    def asked(self) -> Concluding:
        """The same for the store."""
        conditions = tuple(
            Condition(c.text, _day(c.due_on, f"conditions/{n}/due_on"), c.department)
            for n, c in enumerate(self.conditions)
        )
        return Concluding(
            outcome=self.outcome,
            reason=self.reason,
            authority=self.authority,
            document_number=self.document_number,
            body=self.body,
            concluded_on=_day(self.concluded_on, "concluded_on") if self.concluded_on else None,
            undecided=self.undecided,
            conditions=conditions,
            silence_reason=self.silence_reason,
            revision_reason=self.revision_reason,
        )


class CheckIn(BaseModel):
    """Whether a condition is met, and what shows it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    met: bool
    note: Annotated[str, Field(min_length=1, max_length=2000)]


@router.get(
    "/conditions",
    summary="待核验的准入条件",
    response_model=ConditionPage,
    responses=READS,
)
def list_conditions(request: Request, actor: Reader) -> Response:
    """Conditions that wait to be checked, by their day; a department's own, or all."""
    with store_of(request).db.read() as session:
        return answer(ConditionPage(conditions.listed(session, actor), None))


@router.post(
    "/conditions/{condition_id}/check",
    summary="核验准入条件",
    response_model=OpenConditionOut,
    openapi_extra=takes(CheckIn),
    responses=ACTS,
)
def check_condition(
    request: Request,
    actor: Department,
    condition_id: Id,
    given: Annotated[CheckIn, model_body(CheckIn)],
) -> Response:
    """The department says whether a condition is met; once."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(conditions.check(work, condition_id, given.met, given.note))


@router.post(
    "/decisions/{decision_id}/conclusion",
    summary="委员会结论",
    status_code=201,
    response_model=ConclusionOut,
    openapi_extra=takes(ConclusionIn),
    responses=ACTS,
)
def conclude_decision(
    request: Request,
    actor: Committee,
    decision_id: Id,
    seen: SeenHeader,
    given: Annotated[ConclusionIn, model_body(ConclusionIn)],
) -> Response:
    """The committee's conclusion, beside the machine's verdict."""
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    with store.work(actor, request_id.get()) as work:
        concluded = conclusions.conclude(
            work,
            ruleset,
            decision_id,
            seen,
            given.asked(),
            store.silence,
        )
        return answer(concluded, 201)


@router.get(
    "/decisions/{decision_id}/conclusion",
    summary="委员会对一次决定的结论",
    response_model=ConclusionOut,
    responses=READS,
)
def get_conclusion(request: Request, actor: Reader, decision_id: Id) -> Response:
    """The committee's conclusion; 404 where there is none yet."""
    with store_of(request).db.read() as session:
        return answer(conclusions.conclusion_of(session, actor, decision_id))


@router.get(
    "/decisions/{decision_id}/conclusions",
    summary="委员会对一次决定先后作的结论，现行的在前",
    response_model=ConclusionPage,
    responses=READS,
)
def list_conclusions(request: Request, actor: Reader, decision_id: Id) -> Response:
    """Every conclusion on a decision: the one that stands, and those that it took the place of."""
    with store_of(request).db.read() as session:
        return answer(ConclusionPage(conclusions.conclusions_of(session, actor, decision_id), None))
