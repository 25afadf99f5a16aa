"""The whole ``admission`` command: the evaluator's own and the service's, those loaded on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.cli import app as evaluator

if TYPE_CHECKING:
    from api.settings import Settings

app = evaluator.app
evaluator.SUBCOMMANDS.update(
    {
        "accounts": "api.commands.accounts:accounts_app",
        "audit": "api.commands.audit:audit_app",
        "db": "api.commands.publish:db_app",
        "decisions": "api.commands.decisions:decisions_app",
        "backup": "api.commands.database:db_app#backup",
        "restore": "api.commands.database:db_app#restore",
    }
)
WELCOME = """项目准入评估器已启动，用浏览器打开 {url}
  首页有真实项目的评估结果；“评估项目”可以填表或上传 Excel 试算，不用登录。
  接口 POST {url}api/v1/evaluations，说明见 {url}api/v1/openapi.json
  登录用的账号：admission accounts create 名字 --role committee
  按 Ctrl+C 停止。"""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="端口，默认 8000")] = None,
    workers: Annotated[int, typer.Option(help="进程数")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="空库里放演示账号和示例项目")] = False,
) -> None:
    """启动服务；其余设置见 docs/operations.md。"""
    # The database and web layers are slow to import.
    from api.commands.terminal import told_in_a_line
    from api.settings import read_settings

    with told_in_a_line():
        given = {"host": host, "port": port}
        settings = read_settings(**{k: v for k, v in given.items() if v is not None})
        _serve(settings, workers, demo)


def _serve(settings: Settings, workers: int, demo: bool) -> None:
    from api.app import open_store
    from api.commands.demo import fill_empty
    from api.commands.server import run

    # Opened once before any worker: what cannot start is said once, and the structure is up to date.
    store = open_store(settings)
    print(WELCOME.format(url=f"http://{settings.host}:{settings.port}/"), flush=True)
    for account in fill_empty(store) if demo else ():
        print(
            f"  演示账号 {account.name}（{account.display_name}），密码 {account.password}（只显示这一次）",
            flush=True,  # Into a pipe or a log, too: it is shown this once.
        )
    store.close()
    run(settings, workers)
