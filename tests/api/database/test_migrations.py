"""Migrations forward and back with data in place, and the tables that the program expects."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from api.app import open_store
from api.database.db import Database
from api.database.proposal_tables import IMMUTABLE_PROPOSALS
from api.database.review_tables import IMMUTABLE_REVIEW
from api.database.tables import IMMUTABLE, Base
from api.store import audit
from tests.api.support import ROOT, Service, settings, shipped


def _revisions(db: Database) -> list[str]:
    script = ScriptDirectory.from_config(db.alembic())
    return [s.revision for s in script.walk_revisions()][::-1]


def test_the_migrations_make_the_tables_of_the_program(database_url: str) -> None:
    db = Database(database_url)
    db.migrate()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    db.check()
    db.close()


def test_every_evidence_table_has_its_triggers(database_url: str) -> None:
    db = Database(database_url)
    db.migrate()
    query = (
        "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if db.sqlite
        else "SELECT DISTINCT event_object_table FROM information_schema.triggers"
    )
    with db.engine.connect() as connection:
        found = set(connection.execute(text(query)).scalars())
    assert found == {*IMMUTABLE, *IMMUTABLE_REVIEW, *IMMUTABLE_PROPOSALS}
    told = re.search(
        r"REVOKE .* ON (.*) FROM", (ROOT / "docs" / "operations.md").read_text("utf-8")
    )
    assert told is not None
    assert set(told[1].split(", ")) == found
    db.close()


def test_back_to_the_first_revision_and_forward_with_data(database_url: str) -> None:
    with Service(database_url) as service:
        receipt = service.submit("r01")
        db = service.store.db
        steps = _revisions(db)
        for revision in reversed(steps[:-1]):
            db.downgrade(revision)
            assert db.revision() == revision
        db.migrate()
        replay = service.call("submitter", "GET", f"/decisions/{receipt['decision']}/replay").json()
        assert replay["identical"]
        assert replay["stored_intact"]
        with db.read() as session:
            assert audit.verify(session)[1] == ()


def test_what_was_kept_is_known_again_after_going_back_and_forward(database_url: str) -> None:
    with Service(database_url) as service:
        number = service.submit("d01")["number"]
        kinds = {"signed": None, "started": None, "tax": "100", "output": "100", "energy": "100"}
        promises = [
            {"kind": k, "due_on": "2026-01-15"} | ({"promised": v} if v else {})
            for k, v in kinds.items()
        ]
        path = f"/projects/{number}/commitments"
        made = service.call("committee", "POST", path, json={"promises": promises}).json()
        said = {"signed": [None], "tax": ["100", "99.9"], "output": ["1", "100"], "energy": ["100"]}
        for commitment in made:
            for value in said.get(commitment["kind"], ()):
                body = {"on_date": "2026-01-01"} | ({"value": value} if value else {})
                path = f"/commitments/{commitment['id']}/reports"
                assert service.call("submitter", "POST", path, json=body).status_code == 204

        def kept() -> set[str]:
            with service.store.db.read() as session:
                return set(session.scalars(text("SELECT kind FROM commitments WHERE kept")))

        assert kept() == {"signed", "output", "energy"}
        service.store.db.downgrade("0008")
        service.store.db.migrate()
        assert kept() == {"signed", "output", "energy"}


def test_supervisions_of_commitments_have_no_place_before_0009(database_url: str) -> None:
    """Going back keeps those of tasks, and both kinds can be made again afterwards."""
    with Service(database_url) as service:
        number = service.submit("r01")["number"]
        task = service.call("committee", "GET", "/tasks").json()["items"][0]["id"]
        promise = {"promises": [{"kind": "signed", "due_on": "2020-01-01"}]}
        path = f"/projects/{number}/commitments"
        made = service.call("committee", "POST", path, json=promise).json()[0]["id"]
        with service.store.db.write() as session:
            session.execute(text("UPDATE tasks SET due_on = '2020-01-01'"))

        def supervise(what: str) -> int:
            path = f"/{what}/supervision"
            return int(service.call("committee", "POST", path, json={"note": "请办"}).status_code)

        assert supervise(f"tasks/{task}") == supervise(f"commitments/{made}") == 201
        db = service.store.db
        db.downgrade("0008")
        with db.read() as session:
            assert session.execute(text("SELECT task_id FROM supervisions")).all() == [(task,)]
        db.migrate()
        assert supervise(f"tasks/{task}") == 409
        assert supervise(f"commitments/{made}") == 201
        for wrong in ("task_id = NULL", f"commitment_id = {made}"):
            change = f"UPDATE supervisions SET {wrong} WHERE task_id = {task}"
            with pytest.raises(IntegrityError), db.write() as session:
                session.execute(text(change))


def test_down_to_nothing_and_up_again(database_url: str) -> None:
    store = open_store(settings(database_url=database_url), shipped())
    store.db.downgrade("base")
    assert store.db.revision() is None
    store.db.migrate()
    store.install_directory(shipped())
    assert store.rulesets.current().ruleset.identity == shipped().identity
    store.close()
