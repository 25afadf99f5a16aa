"""docs/maintainers.md, followed step by step: its commands, edits and what it says will be shown."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.app import app
from api.store import accounts
from api.store.core import Store
from api.store.work import SYSTEM
from tests.api.store.proposals.test_publication import serving

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.M | re.S)


def key_of(store: Store, url: str, name: str, role: str) -> str:
    """An account with that role in the database at ``url``, and its key."""
    with store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, name, name, [role], f"password of {name}")
    words = ["accounts", "key", view.name, "--title", "guide"]
    made = CliRunner().invoke(app, words, env={"ADMISSION_DATABASE_URL": url})
    assert made.exit_code == 0, made.output
    (key,) = re.findall(r"adk_[0-9a-f]{12}_[\w-]+", made.output.replace("\n", ""))
    return str(key)


def patch(path: Path, body: str) -> None:
    """Apply a block of -, + and context lines; it must fit at exactly one place."""
    lines = body.splitlines(keepends=True)
    old = "".join(x[1:] for x in lines if x[0] in "- ")
    new = "".join(x[1:] for x in lines if x[0] in "+ ")
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path}: {old}"
    path.write_text(text.replace(old, new), "utf-8")


# Its proposals are of the shipped rulebook, checked and proven whole.
@pytest.mark.soak
def test_the_guide_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "maintainers.md").read_text("utf-8")
    runner = CliRunner()
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path}/admission.db"
    with serving(ROOT, url) as (address, store):
        keys = {
            "": key_of(store, url, "clerk", "maintainer"),
            "换人": key_of(store, url, "chief", "publisher"),
        }
        monkeypatch.setenv("ADMISSION_SERVER", address)
        output, commands = "", 0
        for kind, info, body in BLOCK.findall(text):
            if kind == "diff":
                patch(tmp_path / info, body)
            elif kind == "yaml" and info:
                path = tmp_path / info
                assert not path.exists(), path
                path.write_text(body, "utf-8")
            elif kind == "sh":
                monkeypatch.setenv("ADMISSION_KEY", keys["换人" if info == "换人" else ""])
                output = ""
                for line in body.splitlines():
                    output += run(runner, line, 1 if info == "返回 1" else 0)
                    commands += 1
            elif kind == "text":
                for line in body.splitlines():
                    assert line in output, output
        assert commands >= 12


def run(runner: CliRunner, line: str, expected: int) -> str:
    """One command of the guide; what it prints."""
    if not line.startswith("admission "):
        done = subprocess.run(line, shell=True, check=True, capture_output=True, text=True)
        return done.stdout
    import shlex

    # Whoever approves or publishes is shown what it is, and says yes.
    found = runner.invoke(app, shlex.split(line)[1:], input="y\n", env={"COLUMNS": "200"})
    assert found.exit_code == expected, f"{line}\n{found.output}\n{found.exception!r}"
    return found.output
