"""A decision that a proposal touches, as it is told: one row of an impact, of a shadow, of a comparison."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.transport.schemas import VerdictWord, one_of, record
from api.transport.shapes import Words
from evaluator.dossier.fields import AMOUNTS
from evaluator.revision.told import WAYS

Grade = Annotated[str | None, Field(description="等次；没有定下来为 null")]
Points = Annotated[str | None, Field(description="分数；评分表不适用时为 null")]


@record
class ScoredOut:
    """A score that changes."""

    card: Annotated[str, Field(description="评分表")]
    way: Annotated[str, one_of(*WAYS), Field(description="升了、降了，还是等次或区间变了")]
    old_low: Points
    old_high: Points
    old_grade: Grade
    new_low: Points
    new_high: Points
    new_grade: Grade


@record
class TouchedOut:
    """A decision for which anything changes."""

    ref: Annotated[str, Field(description="受理编号和版次，如 ZR2026-000001/1")]
    project_id: Annotated[str, Field(description="材料里的项目编号")]
    industry: Annotated[str | None, Field(description="行业代码")]
    old: Annotated[VerdictWord, Field(description="原来的结论")]
    new: Annotated[VerdictWord, Field(description="提案下的结论")]
    rules: Annotated[Words, Field(description="使结论改变的规则")]
    findings: Annotated[
        dict[str, str], Field(description="变了的单项结论，按规则：violated、met、unknown、left")
    ]
    scores: Annotated[list[ScoredOut], Field(description="变了的分数，按评分表")]
    departments: Annotated[Words, Field(description="这些规则和评分表的责任部门")]
    amounts: Annotated[
        dict[str, str | None], Field(description=f"{'、'.join(AMOUNTS)}，单位同字段")
    ]
