"""What is known of a project beside its dossier, and what stands in its way."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access.security import require, store_of
from api.judging.current import ReadingJudge
from api.store.service import facts, obstacles
from api.store.service.facts import FactsOut
from api.store.service.obstacles import ObstacleOut, ObstaclePage, Raised, Sought
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.body import model_body, takes
from api.transport.paging import Cursor, Limit
from api.transport.parameters import DAY, Id, Number, parse_day
from api.transport.schemas import ACTS, READS, WRITES
from api.transport.seen import SeenHeader
from api.transport.telemetry import request_id
from api.workdays.china import today

router = APIRouter(prefix="/api/v1", tags=["projects"])
Kind = Literal["planning", "land", "eia", "utilities", "funds", "other"]
State = Literal["open", "late", "solved", "all"]


def _text(most: int, description: str | None = None) -> str | None:
    made: str | None = Field(default=None, max_length=most, description=description)
    return made


class FactsIn(BaseModel):
    """The facts to be changed; an empty text takes one away, null leaves it. Care is the committee's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    national_code: str | None = _text(40, "统一项目代码（GB/T 40058-2021）")
    place: str | None = _text(200)
    building: str | None = _text(1000)
    product: str | None = _text(300)
    process: str | None = _text(500)
    site: str | None = _text(300)
    request: str | None = _text(1000)
    contact: str | None = _text(50)
    phone: str | None = _text(40)
    leader: str | None = _text(100, "包联领导，由委员会指定")
    officer: str | None = _text(100, "首席服务官，由委员会指定")
    officer_phone: str | None = _text(40)


class ObstacleIn(BaseModel):
    """An obstacle, the department that is to solve it, and the day."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Kind
    text: str = Field(min_length=1, max_length=2000)
    department: str = Field(max_length=100)
    due_on: str = Field(pattern=DAY, json_schema_extra={"format": "date"})


class SolutionIn(BaseModel):
    """How it was solved."""

    model_config = ConfigDict(extra="forbid", strict=True)

    solution: str = Field(min_length=1, max_length=2000)


@router.get(
    "/projects/{number}/facts",
    summary="项目概况：不参与判定的内容、包联领导和首席服务官",
    response_model=FactsOut,
    responses=READS,
)
def get_project_facts(
    request: Request, actor: Annotated[Actor, require("read")], number: Number
) -> Response:
    """What is known of a project beside its dossier."""
    with store_of(request).db.read() as session:
        return answer(facts.of_project(session, actor, number))


@router.put(
    "/projects/{number}/facts",
    summary="改项目概况",
    description="改了不产生新的一版。`leader`、`officer`、`officer_phone` 只有委员会能改；"
    "`national_code` 全库唯一，已用于别的项目的答复 409。",
    response_model=FactsOut,
    openapi_extra=takes(FactsIn),
    responses=ACTS,
)
def set_project_facts(
    request: Request,
    actor: Annotated[Actor, require("submit")],
    number: Number,
    seen: SeenHeader,
    given: Annotated[FactsIn, model_body(FactsIn)],
) -> Response:
    """Change the facts that are given."""
    texts = {n: t for n, t in given.model_dump().items() if t is not None}
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(facts.change(work, number, texts, seen))


@router.get("/obstacles", summary="堵点清单", response_model=ObstaclePage, responses=READS)
def list_obstacles(
    request: Request,
    actor: Annotated[Actor, require("review.read")],
    number: Annotated[str | None, Query(max_length=40, description="受理编号")] = None,
    department: Annotated[str | None, Query(max_length=100, description="责任部门代码")] = None,
    leader: Annotated[str | None, Query(max_length=100, description="包联领导")] = None,
    state: Annotated[State, Query(description="没有解决、逾期、已解决，或全部")] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What the actor may see of it, newest first."""
    solved = {"open": False, "late": False, "solved": True}.get(state)
    sought = Sought(number, department, leader, solved, late=state == "late")
    with store_of(request).db.read() as session:
        return answer(obstacles.find(session, actor, today(), sought, cursor, limit))


@router.post(
    "/projects/{number}/obstacles",
    summary="提出堵点",
    status_code=201,
    response_model=ObstacleOut,
    openapi_extra=takes(ObstacleIn),
    responses=WRITES,
)
def raise_obstacle(
    request: Request,
    judge: ReadingJudge,
    actor: Annotated[Actor, require("obstacle.raise")],
    number: Number,
    given: Annotated[ObstacleIn, model_body(ObstacleIn)],
) -> Response:
    """Raise an obstacle."""
    due = parse_day(given.due_on, "due_on")
    assert due is not None
    raised = Raised(given.kind, given.text, given.department, due)
    reviewers = frozenset(judge.ruleset.registry.reviewers)
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(obstacles.raise_one(work, number, raised, reviewers), 201)


@router.post(
    "/obstacles/{obstacle_id}/solution",
    summary="解决堵点",
    response_model=ObstacleOut,
    openapi_extra=takes(SolutionIn),
    responses=ACTS,
)
def solve_obstacle(
    request: Request,
    actor: Annotated[Actor, require("obstacle.solve")],
    obstacle_id: Id,
    seen: SeenHeader,
    given: Annotated[SolutionIn, model_body(SolutionIn)],
) -> Response:
    """Say how it was solved."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(obstacles.solve(work, obstacle_id, given.solution, seen))
