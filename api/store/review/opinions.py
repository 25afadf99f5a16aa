"""What departments say about their tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.review_tables import Attachment, Opinion, Task
from api.errors import Invalid
from api.store.preconditions import must_be, task_now
from api.store.review.attachments import AttachmentOut, attachment_out
from api.store.review.waiting import DONE, SUPPLEMENT, own_task
from api.store.work import Work
from api.transport.schemas import record
from api.transport.seen import Seen

OPINIONS = ("agree", "disagree", "supplement")


@record
class OpinionOut:
    """What a department said."""

    id: int
    opinion: str
    reason: str
    attachments: tuple[AttachmentOut, ...]
    person: str
    given_at: dt.datetime


def opinions_on(session: Session, ids: list[int]) -> dict[int, tuple[OpinionOut, ...]]:
    """What was said of each of these tasks, in order."""
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


def give_opinion(
    work: Work,
    task_id: int,
    seen: Seen,
    opinion: str,
    reason: str,
    attachment_ids: Iterable[int] = (),
) -> None:
    """A department's word: agree or disagree closes the task, supplement asks the submitter.

    Raises Conflict where the task no longer waits, Invalid for a missing reason.
    """
    task, project = own_task(work, task_id)
    now = task_now(work.session, task)
    must_be(work.session, seen, now, f"第 {task_id} 号会审事项", [f"task:{task_id}"])
    if opinion != "agree" and not reason.strip():
        raise Invalid("reason", "不同意或要求补正时须写明理由")
    files: list[dict[str, Any]] = []
    for attachment_id in dict.fromkeys(attachment_ids):
        attachment = work.session.get(Attachment, attachment_id)
        if attachment is None or attachment.task_id != task_id:
            raise Invalid("attachments", f"附件 {attachment_id} 不属于这件会审事项")
        files.append(asdict(attachment_out(attachment)))
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
    before, project.updated_at = task.state, work.now
    task.state = SUPPLEMENT if opinion == "supplement" else DONE
    task.closed_at = None if opinion == "supplement" else work.now
    work.session.flush()
    asked = (
        select(Task.id)
        .where(Task.decision_id == task.decision_id, Task.state == SUPPLEMENT)
        .limit(1)
    )
    if project.state == "suspended":
        pass  # The committee's word stands; what departments say meanwhile is kept for later.
    elif opinion == "supplement":
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
