"""``admission rules test|prove|coverage|mutate|suggest|export|read-sheet``: the workbench by command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from evaluator.cases.book import Cases, read_cases
from evaluator.cases.coverage import coverage
from evaluator.cases.mutation import mutate
from evaluator.cases.report import quality_html
from evaluator.cases.run import coverage_gaps, run_cases
from evaluator.cli.common import Directory, save, stop
from evaluator.cli.workbench import Day, Json, Timeout, day_of, loaded, print_json, report_json
from evaluator.engine.breaks import boundaries
from evaluator.judgement.evaluate import ENGINES, Evaluator
from evaluator.problems.choices import which
from evaluator.problems.errors import InputError, Problems, RulebookError
from evaluator.prove import CHECK_LABELS, CHECKS, prove
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.shipped import rulebook_path

T = TypeVar("T")
# For each rule and criterion, on two cores: the shipped rulebook took 100 s for 140 of them.
SUGGEST_SECONDS = 0.7

Html = Annotated[Path | None, typer.Option("--html", help="另写一份网页报告")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="写到文件")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to a command group."""
    app.command("prove")(prove_rules)
    app.command("test")(check_cases)
    app.command("coverage")(show_coverage)
    app.command("mutate")(show_mutation)
    app.command("suggest")(suggest)
    app.command("export")(export)
    app.command("read-sheet")(read_sheet)


def _cases(ruleset: Ruleset, directory: Path | None) -> Cases:
    problems = Problems()
    cases = read_cases(ruleset, problems, rulebook_path(directory))
    if problems:
        stop(RulebookError(problems), err=False)
    return cases


def prove_rules(
    directory: Directory = None,
    as_of: Day = None,
    ahead: Annotated[
        bool, typer.Option("--ahead", help="除这一天外，今后每个规则或标准变动的日子也各证明一遍")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="只查哪一项，可写几次；有哪些见上")
    ] = None,
    timeout: Timeout = 10,
    verbose: Annotated[bool, typer.Option("--verbose", help="成立的各项也列出")] = False,
    as_json: Json = False,
) -> None:
    """证明规则集没有死规则、多余规则、矛盾、被误挡的行业，以及各条不变式；每个问题附反例。

    {checks}

    有问题、有未能判定的返回 1，全部成立返回 0。
    """
    ruleset, first = loaded(directory), day_of(as_of)
    unknown = sorted(set(only or ()) - set(CHECKS))
    if unknown:
        stop(f"没有“{unknown[0]}”这项检查，{which(unknown[0], CHECK_LABELS)}", err=False)
    days = boundaries(ruleset, first) if ahead else (first,)
    try:
        with Console(stderr=True).status("正在证明…"):
            reports = [prove(ruleset, d, tuple(only or CHECKS), timeout * 1000) for d in days]
    except InputError as error:
        stop(error, err=False)
    if as_json:
        print_json([report_json(r) for r in reports])
    else:
        for report in reports:
            print(report.render(verbose))
    raise typer.Exit(0 if all(r.clean for r in reports) else 1)


# Typer reads the text of a command from its docstring, which cannot be an f-string.
prove_rules.__doc__ = (prove_rules.__doc__ or "").replace(
    "{checks}", "--only 可写：" + "；".join(f"{k} {v}" for k, v in CHECK_LABELS.items()) + "。"
)


def check_cases(
    directory: Directory = None,
    engine: Annotated[
        str,
        typer.Option(
            "--engine", help="用哪个引擎：reference（逐条解释）或 durable（判定时用的）；结果应相同"
        ),
    ] = "reference",
) -> None:
    """运行规则旁的案例，并检查每条规则是否都有符合、不符合、恰在界限上、材料不足的案例。

    有案例不通过或缺案例返回 1，规则集读不了返回 2。
    """
    if engine not in ENGINES:
        stop(f"没有引擎“{engine}”，可用：{'、'.join(ENGINES)}", err=False)
    console = Console(stderr=True)
    ruleset = loaded(directory)
    problems = Problems()
    cases = read_cases(ruleset, problems, root=rulebook_path(directory))
    evaluator = Evaluator(ruleset, engine)
    with console.status("正在运行案例…"):
        results = run_cases(cases, evaluator)
    problems += [r.problem() for r in results if not r.passed]
    problems += [gap.problem() for gap in coverage_gaps(ruleset, cases)]
    evaluator.close()
    for problem in problems:
        print(problem.render())
    failed = sum(not r.passed for r in results)
    if cases.left_out:
        print(
            f"下层规则集的 {cases.left_out} 个案例不算：所涉的规则或标准在本层改了，由本层的案例说明。"
        )
    print(
        f"{len(results)} 个案例，{len(results) - failed} 个通过，{failed} 个不通过；共 {len(problems)} 处问题。"
    )
    raise typer.Exit(1 if problems else 0)


def show_coverage(
    directory: Directory = None,
    html: Html = None,
    floor: Annotated[
        float, typer.Option("--floor", help="触及率低于此数（0 至 1，如 0.95）返回 1")
    ] = 0,
) -> None:
    """列出没有案例触及的结论、条件、标准行和界限。"""
    ruleset = loaded(directory)
    cases = _cases(ruleset, directory)
    covered = coverage(ruleset, cases)
    print(covered.render(ruleset))
    if html is not None:
        save(html, quality_html(ruleset.title, covered, mutate(ruleset, cases)))
    raise typer.Exit(1 if covered.ratio() < floor else 0)


def show_mutation(
    directory: Directory = None,
    html: Html = None,
    floor: Annotated[
        float, typer.Option("--floor", help="发现率低于此数（0 至 1，如 0.99）返回 1")
    ] = 0,
) -> None:
    """看案例够不够：在内存里把规则逐处改错（文件不动），列出没有案例发现的改动。"""
    ruleset = loaded(directory)
    cases = _cases(ruleset, directory)
    mutation = mutate(ruleset, cases)
    print(mutation.render(ruleset))
    if html is not None:
        save(html, quality_html(ruleset.title, coverage(ruleset, cases), mutation))
    raise typer.Exit(1 if mutation.ratio() < floor else 0)


def _suggested(find: Callable[[Callable[[int, int], None]], Iterable[T]]) -> list[T]:
    """Everything found, with progress told: how much there is, how long it may take, how long it did."""
    console = Console(stderr=True)
    start = time.monotonic()
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("正在找案例", total=None)

        def step(number: int, of: int) -> None:
            if number == 0:
                about = max(1, round(of * SUGGEST_SECONDS))
                console.print(
                    f"要看 {of} 处规则和标准，约需 {about} 秒；可以随时中断，不会留下文件。"
                )
            progress.update(task, completed=number, total=of)

        found = list(find(step))
    console.print(f"看完了，用了 {time.monotonic() - start:.0f} 秒。")
    return found


def suggest(directory: Directory = None, output: Output = None) -> None:
    """缺的案例先由程序拟出（YAML），对照文件核对后并入 *.cases.yaml。

    针对 mutate 列出的每一处没有案例发现的改动。

    自带的规则集约需一两分钟，开始时会说。先在已有案例的近旁找：恰在界限上、差一步、换一个取值；找不到才由求解器求。
    expect 和 verdict 是现行规则的结论，要由人核对是否正是本意。
    """
    from evaluator.cases.suggest import render, suggest_cases

    ruleset = loaded(directory)
    cases = _cases(ruleset, directory)
    failed = [
        r.problem() for r in run_cases(cases, Evaluator(ruleset, "reference")) if not r.passed
    ]
    if failed:
        # What a failing case would notice says nothing; each slip would go to the solver.
        for problem in failed:
            print(problem.render())
        print(f"{len(failed)} 个案例不通过，先改好再拟新的。")
        raise typer.Exit(1)
    suggestions = _suggested(lambda step: suggest_cases(ruleset, cases, step))
    if all(s.case is None for s in suggestions):
        # An empty file would be a mistake of its own in a rulebook.
        print("# 没有要补的案例" + (f"，没有写 {output}" if output is not None else ""))
    elif output is None:
        print(render(suggestions, ruleset.registry), end="")
    else:
        save(output, render(suggestions, ruleset.registry))
    for s in suggestions:
        if s.case is None:
            why = "改与不改意思相同，不需要案例" if s.proven else "未能判定"
            print(f"# {s.subject} {s.what}：{why}")


def export(
    target: Annotated[
        str,
        typer.Argument(
            metavar="格式",
            help="dmn（DMN 1.5，决策表通用格式）、jdm（zen-engine 用）或 pmml（评分表）",
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="文件", help="写到哪个文件")],
    directory: Annotated[
        Path | None, typer.Option("--rulebook", help="规则集目录；不写则用自带的")
    ] = None,
    as_of: Day = None,
    card: Annotated[
        str | None, typer.Option("--card", help="pmml 转哪张评分表；只有一张时不用写")
    ] = None,
) -> None:
    """把某一天有效的规则集转成别的决策程序能读的 DMN 或 JDM 文件，或把评分表转成 PMML 文件。"""
    from evaluator.interchange import ExportError, dmn, jdm, pmml

    ruleset, day = loaded(directory), day_of(as_of)
    try:
        if target == "dmn":
            text = dmn(ruleset, day)
        elif target == "jdm":
            text = json.dumps(jdm(ruleset, day), ensure_ascii=False, indent=2) + "\n"
        elif target == "pmml":
            cards = list(ruleset.scorecards)
            chosen = card or (cards[0] if len(cards) == 1 else "")
            if chosen not in cards:
                stop(f"用 --card 写转哪张评分表，有：{'、'.join(cards) or '没有评分表'}", err=False)
            text = pmml(ruleset, chosen, day)
        else:
            stop(f"没有格式“{target}”，可用：dmn、jdm、pmml", err=False)
    except ExportError as error:
        stop(error, 1, err=False)
    save(output, text)


def read_sheet(
    workbook: Annotated[
        Path, typer.Argument(metavar="工作簿", help="标准表 .xlsx，一张工作表一项标准")
    ],
    directory: Annotated[
        Path | None, typer.Option("--rulebook", help="规则集目录；不写则用自带的")
    ] = None,
) -> None:
    """把 Excel 标准表转成 criteria.yaml 的写法；错误指到单元格。"""
    from evaluator.interchange import criteria_from_sheets, criterion_yaml

    ruleset = loaded(directory)
    try:
        criteria = criteria_from_sheets(workbook.name, workbook.read_bytes(), ruleset)
    except OSError:
        stop(f"读不了文件“{workbook}”", err=False)
    except InputError as error:
        stop(error, err=False)
    print("".join(criterion_yaml(c) for c in criteria), end="")


rules_app = typer.Typer(
    help="证明、比较规则集，检验案例，转换格式。", no_args_is_help=True, add_completion=False
)
add_commands(rules_app)
