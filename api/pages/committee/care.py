"""Who looks after a project and what stands in its way: its facts, 包联, 堵点."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.access.security import store_of
from api.errors import Changed, Conflict, Invalid
from api.filters import find_choice
from api.judging.current import ReadingJudge
from api.judging.judge import Judge
from api.pages.committee.decision_page import Refused, decision_page
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.store import accounts
from api.store.projects import lookup
from api.store.service import facts, obstacles
from api.store.service.facts import CARE, CODE, FACTS, LABELS
from api.store.service.obstacles import Raised, Sought
from api.store.work import Actor
from api.transport.parameters import Id, Number
from api.transport.seen import seen_in
from api.transport.telemetry import request_id
from api.workdays.china import today

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Short = Annotated[str, Query(max_length=100)]
STATES = {"open": "没有解决", "late": "逾期", "solved": "已解决", "all": "全部"}
LONG = ("building", "process", "request")
COLUMNS = (
    Column("受理编号", width=17),
    Column("项目", width=36),
    Column("包联领导"),
    Column("类别"),
    Column("堵点", width=50),
    Column("责任部门", width=22),
    Column("期限", "date"),
    Column("状态"),
    Column("提出人"),
    Column("提出时间", "time"),
    Column("怎样解决", width=50),
    Column("解决人"),
    Column("解决时间", "time"),
)


@router.get("/projects/{number}/facts")
def shown_facts(request: Request, number: Number) -> Response:
    """What is known of a project beside its dossier, to be changed."""
    actor = entitled(request, "submit")
    return _facts_page(request, actor, number)


def _facts_page(
    request: Request,
    actor: Actor,
    number: str,
    status: int = 200,
    refused: Refused | None = None,
) -> Response:
    with store_of(request).db.read() as session:
        project = lookup.get(session, actor, number)
        known = facts.of_project(session, actor, number)
    names = [CODE, *FACTS, *(CARE if "committee" in actor.roles else ())]
    given = refused.given if refused else {n: getattr(known, n) or "" for n in names}
    return page(
        request,
        "facts.html",
        status,
        project=project,
        known=known,
        names=names,
        labels=LABELS,
        long=LONG,
        given=given,
        refused=refused,
    )


@router.post("/projects/{number}/facts")
def change_facts(request: Request, form: Form, number: Number) -> Response:
    """Change them; refused, the form keeps what was typed."""
    actor, seen = entitled(request, "submit"), seen_in(form)
    given = {n: str(form[n]).strip()[:2000] for n in LABELS if n in form}
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            facts.change(work, number, given, seen)
    except Changed:
        raise
    except Conflict as conflict:
        return _facts_page(request, actor, number, 409, Refused(CODE, str(conflict), given))
    except Invalid as error:
        return _facts_page(request, actor, number, 422, Refused(error.field, error.detail, given))
    with store_of(request).db.read() as session:
        decision = lookup.get(session, actor, number).decision
    return RedirectResponse(f"/decisions/{decision}?done=facts", 303)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which obstacles are looked for, as it was typed."""

    state: Annotated[str, Query(max_length=20)] = "open"
    department: Short = ""
    leader: Short = ""

    def sought(self) -> Sought:
        """The same for the store. Raises ProblemError 422."""
        state = find_choice("state", self.state, STATES) or "open"
        solved = {"open": False, "late": False, "solved": True}.get(state)
        return Sought(
            None, self.department or None, self.leader or None, solved, late=state == "late"
        )


@router.get("/obstacles")
def listed_obstacles(
    request: Request,
    judge: ReadingJudge,
    wanted: Annotated[Wanted, Depends()],
    cursor: Short = "",
    done: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """What stands in projects' ways, by leader and department."""
    actor = entitled(request, "review.read")
    return _listed(request, judge, actor, wanted, cursor=cursor, done=bool(done))


def _listed(
    request: Request,
    judge: Judge,
    actor: Actor,
    wanted: Wanted,
    status: int = 200,
    refused: tuple[int, str] | None = None,
    cursor: str = "",
    done: bool = False,
) -> Response:
    with store_of(request).db.read() as session:
        found = obstacles.find(session, actor, today(), wanted.sought(), cursor or None)
        leaders = facts.leaders(session) if actor.sees_all else ()
        people = accounts.display_names(session)
    return page(
        request,
        "obstacles.html",
        status,
        found=found,
        refused=refused,
        done=done,
        mine=actor.departments,
        wanted=wanted,
        choices=STATES,
        leaders=leaders,
        people=people,
        registry=judge.ruleset.registry,
        cursor=cursor,
        asked=urlencode(asdict(wanted)),
    )


@router.get("/obstacles.{kind}")
def obstacles_file(
    request: Request, judge: ReadingJudge, kind: Kind, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """The same list for a spreadsheet."""
    actor = entitled(request, "review.read")
    name = judge.ruleset.registry.department
    with store_of(request).db.read() as session:
        people = accounts.display_names(session)
        rows = (
            (
                o.number,
                o.project,
                o.leader,
                o.title,
                o.text,
                name(o.department),
                o.due_on,
                "已解决" if o.solved_at else "逾期" if o.late else "没有解决",
                people.get(o.raised_by, o.raised_by),
                o.raised_at,
                o.solution,
                people.get(o.solved_by or "", o.solved_by),
                o.solved_at,
            )
            for o in obstacles.each(session, actor, today(), wanted.sought())
        )
        return listing_response(kind, "obstacles", Listing("堵点清单", COLUMNS, rows))


def _decision(request: Request, actor: Actor, number: str) -> int:
    with store_of(request).db.read() as session:
        return lookup.get(session, actor, number).decision


@router.post("/projects/{number}/obstacles")
def raise_obstacle(request: Request, judge: ReadingJudge, form: Form, number: Number) -> Response:
    """Raise an obstacle; refused, the form keeps what was typed."""
    actor = entitled(request, "obstacle.raise")
    names = ("kind", "text", "department", "due_on")
    given = {n: str(form.get(n, "")).strip()[:2000] for n in names}
    decision = _decision(request, actor, number)
    try:
        raised = Raised(given["kind"], given["text"], given["department"], _day(given["due_on"]))
        with store_of(request).work(actor, request_id.get()) as work:
            obstacles.raise_one(work, number, raised, frozenset(judge.ruleset.registry.reviewers))
    except Invalid as error:
        refused = Refused(error.field, error.detail, given, "obstacle")
        return decision_page(request, actor, decision, 422, refused)
    return RedirectResponse(f"/decisions/{decision}?done=raised#obstacles", 303)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid("due_on", "请填写期限，如 2026-12-31") from None


@router.post("/obstacles/{obstacle_id}/solve")
def solve_obstacle(request: Request, judge: ReadingJudge, form: Form, obstacle_id: Id) -> Response:
    """Say how it was solved; refused, the form keeps what was typed."""
    actor, seen = entitled(request, "obstacle.solve"), seen_in(form)
    solution = str(form.get("solution", "")).strip()[:2000]
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            obstacles.solve(work, obstacle_id, solution, seen)
    except Changed:
        raise
    except (Conflict, Invalid) as refusal:
        said = refusal.detail if isinstance(refusal, Invalid) else str(refusal)
        return _listed(request, judge, actor, Wanted(), 422, (obstacle_id, said))
    return RedirectResponse("/obstacles?done=1", 303)
