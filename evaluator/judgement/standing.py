"""Whether one dossier is no worse than another in all that the rules count.

    no_worse(standing(engine, a, day_a), standing(engine, b, day_b))

Compared are the findings of all rules, by how far each measured number is above or below its own
requirement (so that other industries, other days and their other lines are fair), and the scores. What
cannot be ranked, an unknown finding above all, makes two dossiers incomparable: a pair that is told is
one, whatever else might be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.traces import LeafTrace, RuleTrace
from evaluator.judgement.scores import grade_cards
from evaluator.rulebook import ast, walk
from evaluator.rulebook.verdict import Status

Key = tuple[str, int]  # A rule, and the number of a comparison in what it requires.


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules count of one dossier.

    ``margins`` is how far each number is on the good side of what is required of it, in its own unit;
    ``fixed`` are numbers of which neither more nor less is better. ``scores`` are both ends by card.
    """

    statuses: Mapping[str, Status]
    margins: Mapping[Key, Fraction]
    fixed: Mapping[Key, Fraction]
    scores: Mapping[str, tuple[Fraction, Fraction]]


def standing(engine: ReferenceEngine, profile: Profile, as_of: dt.date) -> Standing:
    """Where a dossier stands on a day."""
    assessment = engine.assess(profile, as_of)
    statuses = {r: s for r, s in assessment.statuses.items() if s is not Status.NOT_APPLICABLE}
    margins: dict[Key, Fraction] = {}
    fixed: dict[Key, Fraction] = {}
    for id_ in statuses:
        for key, leaf, either in _numbers(id_, assessment.traces[id_]):
            compare, left, right = leaf.leaf, leaf.left, leaf.right
            if not isinstance(compare, ast.Compare) or not isinstance(left, Fraction):
                continue
            if either or not isinstance(right, Fraction):
                fixed[key] = left
            else:
                margins[key] = (left - right) * compare.op.direction
    graded = grade_cards(engine, profile, as_of)
    return Standing(
        statuses, margins, fixed, {g.card.id: (g.score.low, g.score.high) for g in graded}
    )


def _numbers(id_: str, trace: RuleTrace) -> Iterator[tuple[Key, LeafTrace, bool]]:
    """The comparisons of what a rule requires; whether more is neither better nor worse."""
    turned = {
        id(leaf)
        for node in walk.nodes(trace.rule.require)
        if isinstance(node, ast.NotOf)
        for leaf in walk.leaves(node)
    }
    for n, leaf in enumerate(trace.require_leaves):
        if isinstance(leaf.leaf, ast.Compare):
            either = id(leaf.leaf) in turned or leaf.leaf.op is ast.Op.EQUALS
            yield (id_, n), leaf, either


def no_worse(a: Standing, b: Standing) -> bool:
    """Whether ``a`` is no worse than ``b`` in everything, as far as can be told for sure."""
    if not b.statuses:
        return False  # No rule speaks of it: nothing to compare with.
    for rule in a.statuses.keys() | b.statuses.keys():
        mine, theirs = a.statuses.get(rule), b.statuses.get(rule)
        if Status.UNKNOWN in (mine, theirs) and mine is not theirs:
            return False
        if mine is Status.VIOLATED and theirs is not Status.VIOLATED:
            return False
    for key in a.margins.keys() & b.margins.keys():
        if a.margins[key] < b.margins[key]:
            return False
    for key in a.fixed.keys() & b.fixed.keys():
        if a.fixed[key] != b.fixed[key]:
            return False
    if a.scores.keys() != b.scores.keys():
        return False
    return all(
        low >= b.scores[card][0] and high >= b.scores[card][1]
        for card, (low, high) in a.scores.items()
    )


def better_in(a: Standing, b: Standing) -> tuple[str, ...]:
    """The rules and cards in which ``a`` is better: a finding, a margin or a score."""
    out = {
        rule
        for rule, theirs in b.statuses.items()
        if theirs is Status.VIOLATED and a.statuses.get(rule) is not Status.VIOLATED
    }
    shared = a.margins.keys() & b.margins.keys()
    out |= {rule for rule, n in shared if a.margins[rule, n] > b.margins[rule, n]}
    out |= {card for card, ends in a.scores.items() if ends != b.scores.get(card)}
    return tuple(sorted(out))
