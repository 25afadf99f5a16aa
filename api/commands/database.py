"""``admission db``: structure, backup and restore, the calendar; publishing is in ``publish``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from api.commands.backup import BackupError, signed_by
from api.commands.backup import backup as write_backup
from api.commands.backup import restore as read_backup
from api.commands.downgrade import downgrade as run_downgrade
from api.commands.downgrade import steps_back, trial
from api.commands.rehearsal import rehearse as try_restore
from api.commands.rehearsal import unlike
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
from api.settings import read_settings
from api.store.core import Store
from api.store.observed import BACKUP, note_done
from api.workdays.holidays import read_holidays
from api.workdays.workdays import LAST, WorkCalendar

db_app = typer.Typer(
    help="数据库：升级和退回结构、备份、恢复、发布规则集、查节假日安排。",
    no_args_is_help=True,
    add_completion=False,
)
FIRST_SHOWN = 2024


@db_app.command("upgrade")
def upgrade(database_url: Url = None) -> None:
    """把数据库结构升级到本程序需要的版本。"""
    with database_at(database_url, wait=True) as db:
        Store(db, "reference").bring_forward()
        console.print(f"数据库结构版本：{db.revision()}")


@db_app.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="退回到哪个结构版本，如 0008")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问；会丢失记录的也照办")] = False,
    database_url: Url = None,
) -> None:
    """退回较早的数据库结构，装回旧版程序前用；先停止服务并备份。"""
    with database_at(database_url) as db:
        now = steps_back(db, revision)
        loss = trial(db, revision)
        lost = "、".join(f"{name} {count} 行" for name, count in loss.rows)
        if lost and not yes:
            fail(f"退回到 {revision} 会丢失记录：{lost}。先备份；确实要丢弃，加 --yes 再运行")
        told = f"数据库结构由 {now} 退回到 {revision}，{f'丢失{lost}' if lost else '不丢失记录'}"
        told += f"，去掉列 {'、'.join(loss.columns)}" if loss.columns else ""
        console.print(f"{told}。", highlight=False, soft_wrap=True)
        if not yes and not typer.confirm("已停止服务并备份，继续？"):
            fail("没有改动", 1)
        run_downgrade(db, revision, loss)
        console.print(f"数据库结构版本：{db.revision() or '空'}")


@db_app.command("calendar")
def calendar(
    path: Annotated[
        Path | None, typer.Argument(help="节假日安排文件；不写则用 ADMISSION_HOLIDAYS")
    ] = None,
) -> None:
    """查节假日安排文件写得对不对，列出知道哪些年份的安排、来自哪里。"""
    with told_in_a_line():
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


@db_app.command("backup")
def backup(
    path: Annotated[Path, typer.Argument(help="备份文件，如 backup.zip")], database_url: Url = None
) -> None:
    """备份：一致的快照，服务不必停。"""
    with database_at(database_url) as db:
        signer = settings_signer()
        manifest = write_backup(db, path, signer)
        note_done(db, BACKUP)
        signed = (
            f"由 {signer.name} 签名" if signer else "没有签名（没有设置 ADMISSION_SIGNING_KEY）"
        )
        console.print(
            f"已备份 {sum(manifest.rows.values())} 行到 {path}，{signed}；"
            f"审计链头 {manifest.audit_seq}:{manifest.audit_hash}",
            highlight=False,
            soft_wrap=True,
        )


@db_app.command("restore")
def restore(
    path: Annotated[Path, typer.Argument(help="备份文件")],
    key: Key = None,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="API 密钥照旧可用；不写则全部撤销")
    ] = False,
    database_url: Url = None,
) -> None:
    """恢复到空库：签名、校验和、行数、审计链、登记的记录都对上才写入。

    登录状态不恢复；API 密钥全部撤销，除非写 --keep-keys。
    """
    with database_at(database_url) as db:
        signed = signed_by(path, key)
        if signed is None and key is not None:
            fail("这份备份没有签名，不是应信的密钥签的")
        manifest = read_backup(db, path, trusted=key, keep_keys=keep_keys)
        console.print(
            f"已恢复 {sum(manifest.rows.values())} 行（备份于 {manifest.made_at}，"
            f"{f'由 {signed} 签名' if signed else '没有签名，不能确认是谁做的'}）。登录都已失效，"
            f"API 密钥{'照旧可用' if keep_keys else '都已撤销'}",
            highlight=False,
            soft_wrap=True,
        )


@db_app.command("rehearse")
def rehearse(
    path: Annotated[Path, typer.Argument(help="备份文件")],
    key: Key = None,
    replay: Annotated[str, typer.Option("--replay", help="按存档重新判定几次：数目或 all")] = "20",
    alone: Annotated[
        bool, typer.Option("--alone", help="不与运行的数据库对照，如它已经没有了")
    ] = False,
    database_url: Url = None,
) -> None:
    """演练恢复：恢复到临时的嵌入式库，逐表与备份对照、重新判定，然后删掉；运行的库不动。

    有一处不同，退出码为 1。
    """
    if replay != "all" and not replay.isdecimal():
        fail("--replay 应写数目或 all")
    try:
        signed = signed_by(path, key)
        if signed is None and key is not None:
            fail("这份备份没有签名，不是应信的密钥签的")
        done = try_restore(path, trusted=key, replay=replay)
    except BackupError as error:
        fail(str(error), 1)
    wrong = list(done.wrong)
    if not alone:
        with database_at(database_url) as db:
            said = unlike(db, done.manifest)
            wrong += [said] if said else []
    for item in wrong:
        errors.print(item, style="red", markup=False, highlight=False, soft_wrap=True)
    if wrong:
        raise typer.Exit(1)
    console.print(
        f"备份（{done.manifest.made_at}）恢复得出来：{sum(done.manifest.rows.values())} 行，"
        f"用时 {done.seconds:.0f} 秒，逐表与备份相同，审计日志完整，重新判定 {done.replayed} 次都相同"
        + ("" if alone else "；运行的数据库是从它接下来的"),
        highlight=False,
        soft_wrap=True,
    )
