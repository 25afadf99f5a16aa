"""``admission accounts``: local accounts and their API keys."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from api.commands.terminal import Url, console, store_at
from api.errors import Unreadable
from api.store import accounts, apikeys, factors
from api.store.core import Store
from api.store.rulesets import current_identity, load_stored
from api.store.work import SYSTEM
from evaluator.dossier.fields import base_registry

accounts_app = typer.Typer(
    help="本地账号：新建、列出、改角色、停用、重设密码。",
    no_args_is_help=True,
    add_completion=False,
)
Roles = Annotated[
    list[str], typer.Option("--role", help="角色，可写多次，如 committee、department:ecology")
]
Name = Annotated[str, typer.Argument(help="账号名")]


def _departments(store: Store) -> list[str]:
    with store.db.read() as session:
        identity = current_identity(session)
        try:
            registry = load_stored(session, identity).registry if identity else base_registry()
        except Unreadable:
            # Somebody has to be able to publish another.
            registry = base_registry()
    return list(registry.reviewers)


@accounts_app.command("create")
def create(
    name: Name,
    role: Roles,
    display_name: Annotated[str, typer.Option("--display-name", help="姓名或单位")] = "",
    database_url: Url = None,
) -> None:
    """新建账号，印出首次密码（只印这一次）。"""
    with store_at(database_url) as store:
        roles = accounts.check_roles(role, _departments(store))
        with store.work(SYSTEM) as unit:
            view, password = accounts.create_account(unit, name, display_name, roles)
        console.print(f"已新建账号 {view.name}，角色：{'、'.join(view.roles)}")
        console.print(f"首次密码（只显示一次）：[bold]{password}[/bold]", highlight=False)


@accounts_app.command("list")
def list_accounts(database_url: Url = None) -> None:
    """列出账号。"""
    with store_at(database_url) as store:
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


@accounts_app.command("roles")
def set_roles(name: Name, role: Roles, database_url: Url = None) -> None:
    """更改角色。"""
    with store_at(database_url) as store:
        roles = accounts.check_roles(role, _departments(store))
        with store.work(SYSTEM) as unit:
            view = accounts.set_roles(unit, name, roles)
        console.print(f"{view.name} 的角色：{'、'.join(view.roles)}")


@accounts_app.command("key")
def create_key(
    name: Name,
    title: Annotated[str, typer.Option("--title", help="密钥的用途")],
    read_only: Annotated[bool, typer.Option("--read-only", help="只能查看")] = False,
    days: Annotated[int | None, typer.Option("--days", min=1, max=3650, help="有效天数")] = None,
    database_url: Url = None,
) -> None:
    """为账号新建 API 密钥，有账号的全部角色，印出一次。"""
    with store_at(database_url) as store:
        with store.work(SYSTEM) as unit:
            view, text = apikeys.create_key(unit, title, None, read_only, days, name)
        until = f"，有效期至 {view.expires_at:%Y-%m-%d}" if view.expires_at else ""
        console.print(f"已为 {view.account} 新建密钥“{title}”{until}")
        console.print(f"密钥（只显示一次）：[bold]{text}[/bold]", highlight=False)


@accounts_app.command("disable")
def disable(name: Name, database_url: Url = None) -> None:
    """停用账号。"""
    _set_active(name, False, database_url)


@accounts_app.command("enable")
def enable(name: Name, database_url: Url = None) -> None:
    """恢复账号。"""
    _set_active(name, True, database_url)


def _set_active(name: str, active: bool, url: str | None) -> None:
    with store_at(url) as store:
        with store.work(SYSTEM) as unit:
            accounts.set_active(unit, name, active)
        console.print(f"{name} {'已恢复' if active else '已停用'}")


@accounts_app.command("password")
def password(name: Name, database_url: Url = None) -> None:
    """重设密码，印出新密码（只印这一次）。"""
    with store_at(database_url) as store:
        with store.work(SYSTEM) as unit:
            new = accounts.change_password(unit, name)
        console.print(f"新密码（只显示一次）：[bold]{new}[/bold]", highlight=False)


@accounts_app.command("factors")
def clear_factors(name: Name, database_url: Url = None) -> None:
    """清除第二重验证：本人的手机和备用码都没有了。"""
    with store_at(database_url) as store:
        with store.work(SYSTEM) as unit:
            gone = factors.clear(unit, name)
        console.print(f"已清除 {name} 的第二重验证（{gone} 个）")
