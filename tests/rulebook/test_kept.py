"""What is kept of a rulebook: the same as read anew, and nothing that anybody else put there."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evaluator.cli.app import app
from evaluator.problems.errors import RulebookError
from evaluator.rulebook import kept as module
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.kept import MOST_FILES, SECRET, SETTING, SUFFIX, kept, load_kept
from evaluator.rulebook.load import load_directory
from tests.api.workbench import write_rulebook
from tests.support import ROOT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(SETTING, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_rulebook(tmp_path / "rulebook")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read anew, as it happens."""
    done: list[str] = []
    from evaluator.rulebook import load

    inner = load.load_layers

    def counted(*given: Any) -> Ruleset:
        done.append("read")
        return inner(*given)

    monkeypatch.setattr(load, "load_layers", counted)
    return done


def files(home: Path) -> list[Path]:
    return sorted(home.glob(f"*{SUFFIX}"))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(w) for w in words])


def test_commands_say_the_same_whether_kept_or_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: tuple[tuple[object, ...], ...] = (
        (
            "evaluate",
            "--json",
            "--engine",
            "reference",
            ROOT / "examples/r36-acid-mist-purifier.yaml",
        ),
        ("rules", "check", "--verbose", ROOT / "profiles" / "longchang"),
        ("rules", "diff", ROOT, ROOT / "profiles" / "longchang"),
    )
    cold = [run(*words).output for words in asked]
    assert len(files(home)) == 3
    warm = [run(*words).output for words in asked]
    monkeypatch.setenv(SETTING, "off")
    assert cold == warm == [run(*words).output for words in asked]
    assert len(files(home)) == 3


@pytest.mark.usefixtures("home")
def test_the_same_texts_are_read_once(directory: Path, reads: list[str]) -> None:
    first = load_kept(directory)
    second = load_kept(directory)
    assert reads == ["read"]
    assert second is not first
    assert second.identity == first.identity == load_directory(directory).identity
    assert (second.rules, second.criteria, second.layers) == (
        first.rules,
        first.criteria,
        first.layers,
    )
    with pytest.raises(TypeError):
        second.rules["x"] = None  # type: ignore[index]
    reads.clear()
    (directory / "criteria.yaml").write_text(
        (directory / "criteria.yaml").read_text("utf-8") + "# a word\n", "utf-8"
    )
    load_kept(directory)
    assert reads == ["read"]


@pytest.mark.usefixtures("home")
def test_another_program_reads_for_itself(
    directory: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_kept(directory)
    monkeypatch.setattr(module, "_program", lambda: "another")
    load_kept(directory)
    assert reads == ["read", "read"]


def test_what_is_wrong_is_said_each_time(home: Path, directory: Path) -> None:
    (directory / "criteria.yaml").write_text("criteria: [", "utf-8")
    for _ in range(2):
        with pytest.raises(RulebookError):
            load_kept(directory)
    assert not files(home)


class Planted:
    """A pickle that leaves a mark when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def rewritten(path: Path, mark: Path) -> None:
    path.write_bytes(pickle.dumps(Planted(mark)))


def behind_a_code(path: Path, mark: Path) -> None:
    """With the code of what stood there before."""
    path.write_bytes(path.read_bytes()[:32] + pickle.dumps(Planted(mark)))


def linked(path: Path, mark: Path) -> None:
    other = path.parent.parent / "planted"
    other.write_bytes(pickle.dumps(Planted(mark)))
    path.unlink()
    path.symlink_to(other)


def open_to_others(path: Path, _: Path) -> None:
    path.chmod(0o644)


def with_two_names(path: Path, _: Path) -> None:
    os.link(path, path.parent.parent / "second")


def a_pipe(path: Path, _: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def a_directory(path: Path, _: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def of_another_name(path: Path, _: Path) -> None:
    """What was kept of another rulebook, under this one's name."""
    kept("other", (("base", {"criteria.yaml": "x"}),), lambda: "other")
    other = next(p for p in files(path.parent) if p != path)
    shutil.copyfile(other, path)
    path.chmod(0o600)


def of_another_key(path: Path, _: Path) -> None:
    (path.parent / SECRET).write_bytes(b"x" * 32)


def a_key_for_all(path: Path, _: Path) -> None:
    (path.parent / SECRET).chmod(0o644)


def a_home_for_all(path: Path, _: Path) -> None:
    path.parent.chmod(0o770)


def a_linked_home(path: Path, _: Path) -> None:
    moved = path.parent.parent / "moved"
    path.parent.rename(moved)
    path.parent.symlink_to(moved)


def of_another_user(path: Path, _: Path) -> None:
    os.chown(path, 12345, 12345)


def a_home_of_another_user(path: Path, _: Path) -> None:
    os.chown(path.parent, 12345, 12345)


ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.mark.parametrize(
    "plant",
    [
        rewritten,
        behind_a_code,
        linked,
        open_to_others,
        with_two_names,
        a_pipe,
        a_directory,
        of_another_name,
        of_another_key,
        a_key_for_all,
        a_home_for_all,
        a_linked_home,
        pytest.param(of_another_user, marks=ONLY_ROOT),
        pytest.param(a_home_of_another_user, marks=ONLY_ROOT),
    ],
)
def test_nothing_is_believed_that_was_not_written_here(
    home: Path, directory: Path, reads: list[str], plant: Callable[[Path, Path], None]
) -> None:
    identity = load_kept(directory).identity
    (path,) = files(home)
    mark = home.parent / "mark"
    plant(path, mark)
    assert load_kept(directory).identity == identity
    assert reads == ["read", "read"]
    assert not mark.exists()


@pytest.mark.parametrize("where", ["/proc/nowhere", "relative", "/dev/null/x"])
def test_without_a_place_to_keep_it_is_read(
    directory: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv(SETTING, where)
    for _ in range(2):
        load_kept(directory)
    assert reads == ["read", "read"]


def test_what_is_not_used_is_tidied_away(home: Path, directory: Path) -> None:
    load_kept(directory)
    (path,) = files(home)
    for number in range(MOST_FILES + 3):
        os.utime(path)  # In use.
        kept("number", (("base", {"a": str(number)}),), lambda number=number: number)  # type: ignore[misc]
    assert len(files(home)) == MOST_FILES
    assert path in files(home)
    assert home.stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in home.iterdir()} == {0o600}


@pytest.mark.usefixtures("home")
def test_layers_cut_otherwise_are_other_layers() -> None:
    """The same letters in other files are no hit."""
    a = (("base", {"a": "bc", "d": "e"}),)
    b = (("base", {"a": "b", "cd": "e"}),)
    c = (("base", {"a": "bc"}), ("d", {"e": ""}))
    assert [kept("k", layers, lambda n=n: n) for n, layers in enumerate((a, b, c))] == [0, 1, 2]  # type: ignore[misc]
