"""The command that takes the structure back: what it would lose is told, and not lost by accident."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from typer.testing import CliRunner

from api.app import open_store
from api.commands.app import app as cli
from api.commands.downgrade import Loss, downgrade, trial
from api.database.db import Database
from api.errors import Conflict
from api.store import audit
from tests.api.support import ROOT, Service, settings, shipped

runner = CliRunner()
HEAD = ScriptDirectory(str(ROOT / "api" / "database" / "migrations")).get_current_head()
assert HEAD is not None


def run(url: str, *arguments: str, said: str = "") -> tuple[int, str]:
    """Exit code and output of ``admission db downgrade``; ``said`` is what is typed."""
    command = ["db", "downgrade", "--database-url", url, *arguments]
    done = runner.invoke(cli, command, input=said)
    assert "Traceback" not in done.output
    return done.exit_code, done.output


def revision(url: str) -> str | None:
    db = Database(url)
    try:
        return db.revision()
    finally:
        db.close()


def fill(url: str) -> int:
    """A database with a decision, a supervised commitment and an attachment's parts; the decision."""
    with Service(url) as service:
        receipt = service.submit("r01")
        promise = {"promises": [{"kind": "signed", "due_on": "2020-01-01"}]}
        path = f"/projects/{receipt['number']}/commitments"
        made = service.call("committee", "POST", path, json=promise).json()[0]["id"]
        path = f"/commitments/{made}/supervision"
        assert service.call("committee", "POST", path, json={"note": "请办"}).status_code == 201
        role = "department:natural_resources"
        task = service.call(role, "GET", "/tasks").json()["items"][0]["id"]
        sent = service.call(
            role,
            "POST",
            f"/tasks/{task}/attachments",
            params={"name": "a.pdf"},
            content=b"%PDF-1.7\n",
            headers={"content-type": "application/pdf"},
        )
        assert sent.status_code == 201
        return int(receipt["decision"])


def test_it_asks_and_a_no_changes_nothing(database_url: str) -> None:
    store = open_store(settings(database_url=database_url), shipped())
    store.close()
    for typed in ("n\n", ""):
        code, output = run(database_url, "0008", said=typed)
        assert code == 1
        assert f"由 {HEAD} 退回到 0008，不丢失记录" in output
        assert revision(database_url) == HEAD
    code, output = run(database_url, "0008", said="y\n")
    assert (code, revision(database_url)) == (0, "0008"), output
    assert "去掉列" in output
    assert "commitments.kept" in output


def test_field_files_that_an_earlier_program_misses_are_told_as_a_loss(database_url: str) -> None:
    store = open_store(settings(database_url=database_url), shipped())
    store.close()
    code, output = run(database_url, "0006", said="y\n")
    assert code == 2
    assert "会丢失记录：rulesets.fields 1 行" in output
    assert revision(database_url) == HEAD
    code, output = run(database_url, "0006", "--yes")
    assert (code, revision(database_url)) == (0, "0006"), output


def test_what_would_be_lost_is_refused_without_yes(database_url: str) -> None:
    decision = fill(database_url)
    code, output = run(database_url, "0008", said="y\n")
    assert code == 2
    assert "会丢失记录：supervisions 1 行" in output
    assert revision(database_url) == HEAD
    code, output = run(database_url, "base")
    assert code == 2
    assert "decisions 1 行" in output
    code, output = run(database_url, "0003", "--yes")
    assert (code, revision(database_url)) == (0, "0003"), output
    assert "attachment" not in output, "the files are kept whole in another table"
    with Service(database_url, seeded=False) as service, service.store.db.read() as session:
        assert session.execute(text("SELECT id FROM decisions")).scalars().all() == [decision]
        assert audit.verify(session)[1] == ()
        query = "SELECT before, after FROM audit_log WHERE action = 'database.downgrade'"
        ((before, after),) = session.execute(text(query)).all()
    assert HEAD in before
    assert '"lost":{"rulesets.fields":1,"supervisions":1}' in after
    assert '"structure":"0003"' in after


def test_everything_is_thrown_away_only_when_told(database_url: str) -> None:
    fill(database_url)
    code, output = run(database_url, "base", "--yes")
    assert code == 0
    assert "丢失" in output
    assert revision(database_url) is None
    assert run(database_url, "0001", "--yes")[0] == 2  # It is empty.


@pytest.mark.parametrize("wanted", [HEAD, "9999", "8", "head", "-1", "x" * 200])
def test_only_an_earlier_revision_will_do(database_url: str, wanted: str) -> None:
    store = open_store(settings(database_url=database_url), shipped())
    store.close()
    code, output = run(database_url, "--yes", "--", wanted)
    assert code == 2
    assert "可退回到：base、0001" in output.replace("\n", "")
    assert revision(database_url) == HEAD


def test_what_was_not_told_is_not_lost(database_url: str) -> None:
    """Something was written between the trial and the yes."""
    db = Database(database_url)
    store = open_store(settings(database_url=database_url), shipped())
    told = trial(db, "0008")
    accounts = ("accounts.password_until", "accounts.revision", "api_keys.parent_id")
    added = ("body", "concluded_on", "revises", "revision_reason")
    said = (*added, "silence_reason", "silent", "undecided")
    concluded = tuple(f"conclusions.{name}" for name in said)
    records = (
        "commitments.kept",
        *concluded,
        "decisions.acceptance",
        "decisions.stage",
        "drafts.facts",
        "drafts.origins",
    )
    sessions = ("logins.awaits", "logins.proved_at", "logins.seen_at", "logins.source")
    listed = ("energy", "enterprise_key", "investment", "land", "name_key")
    shown = tuple(f"projects.{name}" for name in (*listed, "stage", "zone"))
    supervised = ("addressee", "answer_by", "commitment_id", "evidence")
    others = (*shown, *(f"supervisions.{name}" for name in supervised))
    assert told == Loss((), (*accounts, *records, *sessions, *others))
    store.close()
    fill(database_url)
    with pytest.raises(Conflict):
        downgrade(db, "0008", told)
    assert db.revision() == HEAD
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM supervisions")).scalar() == 1
    db.close()
