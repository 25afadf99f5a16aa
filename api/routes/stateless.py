"""Judging without storing, and the rulebook for reading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response

from api.access.security import may_compute
from api.filters import find_department, find_part, find_parts, find_stage
from api.judging.current import CurrentJudge
from api.judging.judge import Judge, Memo
from api.judging.reading import checked_data, untrusted
from api.judging.workers import Workers, source_of
from api.transport import schemas
from api.transport.answers import answer
from api.transport.asking import questions_view
from api.transport.body import JSON, json_bytes, read_json
from api.transport.parameters import AsOf, Stage, parse_day
from api.transport.views import criterion_view, rule_view, ruleset_view
from evaluator.dossier import dossier as dossiers
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.explain import findings
from evaluator.judgement.result import PART_LABELS, Part, canonical_bytes, result, selected

# The body is that of the command line, to the byte: that nothing was received is said beside it.
TRIAL = {"Admission-Evaluation": "trial"}
router = APIRouter(prefix="/api/v1", tags=["evaluations"])


@dataclass(frozen=True, slots=True)
class _Ask:
    raw: bytes
    day: dt.date | None
    counterfactual: bool
    department: str | None
    stage: str | None
    parts: frozenset[Part] | None


async def _checked(request: Request, judge: Judge, raw: bytes) -> Any:
    """A large body, read in a process of its own; None for one that is read where it is judged."""
    if not untrusted(JSON, raw):
        return None
    workers: Workers = request.app.state.workers
    return await workers.run(source_of(request), checked_data, JSON, raw, judge.ruleset.registry)


def _answer(judge: Judge, data: Any, ask: _Ask) -> tuple[bytes, bool]:
    """The answer, and whether it may be given again; ``data`` is the dossier where it has been read."""
    profile = judge.read(read_json(ask.raw) if data is None else data)
    evaluation = judge.evaluate(profile, ask.day, ask.stage)
    if ask.department is not None:
        body = canonical_bytes(_of_department(evaluation, ask, ask.department))
    elif ask.parts is not None:
        body = judge.fragments.selected(evaluation, ask.parts)
    else:
        body = judge.fragments.canonical(evaluation, with_counterfactual=ask.counterfactual)
    # An answer that says the engines disagreed is not a function of the dossier alone.
    return body, not evaluation.disputed


def _of_department(evaluation: Evaluation, ask: _Ask, department: str) -> dict[str, Any]:
    """The answer with the findings, and their traces, of one department."""
    if ask.parts is None:
        told = result(evaluation, with_counterfactual=ask.counterfactual)
    else:
        told = selected(evaluation, ask.parts)
        if "findings" in told:
            told["findings"] = [f.to_dict() for f in findings(evaluation)]
    if "findings" in told:
        told["findings"] = [f for f in told["findings"] if department in f["departments"]]
    if "traces" in told:
        told["traces"] = [t for t in told["traces"] if department in t["finding"]["departments"]]
    return told


@router.post(
    "/evaluations",
    summary="预评估：判定一份申报材料，不存档",
    description="请求体就是申报材料本身。答复与 `admission evaluate --json` 逐字节相同；"
    "`department` 只列该部门负责的单项结论，`counterfactual=false` 省去修改建议，答复更快。"
    "`include` 只要其中几部分，其余的不算也不答；不写时答复全部。",
    response_class=Response,
    responses={
        200: {
            "model": schemas.EvaluationOut | schemas.EvaluationPartsOut,
            "description": "规范结果；写了 `include` 的，是其中要的几部分",
        },
        **schemas.problems(400, 401, 413, 415, 422, 503),
    },
)
async def evaluate_dossier(
    request: Request,
    judge: CurrentJudge,
    as_of: AsOf = None,
    department: Annotated[
        str | None, Query(max_length=60, description="责任部门代码或名称")
    ] = None,
    counterfactual: Annotated[bool, Query(description="是否给出修改建议")] = True,
    stage: Stage = None,
    include: Annotated[
        str | None,
        Query(
            max_length=120,
            description="只要这几部分，用逗号隔开：" + "、".join(PART_LABELS),
        ),
    ] = None,
) -> Response:
    """Judge the dossier in the body."""
    await to_thread.run_sync(may_compute, request, limiter=request.app.state.judging)
    raw = await json_bytes(request)
    ask = _Ask(
        raw,
        parse_day(as_of, "as_of"),
        counterfactual,
        find_department(judge, department),
        find_stage(judge, stage),
        find_parts(include),
    )
    memo: Memo = request.app.state.memo
    key = (judge.ruleset.identity, ask)
    known = memo.get(key)
    if known is not None:
        return Response(known, headers=TRIAL, media_type="application/json")
    data = await _checked(request, judge, raw)
    # Threads of its own: those of the others may all be waiting for the database.
    lane: CapacityLimiter = request.app.state.judging
    body, keep = await to_thread.run_sync(_answer, judge, data, ask, limiter=lane)
    if keep:
        memo.put(key, len(raw), body)
    return Response(body, headers=TRIAL, media_type="application/json")


def _kept(judge: Judge, what: str, make: Callable[[], Any]) -> Response:
    """An answer that is the same as long as the ruleset is: made once."""
    body = judge.kept.get(what)
    if body is None:
        body = judge.kept[what] = bytes(answer(make()).body)
    return Response(body, media_type=JSON)


@router.post(
    "/questions",
    summary="该问的：还有哪些材料能改变结论，下一项问什么",
    description="请求体是已有的申报材料，可以只有必填的三项。`next` 是接下来该问的一项，答了再来问下一项，"
    "直到 `next` 为空；`questions` 是全部，先问的在前。已有否决事项时没有该问的。",
    response_model=schemas.QuestionsOut,
    responses=schemas.problems(400, 401, 413, 415, 422, 503),
)
async def ask_questions(
    request: Request, judge: CurrentJudge, as_of: AsOf = None, stage: Stage = None
) -> dict[str, Any]:
    """What to ask next of the dossier in the body."""
    await to_thread.run_sync(may_compute, request, limiter=request.app.state.judging)
    raw = await json_bytes(request)
    day, at = parse_day(as_of, "as_of"), find_stage(judge, stage)
    data = await _checked(request, judge, raw)

    def asked() -> dict[str, Any]:
        profile = judge.read(read_json(raw) if data is None else data)
        return questions_view(judge.evaluate(profile, day, at))

    lane: CapacityLimiter = request.app.state.judging
    return await to_thread.run_sync(asked, limiter=lane)


@router.get(
    "/rulesets/current",
    summary="生效的规则集",
    response_model=schemas.RulesetOut,
    responses=schemas.problems(422, 503),
)
def get_current_ruleset(judge: CurrentJudge) -> Response:
    """Identity and counts of the ruleset in force."""
    return _kept(judge, "ruleset", lambda: ruleset_view(judge.ruleset, judge.engine))


@router.get(
    "/rules",
    summary="全部规则",
    response_model=list[schemas.RuleOut],
    responses=schemas.problems(422, 503),
)
def list_rules(judge: CurrentJudge) -> Response:
    """Every rule, by id."""
    listed = judge.ruleset.rules.values()
    return _kept(judge, "rules", lambda: [rule_view(r, judge.ruleset) for r in listed])


@router.get(
    "/rules/{rule_id}",
    summary="一条规则及其 YAML 原文",
    response_model=schemas.RuleSourceOut,
    responses=schemas.problems(404, 422, 503),
)
def get_rule(rule_id: str, judge: CurrentJudge) -> Response:
    """One rule with its source."""
    asked = find_part("规则", rule_id, judge.ruleset.rules)
    return answer(rule_view(asked, judge.ruleset, source=True))


@router.get(
    "/criteria",
    summary="全部准入标准",
    response_model=list[schemas.CriterionOut],
    responses=schemas.problems(422, 503),
)
def list_criteria(judge: CurrentJudge) -> Response:
    """Every criterion with its periods."""
    listed = judge.ruleset.criteria.values()
    return _kept(judge, "criteria", lambda: list(map(criterion_view, listed)))


@router.get(
    "/criteria/{criterion_id}",
    summary="一项准入标准",
    response_model=schemas.CriterionOut,
    responses=schemas.problems(404, 422, 503),
)
def get_criterion(criterion_id: str, judge: CurrentJudge) -> Response:
    """One criterion with its periods."""
    return answer(criterion_view(find_part("准入标准", criterion_id, judge.ruleset.criteria)))


@router.get(
    "/schemas/dossier",
    summary="申报材料的 JSON Schema",
    response_model=dict[str, Any],
    responses=schemas.problems(422, 503),
)
def get_dossier_schema(judge: CurrentJudge) -> Response:
    """JSON Schema of the request body of POST /evaluations."""
    registry = judge.ruleset.registry
    return _kept(judge, "schema", lambda: dossiers.dossier_schema(registry))
