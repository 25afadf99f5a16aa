"""Settings that cannot be used stop the start, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands.app import app as cli

runner = CliRunner()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "abc", "应是整数，写的是“abc”"),
        ("ENGINE", "rete", "可用：durable、reference"),
        ("HOLIDAYS_OFF", "2027", "应是日期"),
        ("HOLIDAYS_OFF", "[2027-01-01", "应是列表"),
        ("ATTACHMENT_TYPES", '["exe"]', "不在可用的值之内"),
        ("RATE_LIMIT", "-1", "数过小"),
        ("HOLIDAYS", "/nowhere.yaml", "没有这个文件"),
        ("OIDC_SCOPE", "profile", "写法不对"),
        ("RULEBOOK", "/nowhere", "/nowhere"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    monkeypatch.setenv(f"ADMISSION_{name}", value)
    done = runner.invoke(cli, ["serve"])
    assert done.exit_code == (73 if name in ("HOLIDAYS", "RULEBOOK") else 78), done.output
    assert said in done.output.replace("\n", "")
    assert "Traceback" not in done.output
    assert "Input should" not in done.output


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", "no database at all: secret")
    done = runner.invoke(cli, ["db", "upgrade"])
    assert done.exit_code == 2
    assert "secret" not in done.output
    done = runner.invoke(cli, ["serve"])
    assert done.exit_code == 73
    assert "不是数据库地址" in done.output
    assert "secret" not in done.output
