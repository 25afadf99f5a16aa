"""``admission db rehearse``: a backup is restored aside and compared; the running database stays."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from api.commands import rehearsal
from api.commands.app import app as cli
from api.commands.backup import backup
from api.database.db import Database
from api.store import audit
from tests.api.support import Service, sqlite_url, unlock

runner = CliRunner()


@pytest.fixture
def saved(service: Service, tmp_path: Path) -> Path:
    """A backup of a service with a decision."""
    service.submit("r01")
    path = tmp_path / "backup.zip"
    backup(service.store.db, path)
    return path


def tried(service: Service, path: Path, *options: str) -> Any:
    url = service.store.db.url.render_as_string(hide_password=False)
    return runner.invoke(cli, ["db", "rehearse", str(path), "--database-url", url, *options])


def test_a_good_backup_comes_back_whole_and_nothing_is_left(
    service: Service, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with service.store.db.read() as session:
        before = audit.head(session)
    done = tried(service, saved, "--replay", "all")
    assert done.exit_code == 0, done.output
    for word in ("恢复得出来", "逐表与备份相同", "都相同", "接下来的"):
        assert word in done.output
    assert list((tmp_path / "scratch").iterdir()) == []
    with service.store.db.read() as session:
        assert audit.head(session) == before, "the running database was written"


def rewritten(path: Path, table: str, change: Callable[[bytes], bytes]) -> Path:
    """The backup with a table changed and the manifest made to fit."""
    out = path.with_name("rewritten.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w") as target:
        data = change(source.read(f"{table}.jsonl"))
        manifest = json.loads(source.read("manifest.json"))
        manifest["digests"][table] = hashlib.sha256(data).hexdigest()
        for name in source.namelist():
            new = {f"{table}.jsonl": data, "manifest.json": json.dumps(manifest).encode()}
            target.writestr(name, new.get(name) or source.read(name))
    return out


def test_a_backup_that_was_altered_is_refused(service: Service, saved: Path) -> None:
    altered = rewritten(saved, "decisions", lambda d: d.replace(b'"refer"', b'"pass"'))
    done = tried(service, altered)
    assert done.exit_code == 1
    assert "与审计日志不符" in done.output


def test_a_table_that_comes_back_otherwise_is_named(
    service: Service, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that no entry of the log seals are compared all the same."""
    restore = rehearsal.restore

    def careless(db: Database, path: Path, **more: Any) -> Any:
        manifest = restore(db, path, **more)
        with db.write() as session:
            unlock(session, "hits")
            session.execute(text("DELETE FROM hits"))
        return manifest

    monkeypatch.setattr(rehearsal, "restore", careless)
    done = tried(service, saved)
    assert done.exit_code == 1
    assert "表 hits 恢复出来与备份时不同" in done.output


def test_a_backup_of_another_database_is_told(saved: Path, tmp_path: Path) -> None:
    with Service(sqlite_url(tmp_path, "other.db")) as other:
        other.submit("d01")
        done = tried(other, saved)
        assert done.exit_code == 1
        assert "日志" in done.output
        assert tried(other, saved, "--alone").exit_code == 0


def test_a_log_that_was_rewritten_since_is_told(tmp_path: Path) -> None:
    with Service(sqlite_url(tmp_path)) as service:
        service.submit("r01")
        path = tmp_path / "backup.zip"
        backup(service.store.db, path)
        with service.store.db.write() as session:
            unlock(session, "audit_log")
            last = audit.head(session).seq
            session.execute(text(f"UPDATE audit_log SET hash = '{'0' * 64}' WHERE seq = {last}"))
        done = tried(service, path)
        assert done.exit_code == 1
        assert "与备份里的不同" in done.output
