"""``admission mcp``: the rulebook for programs that speak MCP."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli.common import load_rulebook, stop
from evaluator.rulebook.shipped import shipped_path

mcp_app = typer.Typer(add_completion=False)


@mcp_app.command("mcp")
def mcp(
    rulebook: Annotated[
        Path | None,
        typer.Option(
            "--rulebook", help="规则集目录；不写则用自带的，或环境变量 ADMISSION_RULEBOOK"
        ),
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option(
            "--other", help="可以拿来比较的规则集，写作 名字=目录，可写几次；自带的剖面总在内"
        ),
    ] = None,
) -> None:
    """供智能助手启动的 MCP 服务：评估、解释、该问什么、查规则和标准、比较，只读。"""
    try:
        from evaluator.mcp.server import serve
    except ImportError:
        stop("没有装 MCP：pip install 'project-admission[mcp]'")
    from evaluator.mcp.desk import CURRENT, Desk

    profiles = shipped_path() / "profiles"
    others = {p.name: p for p in sorted(profiles.iterdir()) if p.is_dir()}
    for given in other or ():
        name, equals, path = given.partition("=")
        if not (name and equals and path) or name == CURRENT:
            stop(f"--other 应写作 名字=目录（名字不能是 {CURRENT}），写的是“{given}”")
        if not Path(path).is_dir():
            stop(f"--other：没有目录“{path}”")
        others[name] = Path(path)
    if why := serve(Desk(load_rulebook(rulebook), others), version("project-admission")):
        stop(why, 1)


@mcp_app.callback()
def _group() -> None:
    """A group even with one command, for the lazy loader."""
