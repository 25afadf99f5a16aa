"""Shapes of the answers, for OpenAPI. Answers are written from the evaluator's data, not by these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, dataclass_transform, get_args

from pydantic import BaseModel, ConfigDict, Field

from api.transport.shapes import (
    Citation,
    ConditionTrace,
    CriterionTrace,
    Fill,
    MetricTrace,
    Period,
    RuleText,
    shown_as,
)
from evaluator.judgement.remedy.changes import Outcome

T = TypeVar("T")
VerdictName = Literal["pass", "refer", "reject"]
StatusName = Literal["satisfied", "violated", "unknown", "not_applicable", "not_due"]
EffectName = Literal["reject", "refer", "advise"]


def one_of(*words: str) -> Any:
    """For a text of a stored record: the document lists the words that it can be."""
    return Field(json_schema_extra={"enum": list(words)})


NextCursor = Annotated[str | None, Field(description="下一页的 cursor；没有下一页时为 null")]


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """A frozen dataclass that answers are written from and the document shows.

    Its docstring is for whoever works on it; the document leaves it out.
    """
    made = dataclass(frozen=True, slots=True)(cls)
    quiet = ConfigDict(json_schema_extra=lambda schema: schema.pop("description", None))
    setattr(made, "__pydantic_config__", quiet)  # noqa: B010
    return made


VerdictWord = Annotated[str, one_of(*get_args(VerdictName))]
# Named here, since models below have a field called "list".
Words = list[str]
Citations = list[Citation]


class FieldErrorOut(BaseModel):
    """One thing at fault: a place in the body, a parameter, or a place in a file."""

    pointer: str | None = Field(default=None, description="请求体中的位置（JSON Pointer）")
    parameter: str | None = Field(default=None, description="出错的查询、路径或请求头参数")
    at: str | None = Field(default=None, description="文件中的位置（行或单元格）")
    detail: str
    code: str
    hint: str | None = None

    @staticmethod
    def _slim(schema: dict[str, Any]) -> None:
        # Keys that have nothing to say are left out, never null.
        for entry in schema.get("properties", {}).values():
            if "anyOf" in entry:
                entry.update(entry.pop("anyOf")[0])
                entry.pop("default", None)

    model_config = ConfigDict(json_schema_extra=_slim)


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(default="", description="请求编号，供查日志")
    errors: list[FieldErrorOut] = []
    more: int = Field(default=0, description="没有列出的问题还有几处")


class RulesetRef(BaseModel):
    identity: str
    profile: str
    title: str


class DossierRef(BaseModel):
    project_id: str
    project_name: str


class Gap(BaseModel):
    absolute: str
    relative: str | None


class FindingOut(BaseModel):
    rule: str
    title: str
    list: str
    dimension: str | None
    status: StatusName
    effect: EffectName
    departments: Words
    value: str | None
    required: str | None
    unit: str | None
    row: str | None
    gap: Gap | None
    example: bool = Field(description="所用标准值是否为示例值")
    basis: Citations
    missing: Words
    reasons: Words
    message: str
    remedy: str | None


class ChangeOut(BaseModel):
    field: str
    label: str
    before: str | None = Field(alias="from", description="现在的值；null 为没有填")
    to: str | None
    unit: str | None
    supplied_by: str | None
    text: str


class CounterfactualOut(BaseModel):
    outcome: Annotated[str, one_of(*(outcome.value for outcome in Outcome))]
    reaches: VerdictName | None
    single: list[ChangeOut]
    joint: list[ChangeOut]
    fill: list[Fill] = Field(description="要补的材料")
    incurable: list[str]
    review: list[str] = Field(description="只能由会审解决的规则")
    verify: list[str]
    open_fields: list[str]
    text: str


class ScoreItemOut(BaseModel):
    item: str
    low: str = Field(description="至少多少分；没有有限小数的写成分数，如 125/3")
    high: str = Field(description="最多多少分；不再待定的与 low 相同")
    max: str
    status: Literal["scored", "open", "not_applicable"] = Field(description="已定、待定、不计")


class ScoreOut(BaseModel):
    scorecard: str
    low: str
    high: str
    max: str
    grade: str | None = Field(description="等次；待定时为空")
    verdict: VerdictName | None
    to_next: str | None = Field(description="离上一等次差多少分")
    items: list[ScoreItemOut]


class EvaluationOut(BaseModel):
    """The canonical result; the same object that ``admission evaluate --json`` prints."""

    dossier: DossierRef
    verdict: VerdictName
    sentence: str
    cause: str | None
    as_of: str
    ruleset: RulesetRef
    labels: list[str]
    findings: list[FindingOut]
    counterfactual: CounterfactualOut | None
    scores: list[ScoreOut] | None = Field(
        default=None, description="每张评分表的得分；规则集没有评分表时没有这一项"
    )
    stage: str | None = Field(
        default=None, description="按哪个环节评估；规则集不分环节时没有这一项"
    )
    questions: list[QuestionOut] | None = Field(
        default=None, description="该问的，先问的在前；规则集不分环节时没有这一项"
    )
    routes: list[RouteOut] | None = Field(
        default=None, description="由谁审定，按先后；规则集没有写时没有这一项"
    )
    routes_open: list[RouteOpenOut] | None = Field(
        default=None, description="还不知道要不要经过的审定层级，和要看哪些材料"
    )


class EvaluationPartsOut(BaseModel):
    """The parts of a result that ``include`` asked for: of the others no key is there."""

    model_config = ConfigDict(extra="forbid")
    dossier: DossierRef
    verdict: VerdictName
    sentence: str
    cause: str | None
    as_of: str
    ruleset: RulesetRef
    labels: list[str]
    stage: str | None = None
    routes: list[RouteOut] | None = None
    routes_open: list[RouteOpenOut] | None = None
    findings: list[FindingOut] | None = Field(
        default=None, description="单项结论（include=reasons）"
    )
    counterfactual: CounterfactualOut | None = Field(
        default=None, description="怎样改才能准入（include=remedy）"
    )
    scores: list[ScoreOut] | None = Field(default=None, description="得分（include=scores）")
    questions: list[QuestionOut] | None = Field(
        default=None, description="该问的（include=questions）"
    )
    traces: list[Trace] | None = Field(
        default=None, description="include=traces：每条单项结论的条件、算式和所用的标准"
    )


class QuestionOut(BaseModel):
    """A missing field whose answer can still change the verdict."""

    field: str
    needed: bool = Field(description="结论要等它；false 为还没到环节、只可能使结论变差的")
    can: Literal["reject", "grade", "verdict"] = Field(description="一项答复最多能做到什么")
    rules: Words = Field(description="等它的规则")
    departments: Words = Field(description="由谁提供（部门代码）")


class RouteOut(BaseModel):
    body: str
    workdays: int | None
    basis: list[Citation]


class RouteOpenOut(RouteOut):
    missing: Words
    reasons: Words


class AskedOut(QuestionOut):
    """A question with what a form needs to ask it."""

    label: str
    why: str
    type: str
    unit: str | None
    choices: dict[str, str] | None
    supplied_by: Words


class QuestionsOut(BaseModel):
    """What to ask next."""

    verdict: VerdictName
    sentence: str
    stage: str | None
    answered: int = Field(description="要紧的材料里已填几项")
    needed: int = Field(description="结论还等几项")
    note: str | None
    next: AskedOut | None
    questions: list[AskedOut]


# A stored result: JSON data inside, in the document as it was first given.
StoredResult = Annotated[dict[str, Any], shown_as(EvaluationOut)]


class Trace(BaseModel):
    finding: FindingOut
    status_label: str = Field(description="结果的中文")
    as_of: str
    applies_when: ConditionTrace | None = Field(description="适用条件；一律适用的为 null")
    require: ConditionTrace = Field(description="要求")
    metrics: list[MetricTrace] = Field(description="用到的指标")
    criteria: list[CriterionTrace] = Field(description="用到的准入标准")
    source: RuleText = Field(description="规则原文")


class LabelOut(BaseModel):
    id: str
    title: str


class RulesetOut(BaseModel):
    identity: str
    profile: str
    title: str
    engine: str
    rules: int
    criteria: int
    metrics: int
    fields: int
    departments: dict[str, str]
    labels: list[LabelOut]


class BasisOut(BaseModel):
    criterion: str | None
    text: str | None


Bases = list[BasisOut]


class RuleOut(BaseModel):
    id: str
    title: str
    list: str
    dimension: str | None
    effect: EffectName
    departments: Words
    basis: Bases
    remedy: str | None
    note: str | None
    start: str | None
    end: str | None
    file: str
    line: int | None


class RuleSourceOut(RuleOut):
    source: str = Field(description="规则的 YAML 原文")


class CriterionOut(BaseModel):
    id: str
    title: str
    kind: str
    unit: str | None
    by: list[str]
    rounded: int | None
    periods: list[Period]


class Health(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    status: Literal["ok", "limited"]
    detail: str | None = None


_WHEN = {
    400: "请求体无法读取（不是 JSON、键重复、嵌套过深等）",
    401: "没有登录，或凭据无效",
    403: "没有权限",
    404: "没有找到",
    409: "与现有记录冲突",
    413: "请求体过大",
    415: "请求体类型不支持",
    422: "内容有误，errors 逐项列出",
    428: "没有用 If-Match 写明看的是哪一稿、哪一版",
    429: "请求过于频繁",
    503: "数据库暂时不可用，稍后重试",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` entries of a route for the refusals it can give."""
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {
        status: {
            "description": _WHEN[status],
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status in {*statuses, 422, 429}
    }


READS = problems(401, 403, 404, 422, 503)
WRITES = problems(400, 401, 403, 404, 409, 413, 415, 422, 503)
# Acts on what can change: which state of it was seen has to be told.
ACTS = problems(400, 401, 403, 404, 409, 413, 415, 422, 428, 503)
