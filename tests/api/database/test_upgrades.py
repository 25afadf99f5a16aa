"""From every version given out to this one, there and back: each decision readable, judged the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from api.app import open_store
from api.commands.downgrade import trial
from api.database.db import Database
from api.database.migrations.field_files import known_texts
from api.errors import Unmigrated
from api.store import audit
from api.store.projects import decisions
from api.store.work import Actor
from tests.api.conftest import postgres_database
from tests.api.database.kept import (
    KEPT,
    VERSIONS,
    carry,
    change,
    column,
    judged_again,
    revision_of,
    unpack,
)
from tests.api.support import settings

COMMITTEE = Actor(2, "committee", "committee", frozenset({"committee"}))
# One of each ruleset that the kept databases have.
SOME = (1, 7)
EVERY = (1, 2, 3, 4, 5, 6, 7, 8)


def right(url: str, ids: tuple[int, ...] = SOME) -> None:
    """Decisions of ``ids`` are there, are read, and are judged as they were."""
    found = judged_again(url, ids)
    assert sorted(found) == sorted(ids)
    wrong = [one for one in found.values() if one.outcome not in ("identical", "reworded")]
    assert not wrong


def revisions(db: Database) -> list[str]:
    """Every structure, the oldest first."""
    script = ScriptDirectory.from_config(db.alembic())
    return [s.revision for s in script.walk_revisions()][::-1]


def test_every_version_given_out_is_kept() -> None:
    told = (KEPT / "README.md").read_text("utf-8")
    assert {"0.1.0", "0.2.0", "0.3.0"} < set(VERSIONS)
    for version in VERSIONS:
        assert f"`{version}`" in told


@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_at_one_go_and_back_and_forward(version: str, tmp_path: Path) -> None:
    path = unpack(version, tmp_path)
    url = f"sqlite:///{path}"
    first = revision_of(path)
    store = open_store(settings(database_url=url))
    assert (
        store.rulesets.current().ruleset.identity
        == column(url, "SELECT identity FROM publications ORDER BY id DESC LIMIT 1")[0]
    )
    with store.db.read() as session:
        for decision in EVERY:
            view = decisions.get(session, store.rulesets, COMMITTEE, decision)
            assert view.result["verdict"] == view.verdict
        assert audit.verify(session)[1] == ()
    right(url)
    store.db.downgrade(first)
    store.db.migrate()
    store.close()
    right(url)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_way_there_and_back(version: str, kind: str, tmp_path: Path) -> None:
    path = unpack(version, tmp_path)
    if kind == "postgresql":
        with postgres_database() as url:
            carry(path, url)
            _there_and_back(url)
    else:
        _there_and_back(f"sqlite:///{path}")


def _there_and_back(url: str) -> None:
    db = Database(url)
    db.migrate()
    right(url, EVERY)
    for revision in reversed(revisions(db)[:-1]):
        db.downgrade(revision)
        db.migrate()
        right(url)
    with db.read() as session:
        assert audit.verify(session)[1] == ()
    db.close()


def test_on_postgresql_an_old_database_comes_forward_too(tmp_path: Path) -> None:
    path = unpack("0.1.0", tmp_path)
    with postgres_database() as url:
        carry(path, url)
        db = Database(url)
        db.migrate()
        db.close()
        right(url)


def test_rulesets_with_the_field_file_of_another_version_are_mended(tmp_path: Path) -> None:
    """0007 once wrote the running program's: what 0.1.0 had stored could not be read any more."""
    path = unpack("0.1.0", tmp_path)
    url = f"sqlite:///{path}"
    db = Database(url)
    db.migrate("0009")
    with db.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER immutable_rulesets_update")
        session.connection().exec_driver_sql("UPDATE rulesets SET fields = ?", (known_texts()[0],))
        session.connection().exec_driver_sql(
            "CREATE TRIGGER immutable_rulesets_update BEFORE UPDATE ON rulesets "
            "BEGIN SELECT RAISE(ABORT, 'immutable: rulesets'); END"
        )
    db.migrate()
    right(url)
    with pytest.raises(sqlite3.IntegrityError, match="immutable"):
        change(path, "UPDATE rulesets SET fields = ''")
    db.close()


def test_a_ruleset_that_no_field_file_fits_stops_the_upgrade_unwritten(tmp_path: Path) -> None:
    path = unpack("0.1.0", tmp_path)
    change(
        path,
        "DROP TRIGGER immutable_rulesets_update",
        "UPDATE rulesets SET layers = replace(layers, '投资强度', '投资密度') WHERE identity LIKE '91a0%'",
    )
    before = path.read_bytes()
    db = Database(f"sqlite:///{path}")
    with pytest.raises(Unmigrated, match="规则集 91a0") as caught:
        db.migrate()
    assert "48446038" not in str(caught.value)
    assert db.revision() == "0005"
    db.close()
    with sqlite3.connect(path) as now, sqlite3.connect(":memory:") as then:
        then.deserialize(before)
        assert list(now.iterdump()) == list(then.iterdump())
    now.close()
    then.close()


def test_going_back_counts_the_field_files_as_a_loss(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{unpack('0.3.0', tmp_path)}")
    db.migrate()
    assert ("rulesets.fields", 2) in trial(db, "0006").rows
    assert "rulesets.fields" not in dict(trial(db, "0007").rows)
    db.close()


def test_what_no_version_shipped_is_put_aside_going_back(tmp_path: Path) -> None:
    """Rulesets of a field file that is frozen nowhere are read again after going back."""
    path = unpack("0.3.0", tmp_path)
    url = f"sqlite:///{path}"
    db = Database(url)
    db.migrate()
    changed = known_texts()[0] + "\n# 本地\n"
    with db.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER immutable_rulesets_update")
        session.connection().exec_driver_sql("UPDATE rulesets SET fields = ?", (changed,))
        session.connection().exec_driver_sql(
            "CREATE TRIGGER immutable_rulesets_update BEFORE UPDATE ON rulesets "
            "BEGIN SELECT RAISE(ABORT, 'immutable: rulesets'); END"
        )
    for revision in ("0005", "base"):
        db.downgrade(revision)
        aside = "SELECT count(*) FROM sqlite_master WHERE name = 'ruleset_fields_aside'"
        assert column(url, aside) == [int(revision != "base")]
        db.migrate()
        assert column(url, "SELECT DISTINCT fields FROM rulesets") == (
            [changed] if revision != "base" else []
        )
        assert column(url, aside) == [0]
    db.close()
