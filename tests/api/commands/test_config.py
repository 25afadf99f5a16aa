"""``admission config check``, and environment files that a shell and systemd read alike."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands import config
from api.commands.app import app as cli
from api.commands.checks import awaited_holidays
from api.commands.envfile import read_env_file
from api.settings import read_settings
from api.workdays.workdays import LAST
from tests.support import ROOT

runner = CliRunner()
EXAMPLE = ROOT / "deploy" / "admission.env.example"


def by_shell(path: Path, name: str) -> str:
    """What a shell makes of one name in the file."""
    script = f'set -a; . "{path}"; set +a; printf %s "${{{name}-}}"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env={})
    return done.stdout


def test_everything_wrong_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PORTT", "BATCH_DIRECTORY"):
        monkeypatch.setenv(f"ADMISSION_{name}", "")
        monkeypatch.delenv(f"ADMISSION_{name}")
    path = tmp_path / "admission.env"
    path.write_text(
        "# 注释\n"
        "ADMISSION_DATABASE_URL=sqlite:////proc/none/a.db\n"
        "ADMISSION_BATCH_DIRECTORY=/nowhere\n"
        "export ADMISSION_PORT=1\n"
        "ADMISSION_OIDC_SCOPE=openid profile\n",
        "utf-8",
    )
    monkeypatch.setenv("ADMISSION_OIDC_SCOPE", "openid")
    done = runner.invoke(cli, ["config", "check", "--env-file", str(path)])
    said = done.output.replace("\n", "")
    assert done.exit_code == 78
    assert "admission.env:4：不要写 export" in said
    assert "admission.env:5：ADMISSION_OIDC_SCOPE 的值里有空格" in said
    assert "没有目录 /nowhere" in said
    assert "建不了目录 /proc/none" in said
    assert "Traceback" not in said


def test_what_can_be_used_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    done = runner.invoke(cli, ["config", "check"])
    assert done.exit_code == 0, done.output
    assert "数据库是空的" in done.output
    assert runner.invoke(cli, ["db", "upgrade"]).exit_code == 0
    assert "与本程序相符" in runner.invoke(cli, ["config", "check"]).output
    monkeypatch.setenv("ADMISSION_DATABASE_URL", "postgresql+psycopg://127.0.0.1:1/x")
    done = runner.invoke(cli, ["config", "check"])
    assert done.exit_code == 78
    assert "数据库没有应答" in done.output


LINES = (
    "A=pdf,docx",
    "A=postgresql+psycopg://u:p%40w@127.0.0.1:5432/admission",
    "A='openid profile roles'",
    """A='["2027-01-01","2027-01-02"]'""",
    "A='a$b`c\\d'",
    'A="openid profile"',
    "A=",
    "A=中文",
)


@pytest.mark.parametrize("line", LINES)
def test_forms_that_are_taken_mean_the_same_to_a_shell(tmp_path: Path, line: str) -> None:
    path = tmp_path / "env"
    path.write_text(f"{line}\n", "utf-8")
    values, problems = read_env_file(path)
    assert problems == []
    assert values == {"A": by_shell(path, "A")}


@pytest.mark.parametrize(
    "line",
    ["A=a b", "A=$HOME", 'A="$HOME"', "A = b", "export A=b", 'A=["pdf"]', "A='a'b", "A=a\\b", "A", "A=~/x"],
)  # fmt: skip
def test_forms_that_are_read_differently_are_refused_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "env"
    path.write_text(f"# x\n{line}\n", "utf-8")
    values, problems = read_env_file(path)
    assert values == {}
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}:2：")


def test_the_example_is_of_these_forms_commented_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "env"
    text = EXAMPLE.read_text("utf-8").replace("#ADMISSION_", "ADMISSION_")
    path.write_text(text, "utf-8")
    values, problems = read_env_file(path)
    assert problems == []
    assert len(values) > 10
    for name in values:
        assert by_shell(path, name) == values[name]


@pytest.mark.parametrize(
    "text", ['["pdf","ofd"]', "pdf,ofd", "pdf, ofd", "pdf ofd", "[pdf,ofd]", "pdf、ofd"]
)
def test_lists_in_any_of_the_documented_forms(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ADMISSION_ATTACHMENT_TYPES", text)
    assert read_settings().attachment_types == ("pdf", "ofd")


def test_the_next_year_of_holidays_is_asked_for_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMISSION_DATABASE_URL", f"sqlite:///{tmp_path}/a.db")
    told = awaited_holidays(read_settings(), dt.date(LAST, 11, 1))
    assert told is not None
    assert f"{LAST + 1} 年的节假日安排还没有" in told
    assert awaited_holidays(read_settings(), dt.date(LAST, 10, 31)) is None
    monkeypatch.setattr(config, "awaited_holidays", lambda *_: told)
    done = runner.invoke(cli, ["config", "check"])
    assert done.exit_code == 0, done.output
    assert told in done.output
