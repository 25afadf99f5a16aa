"""Structure 0022 and back with facts, obstacles and addressed supervisions in it, on both databases."""

from __future__ import annotations

from sqlalchemy import text

from api.database.db import Database
from evaluator.values.project_codes import EXAMPLE
from tests.api.support import Service


def test_what_was_before_stays_and_the_rest_can_be_made_again(database_url: str) -> None:
    with Service(database_url) as service:
        number = service.submit("r01")["number"]
        facts = {"place": "甲路", "national_code": EXAMPLE, "leader": "李"}
        path = f"/projects/{number}/facts"
        assert service.call("committee", "PUT", path, json=facts).status_code == 200
        body = {"kind": "eia", "text": "环评", "department": "ecology", "due_on": "2199-01-01"}
        path = f"/projects/{number}/obstacles"
        assert service.call("committee", "POST", path, json=body).status_code == 201
        with service.store.db.write() as session:
            session.execute(text("UPDATE tasks SET due_on = '2020-01-01'"))
        task = service.call("committee", "GET", "/tasks").json()["items"][0]["id"]
        order = {"note": "请办", "addressee": "生态环境局", "answer_by": "2199-01-01"}
        path = f"/tasks/{task}/supervisions"
        assert service.call("committee", "POST", path, json=order).status_code == 201
    db = Database(database_url)
    db.downgrade("0021")
    with db.read() as session:
        assert session.execute(text("SELECT note FROM supervisions")).scalars().all() == ["请办"]
    db.migrate()
    with db.read() as session:
        row = session.execute(text("SELECT note, addressee FROM supervisions")).one()
        assert [*row] == ["请办", None]
        assert session.scalar(text("SELECT count(*) FROM obstacles")) == 0
    db.close()
