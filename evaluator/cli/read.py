"""``admission read``: values out of Word, PDF, Excel and text, each with its sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluator.cli.common import load_rulebook, save, stop
from evaluator.documents.apart import apart
from evaluator.documents.draft import draft
from evaluator.documents.extract import Found
from evaluator.documents.reading import answer, read
from evaluator.dossier.fields import Registry, base_registry
from evaluator.problems.errors import DossierError
from evaluator.reading.files import read_bytes

read_app = typer.Typer(add_completion=False)


@read_app.command("read")
def read_command(
    files: Annotated[
        list[Path],
        typer.Argument(help="材料：.docx、.pdf、.xlsx、.xls、.ods、.txt、.md、.html 或图片"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="写成申报材料 .yaml；有几个项目则每个一份，文件名后加序号"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，每个文件一个对象")] = False,
    rulebook: Annotated[
        Path | None, typer.Option("--rulebook", help="规则集目录，用其中自己的字段；不写则用自带的")
    ] = None,
) -> None:
    """从现成的材料里找出各字段的值，附原文和位置。找到的只是建议，要人核对。

    有文件读不了时返回 2，其余文件照读。
    """
    registry = load_rulebook(rulebook).registry if rulebook else base_registry()
    if as_json:
        _as_json(files, registry)
        return
    found: list[tuple[str, Found]] = []
    failed = False
    for path in files:
        try:
            name, data = read_bytes(path)
            reading = apart(read, name, data, registry)
        except DossierError as error:
            typer.echo(str(error), err=True)
            failed = True
            continue
        for note in reading.document.notes:
            typer.echo(f"{name}：{note}", err=True)
        if not reading.dossiers:
            typer.echo(f"{name}：没有找到字典里的字段", err=True)
        found += [(name, f) for f in reading.dossiers]
    _write(found, registry, output)
    if failed:
        raise typer.Exit(2)


def _as_json(files: list[Path], registry: Registry) -> None:
    answers = []
    for path in files:
        try:
            name, data = read_bytes(path)
        except DossierError as error:
            problems = [p.to_dict() for p in error.problems]
            answers.append({"file": str(path), "dossiers": [], "problems": problems})
            continue
        answers.append(_answered(name, data, registry))
    out = answers[0] if len(answers) == 1 else answers
    sys.stdout.write(json.dumps(out, ensure_ascii=False, indent=1) + "\n")
    if any(a["problems"] for a in answers):
        raise typer.Exit(2)


def _answered(name: str, data: bytes, registry: Registry) -> dict[str, Any]:
    try:
        return apart(answer, name, data, registry)
    except DossierError as error:
        return {"file": name, "dossiers": [], "problems": [p.to_dict() for p in error.problems]}


def _write(found: list[tuple[str, Found]], registry: Registry, output: Path | None) -> None:
    for number, (name, one) in enumerate(found, 1):
        text = draft(one, registry, name)
        ticked = sum(e.ticked for e in one.excerpts)
        if output is None:
            sys.stdout.write(text if number == 1 else f"---\n{text}")
            continue
        if output.suffix not in (".yaml", ".yml"):
            stop("申报材料请写到 .yaml 文件：admission read 可研.docx -o dossier.yaml")
        path = output if len(found) == 1 else output.with_stem(f"{output.stem}-{number}")
        save(path, text)
        rest = len(one.excerpts) - ticked
        typer.echo(
            f"{path}：{one.project or '（没有项目名称）'}，填了 {ticked} 项，待核对 {rest} 项"
        )
