"""Review tasks as a list to work through: order, pages, totals; who sees what."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update

from api.database.review_tables import Task
from api.database.tables import Hit
from api.errors import Invalid
from api.store import accounts, preconditions
from api.store.projects import lookup
from api.store.projects.lookup import Filter
from api.store.promises import supervision
from api.store.review import tasklist
from api.store.review.tasklist import TaskFilter
from api.store.work import Actor
from tests.api.support import Service

TODAY = dt.date(2026, 11, 24)
CHAIR = Actor(900, "chair", "李主任", frozenset({"committee"}))
NOBODY = Actor(901, "nobody", "无", frozenset())


def department(name: str) -> Actor:
    return Actor(902, name, name, frozenset({f"department:{name}"}))


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    """Four projects; of the tasks some are overdue, some due today, one done."""
    for stem in ("r36", "r12", "r20", "r14"):
        service.submit(stem)
    with service.store.db.write() as session:
        ids = session.scalars(select(Task.id).order_by(Task.id)).all()
        assert len(ids) > 20
        session.execute(update(Task).values(due_on=TODAY + dt.timedelta(days=9)))
        for at, task in enumerate(ids[:12]):
            due = TODAY - dt.timedelta(days=at % 4)
            session.execute(update(Task).where(Task.id == task).values(due_on=due))
        session.execute(update(Task).where(Task.id == ids[0]).values(state="done"))
    return service


def listed(filled: Service, actor: Actor, wanted: TaskFilter, limit: int) -> list[Any]:
    out: list[Any] = []
    cursor = None
    with filled.store.db.read() as session:
        while True:
            page = tasklist.find(
                session, actor, filled.store.calendar, TODAY, wanted, cursor, limit
            )
            assert len(page.items) <= limit
            out += page.items
            cursor = page.next
            if cursor is None:
                return out


@pytest.mark.parametrize("limit", [1, 3, 50])
@pytest.mark.parametrize(
    "wanted",
    [
        TaskFilter(),
        TaskFilter(late=True),
        TaskFilter("all"),
        TaskFilter("done"),
        TaskFilter(department="tax"),
        TaskFilter("nonsense"),
    ],
)
def test_pages_hold_every_task_once_in_order(
    filled: Service, wanted: TaskFilter, limit: int
) -> None:
    found = listed(filled, CHAIR, wanted, limit)
    with filled.store.db.read() as session:
        tasks = session.scalars(select(Task)).all()
        count = tasklist.total(session, CHAIR, wanted, TODAY)
        each = tasklist.each(session, CHAIR, filled.store.calendar, TODAY, wanted)
        assert [t.id for t in each] == [t.id for t in found]
    expected = [
        t
        for t in tasks
        if (wanted.department in (None, t.department))
        and (t.state == "open" if wanted.urgent else wanted.state in ("all", t.state))
        and (not wanted.late or t.due_on < TODAY)
    ]
    order = (
        sorted(expected, key=lambda t: (t.due_on, t.id))
        if wanted.urgent
        else sorted(expected, key=lambda t: -t.id)
    )
    assert [t.id for t in found] == [t.id for t in order]
    assert len(found) == count
    assert bool(found) == (wanted.state != "nonsense")


def test_who_sees_which_tasks(filled: Service) -> None:
    assert listed(filled, NOBODY, TaskFilter("all"), 50) == []
    mine = listed(filled, department("tax"), TaskFilter("all"), 50)
    assert {t.department for t in mine} == {"tax"}
    everything = listed(filled, CHAIR, TaskFilter("all"), 50)
    assert len(mine) < len(everything)
    assert listed(filled, filled.actors["submitter"], TaskFilter("all"), 50) == everything
    assert listed(filled, filled.actors["submitter:other"], TaskFilter("all"), 50) == []


@pytest.mark.parametrize(
    "cursor", ["x", "20261124", "20261399-1", "20261124--1", "20261124-１", ""]
)
def test_a_made_up_cursor(filled: Service, cursor: str) -> None:
    with filled.store.db.read() as session, pytest.raises(Invalid):
        tasklist.find(session, CHAIR, filled.store.calendar, TODAY, TaskFilter(), cursor or "-", 5)


def test_what_is_supervised_is_no_longer_late(filled: Service) -> None:
    late = TaskFilter(late=True)
    before = [t.id for t in listed(filled, CHAIR, late, 50)]
    real = dt.date.today() - dt.timedelta(days=3)
    with filled.store.db.write() as session:
        session.execute(update(Task).where(Task.id == before[0]).values(due_on=real))
    with filled.store.work(filled.actors["committee"]) as work:
        task = work.session.get_one(Task, before[0])
        seen = preconditions.task_now(work.session, task)
        supervision.start(work, before[0], supervision.Order("请办"), seen)
    assert [t.id for t in listed(filled, CHAIR, late, 50)] == before[1:]
    with filled.store.db.read() as session:
        assert [s.task for s in supervision.each(session)] == [before[0]]
        assert supervision.listed(session, before=1) == ()
        assert accounts.display_names(session)["system"] == "系统"


def test_a_task_is_only_for_a_department_with_a_finding(filled: Service) -> None:
    """What ``visible`` rests on: a task needs no condition of its own."""
    with filled.store.db.read() as session:
        asked = {tuple(r) for r in session.execute(select(Task.decision_id, Task.department))}
        hits = {tuple(r) for r in session.execute(select(Hit.decision_id, Hit.department))}
        assert asked
        assert asked <= hits
        for name in {d for _, d in asked}:
            seen = {p.decision for p in lookup.each(session, department(name), Filter())}
            assert seen == {i for i, d in hits if d == name}
