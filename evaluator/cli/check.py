"""``admission rules check``: is a rulebook sound."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli.common import Directory, load_rulebook
from evaluator.problems.errors import Problem, RulebookError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.invariants import invariants_of
from evaluator.rulebook.kept import kept
from evaluator.rulebook.shipped import rulebook_path

# Warnings of what changes verdicts without anybody seeing it: no option hides them.
MATTERS = frozenset({"W907", "W917", "W929", "W942", "W950", "W951", "W953"})

check_app = typer.Typer(add_completion=False)


@check_app.command("check")
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
    ruleset, problems = _checked(rulebook_path(directory))
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


def _checked(directory: Path) -> tuple[Ruleset | None, list[Problem]]:
    """The rulebook, if it can be used, and everything wrong with it today."""
    try:
        layers = read_directory(directory)
    except RulebookError as error:
        return None, list(error.problems)
    today = dt.date.today()

    def check() -> tuple[Ruleset | None, list[Problem]]:
        from evaluator.rulebook.checks import check_layers  # Takes long to import.

        return check_layers(layers, today)

    return kept(f"checked {today}", layers, check)


def _compared(old: Ruleset, new: Ruleset) -> tuple[list[Problem], tuple[str, ...]]:
    """What is wrong in ``new`` as a change of ``old``, and what it changes for past days."""
    from evaluator.revision.retroactive import retroactive
    from evaluator.rulebook.checks.honest import far_values, value_falsehoods
    from evaluator.rulebook.checks.papers import new_rejects

    past = retroactive(old, new, dt.date.today())
    wrong = [*value_falsehoods(old, new), *new_rejects(old, new), *far_values(old, new)]
    return wrong, tuple(c.text() for c in past)


def _invariant_problems(ruleset: Ruleset | None) -> list[Problem]:
    """What is miswritten in rules/invariants.yaml, which only the prover reads."""
    if ruleset is None:
        return []
    try:
        invariants_of(ruleset)
    except RulebookError as error:
        return list(error.problems)
    return []


@check_app.callback()
def _group() -> None:
    """A group even with one command, for the lazy loader."""
