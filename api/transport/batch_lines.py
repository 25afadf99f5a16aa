"""Shapes of the lines of a batch's answer, for OpenAPI. They are written from data, not by these."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.transport.schemas import VerdictName, Words


class BatchRuleset(BaseModel):
    identity: str
    profile: str
    title: str


class BatchHead(BaseModel):
    """The first line of a batch's answer: the ruleset that judges all its rows."""

    type: Literal["batch"]
    ruleset: BatchRuleset
    stage: str | None = Field(description="按哪个环节评估；规则集不分环节的为 null")
    rows: int = Field(description="材料份数，空行不算")


class BatchComparison(BaseModel):
    """What a rule measured against what it requires, in one unit."""

    value: str | None = Field(description="没有舍入的数，“36000/60”是前者除以后者；null 为未知")
    required: str | None
    value_about: float | None = Field(description="近似值，只供阅读")
    required_about: float | None
    unit: str | None


class BatchFinding(BaseModel):
    rule: str
    status: Literal["satisfied", "violated", "unknown", "not_due"]
    comparisons: list[BatchComparison] = Field(description="要求里有几个比较就有几项")


class BatchJudged(BaseModel):
    """A row that was judged."""

    type: Literal["judged"]
    row: int = Field(description="NDJSON 为行号（空行也数），Parquet 为第几行，从 1 起")
    project_id: str
    as_of: str
    verdict: VerdictName
    violated: Words = Field(description="不符合的规则")
    unknown: Words = Field(description="材料不足、不能判断的规则")
    applicable: Words = Field(description="适用的规则，含以上两种")
    not_due: Words = Field(
        default=[], description="未到环节的规则；只在评估的环节之后还有规则到期时才有"
    )
    findings: list[BatchFinding] = Field(default=[], description="findings=true 时才有")


class BatchRejected(BaseModel):
    """A row that is not of the form of a dossier; it counts as judged nowhere."""

    type: Literal["rejected"]
    row: int
    project_id: str | None
    reason: str


class BatchCounts(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    passed: int = Field(alias="pass")
    refer: int
    reject: int


class BatchSummary(BaseModel):
    """The last line of an answer that is whole: judged and rejected add up to rows."""

    type: Literal["summary"]
    rows: int
    judged: int
    rejected: int
    verdicts: BatchCounts
    unused: Words = Field(description="Parquet 里没有用到的列")


class BatchError(BaseModel):
    """The last line where the work ended early; the status is what it would have been at first."""

    type: Literal["error"]
    status: int
    detail: str


BATCH_LINES: tuple[type[BaseModel], ...] = (
    BatchHead,
    BatchJudged,
    BatchRejected,
    BatchSummary,
    BatchError,
)
