"""What a start needs beside its settings: files, directories, the port, a database of the right kind.

``serve`` stops at the first kind of them that is not there; ``admission config check`` tells all.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from api.database.db import Database
from api.errors import NotAnswering, Unmigrated
from api.settings import PREFIX, Settings
from api.workdays.holidays import read_holidays
from api.workdays.workdays import WorkCalendar
from evaluator.problems.errors import InputError
from evaluator.rulebook.load import load_directory


def file_problems(settings: Settings) -> list[str]:
    """A line for each file and directory of the settings that cannot be used."""
    lines = [*_directories(settings), *_sqlite(settings)]
    for name, problem in (("RULEBOOK", _rulebook(settings)), ("HOLIDAYS", _holidays(settings))):
        lines += [f"{PREFIX}{name}：{problem}"] if problem else []
    return lines


def awaited_holidays(settings: Settings, today: dt.date) -> str | None:
    """A line for the year whose holiday arrangement should be there by now, and is not.

    Nothing that stops a start: days are estimated until then.
    """
    try:
        plans = read_holidays(settings.holidays) if settings.holidays else ()
    except InputError:
        return None  # Told by ``file_problems``.
    year = WorkCalendar(plans=plans).awaited(today)
    if year is None:
        return None
    return (
        f"{year} 年的节假日安排还没有，期限只能估计。国务院办公厅每年 11 月公布次年的；"
        f"公布后写入 {PREFIX}HOLIDAYS 指的文件，或升级 chinesecalendar"
    )


def _directories(settings: Settings) -> Iterator[str]:
    for name in ("shared_directory", "batch_directory", "impact_directory"):
        directory = getattr(settings, name)
        if directory is not None and (problem := _unwritable(directory)):
            yield f"{PREFIX}{name.upper()}：{problem}"


def _unwritable(directory: Path) -> str:
    if not directory.exists():
        return f"没有目录 {directory}"
    if not directory.is_dir():
        return f"{directory} 不是目录"
    try:
        with tempfile.TemporaryFile(dir=directory):
            return ""
    except OSError as error:
        return f"写不进目录 {directory}（{error.strerror}）"


def _sqlite(settings: Settings) -> Iterator[str]:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        # Its password must not be repeated.
        yield f"{PREFIX}DATABASE_URL：不是数据库地址，写作 postgresql+psycopg://用户:口令@主机/库"
        return
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        yield f"{PREFIX}DATABASE_URL：建不了目录 {path.parent}（{error.strerror}）"
        return
    if problem := _unwritable(path.parent):
        yield f"{PREFIX}DATABASE_URL：{problem}"
    elif path.is_dir():
        yield f"{PREFIX}DATABASE_URL：{path} 是目录，应是文件"
    elif path.exists() and not os.access(path, os.R_OK | os.W_OK):
        yield f"{PREFIX}DATABASE_URL：读写不了文件 {path}"


def _rulebook(settings: Settings) -> str:
    try:
        load_directory(settings.root)
    except (InputError, OSError) as error:
        return f"规则集不能用：{str(error).strip().splitlines()[0]}"
    return ""


def _holidays(settings: Settings) -> str:
    try:
        if settings.holidays:
            read_holidays(settings.holidays)
    except (InputError, OSError) as error:
        return str(error).strip().splitlines()[0]
    return ""


def database_state(db: Database) -> tuple[bool, str]:
    """Whether the database can be used, and in which state it is, in a sentence."""
    try:
        db.wait(0, lambda _: None)
        revision = db.revision()
        if revision is None:
            return True, f"数据库是空的，启动时建立结构 {db.head()}"
        db.check()
    except (NotAnswering, Unmigrated) as error:
        if type(error) is Unmigrated:
            return True, f"数据库结构 {revision}，启动时升级到 {db.head()}"
        return False, str(error)
    except SQLAlchemyError as error:
        return False, f"数据库出错：{str(getattr(error, 'orig', error)).splitlines()[0]}"
    return True, f"数据库结构 {revision}，与本程序相符"


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except BaseException:
        found.close()
        raise
    found.set_inheritable(True)
    return found
