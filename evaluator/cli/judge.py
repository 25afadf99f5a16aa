"""``admission evaluate|industries|explain|schema``: judge dossiers and say why; codes and schemas."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from evaluator.cli.common import save, stop, written
from evaluator.cli.show import print_evaluation, print_side_by_side, print_trace
from evaluator.dossier.dossier import Profile, dossier_schema
from evaluator.dossier.fields import Registry, base_registry
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import ENGINES, Evaluator
from evaluator.judgement.result import canonical_bytes, result
from evaluator.judgement.side_by_side import shared_registry, standing
from evaluator.judgement.trace import trace_of
from evaluator.problems.choices import suggest
from evaluator.problems.errors import DossierError, InputError, Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.due import NoStage, find_stage
from evaluator.rulebook.kept import load_kept
from evaluator.rulebook.schema.files import schemas, write_schemas
from evaluator.rulebook.shipped import rulebook_path, shipped_path
from evaluator.values.industries import level, search_industries

judge_app = typer.Typer(add_completion=False)
MIN_WIDTH = 120
Rulebook = Annotated[
    Path | None,
    typer.Option("--rulebook", help="规则集目录；不写则用自带的，或环境变量 ADMISSION_RULEBOOK"),
]
Files = Annotated[
    list[Path],
    typer.Argument(help="申报材料：.yaml、.json、.jsonl、.xlsx、.xls、.ods、.csv 或 .tsv"),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="按哪一天有效的规则评估，如 2024-06-01；不写则为受理日期"),
]
Engine = Annotated[str, typer.Option("--engine", help=f"引擎：{'、'.join(ENGINES)}")]
Stage = Annotated[
    str | None,
    typer.Option("--stage", help="按哪个环节评估，如 lead（线索初筛）；不写则为最后一个环节"),
]
Department = Annotated[
    str | None, typer.Option("--department", help="只列某部门负责的事项，如 ecology")
]


def _console() -> Console:
    console = Console()
    # Without a terminal the default of 80 columns would fold every Chinese table cell.
    return console if console.is_terminal else Console(width=max(console.width, MIN_WIDTH))


def _fail(error: InputError) -> NoReturn:
    stop(f"{error}\n共 {len(error.problems)} 处问题，没有作任何评估。")


def _load(rulebook: Path | None) -> Ruleset:
    try:
        return load_kept(rulebook_path(rulebook))
    except InputError as error:
        _fail(error)


def _read(files: list[Path], registry: Registry) -> list[Profile]:
    """Every dossier of every file, or exit 2 with every problem of all of them."""
    profiles: list[Profile] = []
    problems = Problems()
    for path in files:
        notes: list[str] = []
        try:
            profiles += read_dossiers(path, registry, notes)
        except InputError as error:
            problems += error.problems
        for note in notes:
            typer.echo(f"{path}：{note}", err=True)
    if problems:
        _fail(DossierError(problems))
    return profiles


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        stop(f"--as-of 应是日期（如 2024-06-01），写的是“{text}”")


def _stage(name: str | None, ruleset: Ruleset) -> str | None:
    try:
        found = find_stage(ruleset, name)
    except NoStage as error:
        stop(f"--stage：{error}")
    return found.id if found is not None else None


def _evaluator(ruleset: Ruleset, engine: str) -> Evaluator:
    if engine not in ENGINES:
        stop(f"没有引擎“{engine}”，可用：{'、'.join(ENGINES)}")
    return Evaluator(ruleset, engine)


def _known_department(name: str | None, registry: Registry) -> None:
    if name is not None and name not in registry.departments:
        listed = "、".join(f"{k}（{v}）" for k, v in registry.departments.items())
        stop(f"没有部门“{name}”，可用：{listed}")


def _profile_path(name: str) -> Path:
    """The directory of a shipped profile, of "default", or of a path."""
    home = shipped_path()
    if name in ("default", "."):
        return home
    path = home / "profiles" / name if "/" not in name else Path(name)
    if not path.is_dir():
        known = sorted(p.name for p in (home / "profiles").iterdir() if p.is_dir())
        stop(f"没有剖面“{name}”。{suggest(name, known) or ''}可用：default、{'、'.join(known)}")
    return path


def _side_by_side(
    files: list[Path], names: list[str], day: dt.date | None, engine: str, as_json: bool
) -> None:
    rulesets = [_load(_profile_path(name)) for name in dict.fromkeys(names)]
    read = [_read(files, shared_registry(own, rulesets)) for own in rulesets]
    evaluators = [_evaluator(ruleset, engine) for ruleset in rulesets]
    console = _console()
    for project in zip(*read, strict=True):
        found = [
            standing(evaluator.evaluate(dossier, day))
            for evaluator, dossier in zip(evaluators, project, strict=True)
        ]
        if as_json:
            told = {"dossier": project[0].id, "profiles": [s.to_dict() for s in found]}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            print_side_by_side(console, project[0], found)
    for evaluator in evaluators:
        evaluator.close()


@judge_app.command("evaluate")
def evaluate(
    files: Files,
    as_of: AsOf = None,
    engine: Engine = "durable",
    as_json: Annotated[bool, typer.Option("--json", help="每个项目输出一行 JSON")] = False,
    department: Department = None,
    stage: Stage = None,
    rulebook: Rulebook = None,
    cities: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", help="地方剖面，如 fuzhou；写几个就并排比较，“default”是随程序的"
        ),
    ] = None,
) -> None:
    """评估申报材料，给出结论、理由、依据和补救办法。

    写几个 --profile，就把同一个项目在几个地方的结论和差距并排列出。
    全部项目评估完毕即返回 0，不论结论如何；输入有误返回 2，不作任何评估。
    """
    day = _day(as_of)
    if cities and rulebook:
        stop("--profile 和 --rulebook 只写一种")
    if cities and len(cities) > 1:
        _side_by_side(files, cities, day, engine, as_json)
        return
    if cities:
        rulebook = _profile_path(cities[0])
    ruleset = _load(rulebook)
    _known_department(department, ruleset.registry)
    at = _stage(stage, ruleset)
    profiles = _read(files, ruleset.registry)
    evaluator = _evaluator(ruleset, engine)
    console = _console()
    for profile in profiles:
        evaluation = evaluator.evaluate(profile, day, at)
        if as_json:
            data = result(evaluation)
            if department:
                data["findings"] = [f for f in data["findings"] if department in f["departments"]]
            sys.stdout.buffer.write(canonical_bytes(data) + b"\n")
            sys.stdout.buffer.flush()
        else:
            print_evaluation(console, evaluation, department)
    evaluator.close()


@judge_app.command("industries")
def industries(
    words: Annotated[list[str], typer.Argument(help="名称里的字，几个词用空格隔开；或代码的开头")],
) -> None:
    """按名称或代码查国民经济行业分类（GB/T 4754-2017）的门类、大类、中类、小类。"""
    hits = search_industries(" ".join(words))
    if not hits:
        stop("GB/T 4754-2017 里没有这样的名称或代码。换个说法，或只写其中两个字。", code=1)
    for code, name in hits:
        typer.echo(f"{code:<6}{name}（{level(code)}）")


@judge_app.command("explain")
def explain(
    files: Files,
    rule: Annotated[str | None, typer.Option("--rule", help="只解释这一条规则")] = None,
    as_of: AsOf = None,
    engine: Engine = "durable",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    department: Department = None,
    stage: Stage = None,
    rulebook: Rulebook = None,
) -> None:
    """解释结论：公式代入的数字、逐项条件、所用的标准行、规则原文。

    不写 --rule 则解释影响结论的每一条规则。
    """
    day = _day(as_of)
    ruleset = _load(rulebook)
    _known_department(department, ruleset.registry)
    at = _stage(stage, ruleset)
    if rule is not None and rule not in ruleset.rules:
        stop(f"没有规则“{rule}”。{suggest(rule, ruleset.rules) or ''}")
    profiles = _read(files, ruleset.registry)
    evaluator = _evaluator(ruleset, engine)
    console = _console()
    for profile in profiles:
        evaluation = evaluator.evaluate(profile, day, at)
        if rule is not None and rule not in evaluation.statuses:
            stop(f"规则“{rule}”在 {evaluation.as_of.isoformat()} 尚未施行或已经失效")
        chosen = [rule] if rule else list(evaluation.blocking)
        if department:
            chosen = [r for r in chosen if department in ruleset.rules[r].departments]
        traces = [trace_of(evaluation, r) for r in chosen]
        if as_json:
            out = {"project_id": profile.id, "traces": traces}
            print(json.dumps(out, ensure_ascii=False, sort_keys=True))
            continue
        console.rule(f"{profile.name}（{profile.id}）")
        if not traces:
            console.print("没有影响结论的事项。")
        for trace in traces:
            print_trace(console, trace, dict(ruleset.registry.departments))
    evaluator.close()


@judge_app.command("schema")
def schema(
    what: Annotated[
        str, typer.Argument(help="rules（规则集）、dossier（申报材料）或 template（Excel 模板）")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="写到文件；rules 则写到目录，每类文件一个")
    ] = None,
    rulebook: Rulebook = None,
) -> None:
    """输出 JSON Schema（编辑器补全用）或 Excel 申报模板。"""
    if what == "template":
        if output is None or output.suffix != ".xlsx":
            stop("模板请写到 .xlsx 文件：admission schema template -o 申报模板.xlsx")
        from evaluator.dossier.template import write_template  # openpyxl is slow to import

        registry = _registry(rulebook)
        written(output, lambda: write_template(registry, output))
        return
    if what == "rules":
        ruleset = _load(rulebook)
        if output is not None:
            for path in written(output, lambda: write_schemas(ruleset, output)):
                print(path)
            return
        data: dict[str, Any] = schemas(ruleset)
    elif what == "dossier":
        data = dossier_schema(_registry(rulebook))
    else:
        stop(f"没有“{what}”，可用：rules、dossier、template")
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        save(output, text)


def _registry(rulebook: Path | None) -> Registry:
    return _load(rulebook).registry if rulebook else base_registry()
