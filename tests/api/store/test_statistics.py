"""Counts over decisions agree with counting one by one; the overview keeps them for a while."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from api.database.tables import Hit, Project
from api.pages.committee.counts import CountsMemo
from api.store import statistics
from tests.api.support import Service

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(scope="module")
def filled(service: Service) -> Service:
    for stem in ("r36", "r12", "r20", "r14"):
        service.submit(stem)
    return service


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


def test_statistics_count_every_project_once(service: Service) -> None:
    for stem in ("d01", "r01", "r15", "r09"):
        service.submit(stem)
    total = len(
        service.call("committee", "GET", "/projects", params={"limit": 200}).json()["items"]
    )
    for by in ("month", "industry"):
        rows = service.call("auditor", "GET", "/statistics/verdicts", params={"by": by}).json()
        assert sum(r["passed"] + r["referred"] + r["rejected"] for r in rows) == total
    rows = service.call(
        "auditor", "GET", "/statistics/verdicts", params={"by": "department"}
    ).json()
    assert all(r["label"] for r in rows)
    top = service.call("auditor", "GET", "/statistics/reasons").json()
    assert top == sorted(top, key=lambda r: (-r["violated"], -r["unknown"], r["rule"]))
    for row in top[:3]:
        found = service.call(
            "committee", "GET", "/projects", params={"rule": row["rule"], "limit": 200}
        ).json()
        assert len(found["items"]) == row["violated"] + row["unknown"]
    unhit = {r["rule"] for r in service.call("auditor", "GET", "/statistics/rules").json()}
    assert unhit.isdisjoint({r["rule"] for r in top if r["violated"]})
