"""The commands for accounts, the log and backups, one after the other."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.commands.app import app as cli
from tests.api.support import settings

runner = CliRunner()


def test_commands_for_accounts_and_the_log(database_url: str, tmp_path: Path) -> None:
    url = ["--database-url", database_url]
    made = runner.invoke(cli, ["accounts", "create", "zhang", "--role", "admin", *url])
    assert made.exit_code == 0, made.output
    password = made.output.split("：")[-1].strip()
    again = runner.invoke(cli, ["accounts", "create", "zhang", "--role", "admin", *url])
    assert again.exit_code == 2
    assert "已经有了" in again.output
    assert runner.invoke(cli, ["accounts", "create", "li", "--role", "king", *url]).exit_code == 2
    app = create_app(settings(database_url=database_url))
    with TestClient(app) as client:
        given = {"name": "zhang", "password": password}
        assert client.post("/api/v1/session", json=given).status_code == 200
    assert "zhang" in runner.invoke(cli, ["accounts", "list", *url]).output
    assert runner.invoke(cli, ["accounts", "disable", "zhang", *url]).exit_code == 0
    found = runner.invoke(cli, ["audit", "verify", *url])
    assert found.exit_code == 0, found.output
    head = found.output.split("链头 ")[1].strip()
    assert runner.invoke(cli, ["audit", "verify", "--head", head, *url]).exit_code == 0
    wrong = f"{head.partition(':')[0]}:{'0' * 64}"
    assert runner.invoke(cli, ["audit", "verify", "--head", wrong, *url]).exit_code == 1
    lines = runner.invoke(cli, ["audit", "export", *url]).output.splitlines()
    assert json.loads(lines[0])["seq"] == 1
    path = tmp_path / "b.zip"
    assert runner.invoke(cli, ["backup", str(path), *url]).exit_code == 0
    other = ["--database-url", f"sqlite:///{tmp_path}/other.db"]
    assert runner.invoke(cli, ["restore", str(path), *other]).exit_code == 0
    assert runner.invoke(cli, ["audit", "verify", "--head", head, *other]).exit_code == 0
