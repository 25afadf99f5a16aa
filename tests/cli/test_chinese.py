"""The command line speaks Chinese: every command's help, and every kind of misuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from api.commands.app import app
from evaluator.cli.app import RULE_COMMANDS, SUBCOMMANDS
from evaluator.cli.helps import help_of

runner = CliRunner()
# Three English words in a row are a sentence that nobody translated.
ENGLISH = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
WORDS = re.compile(
    r"\b(Usage|Options|Arguments|Commands|Error|Show|Try|required|default|OPTIONS|COMMAND|ARGS|"
    r"Missing|Invalid|Input|Got|bool|str|int|path)\b"
)


def commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group, by what is typed."""
    command = command if command is not None else get_command(app)
    yield path
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from commands(command.get_command(None, name), (*path, name))


EVERY = tuple(commands())


def test_all_commands_are_seen() -> None:
    assert {
        ("evaluate",),
        ("rules", "publish"),
        ("db", "publish"),
        ("portfolio", "compare"),
    } <= set(EVERY)
    assert len(EVERY) > 40


@pytest.mark.parametrize(
    ("path", "source"),
    [
        *(((name,), source) for name, source in SUBCOMMANDS.items()),
        *((("rules", name), source) for name, source in RULE_COMMANDS.items()),
    ],
)
def test_what_a_command_says_of_itself_is_read_without_importing_it(
    path: tuple[str, ...], source: str
) -> None:
    command: Any = get_command(app)
    for name in path:
        command = command.get_command(None, name)
    assert help_of(source) == command.help.partition("\n\n")[0]


@pytest.mark.parametrize("path", EVERY, ids=lambda p: " ".join(p) or "admission")
def test_help_is_chinese(path: tuple[str, ...]) -> None:
    shown = runner.invoke(app, [*path, "--help"], prog_name="admission")
    assert shown.exit_code == 0, shown.output
    assert "显示这段说明" in shown.output
    # Names that are typed are no words.
    usage = re.search("用法：.*", shown.output)
    assert usage is not None
    assert not re.search("OPTIONS|COMMAND|ARGS", usage[0])
    said = re.sub(r"--[\w-]+|<[^>]*>|\{[^}]*\}|“[\w ]*”", "", shown.output.replace(usage[0], ""))
    assert ENGLISH.findall(said) == []
    assert WORDS.findall(re.sub(r"\n│[ *]+\w+ ", "\n", said)) == []
    # A command says what it does before its parameters.
    assert re.search(r"[\u4e00-\u9fff]{4}", shown.output.split("╭")[0])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--nope"], "没有选项 --nope"),
        (["serve", "--prot", "1"], "没有选项 --prot，是否想写“--port”？"),
        (["evalute"], "没有命令“evalute”，是否想写“evaluate”？"),
        (["acounts"], "没有命令“acounts”，是否想写“accounts”？"),
        (["accounts", "make"], "可用：create、list"),
        (["accounts", "create"], "缺少参数 name"),
        (["accounts", "create", "x"], "缺少选项 --role"),
        (["serve", "--port", "abc"], "--port：应是整数"),
        (["serve", "--port"], "选项 --port 后面没有写值"),
        (["serve", "--demo=1"], "选项 --demo 不带值"),
        (["rules", "approve", "0"], "提案编号：不能小于 1"),
        (["rules", "approve", "1", "2", "3"], "多写了参数：2 3"),
        (["db", "publish", "/nowhere"], "directory：没有“/nowhere”"),
        (["db", "publish", __file__], "是文件，应是目录"),
    ],
)
def test_misuse_is_told_in_chinese(typed: list[str], said: str) -> None:
    shown = runner.invoke(app, typed, prog_name="admission")
    assert shown.exit_code == 2
    flat = re.sub(r"[\s│]", "", shown.output)
    assert re.sub(r"\s", "", said) in flat
    assert "用法有误" in shown.output
    said = re.sub(r"--[\w-]+|admission( [a-z-]+)*", "", shown.output)
    assert ENGLISH.findall(said) == []
    assert WORDS.findall(said) == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["rules", "test", "--engine", "x"], "没有引擎“x”，可用：durable、reference"),
        (["rules", "prove", "--only", "rule"], "应写 rules；可用：rules（规则能否适用"),
        (["rules", "export", "dmn", "/nowhere/x"], "写不了“/nowhere/x”：没有这个目录"),
        (["schema", "dossier", "-o", "/nowhere/x"], "写不了“/nowhere/x”：没有这个目录"),
        (["schema", "template", "-o", "/nowhere/x.xlsx"], "写不了“/nowhere/x.xlsx”：没有这个目录"),
        (["schema", "rules", "-o", f"{__file__}/x"], "路径中间有一段不是目录"),
        (
            ["rules", "diff", "/nowhere", "/nowhere"],
            "写规则集的目录，也就是 criteria.yaml 所在的目录",
        ),
    ],
)
def test_what_cannot_be_done_is_a_sentence(typed: list[str], said: str) -> None:
    shown = runner.invoke(app, typed, prog_name="admission")
    assert shown.exit_code == 2, shown.exception
    assert said in shown.output


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    typed = ["rules", "pull", str(tmp_path / "x"), "--server", "http://127.0.0.1:1"]
    shown = runner.invoke(app, typed, prog_name="admission")
    assert shown.exit_code == 2
    assert "连不上服务 http://127.0.0.1:1" in shown.output
    assert ENGLISH.findall(shown.output) == []
