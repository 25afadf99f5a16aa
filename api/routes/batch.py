"""Judging many dossiers in one request, by the portfolio engine, without storing them."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from api.access.security import may_compute
from api.filters import find_stage
from api.judging.batches import HINT, NDJSON, PARQUET, PATH, Batches, Form, Lines
from api.judging.current import fresh_judge
from api.judging.workers import source_of
from api.transport import schemas
from api.transport.batch_lines import BATCH_LINES
from api.transport.parameters import AsOf, Stage, parse_day
from api.transport.problems import ProblemError
from evaluator.rulebook.due import find_stage as stage_at

router = APIRouter(prefix="/api/v1", tags=["evaluations"])
FORMS: dict[str, Form] = {NDJSON: "ndjson", PARQUET: "parquet"}
DESCRIPTION = f"""请求体是 NDJSON（`{NDJSON}`，每行一份申报材料，写法与 `POST /evaluations` 相同）或 Parquet
（`{PARQUET}`，每行一份，一列一个字段）。整批由同一个规则集判定，其标识在答复头 `Admission-Ruleset` 和第一行里。

答复是 NDJSON，边算边发：第一行 `batch`，然后按输入的先后每份材料一行 `judged` 或 `rejected`，最后一行 `summary`。
`stage` 是整批的环节；第一行写着按哪个环节。
不合格式的行是 `rejected`，写明行号和原因，不算评估过。没有 `summary` 行的答复不完整；中途出错时最后一行是 `error`。"""
LINES = {"oneOf": [{"$ref": f"#/components/schemas/{m.__name__}"} for m in BATCH_LINES]}


def form_of(request: Request) -> Form:
    """What the body is said to be. Raises ProblemError 415."""
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind not in FORMS:
        said = f"Content-Type 写的是“{given[:80]}”" if given else "没有写 Content-Type"
        raise ProblemError(415, f"{said}。{HINT}")
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise ProblemError(415, f"Content-Encoding 写的是“{packed[:40]}”，请求体不能压缩")
    return FORMS[kind]


def as_of_option(day: str | None, column: str | None) -> Any:
    """The day, or the column with the day of each row. Raises ProblemError 422."""
    as_of = parse_day(day, "as_of")
    if as_of is not None and column is not None:
        detail = "as_of 和 as_of_column 只写一个"
        raise ProblemError(
            422,
            "请求参数有误",
            [{"parameter": "as_of_column", "detail": detail, "code": "A108"}],
        )
    return as_of or column


@router.post(
    PATH.removeprefix("/api/v1"),
    summary="批量预评估：判定一批申报材料，不存档",
    description=DESCRIPTION,
    response_class=Response,
    responses={
        200: {
            "description": "每行一个 JSON 对象",
            "content": {NDJSON: {"schema": {"type": "string"}, "itemSchema": LINES}},
            "headers": {
                "Admission-Ruleset": {"description": "规则集的标识", "schema": {"type": "string"}}
            },
        },
        **schemas.problems(400, 401, 413, 415, 422, 503),
    },
)
async def evaluate_dossiers(
    request: Request,
    as_of: AsOf = None,
    as_of_column: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=100,
            description="每份材料按这一列（NDJSON 为这个键）的日期判定，空着的按受理日期",
        ),
    ] = None,
    findings: Annotated[
        bool, Query(description="是否列出每条适用规则的结果、数值和要求值")
    ] = False,
    stage: Stage = None,
) -> Response:
    """Judge the dossiers in the body."""
    await to_thread.run_sync(may_compute, request, limiter=request.app.state.judging)
    form, day = form_of(request), as_of_option(as_of, as_of_column)
    if stage is not None:
        find_stage(await fresh_judge(request), stage)  # Refused before all is sent.
    batches: Batches = request.app.state.batches
    run = batches.open(source_of(request))
    try:
        await run.receive(request.stream(), form)
        # After the body, which may take minutes: the ruleset in force now, and one for all rows.
        judge = await fresh_judge(request)
        ruleset, at = judge.ruleset, stage_at(judge.ruleset, find_stage(judge, stage))
        options = {"as_of": day, "findings": findings, "stage": at.id if at else None}
        await run.judge(ruleset, form, options, request.receive)
        identity = {
            "identity": ruleset.identity,
            "profile": ruleset.profile_id,
            "title": ruleset.title,
        }
        return Lines(
            run,
            {"type": "batch", "ruleset": identity, "stage": options["stage"]},
            {"Admission-Ruleset": ruleset.identity, "X-Accel-Buffering": "no"},
        )
    except ClientDisconnect:
        await run.close()
        raise ProblemError(400, "连接在请求体发完之前断开") from None
    except BaseException:
        await run.close()
        raise
