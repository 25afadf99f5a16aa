"""Verdict, why and opinion of the example projects; what the other sources share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.pages.assess.cases import Case
from api.pages.assess.examples import Examples
from api.pages.assess.opinion import DOCX, opinion_context, opinion_docx
from api.pages.frame.errors import PageRoute
from api.pages.frame.pictures import Drawn, drawn, drawn_of
from api.pages.frame.render import page
from api.transport.answers import download
from api.transport.problems import ProblemError
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.trace import trace_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Every = Annotated[bool, Query(alias="all")]


def verdict_page(
    request: Request,
    case: Case,
    versions: Sequence[Any] = (),
    changes: Any = None,
    template: str = "verdict.html",
    **more: Any,
) -> Response:
    """The verdict of a case."""
    return page(request, template, case=case, versions=versions, changes=changes, **more)


def why_page(request: Request, case: Case, evaluation: Evaluation, rule: str) -> Response:
    """The trace of one finding. Raises ProblemError 404 where the rule was not in force."""
    if rule not in evaluation.statuses:
        raise ProblemError(404, f"这次判定没有用到规则“{rule[:80]}”。")
    return page(
        request,
        "why.html",
        case=case,
        trace=trace_of(evaluation, rule),
        drawn=why_drawn(evaluation, rule),
    )


def why_drawn(evaluation: Evaluation, rule: str) -> Drawn:
    """What one finding rests on."""
    title = f"{evaluation.ruleset.rules[rule].title}：靠哪些数"
    return drawn(evaluation.ruleset, [rule], title, evaluation)


def picture_page(request: Request, case: Case, evaluation: Evaluation, every: bool) -> Response:
    """What the verdict of a case rests on, of the findings that may be seen."""
    seen = [f["rule"] for f in case.data["findings"]]
    return page(
        request,
        "rests.html",
        drawn=drawn_of(evaluation, seen, every),
        crumbs=[(case.origin.base, case.title)],
        judged=True,
        every=every,
        here=request.url.path,
    )


def opinion_page(request: Request, case: Case, reviews: Sequence[Any] = ()) -> Response:
    """The opinion for printing."""
    return page(request, "opinion.html", case=case, **opinion_context(case, reviews))


def docx_response(case: Case, reviews: Sequence[Any] = ()) -> Response:
    """The opinion as a Word file."""
    number = case.origin.number or case.data["dossier"]["project_id"]
    named = download(f"准入意见书-{number}.docx", f"opinion-{number}.docx")
    head = {"Content-Disposition": named}
    return Response(opinion_docx(case, reviews), media_type=DOCX, headers=head)


def _case(request: Request, judge: Judge, slug: str) -> Case:
    examples: Examples = request.app.state.examples
    case = examples.case(judge, slug)
    if case is None:
        raise ProblemError(404, f"没有示例“{slug[:60]}”。")
    return case


@router.get("/examples/{slug}")
def example(request: Request, judge: CurrentJudge, slug: str) -> Response:
    """An example's verdict."""
    return verdict_page(request, _case(request, judge, slug))


@router.get("/examples/{slug}/why/{rule}")
def example_why(request: Request, judge: CurrentJudge, slug: str, rule: str) -> Response:
    """Why an example's finding is what it is."""
    case = _case(request, judge, slug)
    evaluation = request.app.state.examples.evaluation(judge, slug)
    return why_page(request, case, evaluation, rule)


@router.get("/examples/{slug}/picture")
def example_picture(
    request: Request, judge: CurrentJudge, slug: str, every: Every = False
) -> Response:
    """What an example's verdict rests on."""
    case = _case(request, judge, slug)
    evaluation = request.app.state.examples.evaluation(judge, slug)
    return picture_page(request, case, evaluation, every)


@router.get("/examples/{slug}/opinion")
def example_opinion(request: Request, judge: CurrentJudge, slug: str) -> Response:
    """An example's opinion for printing."""
    return opinion_page(request, _case(request, judge, slug))


@router.get("/examples/{slug}/opinion.docx")
def example_docx(request: Request, judge: CurrentJudge, slug: str) -> Response:
    """An example's opinion as a Word file."""
    return docx_response(_case(request, judge, slug))
