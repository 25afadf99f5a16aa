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
        "config": "api.commands.config:config_app",
        "db": "api.commands.publish:db_app",
        "receipt": "api.commands.receipt:receipt_app",
        "decisions": "api.commands.decisions:decisions_app",
        "backup": "api.commands.database:db_app#backup",
        "restore": "api.commands.database:db_app#restore",
    }
)
evaluator.RULE_COMMANDS.update(
    {name: f"api.commands.rulebundle:bundle_app#{name}" for name in ("bundle", "pull")}
)
WELCOME = """项目准入评估器已启动，用浏览器打开 {url}
  首页有真实项目的评估结果；“评估项目”可以填表或上传 Excel 试算，不用登录。
  接口 POST {url}api/v1/evaluations，说明见 {url}api/v1/openapi.json
  登录用的账号：admission accounts create 名字 --role committee
  按 Ctrl+C 停止。"""


def _version(wanted: bool) -> None:
    if wanted:
        from api.build import told

        print(told())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="程序的版本和提交", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """项目准入评估器：按正面标准和负面清单评估在谈项目，给出准入、提交会审或不予准入的结论和理由。"""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="端口，默认 8000")] = None,
    workers: Annotated[int, typer.Option(help="进程数", min=1, max=64)] = 1,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="演示：空库里放演示账号和示例项目，并记下是演示库，不能转为正式使用"
        ),
    ] = False,
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
    from api.commands.checks import file_problems, listening
    from api.commands.demo import check_kind, fill_empty
    from api.commands.server import run
    from api.commands.terminal import errors
    from api.database.db import Database
    from api.errors import Unusable

    if wrong := file_problems(settings):
        raise Unusable("\n".join(wrong))
    try:
        door = listening(settings.host, settings.port)
    except OSError as error:
        raise Unusable(
            f"不能在 {settings.host}:{settings.port} 上监听：{error.strerror}；"
            "端口被别的程序占用时，用 --port 或 ADMISSION_PORT 换一个"
        ) from None
    with door:
        waiting = Database(settings.database_url, 1)
        waiting.wait(settings.database_wait, lambda line: errors.print(line, soft_wrap=True))
        waiting.close()
        # Opened once before any worker: what cannot start is said once, the structure is up to date.
        store = open_store(settings)
        try:
            check_kind(store, demo)
            made = fill_empty(store) if demo else []
            trouble = store.rulesets.trouble()
        finally:
            store.close()
        host, port = door.getsockname()[:2]
        said = [WELCOME.format(url=f"http://{f'[{host}]' if ':' in host else host}:{port}/")]
        if trouble:
            said.append(f"  注意：现在不能评估和提交。{trouble}")
        if demo:
            said.append("  这是演示库，不能转为正式使用；正式运行请换一个空库，不加 --demo。")
        said += [
            f"  演示账号 {a.name}（{a.display_name}），密码 {a.password}（只显示这一次）"
            for a in made
        ]
        # Into a pipe or a log, too, and only when it listens.
        run(settings, door, workers, lambda: print("\n".join(said), flush=True))
