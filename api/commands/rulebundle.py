"""``admission rules bundle|pull``: a rulebook as a signed file, and taken from one or from the service."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from api.settings import SettingsError, read_settings
from api.signing.keys import NO_KEY, SignatureError, Signer, read_signer
from api.signing.rulebooks import MAX_BYTES, install, known_key, pack, unpack
from evaluator.cli.common import Directory, save, stop
from evaluator.cli.publish import LOCAL, Server, pull_published
from evaluator.problems.errors import InputError
from evaluator.rulebook.shipped import rulebook_path

KEYS = "ADMISSION_RULEBOOK_KEYS"
SECONDS = 60
SCHEMES = ("https://", "http://")

bundle_app = typer.Typer(
    help="规则集打成签名的包，取回。", no_args_is_help=True, add_completion=False
)


@bundle_app.command("bundle")
def bundle(
    directory: Directory = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="写到哪个文件，如 规则集.json")
    ] = Path("rulebook.json"),
    signing_key: Annotated[
        Path | None,
        typer.Option("--signing-key", help="签名密钥的文件；不写则用设置 ADMISSION_SIGNING_KEY 的"),
    ] = None,
) -> None:
    """把规则集目录打成一个签名的文件，别处用“rules pull”取回；密钥用“admission audit key”生成。"""
    try:
        made, ruleset = pack(rulebook_path(directory), _signer(signing_key), _now())
    except (InputError, SignatureError, SettingsError) as error:
        stop(error)
    save(output, json.dumps(made, ensure_ascii=False, sort_keys=True))
    typer.echo(
        f"{ruleset.title}（{ruleset.identity[:12]}）已写到 {output}，由 {made['signature']['key']} 签名"
    )


@bundle_app.command("pull")
def pull(
    source: Annotated[
        str, typer.Argument(metavar="来源", help="签名的包：文件或网址；只写目录则从服务取")
    ],
    directory: Annotated[
        Path | None, typer.Argument(metavar="目录", help="写到这个目录；不写则来源就是目录")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            help=f"应信的公钥，写作 ed25519:…，可写几次；不写则用环境变量 {KEYS}（空格隔开），"
            "再不然用这个目录上次所用的",
        ),
    ] = None,
    publication: Annotated[
        int | None, typer.Option("--publication", help="第几次发布；不写则为现在生效的")
    ] = None,
    server: Server = LOCAL,
) -> None:
    """取回规则集：从签名的包，或从服务取已发布的；注释、顺序逐字不变，可以放进 git。

    没有签名的、不认识的密钥签的、比目录里的旧的包，都不接受，目录原样不动。
    """
    if directory is None:
        if source.startswith(SCHEMES) or Path(source).is_file():
            stop("写上取到哪个目录：admission rules pull 来源 目录")
        pull_published(Path(source), publication, server)
        return
    try:
        known = [*(key or os.environ.get(KEYS, "").split())] or [known_key(directory) or ""]
        if known == [""]:
            stop(f"第一次取要写明应信的公钥：--key ed25519:…，或环境变量 {KEYS}")
        found = unpack(_bytes(source), known, _now())
        pulled = install(found, directory)
    except SignatureError as error:
        stop(error, 1)
    except OSError as error:
        stop(f"写不了“{directory}”：{error.strerror}")
    gone = f"，删去 {pulled.removed} 个" if pulled.removed else ""
    typer.echo(
        f"{found.title}（{found.identity[:12]}，{found.made.isoformat()} 打包，{found.key} 签名）："
        f"{pulled.files} 个文件已写到 {pulled.top}{gone}"
    )
    if not pulled.alike:
        typer.echo("注意：本程序自带的字段与打包时不同，规则集的标识因此也不同。", err=True)


def _signer(path: Path | None) -> Signer:
    chosen = path or read_settings().signing_key
    if chosen is None:
        stop(NO_KEY)
    return read_signer(chosen)


def _bytes(source: str) -> bytes:
    """The bundle's bytes, no more than it may have. Exits where it cannot be had."""
    if not source.startswith(SCHEMES):
        try:
            with Path(source).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            stop(f"读不了“{source}”：{error.strerror}")
    import httpx2

    data = b""
    try:
        with httpx2.stream("GET", source, timeout=SECONDS) as answer:
            if answer.status_code != 200:
                stop(f"{source} 答复 {answer.status_code}，没有取到", 1)
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > MAX_BYTES:
                    break
    except (httpx2.HTTPError, httpx2.InvalidURL):
        stop(f"连不上 {source}：检查地址和网络", 1)
    return data


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
