"""Joint review: tasks, opinions with attachments, conclusions, supervision."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.access.security import require, store_of
from api.database.review_tables import Task
from api.filters import find_past_department
from api.routes.kept_files import DOWNLOADS, kept_file
from api.store.core import Store
from api.store.projects import supplying
from api.store.projects.supplying import SuppliedOut
from api.store.promises import supervision
from api.store.promises.supervision import Order, SupervisionOut, SupervisionPage
from api.store.review import attachments, opinions, tasks
from api.store.review.attachments import AttachmentOut
from api.store.review.tasklist import TaskPage
from api.store.review.tasks import TaskOut, find_tasks
from api.store.work import Actor
from api.transport.answers import answer
from api.transport.body import BINARY, model_body, takes
from api.transport.paging import Cursor, Limit, cursor_of, cut, place_of
from api.transport.parameters import DAY, Id, Since, parse_day, parse_moment
from api.transport.problems import ProblemError
from api.transport.schemas import ACTS, READS, WRITES
from api.transport.seen import SeenHeader
from api.transport.shapes import StoredValues
from api.transport.telemetry import judged, request_id
from api.transport.uploads import Upload, receive
from api.workdays.china import today

router = APIRouter(prefix="/api/v1", tags=["reviews"])
Reader = Annotated[Actor, require("review.read")]
Department = Annotated[Actor, require("review.opinion")]
Supervisor = Annotated[Actor, require("review.supervise")]
DayText = Annotated[str, Field(pattern=DAY, json_schema_extra={"format": "date"})]
Text = Annotated[str, Field(max_length=5000)]
State = Literal["open", "supplement", "done", "withdrawn", "lapsed"]
_TYPE = re.compile(r"[a-z0-9]+/[a-z0-9.+-]+")


class OpinionIn(BaseModel):
    """A department's opinion; disagree and supplement need a reason."""

    model_config = ConfigDict(extra="forbid", strict=True)

    opinion: Literal["agree", "disagree", "supplement"]
    reason: Text = ""
    attachments: list[Annotated[int, Field(ge=1, le=2**53)]] = Field(default=[], max_length=20)


class ValuesIn(BaseModel):
    """What a department fills in: the part of a dossier that its task asks for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    values: StoredValues = Field(max_length=500)


class OrderIn(BaseModel):
    """What is demanded; an addressee that is not named is the one who answers for it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: Annotated[str, Field(min_length=1, max_length=2000)]
    addressee: str | None = Field(default=None, max_length=200, description="督办谁")
    answer_by: DayText | None = Field(default=None, description="要求办结的日期")

    def order(self) -> Order:
        """The same for the store. Raises ProblemError."""
        return Order(self.note, self.addressee, parse_day(self.answer_by, "answer_by"))


class ClosureIn(BaseModel):
    """What was done, and what shows it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: Annotated[str, Field(min_length=1, max_length=2000)]
    evidence: str = Field(default="", max_length=2000, description="凭据：文号、照片或附件在哪里")


@router.get("/tasks", summary="会审事项", response_model=TaskPage, responses=READS)
def list_tasks(
    request: Request,
    actor: Reader,
    number: Annotated[str | None, Query(max_length=40)] = None,
    department: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[State | None, Query()] = None,
    overdue: Annotated[bool, Query(description="只列逾期未办的，供督办")] = False,
    updated_since: Since = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """Review tasks the actor may see, by number."""
    store = store_of(request)
    judge = store.rulesets.reading()
    with store.db.read() as session:
        chosen = find_past_department(session, judge, department, Task.department)
        listed = find_tasks(
            session,
            actor,
            store.calendar,
            today(),
            number=number,
            department=chosen,
            state=state,
            overdue=overdue,
            since=parse_moment(updated_since, "updated_since"),
            limit=limit + 1,
            after=place_of("t", cursor) or 0,
        )
    items, more = cut(listed, limit)
    return answer(TaskPage(items, cursor_of("t", items[-1].id) if more else None))


@router.get("/tasks/{task_id}", summary="一件会审事项", response_model=TaskOut, responses=READS)
def get_task(request: Request, actor: Reader, task_id: Id) -> Response:
    """One task, with what was said about it."""
    store = store_of(request)
    with store.db.read() as session:
        return answer(tasks.get_task(session, actor, store.calendar, today(), task_id))


async def _upload(
    request: Request,
    actor: Department,
    task_id: Id,
    name: Annotated[str, Query(min_length=1, max_length=200, description="文件名")],
) -> AsyncIterator[Upload]:
    """The file in the body. Who may not give it is refused before it is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind):
        raise ProblemError(415, "上传附件须写明 Content-Type")
    await run_in_threadpool(_may_attach, store_of(request), actor, task_id)
    upload = await receive(request.stream(), name, request.app.state.attachments)
    try:
        if kind not in (upload.media_type, "application/octet-stream"):
            said = f"Content-Type 写的是 {kind[:80]}，文件内容却是 {upload.media_type}"
            raise ProblemError(415, said)
        yield upload
    finally:
        upload.file.close()


def _may_attach(store: Store, actor: Actor, task_id: int) -> None:
    with store.db.read() as session:
        attachments.may_attach(session, actor, task_id)


@router.post(
    "/tasks/{task_id}/attachments",
    summary="上传会审附件",
    status_code=201,
    response_model=AttachmentOut,
    responses=WRITES,
    openapi_extra={"requestBody": {"required": True, "content": BINARY}},
)
def upload_attachment(
    request: Request, actor: Department, task_id: Id, upload: Annotated[Upload, Depends(_upload)]
) -> Response:
    """Keep a file for an opinion that is still to be given."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(attachments.attach(work, task_id, upload), 201)


@router.get(
    "/attachments/{attachment_id}",
    summary="下载会审附件",
    response_class=Response,
    responses=DOWNLOADS,
)
def download_attachment(request: Request, actor: Reader, attachment_id: Id) -> Response:
    """A file, always as a download and never shown by the browser as a page."""
    store = store_of(request)
    with store.db.read() as session:
        view = attachments.read_attachment(session, actor, attachment_id)
    return kept_file(store, "attachment", view, attachments.attachment_part)


@router.post(
    "/tasks/{task_id}/opinions",
    summary="填写会审意见",
    response_model=TaskOut,
    openapi_extra=takes(OpinionIn),
    responses=ACTS,
)
def give_opinion(
    request: Request,
    actor: Department,
    task_id: Id,
    seen: SeenHeader,
    given: Annotated[OpinionIn, model_body(OpinionIn)],
) -> Response:
    """A department's opinion; the answer is the task as it now stands."""
    store = store_of(request)
    with store.work(actor, request_id.get()) as work:
        opinions.give_opinion(work, task_id, seen, given.opinion, given.reason, given.attachments)
        return answer(tasks.get_task(work.session, actor, store.calendar, today(), task_id))


@router.post(
    "/tasks/{task_id}/values",
    summary="部门填入本部门提供的内容，项目重新判定",
    status_code=201,
    response_model=SuppliedOut,
    openapi_extra=takes(ValuesIn),
    responses=ACTS,
)
def fill_values(
    request: Request,
    actor: Department,
    task_id: Id,
    seen: SeenHeader,
    given: Annotated[ValuesIn, model_body(ValuesIn)],
) -> Response:
    """A department's own fields that its task's findings miss: a new version, judged at once."""
    out = supplying.supply(store_of(request), actor, task_id, seen, given.values, request_id.get())
    judged(out.verdict)
    return answer(out, 201)


@router.post(
    "/tasks/{task_id}/supervisions",
    summary="督办逾期事项",
    status_code=201,
    response_model=SupervisionOut,
    openapi_extra=takes(OrderIn),
    responses=ACTS,
)
def supervise_task(
    request: Request,
    actor: Supervisor,
    task_id: Id,
    seen: SeenHeader,
    given: Annotated[OrderIn, model_body(OrderIn)],
) -> Response:
    """Put an overdue task under supervision."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(supervision.start(work, task_id, given.order(), seen), 201)


@router.post(
    "/commitments/{commitment_id}/supervisions",
    summary="督办逾期承诺",
    status_code=201,
    response_model=SupervisionOut,
    openapi_extra=takes(OrderIn),
    responses=ACTS,
)
def supervise_commitment(
    request: Request,
    actor: Supervisor,
    commitment_id: Id,
    seen: SeenHeader,
    given: Annotated[OrderIn, model_body(OrderIn)],
) -> Response:
    """Put an overdue commitment under supervision."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(supervision.start_promise(work, commitment_id, given.order(), seen), 201)


@router.get(
    "/supervisions",
    dependencies=[require("review.supervise")],
    summary="督办清单",
    response_model=SupervisionPage,
    responses=READS,
)
def list_supervisions(
    request: Request,
    open_only: Annotated[bool, Query(description="只列未销号的")] = False,
    updated_since: Since = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Supervisions, newest first."""
    with store_of(request).db.read() as session:
        listed = supervision.listed(
            session,
            open_only=open_only,
            limit=limit + 1,
            before=place_of("s", cursor),
            since=parse_moment(updated_since, "updated_since"),
        )
    items, more = cut(listed, limit)
    return answer(SupervisionPage(items, cursor_of("s", items[-1].id) if more else None))


@router.post(
    "/supervisions/{supervision_id}/closure",
    summary="销号",
    response_model=SupervisionOut,
    openapi_extra=takes(ClosureIn),
    responses=ACTS,
)
def close_supervision(
    request: Request,
    actor: Supervisor,
    supervision_id: Id,
    seen: SeenHeader,
    given: Annotated[ClosureIn, model_body(ClosureIn)],
) -> Response:
    """Strike a supervision off."""
    with store_of(request).work(actor, request_id.get()) as work:
        return answer(supervision.close(work, supervision_id, given.note, seen, given.evidence))
