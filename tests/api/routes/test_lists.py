"""Lists to work through: order, pages and totals of tasks; who sees what; the audit log searched."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select, update

from api.database.review_tables import Task
from api.database.tables import Hit, Project
from api.errors import Invalid
from api.pages.committee.counts import CountsMemo
from api.store import accounts, auditlist, statistics
from api.store.auditlist import AuditFilter
from api.store.projects import lookup
from api.store.projects.lookup import Filter
from api.store.promises import commitments, rates, supervision
from api.store.review import tasklist
from api.store.review.tasklist import TaskFilter
from api.store.work import SYSTEM, Actor
from tests.api.support import Service

# The service of a module is made once: keep its tests in one process.
pytestmark = pytest.mark.xdist_group("api-lists")

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
        supervision.start(work, before[0], "请办")
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


def test_every_project_once(filled: Service) -> None:
    with filled.store.db.read() as session:
        numbers = [p.number for p in lookup.each(session, CHAIR, Filter())]
        assert numbers == list(session.scalars(select(Project.number).order_by(Project.id.desc())))


def test_counts_agree_with_counting_one_by_one(filled: Service) -> None:
    ruleset = filled.store.rulesets.current().ruleset
    with filled.store.db.read() as session:
        newest = set(session.scalars(select(Project.decision_id)))
        hits = [h for h in session.scalars(select(Hit)) if h.decision_id in newest]
        for reason in statistics.top_reasons(session, ruleset, None, None, 400):
            for status, number in (("violated", reason.violated), ("unknown", reason.unknown)):
                by_hand = {
                    h.decision_id
                    for h in hits
                    if (h.rule, h.status) == (reason.rule, status) and h.effect != "advise"
                }
                assert len(by_hand) == number
        verdict = dict(session.execute(select(Project.decision_id, Project.verdict)).all())
        for count in statistics.verdicts(session, "department", ruleset, None, None):
            mine = {h.decision_id for h in hits if h.department == count.key}
            by_verdict = [sum(verdict[i] == v for i in mine) for v in ("pass", "refer", "reject")]
            assert by_verdict == [count.passed, count.referred, count.rejected]


# --- the overview's memory -----------------------------------------------------------------------


class Clock:
    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_quick_counts_are_always_new_and_slow_ones_wait(filled: Service) -> None:
    ruleset = filled.store.rulesets.current().ruleset
    quick, slow = CountsMemo(Clock(0.01)), CountsMemo(Clock(2.0))
    with filled.store.db.read() as session:
        first = quick.get(session, ruleset, None, None, TODAY)
        assert quick.get(session, ruleset, None, None, TODAY) is first
        old = slow.get(session, ruleset, None, None, TODAY)
    filled.submit("r07")
    with filled.store.db.read() as session:
        total = sum(c.referred for c in first.groups["month"])
        fresh = quick.get(session, ruleset, None, None, TODAY)
        assert sum(c.referred for c in fresh.groups["month"]) == total + 1
        # It took 2 seconds to count: the next 40 seconds see the same.
        assert [slow.get(session, ruleset, None, None, TODAY) is old for _ in range(22)] == (
            [True] * 19 + [False] * 3
        )
        assert slow.get(session, ruleset, TODAY, None, TODAY) is not old
        assert quick.get(session, ruleset, None, None, TODAY + dt.timedelta(days=1)) is not fresh


def test_standings_are_those_of_each_project(filled: Service) -> None:
    with filled.store.db.read() as session:
        number = session.scalar(select(Project.number).where(Project.verdict == "refer"))
    assert number is not None
    with filled.store.work(SYSTEM) as work:
        commitments.promise(
            work,
            number,
            (
                commitments.Promise("signed", dt.date(2026, 1, 1)),
                commitments.Promise("tax", dt.date(2026, 1, 1), "100"),
            ),
        )
    with filled.store.db.read() as session:
        views = commitments.of_project(session, SYSTEM, number, TODAY)
    for value in ("10", "85", "100"):
        with filled.store.work(SYSTEM) as work:
            commitments.report(work, views[1].id, dt.date(2026, 2, 1), value, "")
        with filled.store.db.read() as session:
            views = commitments.of_project(session, SYSTEM, number, TODAY)
            found = list(rates.standings(session, SYSTEM, TODAY))
        assert [(s.kind, s.met, s.late, s.light) for s in found] == [
            (v.kind, v.met, v.late, v.light) for v in views
        ]
    # Reached, but a month late.
    assert [s.light for s in found] == ["red", "yellow"]


# --- the audit log -------------------------------------------------------------------------------


def test_the_log_is_searched(filled: Service) -> None:
    with filled.store.db.read() as session:
        everything = list(auditlist.each(session, AuditFilter()))
        assert [e.seq for e in everything] == list(range(len(everything), 0, -1))
        page = auditlist.find(session, AuditFilter(), before=10, limit=4)
        assert [e.seq for e in page] == [9, 8, 7, 6]
        tasks = auditlist.find(session, AuditFilter(subject="task:*"), limit=400)
        assert {e.subject.partition(":")[0] for e in tasks} == {"task"}
        one = auditlist.find(session, AuditFilter(subject=tasks[0].subject, action="task.open"))
        assert {e.action for e in one} <= {"task.open"}
        assert auditlist.find(session, AuditFilter(subject="task%")) == ()
        mine = auditlist.find(session, AuditFilter(actor="submitter"), limit=400)
        assert {e.actor for e in mine} == {"submitter"}
        today = everything[0].at.astimezone(dt.timezone(dt.timedelta(hours=8))).date()
        day = dt.timedelta(days=1)
        assert auditlist.find(session, AuditFilter(start=today + day)) == ()
        assert auditlist.find(session, AuditFilter(end=today - 2 * day)) == ()
        within = auditlist.find(session, AuditFilter(start=today - day, end=today), limit=9999)
        assert len(within) == len(everything)
