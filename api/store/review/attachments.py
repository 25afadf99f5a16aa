"""Files given with an opinion, kept in parts."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from api.database.review_tables import Attachment, AttachmentPart, Task
from api.database.tables import Project
from api.errors import Conflict, Denied, Missing
from api.store.review.waiting import must_wait, own_task
from api.store.visibility import owns
from api.store.work import Actor, Work
from api.transport.schemas import record
from api.transport.uploads import Upload

MAX_ATTACHMENTS = 20


@record
class AttachmentOut:
    """A file given with a task, without its content."""

    id: int
    name: str
    media_type: str
    size: int
    digest: str


def attachment_out(attachment: Attachment) -> AttachmentOut:
    """A file as it is told of."""
    return AttachmentOut(
        id=attachment.id,
        name=attachment.name,
        media_type=attachment.media_type,
        size=attachment.size,
        digest=attachment.digest,
    )


def may_attach(session: Session, actor: Actor, task_id: int) -> None:
    """Refuse before a file is read what ``attach`` would refuse after. Raises as it does."""
    task = session.get(Task, task_id)
    if task is None:
        raise Missing(f"没有第 {task_id} 号会审事项")
    if task.department not in actor.departments:
        raise Denied("这件会审事项不由您的部门负责")
    must_wait(task)


def attach(work: Work, task_id: int, upload: Upload) -> AttachmentOut:
    """Keep a file for an opinion that is still to be given. Raises Missing, Denied, Conflict."""
    own_task(work, task_id)
    count = len(
        work.session.scalars(select(Attachment.id).where(Attachment.task_id == task_id)).all()
    )
    if count >= MAX_ATTACHMENTS:
        raise Conflict(f"一件会审事项最多 {MAX_ATTACHMENTS} 个附件")
    attachment = Attachment(
        task_id=task_id,
        name=upload.name,
        media_type=upload.media_type,
        size=upload.size,
        digest=upload.digest,
        content=None,
        added_by=work.actor.account_id,
        added_at=work.now,
    )
    work.session.add(attachment)
    work.session.flush()
    for number, part in enumerate(upload.parts()):
        row = {"attachment_id": attachment.id, "part": number, "content": part}
        work.session.execute(insert(AttachmentPart), row)
    after = {
        "attachment": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "digest": attachment.digest,
    }
    work.log("task.attach", f"task:{task_id}", None, after)
    return attachment_out(attachment)


def attachment_part(session: Session, attachment_id: int, part: int) -> bytes | None:
    """One part of a file's content, from 0; None after the last."""
    row = session.get(AttachmentPart, (attachment_id, part))
    return row.content if row is not None else None


def read_attachment(session: Session, actor: Actor, attachment_id: int) -> AttachmentOut:
    """A file without its content. Raises Missing or Denied."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None:
        raise Missing("没有这个附件")
    task = session.get_one(Task, attachment.task_id)
    project = session.get_one(Project, task.project_id)
    # A submitter sees what its project was asked to supplement, files included.
    if not (actor.sees_all or task.department in actor.departments or owns(actor, project)):
        raise Denied("这个附件不在您的查看范围内")
    return attachment_out(attachment)
