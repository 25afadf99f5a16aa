"""Scores as prepared numbers: both ends of the interval, compared as exact integers.

The interval itself is the reference's (``reference/scoring.py``): what durable decides by is only
where its ends lie.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from evaluator.engine.durable.arithmetic import Ratio
from evaluator.engine.durable.patterns import FALSE, TRUE, UNKNOWN
from evaluator.engine.reference.scoring import Scored
from evaluator.engine.reference.state import State
from evaluator.rulebook import ast

Ends = tuple[int, int, int, int]
# When a comparison is true and when it is false, by the signs of low and high minus the limit.
_TESTS = {
    ast.Op.AT_LEAST: ("a >= 0", "b < 0"),
    ast.Op.MORE_THAN: ("a > 0", "b <= 0"),
    ast.Op.AT_MOST: ("b <= 0", "a > 0"),
    ast.Op.LESS_THAN: ("b < 0", "a >= 0"),
    ast.Op.EQUALS: ("a == 0 and b == 0", "a > 0 or b < 0"),
}


def score_ends(
    meaning: Scored, card: str
) -> Callable[[dt.date, dt.date], Callable[[Mapping[str, Any]], Ends]]:
    """For two dates, what gives a dossier's least and most points, each as two integers."""

    def made(as_of: dt.date, submitted_on: dt.date) -> Callable[[Mapping[str, Any]], Ends]:
        def ends(values: Mapping[str, Any]) -> Ends:
            score = meaning.scoring.score(card, State(values, as_of, submitted_on))
            return *score.low.as_integer_ratio(), *score.high.as_integer_ratio()

        return ends

    return made


def comparison(op: ast.Op, ends: str, right: Ratio) -> tuple[str, ...]:
    """Lines that leave the truth of a comparison in ``s``; ``ends`` is the local with the ends."""
    true, false = _TESTS[op]
    known = "True" if right.d.isdecimal() else right.d
    return (
        f"a = {ends}[0] * {right.d} - {right.n} * {ends}[1]",
        f"b = {ends}[2] * {right.d} - {right.n} * {ends}[3]",
        f"s = ({TRUE} if {true} else {FALSE} if {false} else {UNKNOWN}) if {known} else {UNKNOWN}",
    )
