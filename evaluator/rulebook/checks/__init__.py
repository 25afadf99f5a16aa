"""Lints: what loads but is not right. Each is a class with a code of its own in docs/errors.md.

for problem in run_checks(load_directory(path)):
    print(problem.render())
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from evaluator.problems.errors import Problem, RulebookError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import (
    cards,
    conditions,
    dates,
    fairness,
    field_file,
    marks,
    papers,
    scales,
    tables,
    usage,
    wording,
)
from evaluator.rulebook.checks.accepting import settle
from evaluator.rulebook.checks.base import Check
from evaluator.rulebook.checks.honest import inherited_falsehoods
from evaluator.rulebook.files import Layers, read_directory
from evaluator.rulebook.load import try_layers

__all__ = ["CHECKS", "DATED", "Check", "check_directory", "check_layers", "run_checks"]

SEVERITIES = ("error", "warning", "accepted")
CHECKS: tuple[Check, ...] = (
    usage.UnusedCriterion(),
    usage.UnusedSource(),
    usage.UnusedMetric(),
    usage.RuleWithoutCase(),
    usage.RuleWithoutReviewer(),
    usage.RoundedElsewhere(),
    usage.UnearnableLabel(),
    usage.UnusedDimension(),
    dates.BasisNeverInForce(),
    dates.BasisPartlyInForce(),
    dates.RuleWithoutStandard(),
    dates.TransitionInVain(),
    tables.UnreachableRow(),
    tables.TableHole(),
    tables.UnusedColumn(),
    tables.CoveredCode(),
    tables.OutOfLineRow(),
    scales.RoundedEquals(),
    scales.OutOfScale(),
    conditions.SameCondition(),
    conditions.EffectWithoutForce(),
    conditions.AlwaysSatisfied(),
    conditions.NothingButAdvice(),
    conditions.ThresholdOrder(),
    conditions.ShortCode(),
    cards.CardSum(),
    cards.PointsOverFull(),
    cards.GradeOutOfReach(),
    cards.BandOutOfReach(),
    cards.GradeOvertaken(),
    cards.IdleItem(),
    wording.MissingMessage(),
    wording.MissingRemedy(),
    wording.UnverifiedReject(),
    papers.RejectWithoutDocument(),
    fairness.UnequalTreatment(),
    wording.DigitsHideThreshold(),
    marks.FullWidthMark(),
    marks.OpenQuote(),
    field_file.FieldDefinition(),
)

# What they find depends on the day.
DATED = (dates.StandardNotYet, dates.RuleExpired, dates.StaleFigure)


def run_checks(
    ruleset: Ruleset, today: dt.date | None = None, *, whole: bool = True
) -> list[Problem]:
    """Every lint's problems as of a day, accepted or not, errors first, then by place.

    ``whole=False`` leaves out the lints that mean nothing where parts could not be read.
    """
    day = today or dt.date.today()
    breaches = [p for check in CHECKS if whole or not check.whole for p in check.run(ruleset)]
    breaches += [p for check in DATED for p in check(day).run(ruleset)]
    return sorted(breaches, key=_order)


def _order(problem: Problem) -> tuple[int, str, int, int, str, str]:
    place = problem.place
    where = (place.source.name, place.line or 0, place.column or 0)
    return (SEVERITIES.index(problem.severity), *where, problem.code, problem.message)


def _files(problem: Problem) -> set[str]:
    return {place.source.name for place in (problem.place, *(p for _, p in problem.notes))}


def check_layers(
    layers: Layers, today: dt.date | None = None
) -> tuple[Ruleset | None, list[Problem]]:
    """Everything wrong with a rulebook given as text, mistakes of reading and lints together.

    The ruleset is None where there are mistakes of reading: it must not judge then. Warnings that
    the rulebook accepts come last, with severity "accepted"; ``today`` tells which of those entries
    still count and which standards are not yet in force.
    """
    ruleset, problems = try_layers(layers)
    unread = {p.place.source.name for p in problems if p.severity == "error"}
    broken = ruleset is None or bool(unread)
    if ruleset is not None:
        day = today or dt.date.today()
        lints = run_checks(ruleset, day, whole=not broken)
        lints += [] if broken else inherited_falsehoods(ruleset)
        settled = list(settle(lints, ruleset, day, whole=not broken))
        # In a file with mistakes of reading a lint may only be about what they left out. A quote
        # left open is where such mistakes come from.
        quote = marks.OpenQuote.code
        problems += [p for p in settled if p.code == quote or not _files(p) & unread]
    return (None if broken else ruleset), sorted(problems, key=_order)


def check_directory(path: Path) -> tuple[Ruleset | None, list[Problem]]:
    """``check_layers`` of a rulebook directory; a directory that cannot be read is a problem too."""
    try:
        layers = read_directory(path)
    except RulebookError as error:
        return None, list(error.problems)
    return check_layers(layers)
