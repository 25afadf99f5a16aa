"""The words of typer's own that a person meets on the command line, in Chinese.

typer has no translations: a few strings are module constants, the rest is written where it is used.
``speak_chinese`` sets the former and wraps the methods of its public classes that give the latter.
What it does not know is shown as typer says it; the tests go through every command's help and every
kind of misuse.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from evaluator.problems.choices import suggest

HELP = "显示这段说明"
CONSTANTS = {
    "DEPRECATED_STRING": "（不再使用）",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "用法有误",
    "ABORTED_TEXT": "已中断。",
    "RANGE_STRING": "",
    "RICH_HELP": "用法见 [blue]{command_path} {help_option}[/]",
}
USAGE = (("Usage: ", "用法："), ("[OPTIONS]", "[选项]"), ("COMMAND [ARGS]...", "命令 ..."))
TYPES = {
    "str": "文字",
    "int": "整数",
    "float": "数",
    "path": "路径",
    "file": "文件",
    "directory": "目录",
    "dir": "目录",
}
_TYPE = re.compile(r"<(?:list\[)?(\w+)(?: range)?\]?>(?:\.\.\.)?")
_COMMAND = re.compile(r"No such command '([^']*)'", re.DOTALL)
# What typer or pydantic says of a wrong value or use, and the same in Chinese.
SAYINGS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"Missing command\.", "没有写命令"),
        (r"Got unexpected extra argument\(s\) \((.*)\)", r"多写了参数：\1"),
        (r"Option '(\S+)' requires an argument\.", r"选项 \1 后面没有写值"),
        (r"Option '(\S+)' requires (\d+) arguments\.", r"选项 \1 后面要写 \2 个值"),
        (r"Option '(\S+)' does not take a value\.", r"选项 \1 不带值"),
        (r"Argument '(\S+)' takes (\d+) values\.", r"参数 \1 要写 \2 个值"),
        (r"Input should be a valid integer.*", "应是整数"),
        (r"Input should be a valid number.*", "应是数"),
        (r"Input should be a valid boolean.*", "应是 true 或 false"),
        (r"Input should be greater than or equal to (\S+)", r"不能小于 \1"),
        (r"Input should be less than or equal to (\S+)", r"不能大于 \1"),
        (r"Input should be greater than (\S+)", r"应大于 \1"),
        (r"Input should be less than (\S+)", r"应小于 \1"),
        (r"\w+ '(.*)' does not exist\.", r"没有“\1”"),
        (r"\w+ '(.*)' is a file\.", r"“\1”是文件，应是目录"),
        (r"\w+ '(.*)' is a directory\.", r"“\1”是目录，应是文件"),
        (r"\w+ '(.*)' is not readable\.", r"没有权限读“\1”"),
        (r"\w+ '(.*)' is not writable\.", r"没有权限写“\1”"),
    )
)
_spoken: list[bool] = []


def speak_chinese() -> None:
    """Have every typer command of this process speak Chinese; once is enough."""
    if _spoken:
        return
    _spoken.append(True)
    rich_utils = _later("typer.rich_utils", _dressed)
    typer.rich_utils = rich_utils  # type: ignore[attr-defined]
    for kind in (TyperCommand, TyperGroup):
        _wrap(kind, "get_help_option", _help_option)
        _wrap(kind, "get_usage", _usage)
    for parameter in (TyperArgument, TyperOption):
        _wrap(parameter, "display_type_rich", _type)


def _later(name: str, then: Callable[[ModuleType], None]) -> ModuleType:
    """A module that is executed, and ``then`` seen to, when it is first used: this one is slow to
    import, and only help and errors need it."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    execute = spec.loader.exec_module

    def executed(module: ModuleType) -> None:
        execute(module)
        then(module)

    spec.loader.exec_module = executed  # type: ignore[method-assign]
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _dressed(rich_utils: Any) -> None:
    for name, words in CONSTANTS.items():
        setattr(rich_utils, name, words)
    shown = rich_utils.rich_format_error

    def format_error(error: Any) -> None:
        said = _sentence(error)
        error.format_message = lambda: said
        shown(error)

    rich_utils.rich_format_error = format_error


def _wrap(kind: type, name: str, change: Callable[[Any], Any]) -> None:
    inner = getattr(kind, name)

    def outer(self: Any, *given: Any, **named: Any) -> Any:
        return change(inner(self, *given, **named))

    setattr(kind, name, outer)


def _help_option(option: Any) -> Any:
    if option is not None:
        option.help = HELP
    return option


def _usage(text: str) -> str:
    for english, chinese in USAGE:
        text = text.replace(english, chinese)
    return text


def _type(text: str | None) -> str | None:
    match = _TYPE.fullmatch(text or "")
    if match is None:
        return text
    # A switch has no value to be written.
    return None if match[1] == "bool" else f"<{TYPES.get(match[1], match[1])}>"


def _sentence(error: Any) -> str:
    """What is wrong with the command line, in one Chinese sentence."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        hint = suggest(error.option_name, _options(error))
        return f"没有选项 {error.option_name}{'，' + hint if hint else ''}"
    parameter = getattr(error, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        what = "参数" if parameter.param_type_name == "argument" else "选项"
        return f"缺少{what} {_name(parameter)}"
    message = str(error.message)
    command = _COMMAND.match(message)
    if command is not None:
        known = error.ctx.command.list_commands(error.ctx) if error.ctx is not None else ()
        hint = suggest(command[1], known) or f"可用：{'、'.join(known)}"
        return f"没有命令“{command[1]}”，{hint}"
    for pattern, words in SAYINGS:
        match = pattern.fullmatch(message)
        if match is not None:
            message = match.expand(words)
            break
    return f"{_name(parameter)}：{message}" if parameter is not None else message


def _name(parameter: Any) -> str:
    """A parameter as a person writes it."""
    if parameter.param_type_name == "argument":
        return str(parameter.display_name_raw)
    return str(max(parameter.opts, key=len))


def _options(error: Any) -> Iterable[str]:
    if error.ctx is None:
        return error.possibilities or ()
    return [name for p in error.ctx.command.get_params(error.ctx) for name in p.opts]
