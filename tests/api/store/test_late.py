"""A locked database: decisions are read all the same, and every reading is in the log in the end."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.database import db as databases
from api.store import audit, late
from tests.api.support import Service
from tests.support import wait_until


@contextmanager
def locked(service: Service) -> Iterator[None]:
    """Somebody else holds the database, or the head of the log, and does not let go."""
    db = service.store.db
    if db.sqlite:
        other = sqlite3.connect(str(db.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()
    else:
        with db.engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({audit.CHAIN_LOCK})"))
            yield


def readings(service: Service, decision: int) -> list[dict[str, Any]]:
    with service.store.db.read() as session:
        found = audit.entries(session, 0, f"decision:{decision}")
        return [e.after for e in found if e.action == "decision.read"]


def kept(service: Service) -> list[Path]:
    """The files in which readings of this service's database wait."""
    db = service.store.db
    return [path for name in late.names(db) for path in db.directory.glob(name)]


def test_a_reading_is_written_into_the_log_later(service: Service) -> None:
    decision = service.submit("r01")["decision"]
    with locked(service):
        answer = service.call("committee", "GET", f"/decisions/{decision}")
        assert answer.status_code == 200
        files = kept(service)
        assert files
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    wait_until(lambda: bool(readings(service, decision)), "the reading is in the log")
    (entry,) = readings(service, decision)
    assert entry["part"] == "decision"
    assert entry["read_at"]
    assert entry["late"]
    wait_until(lambda: not kept(service), "nothing is left to write")
    with service.store.db.read() as session:
        assert audit.verify(session)[1] == ()


def test_a_reading_that_cannot_even_be_kept_is_refused(service: Service, tmp_path: Path) -> None:
    decision = service.submit("r02")["decision"]
    treasure, db = tmp_path / "treasure", service.store.db
    treasure.write_text("untouched")
    db.directory.mkdir(exist_ok=True)
    wait_until(lambda: not kept(service), "nothing is left to write")
    planted = db.directory / late.names(db)[0]
    with locked(service):
        os.symlink(treasure, planted)  # A planted link is not followed.
        try:
            answer = service.call("committee", "GET", f"/decisions/{decision}")
        finally:
            planted.unlink(missing_ok=True)
        assert answer.status_code == 503
        assert "查阅要留下记录" in answer.json()["detail"]
    assert treasure.read_text() == "untouched"


def test_databases_in_one_directory_have_files_of_their_own(tmp_path: Path) -> None:
    urls = [
        f"sqlite:///{tmp_path}/one.db",
        f"sqlite:///{tmp_path}/two.db",
        "postgresql+psycopg://a:secret@127.0.0.1:5432/one",
        "postgresql+psycopg://a:secret@127.0.0.1:5432/two",
        "postgresql+psycopg://a:secret@127.0.0.1:5433/one",
    ]
    names = set()
    for url in urls:
        db = databases.Database(url)
        names.add(late.names(db)[0])
        db.close()
    assert len(names) == len(urls)


def test_readiness_tells_that_writes_fail(service: Service) -> None:
    assert service.client.get("/readyz").status_code == 200
    with service.store.db.engine.begin() as connection:
        # Another holds what readiness writes: SQLite as a whole, PostgreSQL the row.
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        answer = service.client.get("/readyz")
        assert answer.status_code == 503
        assert "眼下不能写入" in answer.json()["detail"]
        assert service.client.get("/healthz").status_code == 200
    assert service.client.get("/readyz").status_code == 200


def test_writers_do_not_take_the_threads_of_readers(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = service.store.db
    monkeypatch.setattr(databases, "LONG_SECONDS", -1.0)
    monkeypatch.setattr(databases, "MAX_WAITING", 0)
    with db.write():
        answer = service.call("submitter", "POST", "/drafts", json={"dossier": {}})
    if db.sqlite:
        assert answer.status_code == 503
        assert "数据库正被占用" in answer.json()["detail"]
    else:
        assert answer.status_code == 201
