"""What each department did in a period, each number against SQL over the same rows."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from api.store.review.appraisal import appraised
from api.workdays.china import today
from tests.api.support import Service

FIRST, LAST = dt.date(2000, 1, 1), dt.date(2199, 1, 1)


def test_each_number_is_what_sql_counts(service: Service) -> None:
    number = service.submit("r16")["number"]
    service.submit("r01")
    tasks = service.call("committee", "GET", "/tasks", params={"number": number}).json()["items"]
    mine = [t for t in tasks if t["department"] in ("ecology", "natural_resources")]
    with service.store.db.write() as session:
        session.execute(text("UPDATE tasks SET opened_on = '2026-01-05', due_on = '2026-01-15'"))
    order = {"note": "请办"}
    for task in mine:
        path = f"/tasks/{task['id']}/supervisions"
        assert service.call("committee", "POST", path, json=order).status_code == 201
    stuck = {"kind": "eia", "text": "环评", "department": "ecology", "due_on": "2199-01-01"}
    made = service.call("committee", "POST", f"/projects/{number}/obstacles", json=stuck).json()
    answered = next(t for t in mine if t["department"] == "ecology")
    body = {"opinion": "disagree", "reason": "距离不够"}
    path = f"/tasks/{answered['id']}/opinions"
    assert service.call("department:ecology", "POST", path, json=body).status_code < 300
    path = f"/obstacles/{made['id']}/solution"
    service.call("department:ecology", "POST", path, json={"solution": "批复已出"})

    def count(query: str) -> int:
        with service.store.db.read() as session:
            return int(session.scalar(text(query)) or 0)

    with service.store.db.read() as session:
        units = {u.department: u for u in appraised(session, FIRST, LAST, today())}
        nothing = appraised(session, dt.date(1999, 1, 1), dt.date(1999, 12, 31), today())
    assert nothing == ()
    for name, u in units.items():
        where = f"FROM tasks WHERE department = '{name}'"
        assert u.received == count(f"SELECT count(*) {where}")
        assert u.answered == count(f"SELECT count(*) {where} AND state = 'done'")
        assert u.answered_late == u.answered  # They were due in January.
        assert u.waiting_late == count(f"SELECT count(*) {where} AND state = 'open'")
        joined = (
            f"FROM supervisions s JOIN tasks t ON t.id = s.task_id WHERE t.department = '{name}'"
        )
        assert u.supervised == count(f"SELECT count(*) {joined}")
        assert u.struck_off == count(f"SELECT count(*) {joined} AND s.closed_at IS NOT NULL")
        where = f"FROM obstacles WHERE department = '{name}'"
        assert u.obstacles == count(f"SELECT count(*) {where}")
        assert u.solved == count(f"SELECT count(*) {where} AND solved_at IS NOT NULL")
    ecology = units["ecology"]
    assert (ecology.answered, ecology.supervised >= 1, ecology.solved >= 1) == (1, True, True)
    assert ecology.mean == (today() - dt.date(2026, 1, 5)).days
