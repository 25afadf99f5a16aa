"""The first page, large type, and the examples list."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.access.security import store_of
from api.judging.current import CurrentJudge
from api.pages.assess.examples import Examples
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import BIG, Form, actor_of, safe_back
from api.pages.frame.words import VERDICTS
from api.store.todo import Todo, todos
from api.workdays.china import today

router = APIRouter(include_in_schema=False, route_class=PageRoute)
YEAR = 365 * 24 * 3600
EXAMPLES = (
    Column("编号"),
    Column("项目", width=44),
    Column("结论"),
    Column("一句话", width=70),
)


@router.get("/")
def home(request: Request, judge: CurrentJudge) -> Response:
    """What this is, and the ways in."""
    examples: Examples = request.app.state.examples
    actor = actor_of(request)
    waiting: tuple[Todo, ...] = ()
    if actor is not None:
        with store_of(request).db.read() as session:
            waiting = todos(session, actor, today())
    return page(
        request,
        "home.html",
        waiting=waiting,
        ruleset=judge.ruleset,
        examples=examples.summaries(judge, featured=True),
    )


@router.get("/examples")
def example_list(request: Request, judge: CurrentJudge) -> Response:
    """Every example with its verdict."""
    examples: Examples = request.app.state.examples
    return page(request, "examples.html", examples=examples.summaries(judge))


@router.get("/examples.{kind}")
def examples_file(request: Request, judge: CurrentJudge, kind: Kind) -> Response:
    """The same list for a spreadsheet."""
    examples: Examples = request.app.state.examples
    rows = (
        (s.example.profile.id, s.example.profile.name, VERDICTS[s.verdict], s.sentence)
        for s in examples.summaries(judge)
    )
    about = [("规则集", judge.ruleset.title), ("规则集标识", judge.ruleset.identity)]
    return listing_response(kind, "examples", Listing("示例项目", EXAMPLES, rows, about))


@router.post("/display")
def display(form: Form) -> Response:
    """Large type on or off."""
    back = RedirectResponse(safe_back(str(form.get("back", "/"))), 303)
    back.set_cookie(BIG, "1" if form.get("big") == "1" else "0", max_age=YEAR, samesite="lax")
    return back
