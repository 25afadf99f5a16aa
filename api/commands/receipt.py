"""``admission receipt``: a decision handed out as one file, and such a file checked offline."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from api.commands.terminal import (
    Key,
    Url,
    console,
    database_at,
    errors,
    fail,
    settings_signer,
    told_in_a_line,
)
from api.signing import receipts
from api.signing.receipts import MAX_BYTES, read_receipt
from api.store.receipts import receipt_of
from api.store.work import SYSTEM

receipt_app = typer.Typer(
    help="决定凭证：导出、离线核对。", no_args_is_help=True, add_completion=False
)


@receipt_app.callback()
def _group() -> None:
    """决定凭证：导出、离线核对。"""


@receipt_app.command("export")
def export(
    decision: Annotated[int, typer.Argument(help="决定编号", min=1)],
    path: Annotated[Path, typer.Argument(help="写到哪个文件，如 凭证.json")],
    database_url: Url = None,
) -> None:
    """把一次决定写成一个文件：材料、规则集文本、结论、在审计日志里的位置，签名。"""
    with database_at(database_url) as db:
        db.check()
        with db.read() as session:
            receipt = receipt_of(session, SYSTEM, decision, settings_signer())
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
                json.dump(receipt, file, ensure_ascii=False, sort_keys=True)
        except FileExistsError:
            fail(f"文件已存在：{path}")
        console.print(
            f"决定 {decision} 的凭证已写到 {path}，由 {receipt['signature']['key']} 签名",
            highlight=False,
            soft_wrap=True,
        )


@receipt_app.command("verify")
def verify(
    path: Annotated[Path, typer.Argument(help="凭证文件", exists=True, dir_okay=False)],
    key: Key = None,
) -> None:
    """离线核对凭证：签名、审计日志的条目、规则集的标识，并重新判定；有一项不对退出码为 1。"""
    with told_in_a_line():
        with path.open("rb") as file:
            receipt = read_receipt(file.read(MAX_BYTES + 1))
        checks = receipts.verify(receipt, key)
    for one in checks:
        where, word = (console, "相符") if one.holds else (errors, "不符")
        where.print(
            f"{one.what}：{word}。{one.detail}",
            style=None if one.holds else "red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if not all(one.holds for one in checks):
        raise typer.Exit(1)
