"""Clients generated from the contract, in Python and TypeScript: they come out whole, their types hold,
and a project goes its way through a running service with each.

The generators are no part of the program: ``make tests/clients/.stamp`` gets them from the registries.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.store import accounts, apikeys
from api.store.work import SYSTEM, Actor
from scripts.serving import running
from tests.support import ROOT, without

HERE = Path(__file__).parent
PYTHON = HERE / ".venv" / "bin"
NODE = HERE / "node_modules"
pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Served:
    """A running service, its contract as a file, and keys of one who submits and of the committee."""

    address: str
    contract: Path
    key: str
    committee: str


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """What a command says; the test fails with it where the command does."""
    done = subprocess.run(
        [str(c) for c in command],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _key(app: Any, role: str) -> str:
    with app.state.store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, f"client-{role}", role, [role])
    actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
    with app.state.store.work(actor) as work:
        return apikeys.create_key(work, "clients", None, False, None)[1]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not (HERE / ".stamp").exists():
        without("make tests/clients/.stamp gets the generators")
    directory = tmp_path_factory.mktemp("clients")
    with running(directory, engine="reference") as (address, app):
        path = directory / "openapi.json"
        path.write_text(json.dumps(app.openapi()), "utf-8")
        yield Served(address, path, _key(app, "submitter"), _key(app, "committee"))


def test_a_python_client(served: Served, tmp_path: Path) -> None:
    told = run(
        PYTHON / "openapi-python-client",
        "generate",
        "--path",
        served.contract,
        "--config",
        HERE / "python-config.yaml",
        "--output-path",
        tmp_path / "client",
        cwd=tmp_path,
        PATH=f"{PYTHON}:{os.environ['PATH']}",
    )
    assert "will not be generated" not in told
    assert "WARNING" not in told, told
    shutil.copy(HERE / "python" / "journey.py", tmp_path)
    run(PYTHON / "mypy", "--strict", "journey.py", cwd=tmp_path, MYPYPATH="client")
    keys = served.key, served.committee
    told = run(
        PYTHON / "python", "journey.py", served.address, *keys, cwd=tmp_path, PYTHONPATH="client"
    )
    assert told.startswith("ZR")


def test_a_typescript_client(served: Served, tmp_path: Path) -> None:
    for name in ("package.json", "tsconfig.json", "journey.ts"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE)
    run(
        NODE / ".bin" / "openapi-typescript",
        served.contract,
        "-o",
        "generated/api.ts",
        cwd=tmp_path,
    )
    assert ": any" not in (tmp_path / "generated" / "api.ts").read_text("utf-8")
    run(NODE / ".bin" / "tsc", cwd=tmp_path)
    keys = served.key, served.committee
    told = run("node", "generated/built/journey.js", served.address, *keys, cwd=tmp_path)
    assert told.startswith("ZR")


def test_the_events_are_described_as_asyncapi_has_it(tmp_path: Path) -> None:
    shutil.copy(HERE / "events.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE)
    assert run("node", "events.mjs", ROOT / "docs" / "asyncapi.json", cwd=tmp_path) == "3\n"
    broken = json.loads((ROOT / "docs" / "asyncapi.json").read_text("utf-8"))
    del broken["operations"]["sendEvents"]["action"]
    (tmp_path / "broken.json").write_text(json.dumps(broken), "utf-8")
    with pytest.raises(AssertionError, match="action"):
        run("node", "events.mjs", tmp_path / "broken.json", cwd=tmp_path)
