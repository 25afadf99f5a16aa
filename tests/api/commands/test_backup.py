"""Backup and restore, across databases."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.commands.backup import BackupError, backup, restore
from api.database.db import Database
from api.store import audit
from api.store.core import Store
from tests.api.conftest import postgres_database
from tests.api.support import Service, example


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another empty database to restore into."""
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
        assert audit.head(a) == audit.head(b)
        assert list(audit.export_lines(a)) == list(audit.export_lines(b))
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
    db = Database(f"sqlite:///{tmp_path}/never.db")
    with pytest.raises(BackupError, match=said):
        restore(db, bad)
    with db.read() as session:
        assert audit.head(session).seq == 0
    with pytest.raises(BackupError):
        restore(db, Path(__file__))
    db.close()
