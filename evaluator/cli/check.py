"""``admission rules check`` and ``admission rules test``: is a rulebook sound, do its cases hold."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluator.cases.book import read_cases
from evaluator.cases.run import coverage_gaps, run_cases
from evaluator.cli.common import Directory, load_rulebook, stop
from evaluator.judgement.evaluate import ENGINES, Evaluator
from evaluator.problems.errors import Problem, Problems, RulebookError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_directory
from evaluator.rulebook.checks.honest import far_values, value_falsehoods
from evaluator.rulebook.checks.papers import new_rejects
from evaluator.rulebook.shipped import rulebook_path

# Warnings of what changes verdicts without anybody seeing it: no option hides them.
MATTERS = frozenset({"W907", "W917", "W929", "W942", "W950", "W951"})


def add_commands(app: typer.Typer) -> None:
    """Add ``check`` and ``test`` to a command group."""
    app.command("check")(check)
    app.command("test")(check_cases)


def check(
    directory: Directory = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，供编辑器使用")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="只列错误和会改变结论的提醒")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="已接受的提醒和理由也列出")] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="原目录",
            help="改之前（已发布）的规则集：值改了而依据没改、相差十倍以上、改到以前的，都指出来",
        ),
    ] = None,
) -> None:
    """检查规则集：写法、名称、单位、日期、依据和常见疏漏，一次列出全部问题。

    看过而确实如此的提醒，写进 criteria.yaml 的 accepted 并说明理由，以后只计数。
    有错误返回 1，只有提醒返回 0。
    """
    ruleset, problems = check_directory(rulebook_path(directory))
    problems += _invariant_problems(ruleset)
    past: tuple[str, ...] = ()
    if against is not None and ruleset is not None:
        found, past = _compared(load_rulebook(against, err=False), ruleset)
        problems += found
    counts = Counter(p.severity for p in problems)
    if as_json:
        print(json.dumps([p.to_dict() for p in problems], ensure_ascii=False, indent=2))
    else:
        hidden = {p.code for p in problems if p.severity == "warning"} - MATTERS if quiet else ()
        for problem in problems:
            accepted_one = problem.severity == "accepted"
            if verbose if accepted_one else problem.code not in hidden:
                print(problem.render())
        size = f"{len(ruleset.rules)} 条规则、{len(ruleset.criteria)} 项标准，" if ruleset else ""
        accepted = f"，已接受 {counts['accepted']} 处" if counts["accepted"] else ""
        more = "（--verbose 列出）" if accepted and not verbose else ""
        for line in past:
            print(line)
        print(f"{size}{counts['error']} 处错误，{counts['warning']} 处提醒{accepted}{more}。")
    raise typer.Exit(1 if counts["error"] else 0)


def _compared(old: Ruleset, new: Ruleset) -> tuple[list[Problem], tuple[str, ...]]:
    """What is wrong in ``new`` as a change of ``old``, and what it changes for past days."""
    from evaluator.revision.retroactive import retroactive

    past = retroactive(old, new, dt.date.today())
    wrong = [*value_falsehoods(old, new), *new_rejects(old, new), *far_values(old, new)]
    return wrong, tuple(c.text() for c in past)


def _invariant_problems(ruleset: Ruleset | None) -> list[Problem]:
    """What is miswritten in rules/invariants.yaml, which only the prover reads."""
    from evaluator.prove.invariants import invariants_of  # z3, slow to import.

    if ruleset is None:
        return []
    try:
        invariants_of(ruleset)
    except RulebookError as error:
        return list(error.problems)
    return []


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
    ruleset = load_rulebook(directory, err=False)
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
