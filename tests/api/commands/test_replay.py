"""The command that judges stored decisions again, all of them or some."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.app import app as cli
from tests.api.database.kept import change, unpack

runner = CliRunner()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return unpack("0.3.0", tmp_path)


def run(path: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output, the structure brought up to date before."""
    url = ("--database-url", f"sqlite:///{path}")
    assert runner.invoke(cli, ["db", "upgrade", *url]).exit_code == 0
    done = runner.invoke(cli, ["decisions", "replay", *arguments, *url])
    return done.exit_code, done.output


def test_all_are_judged_again(path: Path) -> None:
    code, output = run(path, "--all")
    assert code == 0, output
    assert "共 8 次决定" in output
    assert "不同" not in output.replace("措辞", "")


def test_what_was_altered_differs_or_cannot_be_read_is_listed(path: Path) -> None:
    change(
        path,
        "DROP TRIGGER immutable_decisions_update",
        "DROP TRIGGER immutable_rulesets_update",
        # Altered: the digest no longer fits.
        "UPDATE decisions SET result = replace(result, '准入', '通过') WHERE id = 1",
        # The ruleset of 7 and 8 is another than its identity says.
        "UPDATE rulesets SET layers = replace(layers, '投资强度', '投资密度') WHERE identity LIKE 'de33%'",
    )
    code, output = run(path, "1", "3", "7")
    assert code == 1
    assert "决定 1（ZR2026-000001 第 1 版）：存档被改动过" in output
    assert "决定 7（ZR2026-000006 第 1 版）：读不出来：规则集 de337b34" in output
    assert "决定 3" not in output
    assert "共 3 次决定：" in output


def test_a_judgement_that_comes_out_otherwise_is_told(path: Path) -> None:
    """The stored result is whole, by its digest, but another than this ruleset gives."""
    change(path, "DROP TRIGGER immutable_decisions_update")
    with sqlite3.connect(path) as connection:
        (text,) = connection.execute("SELECT result FROM decisions WHERE id = 1").fetchone()
        text = text.replace('"status":"satisfied"', '"status":"violated"', 1)
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute(
            "UPDATE decisions SET result = ?, digest = ? WHERE id = 1", (text, digest)
        )
    connection.close()
    code, output = run(path, "1")
    assert code == 1
    assert "判定不同：结论相同，不同的单项结论：" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "二者取一"), (("1", "--all"), "二者取一"), (("1", "99"), "1 个编号不存在")],
)
def test_what_is_asked_for_is_said_once_and_is_there(
    path: Path, arguments: tuple[str, ...], told: str
) -> None:
    code, output = run(path, *arguments)
    assert code == 2
    assert told in output
