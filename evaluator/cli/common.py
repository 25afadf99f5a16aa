"""What commands share: the rulebook they work on, the files they write, and how they end early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer

from evaluator.problems.errors import InputError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.kept import load_kept
from evaluator.rulebook.shipped import rulebook_path

T = TypeVar("T")
Directory = Annotated[
    Path | None,
    typer.Argument(metavar="规则集目录", help="criteria.yaml 所在的目录；不写则用自带的"),
]


def stop(message: object, code: int = 2, err: bool = True) -> NoReturn:
    """Say why a command cannot go on, and end it."""
    typer.echo(message, err=err)
    raise typer.Exit(code)


def load_rulebook(directory: Path | None, err: bool = True) -> Ruleset:
    """The rulebook in a directory, or the shipped one; or say what is wrong with it and exit with 2."""
    try:
        return load_kept(rulebook_path(directory))
    except InputError as error:
        stop(error, err=err)


def save(path: Path, text: str) -> None:
    """Write a text file, or say why not and exit with 2."""
    written(path, lambda: path.write_text(text, "utf-8"))


def written(path: Path, write: Callable[[], T]) -> T:
    """What ``write`` gives, which writes to ``path``; exit with 2 where it cannot."""
    try:
        return write()
    except FileNotFoundError:
        why = "没有这个目录，先建好"
    except PermissionError:
        why = "没有权限"
    except IsADirectoryError:
        why = "这是一个目录，要写文件名"
    except NotADirectoryError:
        why = "路径中间有一段不是目录"
    except OSError as error:
        why = f"磁盘已满或路径不对（{error.errno}）"
    stop(f"写不了“{path}”：{why}")
