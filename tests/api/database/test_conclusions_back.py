"""Structure 0017 and back with conclusions in it, on both databases: what stands stays."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.database.db import Database
from tests.api.support import Service

CONDITION = {"text": "取得环评批复", "due_on": "2030-06-30", "department": "ecology"}


def test_what_stands_stays_and_the_rest_is_told(database_url: str) -> None:
    with Service(database_url) as service:
        said: list[list[dict[str, Any]]] = [
            [{"outcome": "suspend"}, {"outcome": "admit", "revision_reason": "补齐了"}],
            [{"outcome": "conditional", "conditions": [CONDITION]}],
            [{"outcome": "terminate"}],
            [],
        ]
        for outcomes in said:
            decision = service.submit("d01")["decision"]
            for outcome in outcomes:
                path = f"/decisions/{decision}/conclusion"
                body = {"reason": "研究", **outcome}
                assert service.call("committee", "POST", path, json=body).status_code == 201
    db = Database(database_url)
    db.downgrade("0016")
    with db.read() as session:
        left = session.execute(text("SELECT outcome FROM conclusions")).scalars().all()
        states = session.execute(text("SELECT state FROM projects ORDER BY id")).scalars().all()
    assert left == ["admit"]
    assert states == ["admitted", "decided", "decided", "decided"]
    db.migrate()
    with db.write() as session:
        for statement in (
            "UPDATE conclusions SET reason = 'x'",
            "DELETE FROM conclusions",
            "INSERT INTO conclusions (decision_id, project_id, outcome, machine, override, reason,"
            " concluded_by, person, concluded_at) SELECT decision_id, project_id, outcome, machine,"
            " override, reason, concluded_by, person, concluded_at FROM conclusions",
        ):
            with pytest.raises(DBAPIError, match=r"immutable|(?i:unique)"), session.begin_nested():
                session.execute(text(statement))
    db.close()
