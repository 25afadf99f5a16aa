"""``admission config``: whether the service could start, everything that stands in its way at once."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from api.commands.checks import awaited_holidays, database_state, file_problems
from api.commands.demo import is_demo
from api.commands.envfile import read_env_file
from api.commands.terminal import SETTINGS_EXIT, console, errors, told_in_a_line
from api.database.db import Database
from api.settings import Settings, SettingsError, read_settings

config_app = typer.Typer(help="设置：启动前查一遍。", no_args_is_help=True, add_completion=False)


@config_app.callback()
def _group() -> None:
    """设置：启动前查一遍。"""


@config_app.command("check")
def check(
    env_file: Annotated[
        Path | None,
        typer.Option("--env-file", help="设置写在这个文件里，如 /etc/admission.env", exists=True),
    ] = None,
) -> None:
    """查设置、目录、规则集、节假日文件、数据库，把不能用的一次说全；有问题时退出码为 78。"""
    with told_in_a_line():
        wrong: list[str] = []
        if env_file is not None:
            values, wrong = read_env_file(env_file)
            os.environ.update(values)
        right: list[str] = []
        soon: str | None = None
        try:
            settings = read_settings()
        except SettingsError as error:
            wrong += str(error).splitlines()
        else:
            found = file_problems(settings)
            wrong += found
            soon = awaited_holidays(settings, dt.date.today())
            if not any("DATABASE_URL：" in line for line in found):
                _database(settings, right, wrong)
        for line in wrong:
            errors.print(f"✗ {line}", style="red", markup=False, highlight=False, soft_wrap=True)
        for line in right:
            console.print(f"✓ {line}", markup=False, highlight=False, soft_wrap=True)
        if soon is not None:
            errors.print(f"！{soon}", style="yellow", markup=False, highlight=False, soft_wrap=True)
        if wrong:
            errors.print(f"{len(wrong)} 处要改。", highlight=False)
            raise typer.Exit(SETTINGS_EXIT)
        console.print("设置可用。")


def _database(settings: Settings, right: list[str], wrong: list[str]) -> None:
    db = Database(settings.database_url, 1)
    try:
        usable, told = database_state(db)
        (right if usable else wrong).append(told)
        if usable and db.revision() is not None and is_demo(db):
            right.append("这是演示库（--demo），只能用来演示")
    finally:
        db.close()
