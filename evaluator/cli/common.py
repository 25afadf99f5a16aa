"""Writing what a command was asked to write; a place that cannot be written to ends the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

T = TypeVar("T")


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
    typer.echo(f"写不了“{path}”：{why}", err=True)
    raise typer.Exit(2)
