"""Promises, what was really done, and the rates that come of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from api.app import open_store
from api.database.tables import Project
from api.store import accounts, preconditions
from api.store.projects import submissions
from api.store.projects.submissions import Submission
from api.store.promises import commitments, rates
from api.store.promises.commitments import Promise, ReportOut, progress
from api.store.work import SYSTEM, Actor, Work
from api.transport.seen import Seen, read_seen
from evaluator.rulebook.load import load_layers
from tests.api.support import Service, example, settings, shipped

D = dt.date
TODAY = D(2026, 11, 24)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _said(day: dt.date, value: str | None = None) -> ReportOut:
    return ReportOut(day, value, "", "x", NOW)


@pytest.mark.parametrize(
    ("kind", "promised", "last", "today", "expected"),
    [
        ("started", None, None, D(2026, 1, 1), (False, False, "green")),
        ("started", None, None, D(2026, 6, 1), (False, False, "yellow")),
        ("started", None, None, D(2026, 6, 11), (False, True, "red")),
        ("started", None, _said(D(2026, 6, 10)), D(2026, 7, 1), (True, False, "green")),
        ("started", None, _said(D(2026, 6, 20)), D(2026, 7, 1), (True, True, "yellow")),
        ("tax", "1000", _said(D(2026, 5, 1), "1000"), D(2026, 7, 1), (True, False, "green")),
        ("tax", "1000", _said(D(2026, 5, 1), "999.99"), D(2026, 7, 1), (False, True, "yellow")),
        ("tax", "1000", _said(D(2026, 5, 1), "799"), D(2026, 7, 1), (False, True, "red")),
        ("tax", "1000", _said(D(2026, 5, 1), "1"), D(2026, 1, 1), (False, False, "green")),
        ("energy", "1000", _said(D(2026, 5, 1), "1000"), D(2026, 7, 1), (True, False, "green")),
        ("energy", "1000", _said(D(2026, 5, 1), "1001"), D(2026, 7, 1), (False, True, "yellow")),
    ],
)
def test_lights(
    kind: str, promised: str | None, last: ReportOut | None, today: dt.date, expected: Any
) -> None:
    assert progress(kind, promised, D(2026, 6, 10), last, today) == expected


def test_promises_reports_and_rates(service: Service) -> None:
    receipt = service.submit("d01")
    path = f"/projects/{receipt['number']}/commitments"
    promises = [
        {"kind": "signed", "due_on": "2025-01-10"},
        {"kind": "started", "due_on": "2025-06-30"},
        {"kind": "production", "due_on": "2026-03-01"},
        {"kind": "capacity", "due_on": "2099-01-01"},
        {"kind": "investment", "due_on": "2025-12-31"},
        {"kind": "tax", "due_on": "2026-01-31", "promised": "4800.5"},
    ]
    made = service.call("committee", "POST", path, json={"promises": promises})
    assert made.status_code == 201, made.text
    by_kind = {c["kind"]: c for c in made.json()}
    assert by_kind["investment"]["promised"] == "48000"
    assert by_kind["investment"]["light"] == "red"
    twice = service.call("committee", "POST", path, json={"promises": promises[:1]})
    assert twice.status_code == 409
    reports: list[tuple[str, dict[str, Any]]] = [
        ("signed", {"on_date": "2025-01-08"}),
        ("started", {"on_date": "2025-06-01"}),
        ("production", {"on_date": "2026-02-01"}),
        ("investment", {"on_date": "2025-12-01", "value": "36000.5"}),
    ]
    for kind, body in reports:
        url = f"/commitments/{by_kind[kind]['id']}/reports"
        assert service.call("submitter:other", "POST", url, json=body).status_code == 403
        assert service.call("submitter", "POST", url, json=body).status_code == 204
    wrong = {"on_date": "2025-01-08", "value": "3"}
    assert (
        service.call(
            "submitter", "POST", f"/commitments/{by_kind['signed']['id']}/reports", json=wrong
        ).status_code
        == 422
    )
    future = {"on_date": "2199-01-08"}
    assert (
        service.call(
            "submitter", "POST", f"/commitments/{by_kind['signed']['id']}/reports", json=future
        ).status_code
        == 422
    )
    rates = {r["name"]: r for r in service.call("committee", "GET", "/statistics/rates").json()}
    assert (rates["start"]["numerator"], rates["start"]["denominator"]) == ("1", "1")
    assert (rates["funds"]["numerator"], rates["funds"]["denominator"]) == ("36000.5", "48000")
    assert rates["funds"]["percent"] == "75.00"
    assert (rates["capacity"]["numerator"], rates["capacity"]["denominator"]) == ("0", "1")
    assert (rates["fulfilment"]["numerator"], rates["fulfilment"]["denominator"]) == ("3", "5")


FIELDS = """
fields:
  - {name: past_fulfilment_rate, label: 以往承诺履约率, type: decimal, group: identity, unit: "%", min: 0, max: 100, changeable: false}
"""
RULE = """
- id: integrity.past_fulfilment
  title: 以往履约
  list: integrity
  require: {field: past_fulfilment_rate, at_least: 60}
  effect: refer
  departments: [investment_promotion]
  basis: [{source: demo_city}]
"""


def _project(work: Work, number: str) -> Seen:
    project = work.session.scalars(select(Project).where(Project.number == number)).one()
    return preconditions.of_project(work.session, project)


def test_a_rule_reads_the_enterprises_past_record(database_url: str) -> None:
    layers = [(name, dict(files)) for name, files in shipped().layers]
    layers[0][1].update({"fields.yaml": FIELDS, "rules/local.yaml": RULE})
    store = open_store(settings(database_url=database_url), load_layers(tuple(layers)))
    with store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, "clerk", "clerk", ["committee"])
    actor = Actor(view.id, "clerk", "clerk", frozenset({"committee"}))

    def finding() -> dict[str, Any]:
        receipt = submissions.submit(store, actor, Submission(example("d01")))
        with store.db.read() as session:
            from api.store.projects import decisions

            found = decisions.findings(session, actor, receipt.data["decision"], None, None)
        return next(f for f in found if f["rule"] == "integrity.past_fulfilment")

    assert finding()["status"] == "unknown"
    number = submissions.submit(store, actor, Submission(example("d01"))).number
    with store.work(actor) as work:
        due = tuple(Promise(kind, D(2025, 1, 1)) for kind in ("signed", "started", "production"))
        commitments.promise(work, number, due, _project(work, number))
    with store.db.read() as session:
        first = commitments.of_project(session, actor, number, D(2026, 1, 1))[0]
    with store.work(actor) as work:
        commitments.report(work, first.id, D(2024, 12, 1), None, "", read_seen(first.seen))
    after = finding()
    assert after["status"] == "violated"
    assert after["value"] == "33.33"
    store.close()


def test_standings_are_those_of_each_project(service: Service) -> None:
    number = service.submit("r36")["number"]
    with service.store.db.read() as session:
        project = session.scalar(select(Project.id).where(Project.number == number))
    with service.store.work(SYSTEM) as work:
        commitments.promise(
            work,
            number,
            (
                commitments.Promise("signed", dt.date(2026, 1, 1)),
                commitments.Promise("tax", dt.date(2026, 1, 1), "100"),
            ),
            _project(work, number),
        )
    with service.store.db.read() as session:
        views = commitments.of_project(session, SYSTEM, number, TODAY)
    for value in ("10", "85", "100"):
        with service.store.work(SYSTEM) as work:
            commitments.report(
                work, views[1].id, dt.date(2026, 2, 1), value, "", read_seen(views[1].seen)
            )
        with service.store.db.read() as session:
            views = commitments.of_project(session, SYSTEM, number, TODAY)
            standing = [s for s in rates.standings(session, SYSTEM, TODAY) if s.project == project]
        assert [(s.kind, s.met, s.late, s.light) for s in standing] == [
            (v.kind, v.met, v.late, v.light) for v in views
        ]
    # Reached, but a month late.
    assert [s.light for s in standing] == ["red", "yellow"]


def test_money_has_an_amount_and_milestones_an_order(service: Service) -> None:
    """What was typed is kept or refused, never dropped; nothing starts before it is signed."""
    number = service.submit("d01")["number"]
    path = f"/projects/{number}/commitments"

    def promised(**one: Any) -> Any:
        return service.call("committee", "POST", path, json={"promises": [one]})

    bare = promised(kind="started", due_on="2027-01-01", promised="3000")
    assert (bare.status_code, "开工只有日期" in bare.text) == (422, True)
    assert promised(kind="signed", due_on="2027-03-01").status_code == 201
    early = promised(kind="started", due_on="2027-02-28")
    assert (early.status_code, "开工的期限不能早于签约" in early.text) == (422, True)
    assert promised(kind="started", due_on="2027-03-01").status_code == 201
    assert promised(kind="production", due_on="2028-01-01").status_code == 201
    money = promised(kind="funded", due_on="2027-06-30", promised="3000")
    made = {c["kind"]: c for c in money.json()}
    assert (made["funded"]["promised"], made["funded"]["unit"]) == ("3000", "万元")

    def report(kind: str, **body: str) -> Any:
        return service.call(
            "submitter", "POST", f"/commitments/{made[kind]['id']}/reports", json=body
        )

    assert report("signed", on_date="2026-03-02").status_code == 204
    before = report("started", on_date="2026-03-01")
    assert (before.status_code, "开工不能早于签约" in before.text) == (422, True)
    assert report("started", on_date="2026-03-02").status_code == 204
    assert report("signed", on_date="2026-03-03").status_code == 422
    assert report("funded", on_date="2026-04-01").status_code == 422
    for value, met in (("2999.99", False), ("3000", True)):
        assert report("funded", on_date="2026-04-01", value=value).status_code == 204
        found = service.call("committee", "GET", path).json()
        assert next(c for c in found if c["kind"] == "funded")["met"] is met
