"""What the commands of the workbench share: their options, the day they look at, reports as JSON."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.cli.common import load_rulebook, stop
from evaluator.rulebook.ast import Ruleset

if TYPE_CHECKING:
    from evaluator.prove import Report

Day = Annotated[
    str | None, typer.Option("--as-of", help="按哪一天有效的规则，如 2026-01-01；不写则为今天")
]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]
Timeout = Annotated[int, typer.Option("--timeout", help="每个问题最多算多少秒，到时写“未能判定”")]


def loaded(directory: Path | None) -> Ruleset:
    """The rulebook in a directory, or the shipped one; or what is wrong with it, and exit with 2."""
    return load_rulebook(directory, err=False)


def day_of(text: str | None) -> dt.date:
    """The day that an option names, by default today; or exit with 2."""
    if text is None:
        return dt.date.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        stop(f"--as-of 应是日期（如 2026-01-01），写的是“{text}”", err=False)


def print_json(data: object) -> None:
    """Print JSON data."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def report_json(report: Report) -> dict[str, object]:
    """A report of the prover as JSON data."""
    answers = [a.to_dict(report.registry) for a in report.answers]
    return {"as_of": report.as_of.isoformat(), "clean": report.clean, "answers": answers}
