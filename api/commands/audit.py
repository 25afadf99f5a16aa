"""``admission audit``: the log verified and exported."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from api.commands.terminal import Url, console, database_at, errors, fail
from api.store import audit

audit_app = typer.Typer(help="审计日志：核对、导出。", no_args_is_help=True, add_completion=False)


@audit_app.command("verify")
def verify(
    head: Annotated[str | None, typer.Option("--head", help="另存的链头，写作 编号:哈希")] = None,
    database_url: Url = None,
) -> None:
    """核对审计日志：被改、被删、被调换的条目逐条指出；有问题时退出码为 1。"""
    expected = None
    if head is not None:
        seq, _, digest = head.replace("：", ":").partition(":")
        if not seq.isdigit() or len(digest) != 64:
            fail("--head 应写作 编号:哈希")
        expected = audit.Head(int(seq), digest)
    with database_at(database_url) as db:
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


@audit_app.command("export")
def export(
    after: Annotated[int, typer.Option("--after", min=0, help="从这一条之后开始")] = 0,
    database_url: Url = None,
) -> None:
    """导出审计日志到标准输出，每行一条 JSON。"""
    with database_at(database_url) as db:
        db.check()
        with db.read() as session:
            for line in audit.export_lines(session, after):
                sys.stdout.write(line)
