"""The ``admission`` command: what there is, and where; each is imported when it is asked for."""

from __future__ import annotations

import typer

from evaluator.cli.chinese import speak_chinese
from evaluator.cli.lazy import lazy_group

speak_chinese()

SUBCOMMANDS = {
    **{
        name: f"evaluator.cli.judge:judge_app#{name}"
        for name in ("evaluate", "industries", "explain", "schema")
    },
    "rules": "evaluator.cli.app:rules_app",
    "portfolio": "evaluator.cli.portfolio:portfolio_app",
    "read": "evaluator.cli.read:read_app",
    "mcp": "evaluator.cli.mcp:mcp_app#mcp",
}
RULE_COMMANDS = {
    name: f"{app}#{name}"
    for app, names in {
        "evaluator.cli.check:check_app": ("check",),
        "evaluator.cli.diff:diff_app": ("diff",),
        "evaluator.cli.picture:picture_app": ("picture",),
        "evaluator.cli.rules:rules_app": (
            "test",
            "prove",
            "coverage",
            "mutate",
            "suggest",
            "export",
            "read-sheet",
        ),
        "evaluator.cli.lsp:lsp_app": ("lsp",),
        "evaluator.cli.publish:publish_app": (
            "impact",
            "publish",
            "approve",
            "release",
            "rollback",
        ),
    }.items()
    for name in names
}

app = typer.Typer(
    cls=lazy_group(SUBCOMMANDS),
    help="项目准入评估器：按正面标准和负面清单评估在谈项目，给出准入、提交会审或不予准入的结论和理由。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules_app = typer.Typer(
    cls=lazy_group(RULE_COMMANDS),
    help="检查、测试、证明、比较规则集。",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def _admission() -> None:
    """A group whose commands are all elsewhere."""


@rules_app.callback()
def _rules() -> None:
    """A group whose commands are all elsewhere."""
