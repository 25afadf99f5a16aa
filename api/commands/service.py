"""Commands for operators: accounts, audit log, database, backup and restore, publishing.

``api.commands.app`` adds them to the ``admission`` command. They work on the database of the settings
(``ADMISSION_DATABASE_URL``) or of ``--database-url``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from api.commands.backup import BackupError
from api.commands.backup import backup as write_backup
from api.commands.backup import restore as read_backup
from api.commands.downgrade import downgrade as run_downgrade
from api.commands.downgrade import steps_back, trial
from api.database.db import Database
from api.errors import Invalid, StoreError, Unmigrated
from api.settings import SettingsError, read_settings
from api.store import accounts, apikeys, audit
from api.store.core import Store
from api.store.rulesets import current_identity, load_stored
from api.store.work import SYSTEM
from api.workdays.holidays import read_holidays
from api.workdays.workdays import LAST, WorkCalendar
from evaluator.dossier.fields import base_registry
from evaluator.problems.errors import InputError

accounts_app = typer.Typer(
    help="本地账号：新建、列出、改角色、停用、重设密码。",
    no_args_is_help=True,
    add_completion=False,
)
audit_app = typer.Typer(help="审计日志：核对、导出。", no_args_is_help=True, add_completion=False)
db_app = typer.Typer(
    help="数据库：升级和退回结构、备份、恢复、发布规则集、查节假日安排。",
    no_args_is_help=True,
    add_completion=False,
)
Url = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="数据库地址；不写则用环境变量 ADMISSION_DATABASE_URL，再不然用 var/admission.db",
    ),
]
Roles = Annotated[
    list[str], typer.Option("--role", help="角色，可写多次，如 committee、department:ecology")
]
Name = Annotated[str, typer.Argument(help="账号名")]
FIRST_SHOWN = 2024
console = Console()
errors = Console(stderr=True)


def _fail(message: str, code: int = 2) -> None:
    # Not as markup: a list in what was typed is no style.
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def run_command(work: Callable[[], None]) -> None:
    """Run a command; what the operator can mend is one line, not a trace."""
    try:
        work()
    except Invalid as error:
        _fail(f"{error.detail}{'。' + error.hint if error.hint else ''}")
    except (SettingsError, StoreError, BackupError, Unmigrated, InputError, OSError) as error:
        _fail(str(error))
    except SQLAlchemyError as error:
        _fail(f"数据库出错：{str(error).splitlines()[0]}")


@contextmanager
def _database(url: str | None) -> Iterator[Database]:
    settings = read_settings()
    db = Database(url or settings.database_url, settings.database_pool)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def open_store_of(url: str | None) -> Iterator[Store]:
    with _database(url) as db:
        db.migrate()
        yield Store(db, "reference")


def _departments(store: Store) -> list[str]:
    with store.db.read() as session:
        identity = current_identity(session)
        registry = load_stored(session, identity).registry if identity else base_registry()
    return list(registry.reviewers)


@accounts_app.command("create")
def create(
    name: Name,
    role: Roles,
    display_name: Annotated[str, typer.Option("--display-name", help="姓名或单位")] = "",
    database_url: Url = None,
) -> None:
    """新建账号，印出首次密码（只印这一次）。"""

    def work() -> None:
        with open_store_of(database_url) as store:
            roles = accounts.check_roles(role, _departments(store))
            with store.work(SYSTEM) as unit:
                view, password = accounts.create_account(unit, name, display_name, roles)
            console.print(f"已新建账号 {view.name}，角色：{'、'.join(view.roles)}")
            console.print(f"首次密码（只显示一次）：[bold]{password}[/bold]", highlight=False)

    run_command(work)


@accounts_app.command("list")
def list_accounts(database_url: Url = None) -> None:
    """列出账号。"""

    def work() -> None:
        with open_store_of(database_url) as store:
            table = Table("账号", "姓名", "角色", "状态", "来源")
            with store.db.read() as session:
                for a in accounts.list_accounts(session):
                    state = "可用" if a.active else "已停用"
                    table.add_row(
                        a.name,
                        a.display_name,
                        "、".join(a.roles),
                        state,
                        "统一身份" if a.external else "本地",
                    )
            console.print(table)

    run_command(work)


@accounts_app.command("roles")
def set_roles(name: Name, role: Roles, database_url: Url = None) -> None:
    """更改角色。"""

    def work() -> None:
        with open_store_of(database_url) as store:
            roles = accounts.check_roles(role, _departments(store))
            with store.work(SYSTEM) as unit:
                view = accounts.set_roles(unit, name, roles)
            console.print(f"{view.name} 的角色：{'、'.join(view.roles)}")

    run_command(work)


@accounts_app.command("key")
def create_key(
    name: Name,
    title: Annotated[str, typer.Option("--title", help="密钥的用途")],
    read_only: Annotated[bool, typer.Option("--read-only", help="只能查看")] = False,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="有效天数")] = None,
    database_url: Url = None,
) -> None:
    """为账号新建 API 密钥，有账号的全部角色，印出一次。"""

    def work() -> None:
        with open_store_of(database_url) as store:
            with store.work(SYSTEM) as unit:
                view, text = apikeys.create_key(unit, title, None, read_only, days, name)
            until = f"，有效期至 {view.expires_at:%Y-%m-%d}" if view.expires_at else ""
            console.print(f"已为 {view.account} 新建密钥“{title}”{until}")
            console.print(f"密钥（只显示一次）：[bold]{text}[/bold]", highlight=False)

    run_command(work)


@accounts_app.command("disable")
def disable(name: Name, database_url: Url = None) -> None:
    """停用账号。"""
    run_command(lambda: _set_active(name, False, database_url))


@accounts_app.command("enable")
def enable(name: Name, database_url: Url = None) -> None:
    """恢复账号。"""
    run_command(lambda: _set_active(name, True, database_url))


def _set_active(name: str, active: bool, url: str | None) -> None:
    with open_store_of(url) as store:
        with store.work(SYSTEM) as unit:
            accounts.set_active(unit, name, active)
        console.print(f"{name} {'已恢复' if active else '已停用'}")


@accounts_app.command("password")
def password(name: Name, database_url: Url = None) -> None:
    """重设密码，印出新密码（只印这一次）。"""

    def work() -> None:
        with open_store_of(database_url) as store:
            with store.work(SYSTEM) as unit:
                new = accounts.change_password(unit, name)
            console.print(f"新密码（只显示一次）：[bold]{new}[/bold]", highlight=False)

    run_command(work)


@audit_app.command("verify")
def verify(
    head: Annotated[str | None, typer.Option("--head", help="另存的链头，写作 编号:哈希")] = None,
    database_url: Url = None,
) -> None:
    """核对审计日志：被改、被删、被调换的条目逐条指出；有问题时退出码为 1。"""

    def work() -> None:
        expected = None
        if head is not None:
            seq, _, digest = head.replace("：", ":").partition(":")
            if not seq.isdigit() or len(digest) != 64:
                _fail("--head 应写作 编号:哈希")
            expected = audit.Head(int(seq), digest)
        with _database(database_url) as db:
            db.check()
            with db.read() as session:
                count, broken = audit.verify(session, expected)
                last = audit.head(session)
            for item in broken:
                errors.print(f"第 {item.seq} 条：{item.detail}", style="red", markup=False)
            if broken:
                raise typer.Exit(1)
            console.print(
                f"审计日志完整，共 {count} 条。链头 {last.seq}:{last.hash}",
                highlight=False,
                soft_wrap=True,
            )

    run_command(work)


@audit_app.command("export")
def export(
    after: Annotated[int, typer.Option("--after", min=0, help="从这一条之后开始")] = 0,
    database_url: Url = None,
) -> None:
    """导出审计日志到标准输出，每行一条 JSON。"""

    def work() -> None:
        with _database(database_url) as db:
            db.check()
            with db.read() as session:
                for line in audit.export_lines(session, after):
                    sys.stdout.write(line)

    run_command(work)


@db_app.command("upgrade")
def upgrade(database_url: Url = None) -> None:
    """把数据库结构升级到本程序需要的版本。"""

    def work() -> None:
        with _database(database_url) as db:
            db.migrate()
            console.print(f"数据库结构版本：{db.revision()}")

    run_command(work)


@db_app.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="退回到哪个结构版本，如 0008")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问；会丢失记录的也照办")] = False,
    database_url: Url = None,
) -> None:
    """退回较早的数据库结构，装回旧版程序前用；先停止服务并备份。"""

    def work() -> None:
        with _database(database_url) as db:
            now = steps_back(db, revision)
            loss = trial(db, revision)
            lost = "、".join(f"{name} {count} 行" for name, count in loss.rows)
            if lost and not yes:
                _fail(f"退回到 {revision} 会丢失记录：{lost}。先备份；确实要丢弃，加 --yes 再运行")
            told = (
                f"数据库结构由 {now} 退回到 {revision}，{f'丢失{lost}' if lost else '不丢失记录'}"
            )
            told += f"，去掉列 {'、'.join(loss.columns)}" if loss.columns else ""
            console.print(f"{told}。", highlight=False, soft_wrap=True)
            if not yes and not typer.confirm("已停止服务并备份，继续？"):
                _fail("没有改动", 1)
            run_downgrade(db, revision, loss)
            console.print(f"数据库结构版本：{db.revision() or '空'}")

    run_command(work)


@db_app.command("calendar")
def calendar(
    path: Annotated[
        Path | None, typer.Argument(help="节假日安排文件；不写则用 ADMISSION_HOLIDAYS")
    ] = None,
) -> None:
    """查节假日安排文件写得对不对，列出知道哪些年份的安排、来自哪里。"""

    def work() -> None:
        settings = read_settings()
        chosen = path or settings.holidays
        workdays = WorkCalendar(plans=read_holidays(chosen) if chosen else ())
        table = Table("年份", "放假", "调休上班", "来源")
        for year in range(FIRST_SHOWN, max(LAST, *workdays.plans, 0) + 1):
            plan = workdays.plans.get(year)
            table.add_row(
                str(year),
                f"{len(plan.off)} 天" if plan else "—",
                f"{len(plan.on)} 天" if plan else "—",
                workdays.source_of(year) or "还没有安排",
            )
        console.print(table)

    run_command(work)


@db_app.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="备份文件，如 backup.zip")], database_url: Url = None
) -> None:
    """备份：一致的快照，服务不必停。"""

    def work() -> None:
        with _database(database_url) as db:
            manifest = write_backup(db, path)
            console.print(
                f"已备份 {sum(manifest.rows.values())} 行到 {path}；审计链头 {manifest.audit_seq}:{manifest.audit_hash}",
                highlight=False,
                soft_wrap=True,
            )

    run_command(work)


@db_app.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="备份文件")], database_url: Url = None
) -> None:
    """恢复到空库：校验和、行数、审计链都对上才写入。"""

    def work() -> None:
        with _database(database_url) as db:
            manifest = read_backup(db, path)
            console.print(f"已恢复 {sum(manifest.rows.values())} 行（备份于 {manifest.made_at}）")

    run_command(work)
