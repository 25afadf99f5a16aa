"""Whom a proposal touches, count by count."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from api.access.security import require, store_of
from api.judging.workers import source_of
from api.store.proposals import reading, shadow
from api.store.proposals.rivals import MOST, compared
from api.store.proposals.shadow import ShadowOut
from api.store.proposals.touched import TouchedOut
from api.transport.answers import answer
from api.transport.parameters import Id
from api.transport.schemas import READS, record
from evaluator.revision.told import Where
from evaluator.rulebook.verdict import Change, Verdict

router = APIRouter(
    prefix="/api/v1/proposals", tags=["proposals"], dependencies=[require("proposal.read")]
)


@record
class TouchedList:
    """The decisions behind one count."""

    total: Annotated[int, Field(description="有任何变动的判定总数")]
    listed: Annotated[
        int, Field(description="其中存下可以逐个打开的；每一项统计至少存最前面的 200 个")
    ]
    items: list[TouchedOut]


def _where(
    rule: Annotated[str, Query(max_length=200, description="规则编号")] = "",
    change: Annotated[Change | None, Query(description="单项结论怎样变")] = None,
    card: Annotated[str, Query(max_length=200, description="评分表编号")] = "",
    way: Annotated[
        Literal["raised", "lowered", "changed"] | None, Query(description="分数怎样变")
    ] = None,
    department: Annotated[str, Query(max_length=200, description="责任部门")] = "",
    industry: Annotated[str, Query(max_length=200, description="行业门类、大类或其代码")] = "",
    old: Annotated[Verdict | None, Query(description="原来的结论")] = None,
    new: Annotated[Verdict | None, Query(description="提案下的结论")] = None,
) -> Where:
    words = [w.value if w else "" for w in (change, old, new)]
    return Where(rule, words[0], card, way or "", department, industry, words[1], words[2])


@router.get(
    "/{proposal_id}/touched",
    summary="提案使哪些判定有变动",
    response_model=TouchedList,
    responses=READS,
)
def list_proposal_touched(
    request: Request,
    proposal_id: Id,
    where: Annotated[Where, Depends(_where)],
) -> Response:
    """Those of one rule, card, department, industry or change of verdict; all without a filter."""
    with store_of(request).db.read() as session:
        impact = reading.run_of(session, proposal_id).result.get("impact", {})
    listed = impact.get("touched", [])
    found = [one for one in listed if where.holds(one)]
    return answer({"total": impact.get("touched_total", 0), "listed": len(listed), "items": found})


@router.get(
    "/{proposal_id}/shadow",
    summary="已批准的提案旁路试行的结果",
    response_model=ShadowOut,
    responses=READS,
)
def get_proposal_shadow(request: Request, proposal_id: Id) -> Response:
    """What an approved draft would have said otherwise of decisions since; without any effect."""
    with store_of(request).db.read() as session:
        return answer(shadow.of(session, proposal_id))


@record
class ComparisonOut:
    """Two drafts on the same decisions."""

    proposal: Annotated[int, Field(description="这份提案")]
    other: Annotated[int, Field(description="另一份提案")]
    decisions: Annotated[int, Field(description=f"比较了多少次判定，最近的 {MOST} 次")]
    impact: Annotated[
        dict[str, Any],
        Field(description="从这份提案到另一份的变化，写法同 admission rules impact --json"),
    ]


@router.get(
    "/{proposal_id}/comparison",
    summary="两份提案评同样的判定",
    response_model=ComparisonOut,
    responses=READS,
)
def compare_proposals(
    request: Request,
    proposal_id: Id,
    other: Annotated[int, Query(ge=1, le=2**53, description="另一份提案的编号")],
) -> Response:
    """What the other proposal says otherwise than this one."""
    db, workers = store_of(request).db, request.app.state.workers
    count, impact = compared(db, workers, source_of(request), proposal_id, other)
    return answer({"proposal": proposal_id, "other": other, "decisions": count, "impact": impact})
