"""Every question about a rulebook, put to the solver and answered in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from evaluator.prove.accepting import accepting
from evaluator.prove.grades import scorecard_answers
from evaluator.prove.invariants import invariant_answers
from evaluator.prove.monotone import monotone_answers
from evaluator.prove.pairs import contradiction_answers, cover_answers
from evaluator.prove.pool import Pool
from evaluator.prove.report import Answer, Report
from evaluator.prove.scale import scale_answers
from evaluator.prove.single import row_answers, rule_answers
from evaluator.prove.solve import TIMEOUT_MS, Space
from evaluator.prove.whole import industry_answers
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.invariants import Invariant, invariants_of

CHECK_LABELS = {
    "rules": "规则能否适用、符合、不符合",
    "rows": "标准表有没有取不到的行",
    "scale": "标准数值的量级",
    "covered": "多余的规则",
    "contradiction": "互相矛盾的规则",
    "industry": "谁都过不了的行业",
    "non_monotonic": "数值更好反而结论更差",
    "scorecards": "评分表的等次能否达到、分数是否随数单向",
    "invariant": "不变式",
}
CHECKS = tuple(CHECK_LABELS)


def prove(
    ruleset: Ruleset,
    as_of: dt.date,
    checks: tuple[str, ...] = CHECKS,
    timeout_ms: int = TIMEOUT_MS,
    invariants: tuple[Invariant, ...] | None = None,
) -> Report:
    """Settle every question of ``checks`` for dossiers judged on ``as_of``.

    ``invariants`` defaults to those kept with the ruleset; ``timeout_ms`` bounds each question.
    """
    kept = invariants_of(ruleset) if invariants is None else invariants
    space = Space((ruleset,), as_of, [i.when for i in kept], timeout_ms)
    answers = tuple(accepting(_answers(space, checks, kept), space.sides[0], checks))
    return Report(as_of, space.domain.registry, answers, space.questions)


def _answers(
    space: Space, checks: tuple[str, ...], invariants: tuple[Invariant, ...]
) -> Iterator[Answer]:
    (side,) = space.sides
    pool = Pool(side)
    answers = (
        list(rule_answers(space, side, pool))
        if {"rules", "covered", "contradiction"} & {*checks}
        else []
    )
    if "rules" in checks:
        yield from answers
    if "rows" in checks:
        yield from row_answers(space, side)
    if "scale" in checks:
        yield from scale_answers(side.ruleset)
    if "covered" in checks:
        yield from cover_answers(space, side, pool)
    if "contradiction" in checks:
        yield from contradiction_answers(space, side, pool, invariants)
    if "industry" in checks:
        yield from industry_answers(space, side)
    if "non_monotonic" in checks:
        yield from monotone_answers(space, side)
    if "scorecards" in checks:
        yield from scorecard_answers(space, side)
    if "invariant" in checks:
        yield from invariant_answers(space, side, invariants)
