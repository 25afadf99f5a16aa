"""Review tasks that wait for an answer, and who may give it."""

from __future__ import annotations

from api.database.review_tables import Task
from api.database.tables import Project
from api.errors import Conflict, Denied, Missing
from api.store.work import Work

OPEN, SUPPLEMENT, DONE, WITHDRAWN = "open", "supplement", "done", "withdrawn"
# Overdue, and not waited for any longer when the committee concluded.
LAPSED = "lapsed"
WAITING = (OPEN, SUPPLEMENT)


def own_task(work: Work, task_id: int) -> tuple[Task, Project]:
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
    must_wait(task)
    return task, project


def must_wait(task: Task) -> None:
    """Raises Conflict for a task that no longer waits."""
    if task.state == WITHDRAWN:
        raise Conflict("这件会审事项已经撤回：项目有了新的一版，或委员会已有结论")
    if task.state == LAPSED:
        raise Conflict("这件会审事项逾期没有办结，委员会已不再等候，作了结论")
    if task.state not in WAITING:
        raise Conflict("这件会审事项已经办结")


def withdraw(work: Work, task: Task) -> None:
    """Take a task back."""
    task.state, task.closed_at = WITHDRAWN, work.now
    work.log("task.withdraw", f"task:{task.id}", None, {"state": WITHDRAWN})
