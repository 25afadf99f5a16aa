"""Shapes of what lies deep inside answers, for OpenAPI: traces, citations, periods, checks.

Like those of ``schemas`` they write nothing; ``tests/api/contract`` holds real answers against them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, GetPydanticSchema

Words = list[str]
Scalar = str | int | float | bool | None
# A dossier as it was kept: its fields are those of the rulebook that judged it.
Values = dict[str, Scalar | list[Scalar | dict[str, Scalar]]]


def shown_as(shape: Any) -> Any:
    """For an annotation of a record's JSON data: the document shows ``shape``."""
    return GetPydanticSchema(lambda _, handler: handler.generate_schema(shape))


StoredValues = Annotated[dict[str, Any], shown_as(Values)]


class Citation(BaseModel):
    title: str = Field(description="文件名称")
    number: str | None = Field(description="文号")
    clause: str | None = Field(description="条款")
    since: str | None = Field(alias="from", description="从哪一天起施行")
    until: str | None = Field(description="到哪一天为止；null 为现行")
    verified: bool = Field(description="是否已核对原文")
    criterion: str | None = Field(description="所用准入标准的代码")
    text: str = Field(description="完整的引用文字")


class Provenance(BaseModel):
    title: str = Field(description="文件名称")
    number: str | None = Field(description="文号")
    clause: str | None = Field(description="条款")
    in_force: str | None = Field(description="施行日期")
    verified: bool = Field(description="是否已核对原文")
    note: str | None


class CriterionRow(BaseModel):
    keys: dict[str, Words] = Field(description="这一行适用于哪些代码，按表的列")
    value: str
    unit: str | None
    basis: Provenance | None


class Period(BaseModel):
    start: str = Field(description="从哪一天起")
    end: str | None = Field(description="到哪一天为止（不含）；null 为没有止期")
    gap: str | None = Field(description="这一段没有标准的原因")
    accepted_before: str | None = Field(description="只适用于这一天以前受理的")
    codes: Words = Field(description="代码清单；不是清单的为空")
    rows: list[CriterionRow] = Field(description="各行的标准值")
    basis: Provenance | None


class Fill(BaseModel):
    field: str
    label: str
    condition: str | None = Field(description="应填成什么样；没有定论的为 null")
    supplied_by: str | None


class Moved(BaseModel):
    rule: str
    title: str
    before: str = Field(alias="from", description="原来的结果")
    to: str = Field(description="现在的结果")
    message: str


class ChangedField(BaseModel):
    field: str
    label: str
    before: Scalar | list[Scalar | dict[str, Scalar]] = Field(
        alias="from", description="原来的值；null 为没有填"
    )
    to: Scalar | list[Scalar | dict[str, Scalar]] = Field(description="现在的值；null 为没有填")


class MovedVerdict(BaseModel):
    before: Literal["pass", "refer", "reject"] = Field(alias="from", description="上一版的结论")
    to: Literal["pass", "refer", "reject"] = Field(description="这一版的结论")


class Supplied(BaseModel):
    department: str
    person: str
    at: str
    task: int
    names: Words = Field(description="填了哪些字段")


class CameFrom(BaseModel):
    """Where values came from that are not typed by who submitted the version."""

    names: list[str] = Field(description="字段，清单中的一项写作 emissions.COD")
    person: str = Field(description="填写的人；读自材料的，采用的人")
    at: str
    document: str | None = Field(default=None, description="读自哪份材料")
    sha256: str | None = Field(default=None, description="那份材料的 SHA-256")
    place: str | None = Field(default=None, description="页、段、行或单元格")
    quote: str | None = Field(default=None, description="原文")
    kind: str | None = Field(default=None, description="把握，同读材料的 kind")


class Acceptance(BaseModel):
    accepted_on: str = Field(description="受理日")
    channel: Literal["online", "paper"] = Field(description="网上提交，或纸质材料由委员会登记")
    stated_on: str | None = Field(default=None, description="材料自己写的另一个日期，不作数")
    received_note: str | None = Field(default=None, description="纸质材料的收到凭据")
    as_of_reason: str | None = Field(default=None, description="另定判定日期的理由")
    supplied: list[Supplied] | None = Field(default=None, description="部门填入的内容")
    origins: list[CameFrom] | None = Field(
        default=None, description="值的来源；没有列出的由提交这一版的人填写"
    )


class ConditionTrace(BaseModel):
    kind: str
    text: str
    truth: Literal["true", "false", "unknown"] = Field(description="成立、不成立、无法判断")
    children: list[ConditionTrace] | None = Field(default=None, description="组成它的条件")


class MetricTrace(BaseModel):
    id: str
    title: str
    unit: str
    formula: str = Field(description="公式")
    numbers: str = Field(description="代入数值的公式")
    value: str | None
    exact: str | None = Field(description="没有舍入的数")
    unknown: str | None = Field(description="算不出的原因")
    file: str
    line: int | None


class CriterionTrace(BaseModel):
    id: str
    title: str
    row: str
    value: str
    unit: str | None
    basis: Citation
    note: str | None
    file: str
    line: int | None


class RuleText(BaseModel):
    file: str
    line: int | None
    yaml: str = Field(description="规则的 YAML 原文")


class Waiver(BaseModel):
    invariant: str = Field(description="豁免哪一条不变式")
    reason: str
    by: str = Field(description="谁豁免的")


class Rival(BaseModel):
    proposal: int
    title: str
    drafted_by: str
    both: Words = Field(description="双方都改动的规则、标准")


class RunShort(BaseModel):
    number: int = Field(description="第几次检查")
    state: str
    label: str
    stage: str = Field(description="做到哪一步")
    current: bool = Field(description="是否就是现在这一稿的检查")
    error: str | None


class Noted(BaseModel):
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_column: int | None = None


class RulebookProblem(Noted):
    code: str
    severity: Literal["error", "warning", "accepted"] = Field(
        description="错误、提醒、看过而接受的提醒"
    )
    end_line: int | None = None
    pointer: str | None = None
    subject: str | None = Field(default=None, description="说的是哪条规则、哪项标准")
    hint: str | None = None
    accepted: str | None = Field(default=None, description="为什么接受这处提醒")
    notes: list[Noted] | None = Field(default=None, description="有关的其他位置")


class DiffEntry(BaseModel):
    kind: str
    id: str
    change: str
    title: str
    lines: Words = Field(description="不同之处，一行一处")
    warnings: Words


class FileChange(BaseModel):
    layer: str
    path: str
    change: str


class Retroactive(BaseModel):
    kind: str
    id: str
    title: str
    start: str
    end: str | None
    lines: Words = Field(description="不同之处，一行一处")
    text: str
    decisions: int = Field(description="有几次决定的判定日期落在这一段")
    listed: list[int | str] = Field(description="其中的几次，不全列")


class RetroactiveWord(BaseModel):
    by: str = Field(description="谁写的")
    at: str
    word: str = Field(description="为什么可以追溯")


class PublishedChanges(BaseModel):
    text: str
    entries: list[DiffEntry] = Field(description="逐条的不同")
    files: list[FileChange] = Field(description="改动的文件")
    retroactive: list[Retroactive] | None = Field(default=None, description="改了以前的标准的")
    retroactive_word: RetroactiveWord | None = Field(default=None, description="追溯的理由")
    touched: Words | None = Field(default=None, description="改动的规则、标准等")


class CheckPart(BaseModel):
    errors: int
    warnings: int
    accepted: int
    problems: list[RulebookProblem] = Field(description="错误和提醒")
    accepted_problems: list[RulebookProblem] = Field(description="看过而接受的提醒")


class CasesPart(BaseModel):
    total: int
    failed: int
    problems: list[RulebookProblem] = Field(description="不通过的案例")
    gaps: list[RulebookProblem] = Field(description="还没有案例的规则")
    added: Words
    dropped: Words
    adjusted: Words = Field(default=[], description="期望的结论、得分或材料改了的案例")
    left_out: int


class ProofAnswer(BaseModel):
    check: str
    state: str
    proven: bool
    message: str
    as_of: str
    subjects: Words
    witnesses: list[Values] = Field(description="反例：这样的材料就打破它")


class InvariantRef(BaseModel):
    id: str
    title: str


class ProofPart(BaseModel):
    days: Words
    questions: int
    invariants: list[InvariantRef]
    answers: list[ProofAnswer]
    broken: Words
    problems: list[RulebookProblem] = Field(description="证明不了的原因")


class RunResult(BaseModel):
    """What a run found; a part that is not done yet is absent."""

    check: CheckPart | None = Field(default=None, description="检查")
    cases: CasesPart | None = Field(default=None, description="案例")
    diff: PublishedChanges | None = Field(default=None, description="与已发布的差别")
    proof: ProofPart | None = Field(default=None, description="证明")
    impact: dict[str, Any] | None = Field(
        default=None, description="对已有决定的影响，写法同 admission rules impact --json"
    )


class ExcerptOut(BaseModel):
    field: str
    value: str | None
    unit: str | None
    kind: str
    ticked: bool = Field(description="是否预先打勾")
    quote: str = Field(description="原文")
    place: str = Field(description="在文件中的位置")
    page: int | None = Field(default=None, description="第几页")
    high: str | None = Field(default=None, description="原文写的是一个范围时的上限")
    bound: str | None = Field(default=None, description="原文写的是“不低于”“不高于”时")
    note: str | None = None
    also: Words | None = Field(default=None, description="文件里另外写的不同的值")


class IndustryGuess(BaseModel):
    code: str
    name: str
    words: Words = Field(description="根据文件里的哪些词")


class DocumentDossier(BaseModel):
    project: str | None
    excerpts: list[ExcerptOut] = Field(description="建议值")
    industries: list[IndustryGuess] = Field(description="可能的行业")


class DocumentOut(BaseModel):
    """What was found in a document: suggestions, no answers."""

    file: str
    sha256: str | None = Field(default=None, description="文件的 SHA-256")
    pages: int | None = Field(default=None, description="共几页；不分页的为 null")
    dossiers: list[DocumentDossier] = Field(description="每个项目一份")
    notes: Words | None = None
    problems: list[RulebookProblem] = Field(description="读不了的原因")
