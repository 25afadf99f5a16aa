"""``admission rules diff``: two rulebooks side by side, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli.workbench import Day, Json, Timeout, day_of, loaded, print_json, report_json
from evaluator.revision.diff import diff

diff_app = typer.Typer(add_completion=False)


@diff_app.command("diff")
def diff_rules(
    old: Annotated[Path, typer.Argument(metavar="原目录", help="改之前的规则集目录")],
    new: Annotated[Path, typer.Argument(metavar="新目录", help="改之后的规则集目录")],
    as_of: Day = None,
    semantic: Annotated[
        bool, typer.Option("--semantic", help="再求出结论会变的项目，或证明没有")
    ] = False,
    timeout: Timeout = 10,
    as_json: Json = False,
) -> None:
    """用文字列出两个规则集的不同：原来怎样、现在怎样、从哪天起。"""
    a, b = loaded(old), loaded(new)
    difference = diff(a, b)
    report = None
    if semantic:
        from evaluator.prove import compare  # z3, slow to import.

        report = compare(a, b, day_of(as_of), timeout * 1000)[1]
    if as_json:
        out: dict[str, object] = {"entries": [e.to_dict() for e in difference.entries]}
        print_json({**out, "transitions": report_json(report)} if report else out)
        return
    print(difference.render())
    if report:
        print(report.render(verbose=True))


@diff_app.callback()
def _group() -> None:
    """A group even with one command, for the lazy loader."""
