"""``admission rules lsp``: the language server, for editors."""

from __future__ import annotations

import typer

from evaluator.cli.common import stop

lsp_app = typer.Typer(add_completion=False)


@lsp_app.command("lsp")
def lsp() -> None:
    """供编辑器启动的语言服务：边写边查、悬停看含义、补全名字、转到定义。"""
    try:
        from evaluator.lsp.server import main
    except ImportError:
        stop("没有装语言服务：pip install 'project-admission[lsp]'")
    main()


@lsp_app.callback()
def _group() -> None:
    """A group even with one command, for the lazy loader."""
