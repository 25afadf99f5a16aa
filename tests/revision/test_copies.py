"""Copies of stored dossiers: whatever is there, missing, foreign or broken, the outcome is that of the
reference engine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from evaluator.revision import copies, impact
from evaluator.revision.impact import impact_rows, impact_stored
from evaluator.revision.tally import Impact, Listed, Row
from evaluator.rulebook.ast import Ruleset
from tests.revision.changes import CHANGES, ROWS, changed
from tests.support import ruleset_of


class Kept:
    """Rows as a store keeps them; ``fetched`` are the numbers whose text was asked for."""

    def __init__(self, rows: Sequence[Row], digests: Mapping[int, str] | None = None) -> None:
        self.rows = list(rows)
        self.digests = digests or {}
        self.fetched: list[int] = []

    def listed(self) -> Sequence[Listed]:
        return [
            (n, self.digests.get(n) or hashlib.sha256(r.dossier.encode()).hexdigest(), r.as_of)
            for n, r in enumerate(self.rows)
        ]

    def dossiers(self, numbers: Sequence[int]) -> Iterable[tuple[int, str]]:
        self.fetched += numbers
        return [(n, self.rows[n].dossier) for n in numbers]

    def names(self, numbers: Sequence[int]) -> Mapping[int, str]:
        return {n: self.rows[n].ref for n in numbers}


@pytest.fixture(autouse=True)
def _always_columnar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "COLUMNAR_FROM", 0)


OLD = ruleset_of()
NEW = changed(*CHANGES["several"])


def run(
    rows: Sequence[Row], directory: Path | None, new: Ruleset = NEW, old: Ruleset = OLD
) -> Kept:
    """Hold the outcome against the reference's; the rows as a store that says what was fetched."""
    kept = Kept(rows)
    check(kept, directory, new, old)
    return kept


def check(kept: Kept, directory: Path | None, new: Ruleset = NEW, old: Ruleset = OLD) -> None:
    fast = impact_stored(old, new, kept, directory)
    assert fast.engine == "columnar"
    assert_same(fast, impact_rows(old, new, kept.rows, "reference"))


def assert_same(fast: Impact, slow: Impact) -> None:
    assert (fast.total, fast.unread) == (slow.total, slow.unread)
    assert fast.matrix == slow.matrix
    assert fast.moved == slow.moved
    assert (fast.rules, fast.departments) == (slow.rules, slow.departments)
    assert fast.industries == slow.industries


def row(ref: str, **values: object) -> Row:
    """One more dossier, with other values."""
    data = {**json.loads(ROWS[0].dossier), "project_id": ref, **values}
    return Row(ref, json.dumps(data, ensure_ascii=False, sort_keys=True))


def files(directory: Path) -> list[Path]:
    return sorted(p for p in directory.rglob("*") if p.is_file() and p.name != "lock")


@pytest.mark.parametrize("name", list(CHANGES))
def test_the_outcome_is_the_references(name: str, tmp_path: Path) -> None:
    new = changed(*CHANGES[name])
    assert run(ROWS, tmp_path, new).fetched
    assert not run(ROWS, tmp_path, new).fetched


def test_another_proposal_and_another_base_read_no_dossier_again(tmp_path: Path) -> None:
    run(ROWS, tmp_path)
    for name in ("a lower floor", "an effect", "a code list"):
        assert not run(ROWS, tmp_path, changed(*CHANGES[name])).fetched
    assert not run(ROWS, tmp_path, OLD, changed(*CHANGES["a higher floor"])).fetched


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    run(ROWS[:30], tmp_path)
    # Versions of one project may be the same text: it is read once.
    texts = {r.dossier for r in ROWS[:30]}
    more = run(ROWS, tmp_path)
    assert {ROWS[n].dossier for n in more.fetched} == {r.dossier for r in ROWS} - texts
    assert not run([*ROWS, dataclasses.replace(ROWS[3], ref="again")], tmp_path).fetched


def test_numbers_that_now_name_other_dossiers(tmp_path: Path) -> None:
    """As after a restore of an older backup: the same decision numbers, other dossiers."""
    run(ROWS, tmp_path)
    swapped = [*ROWS[:5], *reversed(ROWS[5:])]
    assert not run(swapped, tmp_path).fetched
    other = [*ROWS[:5], *(row(f"neu{n}", annual_tax=str(1990 + n)) for n in range(20))]
    assert run(other, tmp_path).fetched == list(range(5, 25))


def test_a_text_that_is_not_what_its_digest_says(tmp_path: Path) -> None:
    run(ROWS[:10], tmp_path)
    digest = hashlib.sha256(b"something else").hexdigest()
    kept = Kept([*ROWS[:10], row("falsch", annual_tax="1600")], {10: digest})
    check(kept, tmp_path)
    check(kept, tmp_path)
    assert kept.fetched == [10] * 4  # Asked for a copy, then for the reference; never kept.


HARD = [
    row("unknown key", not_a_field="1"),
    row("unreadable", two_high="maybe"),
    row("too fine", annual_tax="1999.99999999999999"),
    row("too large", annual_tax="99999999999999999999"),
    row("thirds", land_area="2000/3", annual_tax="40000/3"),
    row("below thirds", land_area="2000/3", annual_tax="13333.333333"),
    row("decimals", land_area="0.000003", annual_tax="0.00006"),
    row("sevenths", land_area="10/7"),
    row("date", submitted_on="2024-02-30"),
    row("missing id", project_id=None),
    row(
        "items",
        two_high=True,
        product_energy=[{"key": "水泥熟料", "value": "301/3", "unit": "千克标准煤/吨"}],
    ),
    row(
        "items too",
        two_high=True,
        product_energy=[{"key": "水泥熟料", "value": "100", "unit": "千克标准煤/吨"}],
    ),
]


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.soak), 5, len(HARD)])
def test_dossiers_that_do_not_fit(size: int, tmp_path: Path) -> None:
    """In files of any size: how their numbers are held differs from file to file."""
    rows = [*HARD, *ROWS[:4]]
    for end in range(size, len(rows), size):
        impact_stored(OLD, NEW, Kept(rows[:end]), tmp_path)
    for name in ("several", "a unit", "a higher floor"):
        run(rows, tmp_path, changed(*CHANGES[name]))


@pytest.mark.soak
def test_many_files_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "MOST_FILES", 4)
    rows = [*HARD, *ROWS]
    for end in range(3, len(rows), 18):
        impact_stored(OLD, NEW, Kept(rows[:end]), tmp_path)
    run(rows, tmp_path)
    assert not [n for n in run(rows, tmp_path).fetched if n >= len(HARD)]
    assert len(list(tmp_path.glob("*/dossiers/*.parquet"))) <= 4
    assert len(list(tmp_path.glob(f"*/{OLD.identity[:32]}/*.parquet"))) <= 4


@pytest.mark.parametrize("what", ["all", "dossiers", "items", "verdicts"])
def test_copies_that_were_deleted(what: str, tmp_path: Path) -> None:
    rows = [*HARD, *ROWS]
    run(rows, tmp_path)
    for path in files(tmp_path):
        kind = "items" if path.suffix == ".items" else "verdicts"
        if (
            what == "all"
            or what == ("dossiers" if path.parent.name == "dossiers" else kind)
            or what == kind
        ):
            path.unlink()
    if what == "all":
        shutil.rmtree(tmp_path)
    run(rows, tmp_path)
    run(rows, tmp_path)


@pytest.mark.parametrize("harm", ["cut", "garbage", "empty", "middle"])
def test_copies_that_are_broken(harm: str, tmp_path: Path) -> None:
    rows = [*HARD, *ROWS]
    run(rows, tmp_path)
    for path in files(tmp_path):
        whole = path.read_bytes()
        half = len(whole) // 2
        path.write_bytes(
            {
                "cut": whole[:half],
                "garbage": b"no parquet" * 100,
                "empty": b"",
                "middle": whole[:4] + bytes(half) + whole[4 + half :],
            }[harm]
        )
    run(rows, tmp_path)
    for path in tmp_path.rglob("*.parquet"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem
    assert not [n for n in run(rows, tmp_path).fetched if n >= len(HARD)]


def test_dossiers_in_two_files(tmp_path: Path) -> None:
    """As where a file system of the network knows no locks."""
    rows = [*HARD, *ROWS]
    run(rows[:40], tmp_path / "one")
    run(rows[5:], tmp_path / "two")
    shutil.copytree(tmp_path / "two", tmp_path / "one", dirs_exist_ok=True)
    assert not [n for n in run(rows, tmp_path / "one").fetched if n >= len(HARD)]


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("a file where the directory should be")
    run(ROWS, place)
    assert place.read_text() == "a file where the directory should be"


def test_another_program_or_other_fields_make_copies_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ROWS, tmp_path)
    monkeypatch.setattr(copies, "_program", lambda: "another")
    assert run(ROWS, tmp_path).fetched
    assert len([p for p in tmp_path.iterdir() if p.is_dir()]) == 2


def test_what_nobody_uses_any_more_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old = time.time() - 40 * 86_400
    for name in ("0" * 32, "notes", "0" * 31 + "x"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (old, old))
    run(ROWS, tmp_path)
    (home,) = {p.parent.parent for p in tmp_path.glob("*/dossiers/*.parquet")}
    for path in (home, *home.iterdir()):
        os.utime(path, (old, old))
    assert not run(ROWS, tmp_path).fetched
    assert not run(ROWS, tmp_path).fetched
    assert {p.name for p in tmp_path.iterdir()} == {home.name, "notes", "0" * 31 + "x"}


def test_copies_are_for_the_owner_only(tmp_path: Path) -> None:
    run(ROWS[:5], tmp_path / "new")
    for path in (tmp_path / "new").rglob("*"):
        if path.is_dir():
            assert path.stat().st_mode & 0o077 == 0


def _at_once(directory: Path, start: Event, size: int) -> None:
    impact.COLUMNAR_FROM = 0
    start.wait()
    run([*HARD, *ROWS][:size], directory)


def test_two_processes_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    sizes = (60, len(HARD) + len(ROWS))
    working = [context.Process(target=_at_once, args=(tmp_path, start, n)) for n in sizes]
    for process in working:
        process.start()
    start.set()
    for process in working:
        process.join(120)
        assert process.exitcode == 0
    assert not list(tmp_path.rglob("*.part"))
    assert not [n for n in run([*HARD, *ROWS], tmp_path).fetched if n >= len(HARD)]
