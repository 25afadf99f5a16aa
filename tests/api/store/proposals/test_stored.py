"""The impact on stored decisions by the columnar engine, and the copies that the service keeps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from api import jobs
from api.commands.backup import backup, restore
from api.database.db import Database
from api.jobs import Jobs
from api.store.proposals import runs, stored
from api.store.proposals.stored import StoredDecisions, copies_directory
from evaluator.revision import impact
from evaluator.revision.impact import impact_rows, impact_stored
from evaluator.revision.tally import Impact, Row
from evaluator.rulebook.ast import Ruleset
from tests.api.workbench import CASES, Bench, at, bench, dossier
from tests.revision.changes import changed

LOWER = at("18")
LOWER_CASES = CASES.replace("2000,", "1800,").replace("1999,", "1799,")


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(impact, "COLUMNAR_FROM", 0)
    monkeypatch.setattr(stored, "PAGE", 2)
    with bench(database_url, tmp_path / "rulebook") as found:
        for tax in (1700, 1800, 1850, 1999, 2000, 2100):
            found.call("submitter", "POST", "/projects", json=dossier(annual_tax=tax))
        yield found


def ruleset(desk: Bench) -> Ruleset:
    return desk.service.store.rulesets.current().ruleset


def by_reference(old: Ruleset, new: Ruleset, decisions: StoredDecisions) -> Impact:
    days = {n: day for n, _, day in decisions.listed()}
    names = decisions.names(list(days))
    rows = [Row(names[n], line, days[n]) for n, line in sorted(decisions.dossiers(list(days)))]
    return impact_rows(old, new, rows, "reference")


@pytest.mark.parametrize("many", [0, 20_000])
def test_stored_decisions(
    desk: Bench, tmp_path: Path, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MANY", many)
    decisions = StoredDecisions(desk.service.store.db)
    new = changed(("value: 20}", "value: 18}"))
    slow = by_reference(ruleset(desk), new, decisions)
    for _ in range(2):
        fast = impact_stored(ruleset(desk), new, decisions, tmp_path / "copies")
        assert fast.engine == "columnar"
        assert (fast.total, fast.unread, fast.matrix) == (slow.total, slow.unread, slow.matrix)
        assert fast.moved == slow.moved
    assert len(fast.moved) == 3
    assert all(m.ref.startswith("ZR") and m.ref.endswith("/1") for m in fast.moved)


def test_a_proposal_uses_and_leaves_copies(desk: Bench, tmp_path: Path) -> None:
    db = desk.service.store.db
    found = []
    for _ in range(2):
        proposal = desk.draft(criteria=LOWER, rules_cases=LOWER_CASES)
        run = runs.claim(db)
        assert run is not None
        runs.execute(db, run, tmp_path / "copies")
        result = desk.call("publisher", "GET", f"/proposals/{proposal}/checks")["result"]["impact"]
        found.append({k: v for k, v in result.items() if k != "moved"})
        assert result["engine"] == "columnar"
        assert sorted(m["rules"] for m in result["moved"]) == [["positive.tax"]] * 3
        files = set((tmp_path / "copies").rglob("*.parquet"))
        desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=2200))
    assert found[1]["total"] == found[0]["total"] + 1
    assert files


def test_a_restored_database_has_other_decisions_under_the_same_numbers(
    desk: Bench, tmp_path: Path
) -> None:
    db = desk.service.store.db
    backup(db, tmp_path / "backup.zip")
    new = changed(("value: 20}", "value: 18}"))
    desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=1900))
    copies = tmp_path / "copies"
    before = impact_stored(ruleset(desk), new, StoredDecisions(db), copies)
    again = Database(f"sqlite:///{tmp_path}/again.db")
    restore(again, tmp_path / "backup.zip")
    with again.write() as session:
        # What was decided next after the restore got the number that the other had.
        columns = "project_id, version, ruleset, as_of, engine, software, verdict, result, digest, decided_by, decided_at"
        session.execute(
            text(
                f"INSERT INTO decisions (id, dossier, dossier_digest, {columns}) SELECT 7, dossier, "
                f"dossier_digest, project_id, 2, {columns.split(', ', 2)[2]} FROM decisions WHERE id = 1"
            )
        )
    after = impact_stored(ruleset(desk), new, StoredDecisions(again), copies)
    assert before.total == after.total == 7
    assert after.matrix == by_reference(ruleset(desk), new, StoredDecisions(again)).matrix
    assert after.matrix != before.matrix
    again.close()


def test_new_decisions_are_copied_beside_the_requests(
    desk: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "COLUMNAR_FROM", 1)
    monkeypatch.setattr(jobs, "COPY_EACH", 2)
    db = desk.service.store.db
    worker = Jobs(desk.service.store, copies=tmp_path / "copies")
    try:
        done(worker)
        assert list((tmp_path / "copies").glob("*/dossiers/*.parquet"))
        assert not worker.copy()
        desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=2300))
        assert not worker.copy()
        desk.call("submitter", "POST", "/projects", json=dossier(annual_tax=2301))
        done(worker)
    finally:
        worker.stop()

    class Unread(StoredDecisions):
        def dossiers(self, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
            assert not numbers
            return iter(())

    new = changed(("value: 20}", "value: 18}"))
    assert impact_stored(ruleset(desk), new, Unread(db), tmp_path / "copies").total == 8


def done(worker: Jobs) -> None:
    """Have it begin, and wait for its process."""
    assert worker.copy()
    until = time.monotonic() + 600
    while worker.copy():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_where_copies_are(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/a.db")
    assert copies_directory(db, None) == tmp_path / "a.db.impact"
    assert copies_directory(db, tmp_path / "x") == tmp_path / "x"
    db.close()
