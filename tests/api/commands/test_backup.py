"""Backup and restore, across databases."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.commands.app import app as cli
from api.commands.backup import BackupError, backup, restore, signed_by
from api.database.db import Database
from api.signing.keys import make_key
from api.store import audit, verifying
from api.store.core import Store
from tests.api.conftest import postgres_database
from tests.api.support import Service, example, sqlite_url, unlock

runner = CliRunner()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another empty database to restore into, without any structure."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/restored.db"
    else:
        with postgres_database() as url:
            yield url


def test_a_backup_restores_into_either_database(
    service: Service, empty: str, tmp_path: Path
) -> None:
    receipt = service.submit("r01")
    path = tmp_path / "backup.zip"
    manifest = backup(service.store.db, path)
    assert manifest.rows["decisions"] >= 1
    db = Database(empty)
    restore(db, path)
    restored = Store(db, "reference")
    with service.store.db.read() as a, db.read() as b:
        # All of it, and that it was restored.
        *lines, last = audit.export_lines(b)
        assert lines == list(audit.export_lines(a))
        assert json.loads(last)["action"] == "database.restore"
        assert verifying.check(b).broken == ()
    actor = service.actors["committee"]
    from api.store.projects import decisions, submissions
    from api.store.projects.submissions import Submission

    with db.read() as session:
        replay = decisions.replay(session, restored.rulesets, actor, receipt["decision"])
    assert replay.identical
    assert replay.stored_intact
    # Life goes on: numbers follow on, and the chain does too.
    after = submissions.submit(restored, actor, Submission(example("r02")))
    assert int(after.number[-6:]) == int(receipt["number"][-6:]) + 1
    with db.read() as session:
        assert audit.verify(session)[1] == ()
    with pytest.raises(BackupError, match="已有数据"):
        restore(db, path)
    restored.close()


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("projects", lambda data: data.replace(b'"refer"', b'"pass"'), "projects 与清单不符"),
        ("conclusions", None, "与清单不符：conclusions.jsonl"),
    ],
)
def test_a_damaged_backup_restores_nothing(
    service: Service, tmp_path: Path, table: str, change: Callable[[bytes], bytes] | None, said: str
) -> None:
    service.submit("r01")
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    backup(service.store.db, good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name != f"{table}.jsonl":
                target.writestr(name, data)
            elif change is not None:
                target.writestr(name, change(data))
    db = Database(sqlite_url(tmp_path, "never.db"))
    with pytest.raises(BackupError, match=said):
        restore(db, bad)
    with db.read() as session:
        assert audit.head(session).seq == 0
    with pytest.raises(BackupError):
        restore(db, Path(__file__))
    db.close()


def test_nobody_is_let_in_by_a_restore(service: Service, database_url: str, tmp_path: Path) -> None:
    """A backup is old: who has been shut out since then stays out."""
    given = {"name": "auditor", "password": "password of auditor"}
    login = service.client.post("/api/v1/session", json=given)
    cookie = login.cookies["admission_session"]
    service.client.cookies.clear()
    path = tmp_path / "backup.zip"
    assert backup(service.store.db, path).rows["logins"] >= 1
    db = Database(database_url)
    restore(db, path)
    db.close()
    with Service(database_url, seeded=False) as restored:
        restored.keys = service.keys
        assert restored.call("committee", "GET", "/projects").status_code == 401
        restored.client.cookies.set("admission_session", cookie)
        assert restored.client.get("/api/v1/session").status_code == 401
        with restored.store.db.read() as session:
            entry = [*audit.entries(session, subject="database")][-1]
            assert set(entry.after["revoked"]) >= {k.split("_")[1] for k in service.keys.values()}


def test_keys_go_on_where_that_is_asked(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "backup.zip"
    backup(service.store.db, path)
    url = sqlite_url(tmp_path, "kept.db")
    db = Database(url)
    restore(db, path, keep_keys=True)
    db.close()
    with Service(url, seeded=False) as restored:
        restored.keys = service.keys
        assert restored.call("committee", "GET", "/projects").status_code == 200


def test_a_backup_says_who_made_it(service: Service, tmp_path: Path) -> None:
    signer, path = make_key(tmp_path / "key.pem"), tmp_path / "signed.zip"
    backup(service.store.db, path, signer)
    assert signed_by(path) == signed_by(path, signer.name) == signer.name
    with pytest.raises(BackupError, match="不是应信的"):
        signed_by(path, make_key(tmp_path / "other.pem").name)
    unsigned = tmp_path / "unsigned.zip"
    backup(service.store.db, unsigned)
    assert signed_by(unsigned) is None
    forged = tmp_path / "forged.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "manifest.json":
                data = data.replace(b'"made_at": "20', b'"made_at": "19')
            target.writestr(name, data)
    db = Database(sqlite_url(tmp_path, "never.db"))
    with pytest.raises(BackupError, match="签名不对"):
        restore(db, forged)
    db.close()


def test_a_restored_backup_with_an_altered_decision_opinion_or_role_is_refused(
    tmp_path: Path,
) -> None:
    """Its sums and its chain are right: whoever altered the rows wrote the manifest anew."""
    with Service(sqlite_url(tmp_path)) as service:
        service.submit("r01")
        for number, (table, forged) in enumerate(
            {
                "decisions": "UPDATE decisions SET verdict = 'pass'",
                "accounts": "UPDATE accounts SET roles = '[\"admin\"]' WHERE name = 'submitter'",
                "tasks": "UPDATE tasks SET state = 'done'",
            }.items()
        ):
            copy = Database(sqlite_url(tmp_path, f"{number}.db"))
            backup(service.store.db, tmp_path / f"{number}.zip")
            restore(copy, tmp_path / f"{number}.zip")
            with copy.write() as session:
                if table == "decisions":
                    unlock(session, table)
                session.execute(text(forged))
            backup(copy, tmp_path / f"{number}-forged.zip")
            copy.close()
            target = Database(sqlite_url(tmp_path, f"{number}-target.db"))
            with pytest.raises(BackupError, match="与审计日志不符"):
                restore(target, tmp_path / f"{number}-forged.zip")
            target.close()


def test_by_command_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_url(tmp_path)
    with Service(url) as service:
        service.submit("d01")
    told = runner.invoke(cli, ["backup", str(tmp_path / "a.zip"), "--database-url", url])
    assert "没有签名" in told.output
    other = ["--database-url", f"sqlite:///{tmp_path}/other.db"]
    refused = runner.invoke(cli, ["restore", str(tmp_path / "a.zip"), "--key", "ed25519:x", *other])
    assert refused.exit_code == 2
    done = runner.invoke(cli, ["restore", str(tmp_path / "a.zip"), *other])
    assert done.exit_code == 0, done.output
    assert "不能确认是谁做的" in done.output
    assert "都已撤销" in done.output
    signer = make_key(tmp_path / "key.pem")
    monkeypatch.setenv("ADMISSION_SIGNING_KEY", str(tmp_path / "key.pem"))
    told = runner.invoke(cli, ["backup", str(tmp_path / "b.zip"), "--database-url", url])
    assert f"由 {signer.name} 签名" in told.output
