"""``admission audit``: the log and all that it vouches for verified; the log exported."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.commands.terminal import Key, Url, console, database_at, errors, fail, told_in_a_line
from api.database.db import Database
from api.database.tables import AuditEntry, Decision
from api.signing.keys import make_key
from api.signing.timestamps import read_roots
from api.store import audit, verifying
from api.store.checkpoints import Kept, read
from api.store.observed import VERIFIED, note_done
from api.store.projects.replaying import WRONG, replay_all
from api.store.rulesets import Rulesets

audit_app = typer.Typer(help="审计日志：核对、导出。", no_args_is_help=True, add_completion=False)
SAMPLE = 20


@audit_app.command("verify")
def verify(
    head: Annotated[str | None, typer.Option("--head", help="另存的链头，写作 编号:哈希")] = None,
    replay: Annotated[
        str, typer.Option("--replay", help=f"按存档重新判定几次：数目或 all，缺省抽 {SAMPLE} 次")
    ] = str(SAMPLE),
    checkpoints: Annotated[
        Path | None, typer.Option("--checkpoints", help="另存的链头文件，逐个核对", exists=True)
    ] = None,
    key: Key = None,
    roots: Annotated[
        Path | None,
        typer.Option(
            "--roots",
            help="时间戳服务的根证书（PEM）；链头的时间戳据此核对",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    database_url: Url = None,
) -> None:
    """核对审计日志，以及它登记的每一行记录、材料和结论的全文、附件、触发器，并抽样重新判定。

    被改、被删、被调换、时间倒退的逐条指出；有问题时退出码为 1。
    """
    if replay != "all" and not replay.isdecimal():
        fail("--replay 应写数目或 all")
    with database_at(database_url) as db:
        db.check()
        with db.read() as session:
            checked = verifying.check(session, head_of(head))
            kept, unkept = _kept(session, checkpoints, key, roots)
            broken = [f"第 {b.seq} 条：{b.detail}" if b.seq else b.detail for b in checked.broken]
            broken += [b.detail for b in verifying.contents(session)] + unkept
            last = audit.head(session)
        replayed, wrong = judged_again(db, replay)
        for item in (*broken, *wrong):
            errors.print(item, style="red", markup=False, highlight=False, soft_wrap=True)
        for note in checked.notes:
            console.print(f"注意：{note}", markup=False, highlight=False, soft_wrap=True)
        if broken or wrong:
            raise typer.Exit(1)
        note_done(db, VERIFIED)
        console.print(
            f"审计日志完整，共 {checked.count} 条；登记的记录没有改动；重新判定 {replayed} 次都相同；"
            f"{_told(kept) if checkpoints else ''}"
            f"时间只向前（容许 {audit.TOLERANCE.seconds} 秒）。链头 {last.seq}:{last.hash}",
            highlight=False,
            soft_wrap=True,
        )


def _kept(
    session: Session, path: Path | None, key: str | None, roots: Path | None
) -> tuple[Kept, list[str]]:
    """The heads that were kept elsewhere, and which of them the log does not have."""
    if path is None:
        return Kept((), ()), []
    with told_in_a_line():
        kept = read(path, key, read_roots(roots) if roots else ())
    wrong = list(kept.wrong)
    for head in kept.heads:
        entry = session.get(AuditEntry, head.seq) if head.seq else None
        if head.seq and (entry is None or entry.hash != head.hash):
            gone = "已不在日志中：末尾被删除" if entry is None else "与日志不同：日志被整体改写"
            wrong.append(f"另存的链头第 {head.seq} 条{gone}")
    return kept, wrong


def _told(kept: Kept) -> str:
    stamps = f"，{kept.stamped} 个的时间戳相符" if kept.stamped else ""
    if kept.unchecked:
        stamps = f"，{kept.unchecked} 个的时间戳没有核对（用 --roots 给出根证书）"
    return f"另存的 {len(kept.heads)} 个链头都在日志里{stamps}；"


@audit_app.command("key")
def new_key(path: Annotated[Path, typer.Argument(help="密钥文件，如 signing.pem")]) -> None:
    """生成签名密钥，并打印要公布的公钥；文件只有本人能读，请另存一份在安全的地方。"""
    with told_in_a_line():
        signer = make_key(path)
    console.print(
        f"密钥已写入 {path}，设 ADMISSION_SIGNING_KEY 指向它。公钥（请公布）：{signer.name}",
        highlight=False,
        soft_wrap=True,
    )


def head_of(text: str | None) -> audit.Head | None:
    """A head as it was written down elsewhere. Exits where it is none."""
    if text is None:
        return None
    seq, _, digest = text.replace("：", ":").partition(":")
    if not seq.isdigit() or len(digest) != 64:
        fail("--head 应写作 编号:哈希")
    return audit.Head(int(seq), digest)


def judged_again(db: Database, wanted: str) -> tuple[int, list[str]]:
    """How many of ``wanted`` decisions, a number or "all", were judged again, and which otherwise."""
    with db.read() as session:
        ids = list(session.scalars(select(Decision.id)))
    if wanted != "all":
        ids = random.SystemRandom().sample(ids, min(int(wanted), len(ids)))
    if not ids:
        return 0, []
    rulesets = Rulesets(db, "reference")
    try:
        done = list(replay_all(db, rulesets, sorted(ids) if wanted != "all" else ()))
    finally:
        rulesets.close()
    return len(done), [
        f"第 {r.decision} 号决定重新判定的结果不同：{r.detail or r.outcome}"
        for r in done
        if r.outcome in WRONG
    ]


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
