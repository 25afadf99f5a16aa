"""The conditions of admissions, to be checked by the departments that they name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from api.access.security import store_of
from api.errors import Conflict, Invalid
from api.judging.current import ReadingJudge
from api.judging.judge import Judge
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.store.review import conditions
from api.store.work import Actor
from api.transport.parameters import Id
from api.transport.telemetry import request_id
from api.workdays.china import today

router = APIRouter(include_in_schema=False, route_class=PageRoute)
MET = {"yes": True, "no": False}


def _shown(
    request: Request,
    judge: Judge,
    actor: Actor,
    status: int = 200,
    wrong: tuple[int, str] | None = None,
    given: dict[str, str] | None = None,
    done: bool = False,
    all_: bool = False,
) -> Response:
    with store_of(request).db.read() as session:
        listed = conditions.listed(session, actor, all_=all_)
    return page(
        request,
        "conditions.html",
        status,
        listed=listed,
        wrong=wrong,
        given=given or {},
        done=done,
        all=all_,
        day=today(),
        name=judge.ruleset.registry.department,
        mine=actor.departments,
    )


@router.get("/conditions")
def listed(
    request: Request,
    judge: ReadingJudge,
    done: Annotated[str, Query(max_length=1)] = "",
    show: Annotated[str, Query(max_length=3)] = "",
) -> Response:
    """Conditions that wait, by their day."""
    actor = entitled(request, "review.read")
    return _shown(request, judge, actor, done=bool(done), all_=show == "all")


@router.post("/conditions/{condition_id}/check")
def check(request: Request, judge: ReadingJudge, form: Form, condition_id: Id) -> Response:
    """Whether a condition is met, and what shows it."""
    actor = entitled(request, "review.opinion")
    met, note = str(form.get("met", "")), str(form.get("note", ""))[:2000]
    given = {"met": met, "note": note}
    if met not in MET:
        return _shown(request, judge, actor, 422, (condition_id, "请选择已落实或没有落实"), given)
    try:
        with store_of(request).work(actor, request_id.get()) as work:
            conditions.check(work, condition_id, MET[met], note)
    except Invalid as error:
        return _shown(request, judge, actor, 422, (condition_id, error.detail), given)
    except Conflict as conflict:
        return _shown(request, judge, actor, 409, (condition_id, str(conflict)), given)
    return RedirectResponse("/conditions?done=1", 303)
