"""``admission decisions``: stored decisions judged again."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.commands.terminal import Url, console, database_at, errors, fail
from api.store.projects.replaying import WRONG, count, replay_all
from api.store.rulesets import Rulesets

decisions_app = typer.Typer(
    help="已有的决定：按存档重新判定。", no_args_is_help=True, add_completion=False
)
OUTCOMES = {
    "identical": "逐字节相同",
    "reworded": "判定相同，措辞是另一版程序的",
    "differs": "判定不同",
    "altered": "存档被改动过",
    "unreadable": "读不出来",
}


@decisions_app.callback()
def _group() -> None:
    """已有的决定：按存档重新判定。"""


@decisions_app.command("replay")
def replay(
    decisions: Annotated[
        list[int] | None, typer.Argument(help="决定编号，可以写几个", min=1)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="库里所有的决定")] = False,
    database_url: Url = None,
) -> None:
    """按存下的材料和规则集重新判定，核对结果是否相同；升级、恢复之后用 --all。

    有判定不同、存档被改、读不出来的，逐次列出，退出码为 1。服务不必停。
    """
    ids = sorted(set(decisions or ()))
    if bool(ids) == every:
        fail("写决定编号，或者写 --all（全部），二者取一")
    with database_at(database_url) as db:
        db.check()
        with db.read() as session:
            total = count(session, ids)
        if len(ids) > total:
            fail(f"有 {len(ids) - total} 个编号不存在")
        found: Counter[str] = Counter()
        with _display() as display:
            task = display.add_task("重新判定", total=total)
            for one in replay_all(db, Rulesets(db, "reference"), ids):
                found[one.outcome] += 1
                display.advance(task)
                if one.outcome in WRONG:
                    display.console.print(
                        f"决定 {one.decision}（{one.number} 第 {one.version} 版）："
                        f"{OUTCOMES[one.outcome]}{f'：{one.detail}' if one.detail else ''}",
                        style="red",
                        markup=False,
                        highlight=False,
                        soft_wrap=True,
                    )
        told = "，".join(f"{OUTCOMES[name]} {found[name]}" for name in OUTCOMES if found[name])
        console.print(
            f"共 {total} 次决定{f'：{told}' if told else ''}。", highlight=False, soft_wrap=True
        )
        if any(found[name] for name in WRONG):
            raise typer.Exit(1)


def _display() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )
