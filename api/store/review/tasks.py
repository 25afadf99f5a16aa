"""Joint review (联合会审): tasks for departments, opinions, supplements, the committee's conclusion.

A decision that refers opens one task for each department whose findings stand in the way. A new
version of the dossier withdraws the open tasks of the version before. The committee's conclusion
stands beside the machine's verdict and never replaces it; where it goes against a pass or a reject
it is an override (一事一议) and needs authority, reason and document number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from api.database.review_tables import Attachment, AttachmentPart, Conclusion, Opinion, Task
from api.database.tables import Decision, Project
from api.errors import Conflict, Denied, Invalid, Missing
from api.store.visibility import get_decision, get_project, owns, tasks_seen, visible
from api.store.work import Actor, Work
from api.transport.attachments import Upload
from api.transport.schemas import VerdictWord, one_of
from api.workdays.china import china_day
from api.workdays.workdays import WorkCalendar
from evaluator.dossier.fields import Registry

OPEN, SUPPLEMENT, DONE, WITHDRAWN = "open", "supplement", "done", "withdrawn"
WAITING = (OPEN, SUPPLEMENT)
OPINIONS = ("agree", "disagree", "supplement")
YELLOW_WORKDAYS = 2
MAX_ATTACHMENTS = 20


@dataclass(frozen=True, slots=True)
class AttachmentOut:
    """A file given with a task, without its content."""

    id: int
    name: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class OpinionOut:
    """What a department said."""

    id: int
    opinion: str
    reason: str
    attachments: tuple[AttachmentOut, ...]
    person: str
    given_at: dt.datetime


@dataclass(frozen=True, slots=True)
class TaskOut:
    """A task; ``light`` is None where it no longer waits.

    ``workdays_left`` counts to the due date, negative when overdue.
    """

    id: int
    number: str
    project: str
    version: int
    decision: int
    department: str
    opened_on: dt.date
    due_on: dt.date
    due_estimated: Annotated[
        bool, Field(description="期限是估算的：涉及的年份还没有节假日安排，有了以后自动重算")
    ]
    state: Annotated[str, one_of(OPEN, SUPPLEMENT, DONE, WITHDRAWN)]
    light: Annotated[
        Annotated[str, one_of("green", "yellow", "red")] | None,
        Field(description="按剩余工作日：绿、黄、红（逾期）"),
    ]
    workdays_left: int
    opinions: tuple[OpinionOut, ...]


@dataclass(frozen=True, slots=True)
class ConclusionOut:
    """What the committee concluded; ``machine`` is the verdict it stands beside."""

    decision: int
    number: str
    outcome: str
    machine: VerdictWord
    override: bool
    reason: str
    authority: str | None
    document_number: str | None
    person: str
    concluded_at: dt.datetime


def light(state: str, due_on: dt.date, today: dt.date, calendar: WorkCalendar) -> str | None:
    """红黄绿灯 by the working days left."""
    if state not in WAITING:
        return None
    if today > due_on:
        return "red"
    return "yellow" if calendar.between(today, due_on) <= YELLOW_WORKDAYS else "green"


def open_tasks(
    work: Work,
    project: Project,
    decision: Decision,
    departments: Iterable[str],
    calendar: WorkCalendar,
    workdays: int,
) -> None:
    """Withdraw what still waits for an earlier version, and ask each department about this one."""
    old = work.session.scalars(
        select(Task).where(Task.project_id == project.id, Task.state.in_(WAITING))
    )
    for task in old:
        _withdraw(work, task)
    today = china_day(work.now)
    due = calendar.add(today, workdays)
    guessed = calendar.is_estimated(today, due)
    opened = [
        Task(
            project_id=project.id,
            decision_id=decision.id,
            department=department,
            opened_on=today,
            due_on=due,
            state=OPEN,
            closed_at=None,
            workdays=workdays,
            due_estimated=guessed,
        )
        for department in sorted(set(departments))
    ]
    work.session.add_all(opened)
    work.session.flush()
    for task in opened:
        after = {
            "department": task.department,
            "due_on": due.isoformat(),
            "estimated": guessed,
            "decision": decision.id,
        }
        work.log("task.open", f"task:{task.id}", None, after)


def _withdraw(work: Work, task: Task) -> None:
    task.state, task.closed_at = WITHDRAWN, work.now
    work.log("task.withdraw", f"task:{task.id}", None, {"state": WITHDRAWN})


def tasks(
    session: Session,
    actor: Actor,
    calendar: WorkCalendar,
    today: dt.date,
    *,
    number: str | None = None,
    department: str | None = None,
    state: str | None = None,
    overdue: bool = False,
    limit: int = 200,
    after: int = 0,
) -> tuple[TaskOut, ...]:
    """Tasks the actor may see in order of their number, after task ``after``."""
    query = (
        select(Task, Project, Decision.version)
        .join(Project, Project.id == Task.project_id)
        .join(Decision, Decision.id == Task.decision_id)
        .where(visible(actor), Task.id > after)
    )
    if number is not None:
        query = query.where(Task.project_id == get_project(session, actor, number).id)
    if not actor.sees_all:
        query = query.where(tasks_seen(actor))
    if department is not None:
        query = query.where(Task.department == department)
    if state is not None:
        query = query.where(Task.state == state)
    if overdue:
        query = query.where(Task.state.in_(WAITING), Task.due_on < today)
    found = session.execute(query.order_by(Task.id).limit(limit)).all()
    return views(session, found, calendar, today)


def views(
    session: Session, found: Sequence[Any], calendar: WorkCalendar, today: dt.date
) -> tuple[TaskOut, ...]:
    """Rows of (task, project, the decision's version) with what was said about each."""
    said = _opinions(session, [t.id for t, _, _ in found])
    return tuple(_view(t, p, v, said.get(t.id, ()), calendar, today) for t, p, v in found)


def _view(
    task: Task,
    project: Project,
    version: int,
    said: tuple[OpinionOut, ...],
    calendar: WorkCalendar,
    today: dt.date,
) -> TaskOut:
    return TaskOut(
        id=task.id,
        number=project.number,
        project=project.name,
        version=version,
        decision=task.decision_id,
        department=task.department,
        opened_on=task.opened_on,
        due_on=task.due_on,
        due_estimated=task.due_estimated,
        state=task.state,
        light=light(task.state, task.due_on, today, calendar),
        workdays_left=calendar.between(today, task.due_on),
        opinions=said,
    )


def _opinions(session: Session, ids: list[int]) -> dict[int, tuple[OpinionOut, ...]]:
    out: dict[int, tuple[OpinionOut, ...]] = {}
    for o in session.scalars(select(Opinion).where(Opinion.task_id.in_(ids)).order_by(Opinion.id)):
        files = tuple(AttachmentOut(**a) for a in o.attachments)
        view = OpinionOut(
            id=o.id,
            opinion=o.opinion,
            reason=o.reason,
            attachments=files,
            person=o.person,
            given_at=o.given_at,
        )
        out[o.task_id] = (*out.get(o.task_id, ()), view)
    return out


def _own_task(work: Work, task_id: int) -> tuple[Task, Project]:
    """A task of the actor's department, still waiting, and its project; nobody else changes either.

    The project is locked first, as a new version does it, which withdraws the tasks of the one
    before: whichever comes second sees what the first has done, and neither waits for the other.
    """
    task = work.session.get(Task, task_id)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.department not in work.actor.departments:
        raise Denied("这件会审事项不由您的部门负责")
    project = work.session.get_one(Project, task.project_id, with_for_update=True)
    work.session.refresh(task, with_for_update=True)
    _must_wait(task)
    return task, project


def _must_wait(task: Task) -> None:
    if task.state == WITHDRAWN:
        raise Conflict("这件会审事项已经撤回：项目有了新的一版，或委员会已有结论")
    if task.state not in WAITING:
        raise Conflict("这件会审事项已经办结")


def may_attach(session: Session, actor: Actor, task_id: int) -> None:
    """Refuse before a file is read what ``attach`` would refuse after. Raises as it does."""
    task = session.get(Task, task_id)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.department not in actor.departments:
        raise Denied("这件会审事项不由您的部门负责")
    _must_wait(task)


def attach(work: Work, task_id: int, upload: Upload) -> AttachmentOut:
    """Keep a file for an opinion that is still to be given. Raises Missing, Denied, Conflict."""
    _own_task(work, task_id)
    count = len(
        work.session.scalars(select(Attachment.id).where(Attachment.task_id == task_id)).all()
    )
    if count >= MAX_ATTACHMENTS:
        raise Conflict(f"一件会审事项最多 {MAX_ATTACHMENTS} 个附件")
    found = Attachment(
        task_id=task_id,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        digest=upload.digest,
        content=None,
        added_by=work.actor.account_id,
        added_at=work.now,
    )
    work.session.add(found)
    work.session.flush()
    for number, part in enumerate(upload.parts()):
        row = {"attachment_id": found.id, "part": number, "content": part}
        work.session.execute(insert(AttachmentPart), row)
    after = {"attachment": found.id, "name": found.name, "size": found.size, "digest": found.digest}
    work.log("task.attach", f"task:{task_id}", None, after)
    return AttachmentOut(
        id=found.id,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        digest=found.digest,
    )


def attachment_part(session: Session, attachment_id: int, part: int) -> bytes | None:
    """One part of a file's content, from 0; None after the last."""
    found = session.get(AttachmentPart, (attachment_id, part))
    return found.content if found is not None else None


def read_attachment(session: Session, actor: Actor, attachment_id: int) -> AttachmentOut:
    """A file without its content. Raises Missing or Denied."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise Missing("没有这个附件")
    task = session.get_one(Task, found.task_id)
    project = session.get_one(Project, task.project_id)
    # A submitter sees what its project was asked to supplement, files included.
    if not (actor.sees_all or task.department in actor.departments or owns(actor, project)):
        raise Denied("这个附件不在您的查看范围内")
    return AttachmentOut(
        id=found.id,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        digest=found.digest,
    )


def give_opinion(
    work: Work, task_id: int, opinion: str, reason: str, attachment_ids: Iterable[int] = ()
) -> None:
    """A department's word: agree or disagree closes the task, supplement asks the submitter.

    Raises Conflict where the task no longer waits, Invalid for a missing reason.
    """
    task, project = _own_task(work, task_id)
    if opinion != "agree" and not reason.strip():
        raise Invalid("reason", "不同意或要求补正时须写明理由")
    files: list[dict[str, Any]] = []
    for attachment_id in dict.fromkeys(attachment_ids):
        found = work.session.get(Attachment, attachment_id)
        if found is None or found.task_id != task_id:
            raise Invalid("attachments", f"附件 {attachment_id} 不属于这件会审事项")
        files.append(
            {
                "id": found.id,
                "name": found.name,
                "media_type": found.media_type,
                "size": found.size,
                "digest": found.digest,
            }
        )
    work.session.add(
        Opinion(
            task_id=task_id,
            opinion=opinion,
            reason=reason.strip(),
            attachments=files,
            given_by=work.actor.account_id,
            person=work.actor.display_name,
            given_at=work.now,
        )
    )
    before = task.state
    task.state = SUPPLEMENT if opinion == "supplement" else DONE
    task.closed_at = None if opinion == "supplement" else work.now
    work.session.flush()
    asked = (
        select(Task.id)
        .where(Task.decision_id == task.decision_id, Task.state == SUPPLEMENT)
        .limit(1)
    )
    if opinion == "supplement":
        project.state = "supplement"
    elif project.state == "supplement" and work.session.scalar(asked) is None:
        project.state = "review"
    after = {
        "state": task.state,
        "opinion": opinion,
        "reason": reason.strip(),
        "attachments": [f["digest"] for f in files],
    }
    work.log("task.opinion", f"task:{task_id}", {"state": before}, after)
    work.session.flush()


def conclude(
    work: Work,
    registry: Registry,
    decision_id: int,
    outcome: str,
    reason: str,
    authority: str | None = None,
    document_number: str | None = None,
) -> ConclusionOut:
    """The committee's conclusion on the newest decision of a project.

    A task that an earlier version opened for the applicant is withdrawn: nobody could answer it.
    Raises Conflict for an old decision, a second conclusion or tasks that still wait; Invalid where
    an override lacks authority or document number, or no reason is given.
    """
    decision, project = get_decision(work.session, work.actor, decision_id)
    # A new version takes the same lock: whichever comes second sees what the first has done.
    work.session.refresh(project, with_for_update=True)
    if project.decision_id != decision.id:
        raise Conflict(f"这不是最新一次决定，最新为第 {project.decision_id} 号")
    if work.session.scalar(select(Conclusion.id).where(Conclusion.decision_id == decision.id)):
        raise Conflict("这次决定已有委员会结论")
    waiting = work.session.scalars(
        select(Task).where(Task.decision_id == decision.id, Task.state.in_(WAITING))
    ).all()
    departments = sorted(t.department for t in waiting if t.department != registry.applicant)
    if departments:
        raise Conflict(f"还有部门未办结：{'、'.join(map(registry.department, departments))}")
    if not reason.strip():
        raise Invalid("reason", "须写明理由")
    for task in waiting:
        _withdraw(work, task)
    override = (decision.verdict, outcome) in (("reject", "admit"), ("pass", "reject"))
    if override:
        lacking = [
            (field, word)
            for field, value, word in (
                ("authority", authority, "批准依据或批准机关"),
                ("document_number", document_number, "批准文号"),
            )
            if not (value or "").strip()
        ]
        if lacking:
            words = "和".join(word for _, word in lacking)
            raise Invalid(lacking[0][0], f"与系统结论相反属一事一议，须写明{words}")
    found = Conclusion(
        decision_id=decision.id,
        project_id=project.id,
        outcome=outcome,
        machine=decision.verdict,
        override=override,
        reason=reason.strip(),
        authority=authority,
        document_number=document_number,
        concluded_by=work.actor.account_id,
        person=work.actor.display_name,
        concluded_at=work.now,
    )
    work.session.add(found)
    before = {"state": project.state}
    project.state = "admitted" if outcome == "admit" else "rejected"
    work.session.flush()
    after = {
        "state": project.state,
        "outcome": outcome,
        "machine": decision.verdict,
        "override": override,
        "reason": found.reason,
        "authority": authority,
        "document_number": document_number,
    }
    work.log("review.conclude", f"decision:{decision.id}", before, after)
    return _conclusion(found, project)


def _conclusion(found: Conclusion, project: Project) -> ConclusionOut:
    return ConclusionOut(
        decision=found.decision_id,
        number=project.number,
        outcome=found.outcome,
        machine=found.machine,
        override=found.override,
        reason=found.reason,
        authority=found.authority,
        document_number=found.document_number,
        person=found.person,
        concluded_at=found.concluded_at,
    )


def conclusion_of(session: Session, actor: Actor, decision_id: int) -> ConclusionOut:
    """The committee's conclusion on a decision. Raises Missing where there is none."""
    decision, project = get_decision(session, actor, decision_id)
    found = session.scalar(select(Conclusion).where(Conclusion.decision_id == decision.id))
    if found is None:
        raise Missing("这次决定还没有委员会结论")
    return _conclusion(found, project)
