"""A leaf and an expression that nobody has told of: no table of the checklist passes over them in silence.

CONTRIBUTING.md lists what a new kind of node needs. Whoever forgets a place has to be told by it, never
get a wrong judgement, a sentence with a hole or a file without the condition.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest

from evaluator.interchange import dmn, jdm
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.inwords import condition_words
from evaluator.judgement.picture import picture_of
from evaluator.problems.source import Place
from evaluator.prove import prove
from evaluator.revision.diff import diff
from evaluator.rulebook import walk
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import run_checks
from tests.support import good, profile, ruleset_of

DAY = dt.date(2024, 6, 3)
RULE = "positive.tax"


@dataclass(frozen=True, slots=True)
class Toy:
    """A kind of node that no module knows."""

    field: str
    place: Place


def toy(kind: str) -> Ruleset:
    """A ruleset with the toy as a whole condition, or as one side of a comparison."""
    ruleset = ruleset_of()
    rule: Any = ruleset.rules[RULE]
    made: Any = Toy("annual_tax", rule.place)
    require = made if kind == "leaf" else replace(rule.require, left=made)
    return replace(
        ruleset,
        rules=MappingProxyType({**ruleset.rules, RULE: replace(rule, require=require)}),
    )


TABLES: dict[str, Callable[[Ruleset], object]] = {
    "walk": lambda r: list(walk.nodes(r.rules[RULE].require)),
    "words": lambda r: condition_words(r.rules[RULE].require, r),
    "reference": lambda r: Evaluator(r, "reference").evaluate(profile(**good())),
    "durable": lambda r: Evaluator(r).evaluate(profile(**good())),
    "prover": lambda r: prove(r, DAY, ("rules",)),
    "diff": lambda r: diff(ruleset_of(), r).render(),
    "dmn": lambda r: dmn(r, DAY),
    "jdm": lambda r: jdm(r, DAY),
    "checks": run_checks,
    "picture": lambda r: picture_of(r, [RULE]),
}


@pytest.mark.parametrize("kind", ["leaf", "expression"])
@pytest.mark.parametrize("table", TABLES)
def test_nothing_passes_over_a_node_that_it_does_not_know(table: str, kind: str) -> None:
    TABLES[table](ruleset_of())
    with pytest.raises((AssertionError, TypeError, AttributeError, UnboundLocalError)):
        TABLES[table](toy(kind))
