"""``admission rules picture``: what a verdict rests on, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli.common import Directory, save, stop
from evaluator.cli.workbench import loaded
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.drawing import draw
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.picture import picture_of
from evaluator.problems.choices import suggest
from evaluator.problems.errors import InputError

picture_app = typer.Typer(add_completion=False)


@picture_app.command("picture")
def picture(
    output: Annotated[Path, typer.Option("-o", "--output", help="写到哪个 .svg 文件")],
    directory: Directory = None,
    rules: Annotated[
        list[str] | None, typer.Option("--rule", help="只画这条规则，可写几次；不写则画全部")
    ] = None,
    dossier: Annotated[
        Path | None,
        typer.Option("--dossier", help="一份申报材料：标出各项的值，没有定的画成虚线"),
    ] = None,
) -> None:
    """把结论靠什么画成图：申报的数、由它们算出的指标、评分表和规则、结论。"""
    ruleset = loaded(directory)
    for rule in rules or ():
        if rule not in ruleset.rules:
            stop(f"没有规则“{rule}”。{suggest(rule, ruleset.rules) or ''}", err=False)
    evaluation = None
    if dossier is not None:
        try:
            read = read_dossiers(dossier, ruleset.registry)
        except InputError as error:
            stop(error, err=False)
        if len(read) != 1:
            stop(f"--dossier 应是一份材料，文件里有 {len(read)} 份", err=False)
        evaluation = Evaluator(ruleset, "reference").evaluate(read[0])
    title = f"{ruleset.rules[rules[0]].title}：靠哪些数" if rules and len(rules) == 1 else None
    title = title or f"{ruleset.title}：结论靠什么"
    shown = picture_of(ruleset, rules or ruleset.rules, evaluation)
    save(output, f"{draw(shown, title, style=True)}\n")
    typer.echo(f"{output}：{shown.summary()}")


@picture_app.callback()
def _group() -> None:
    """A group even with one command, for the lazy loader."""
