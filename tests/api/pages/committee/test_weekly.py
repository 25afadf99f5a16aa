"""The weekly sheet and what waits for whom: every figure is that of SQL, every number has its list."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text, update

from api.database.review_tables import Task
from api.pages.committee.weekly import plain, yi
from api.store import accounts
from api.store.todo import todos
from api.store.work import SYSTEM
from api.workdays.china import today
from scripts.seeding import PASSWORD
from tests.api.pages.visitor import Visitor
from tests.api.support import Service, example


@pytest.fixture(scope="module")
def office(service: Service) -> Service:
    """Projects in two zones: under talks, suspended, admitted, rejected."""
    for n, (stem, outcome) in enumerate(
        [("d01", "admit"), ("d01", "suspend"), ("d01", ""), ("r01", ""), ("d01", "terminate")]
    ):
        body = {**example(stem), "project_id": f"W{n}", "zone": f"{'东' if n % 2 else '西'}片区"}
        made = service.call("submitter", "POST", "/projects", json=body).json()
        if outcome:
            path = f"/decisions/{made['decision']}/conclusion"
            said = {"outcome": outcome, "reason": "研究"}
            assert service.call("committee", "POST", path, json=said).status_code == 201
    with service.store.work(SYSTEM) as work:
        accounts.create_account(work, "chair", "李主任", ["committee"], PASSWORD)
    return service


def rows(service: Service, where: str) -> list[Any]:
    query = f"SELECT investment, land, energy FROM projects WHERE {where}"
    with service.store.db.read() as session:
        return list(session.execute(text(query)).all())


def test_the_sheet_says_what_sql_says(office: Service) -> None:
    chair = Visitor(office.app).log_in("chair")
    sheet = chair.get("/weekly").text
    flat = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", sheet))
    for words, state, where in (
        (
            "在谈（未作结论和暂缓）",
            "talks",
            "state IN ('decided', 'review', 'supplement', 'suspended')",
        ),
        ("准入（含附条件）", "passed", "state IN ('admitted', 'conditional')"),
    ):
        found = rows(office, where)
        sums = [sum(Fraction(r[k] or 0) for r in found) for k in range(3)]
        said = f"{words} {len(found)} {yi(Fraction(sums[0]))} {plain(Fraction(sums[1]))} {plain(Fraction(sums[2]))}"
        assert said in flat
        lines = chair.get(f"/projects.csv?state={state}").text.strip().splitlines()
        assert len(lines) - 1 == len(found)
        for zone in ("东片区", "西片区"):
            inside = rows(office, f"{where} AND zone = '{zone}'")
            listed = chair.get("/projects.csv", params={"state": state, "zone": zone}).text
            assert len(listed.strip().splitlines()) - 1 == len(inside)
    assert "红灯、黄灯项目" in flat


def test_red_ones_are_named_with_who_is_responsible(office: Service) -> None:
    with office.store.db.write() as session:
        session.execute(
            update(Task)
            .where(Task.department == "ecology", Task.state == "open")
            .values(due_on=dt.date(2026, 1, 5))
        )
    chair = Visitor(office.app).log_in("chair")
    sheet = chair.get("/weekly").text
    assert re.search(
        r"格力电器杭州智能电器产业园</a></td>.{0,200}生态环境部门.{0,400}红灯", sheet, re.S
    )


def test_what_waits_is_counted_and_listed(office: Service) -> None:
    with office.store.db.read() as session:
        told = {t.what: t for t in todos(session, office.actors["committee"], today())}
        ready = told["项目可以作结论"]
        expected = session.execute(
            text(
                "SELECT count(*) FROM projects p WHERE state IN ('decided', 'review') AND NOT EXISTS"
                " (SELECT 1 FROM tasks t WHERE t.project_id = p.id"
                " AND t.state IN ('open', 'supplement'))"
            )
        ).scalar_one()
        mine = todos(session, office.actors["department:ecology"], today())
        assert mine[0].late == mine[0].count > 0
        assert todos(session, office.actors["auditor"], today()) == ()
    assert ready.count == expected > 0
    chair = Visitor(office.app).log_in("chair")
    lines = chair.get("/projects.csv?state=ready").text.strip().splitlines()
    assert len(lines) - 1 == ready.count
    home = chair.get("/").text
    assert f"项目可以作结论：{ready.count}" in home


def test_signed_and_not_started_opens_its_list(office: Service) -> None:
    for upto in ("signed", "started"):
        number = office.submit("d01")["number"]
        days = {"signed": "2026-01-05", "started": "2026-02-05"}
        promises = {"promises": [{"kind": k, "due_on": d} for k, d in days.items()]}
        path = f"/projects/{number}/commitments"
        made = office.call("committee", "POST", path, json=promises).json()
        for commitment in made:
            if commitment["kind"] in ("signed", upto):
                body = {"on_date": days[commitment["kind"]]}
                path = f"/commitments/{commitment['id']}/reports"
                assert office.call("submitter", "POST", path, json=body).status_code == 204
    chair = Visitor(office.app).log_in("chair")
    sheet = chair.get("/weekly").text
    said = re.search(r'<a href="(/projects\?state=unstarted)"><b>(\d+)</b></a>', sheet)
    assert said is not None
    query = (
        "SELECT count(*) FROM commitments s WHERE kind = 'signed' AND kept AND NOT EXISTS (SELECT 1 FROM"
        " commitments t WHERE t.project_id = s.project_id AND t.kind = 'started' AND t.kept)"
    )
    with office.store.db.read() as session:
        expected = session.scalar(text(query))
    assert int(said[2]) == expected == 1
    lines = chair.get("/projects.csv?state=unstarted").text.strip().splitlines()
    assert len(lines) - 1 == expected
    # Every list that the sheet opens is there.
    for address in set(re.findall(r'href="(/projects\?[^"]+)"', sheet)):
        assert chair.get(address.replace("&amp;", "&")).status_code == 200, address
