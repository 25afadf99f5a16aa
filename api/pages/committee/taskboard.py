"""What waits for whom: review tasks by urgency, overdue commitments, what is under supervision (督办)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api.access.security import store_of
from api.database.review_tables import Task
from api.filters import find_choice, find_past_department
from api.judging.current import ReadingJudge
from api.judging.judge import Judge
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.pages.frame.words import OPINIONS, PROMISE_LIGHTS, TASK_LIGHTS, TASK_STATES
from api.store import accounts
from api.store.promises import overdue, supervision
from api.store.promises.supervision import Order
from api.store.review import tasklist
from api.store.review.tasklist import TaskFilter
from api.store.service import obstacles
from api.store.service.obstacles import Sought
from api.store.work import Work
from api.transport.parameters import Before, Id, parse_day
from api.transport.problems import ProblemError
from api.transport.seen import Seen, seen_in
from api.transport.telemetry import request_id
from api.workdays.china import today

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Short = Annotated[str, Query(max_length=60)]
LATE = TaskFilter(late=True)
CHOICES = {"waiting": "未办结", "all": "全部", **TASK_STATES}
TASKS = (
    Column("受理编号", width=17),
    Column("项目", width=36),
    Column("版本", "number"),
    Column("部门", width=22),
    Column("状态"),
    Column("时限"),
    Column("送达日期", "date"),
    Column("期限", "date"),
    Column("期限为估算"),
    Column("剩余", "number", "工作日"),
    Column("意见", width=60),
)
SUPERVISED = (
    Column("受理编号", width=17),
    Column("督办的事项", width=18),
    Column("部门", width=22),
    Column("期限", "date"),
    Column("督办对象", width=22),
    Column("督办要求", width=50),
    Column("要求办结", "date"),
    Column("督办人"),
    Column("督办时间", "time"),
    Column("状态"),
    Column("办理结果", width=50),
    Column("凭据", width=30),
    Column("销号人"),
    Column("销号时间", "time"),
)
BROKEN = (
    Column("受理编号", width=17),
    Column("项目", width=36),
    Column("承诺的事项", width=18),
    Column("承诺", "number"),
    Column("最近实绩", "number"),
    Column("单位"),
    Column("期限", "date"),
    Column("逾期", "number", "天"),
    Column("灯"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks are looked for, as it was typed."""

    state: Annotated[str, Query(max_length=20)] = "waiting"
    department: Short = ""

    def filter(self, session: Session, judge: Judge) -> TaskFilter:
        """The same for the store. Raises ProblemError 422."""
        return TaskFilter(
            find_choice("state", self.state, CHOICES) or "waiting",
            find_past_department(session, judge, self.department, Task.department),
        )


@router.get("/tasks")
def tasks(
    request: Request,
    judge: ReadingJudge,
    wanted: Annotated[Wanted, Depends()],
    cursor: Short = "",
    filled: Annotated[str, Query(pattern=r"^[A-Z0-9-]{0,40}$")] = "",
) -> Response:
    """Review tasks, the most urgent first. ``filled``: the project that was just filled in."""
    actor = entitled(request, "review.read")
    store, registry = store_of(request), judge.ruleset.registry
    with store.db.read() as session:
        sought = wanted.filter(session, judge)
        listed = tasklist.find(session, actor, store.calendar, today(), sought, cursor or None)
        total = tasklist.total(session, actor, sought, today()) if sought.urgent else None
        mine = actor.departments
        pressed = supervision.listed(session, open_only=True, departments=mine) if mine else ()
        blocked = [
            o
            for d in sorted(mine)
            for o in obstacles.find(session, actor, today(), Sought(department=d)).items
        ]
        people = accounts.display_names(session) if pressed else {}
    return page(
        request,
        "tasks.html",
        listed=listed,
        total=total,
        state=sought.state,
        department=wanted.department,
        choices=CHOICES,
        departments=registry.reviewers,
        registry=registry,
        pressed=pressed,
        blocked=blocked,
        people=people,
        cursor=cursor,
        filled=filled,
        asked=urlencode(asdict(wanted)),
    )


@router.get("/tasks.{kind}")
def tasks_file(
    request: Request, judge: ReadingJudge, kind: Kind, wanted: Annotated[Wanted, Depends()]
) -> Response:
    """The same tasks for a spreadsheet."""
    actor = entitled(request, "review.read")
    store, name = store_of(request), judge.ruleset.registry.department
    with store.db.read() as session:
        sought = wanted.filter(session, judge)
        asked = [("状态", CHOICES[sought.state])]
        asked += [("部门", name(sought.department))] if sought.department else []
        rows = (
            (
                t.number,
                t.project,
                t.version,
                name(t.department),
                TASK_STATES[t.state],
                TASK_LIGHTS[t.light] if t.light else None,
                t.opened_on,
                t.due_on,
                "是" if t.due_estimated else None,
                t.workdays_left if t.light else None,
                "；".join(
                    f"{o.person}：{OPINIONS[o.opinion]}{'，' if o.reason else ''}{o.reason}"
                    for o in t.opinions
                ),
            )
            for t in tasklist.each(session, actor, store.calendar, today(), sought)
        )
        return listing_response(kind, "tasks", Listing("会审事项", TASKS, rows, asked))


@router.get("/supervision")
def supervised(
    request: Request,
    judge: ReadingJudge,
    cursor: Short = "",
    after: Short = "",
    before: Before = None,
) -> Response:
    """Overdue tasks and commitments, and what is under supervision."""
    actor = entitled(request, "review.supervise")
    store = store_of(request)
    with store.db.read() as session:
        promises = overdue.find(session, actor, today(), after or None, 20, unwatched=True)
        broken = overdue.total(session, actor, today())
        late = tasklist.find(session, actor, store.calendar, today(), LATE, cursor or None, 20)
        total = tasklist.total(session, actor, LATE, today())
        listed = supervision.listed(session, limit=51, before=before)
        people = accounts.display_names(session)
    return page(
        request,
        "supervision.html",
        late=late,
        total=total,
        listed=listed[:50],
        people=people,
        older=listed[49].id if len(listed) > 50 else None,
        registry=judge.ruleset.registry,
        cursor=cursor,
        before=before,
        promises=promises,
        broken=broken,
        after=after,
    )


@router.get("/supervision.{kind}")
def supervised_file(request: Request, judge: ReadingJudge, kind: Kind) -> Response:
    """What is and was under supervision, and what is overdue without it, for a spreadsheet."""
    actor = entitled(request, "review.supervise")
    store, name = store_of(request), judge.ruleset.registry.department
    with store.db.read() as session:
        people = accounts.display_names(session)
        rows = (
            (
                s.number,
                f"承诺：{s.promise}" if s.promise else "会审",
                name(s.department) if s.department else None,
                s.due_on,
                name(s.addressee or ""),
                s.note,
                s.answer_by,
                people.get(s.opened_by, s.opened_by),
                s.opened_at,
                "已销号" if s.closed_at else "督办中",
                s.closing_note,
                s.evidence,
                people.get(s.closed_by or "", s.closed_by),
                s.closed_at,
            )
            for s in supervision.each(session)
        )
        waiting = (
            (
                t.number,
                t.project,
                t.version,
                name(t.department),
                TASK_STATES[t.state],
                TASK_LIGHTS[t.light or "red"],
                t.opened_on,
                t.due_on,
                "是" if t.due_estimated else None,
                t.workdays_left,
                None,
            )
            for t in tasklist.each(session, actor, store.calendar, today(), LATE)
        )
        broken = (
            (
                p.number,
                p.project,
                p.title,
                p.promised,
                p.reached,
                p.unit,
                p.due_on,
                p.days_late,
                PROMISE_LIGHTS[p.light],
            )
            for p in overdue.each(session, actor, today(), unwatched=True)
        )
        return listing_response(
            kind,
            "supervision",
            Listing("督办", SUPERVISED, rows),
            Listing("逾期尚未督办", TASKS, waiting),
            Listing("承诺逾期尚未督办", BROKEN, broken),
            title="督办清单",
        )


@router.post("/tasks/{task_id}/supervise")
def supervise(request: Request, form: Form, task_id: Id) -> Response:
    """Put an overdue task under supervision."""
    order = _order(form)
    return _do(request, form, lambda work, _, seen: supervision.start(work, task_id, order, seen))


@router.post("/commitments/{commitment_id}/supervise")
def supervise_promise(request: Request, form: Form, commitment_id: Id) -> Response:
    """Put an overdue commitment under supervision."""
    order = _order(form)
    return _do(
        request,
        form,
        lambda work, _, seen: supervision.start_promise(work, commitment_id, order, seen),
    )


@router.post("/supervision/{supervision_id}/close")
def close(request: Request, form: Form, supervision_id: Id) -> Response:
    """Strike a supervision off."""
    evidence = str(form.get("evidence", ""))[:2000]
    return _do(
        request,
        form,
        lambda work, note, seen: supervision.close(work, supervision_id, note, seen, evidence),
    )


def _order(form: FormData) -> Order:
    """What is demanded, of whom, until when. Raises ProblemError 422."""
    day = parse_day(str(form.get("answer_by", "")).strip() or None, "answer_by")
    return Order(str(form.get("note", ""))[:2000], str(form.get("addressee", ""))[:300], day)


def _do(request: Request, form: FormData, act: Callable[[Work, str, Seen], object]) -> Response:
    """One act in one transaction, with what was written about it."""
    actor = entitled(request, "review.supervise")
    note = str(form.get("note", "")).strip()[:2000]
    if not note:
        raise ProblemError(422, "请写明督办要求或办理结果。")
    seen = seen_in(form)
    with store_of(request).work(actor, request_id.get()) as work:
        act(work, note, seen)
    return RedirectResponse("/supervision", 303)
