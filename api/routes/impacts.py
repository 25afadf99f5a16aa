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
from api.transport.answers import answer
from api.transport.parameters import Id
from api.transport.schemas import READS, VerdictWord, one_of, record
from api.transport.shapes import Words
from evaluator.dossier.fields import AMOUNTS
from evaluator.revision.told import WAYS, Where
from evaluator.rulebook.verdict import Change, Verdict

router = APIRouter(
    prefix="/api/v1/proposals", tags=["proposals"], dependencies=[require("proposal.read")]
)
Word = Annotated[str, Query(max_length=200)]
Points = Annotated[str | None, Field(description="分数；评分表不适用时为 null")]


@record
class ScoredOut:
    """A score that changes."""

    card: str
    way: Annotated[str, one_of(*WAYS)]
    old_low: Points
    old_high: Points
    old_grade: str | None
    new_low: Points
    new_high: Points
    new_grade: str | None


@record
class TouchedOut:
    """A decision for which anything changes."""

    ref: Annotated[str, Field(description="受理编号和版次，如 ZR2026-000001/1")]
    project_id: str
    industry: str | None
    old: VerdictWord
    new: VerdictWord
    rules: Annotated[Words, Field(description="使结论改变的规则")]
    findings: Annotated[
        dict[str, str], Field(description="变了的单项结论，按规则：violated、met、unknown、left")
    ]
    scores: list[ScoredOut]
    departments: Annotated[Words, Field(description="这些规则和评分表的责任部门")]
    amounts: Annotated[
        dict[str, str | None], Field(description=f"{'、'.join(AMOUNTS)}，单位同字段")
    ]


@record
class TouchedList:
    """The decisions behind one count."""

    total: Annotated[int, Field(description="有任何变动的判定总数")]
    listed: Annotated[
        int, Field(description="其中存下可以逐个打开的；每一项统计至少存最前面的 200 个")
    ]
    items: list[TouchedOut]


def _where(
    rule: Word = "",
    change: Annotated[Change | None, Query()] = None,
    card: Word = "",
    way: Annotated[Literal["raised", "lowered", "changed"] | None, Query()] = None,
    department: Word = "",
    industry: Word = "",
    old: Annotated[Verdict | None, Query()] = None,
    new: Annotated[Verdict | None, Query()] = None,
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

    proposal: int
    other: int
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
