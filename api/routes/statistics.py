"""Statistics over all projects."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access.security import require, store_of
from api.store import statistics
from api.store.review.consistency import ConsistencyOut, consistency
from api.store.statistics import RuleCountOut, VerdictCountOut
from api.transport import schemas
from api.transport.answers import answer
from api.transport.parameters import From, To, parse_day

router = APIRouter(
    prefix="/api/v1/statistics", tags=["statistics"], dependencies=[require("statistics")]
)
READS = schemas.problems(401, 403, 422, 503)


@router.get(
    "/verdicts",
    summary="结论分布",
    response_model=list[VerdictCountOut],
    responses=READS,
)
def count_verdicts(
    request: Request,
    by: Annotated[Literal["month", "industry", "department"], Query()] = "month",
    start: From = None,
    end: To = None,
) -> Response:
    """Projects by their newest verdict."""
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    with store.db.read() as session:
        return answer(
            statistics.verdicts(
                session, by, ruleset, parse_day(start, "from"), parse_day(end, "to")
            )
        )


@router.get(
    "/reasons",
    summary="最常见的理由",
    response_model=list[RuleCountOut],
    responses=READS,
)
def count_reasons(
    request: Request,
    start: From = None,
    end: To = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """The rules that stand in the way of most projects."""
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    with store.db.read() as session:
        listed = statistics.top_reasons(
            session, ruleset, parse_day(start, "from"), parse_day(end, "to"), limit
        )
    return answer(listed)


@router.get(
    "/rules",
    summary="从未触发的规则，或最常被例外决定推翻的规则",
    response_model=list[RuleCountOut],
    responses=READS,
)
def count_rules(
    request: Request,
    show: Annotated[Literal["unhit", "overridden"], Query()] = "unhit",
) -> Response:
    """Rules that no decision found violated, or that admitted projects had violated."""
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    chosen = statistics.unhit_rules if show == "unhit" else statistics.overridden_rules
    with store.db.read() as session:
        return answer(chosen(session, ruleset))


@router.get(
    "/consistency",
    summary="被拒的不比准入的差：结论前后不一的项目",
    response_model=ConsistencyOut,
    responses=schemas.problems(401, 403, 503),
    dependencies=[require("consistency")],
)
def list_inconsistent(request: Request) -> Response:
    """Pairs of concluded projects, one refused though it is no worse than the other, admitted."""
    store = store_of(request)
    ruleset = store.rulesets.reading().ruleset
    with store.db.read() as session:
        return answer(consistency(session, ruleset))
