"""The reference engine: exact fractions, node by node. Its answers are the semantics.

Statuses stop where the outcome is settled. A trace (``tracing``), worked out only when somebody asks,
goes through every leaf, so that each finding is explained in full: value, required value, row, what
was missing. Both ask the same functions (``meaning``) for the truth of a leaf.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from evaluator.dossier.dossier import Profile
from evaluator.dossier.values import Item
from evaluator.engine.breaks import Stretches
from evaluator.engine.reference.meaning import Judge
from evaluator.engine.reference.scoring import Score, Scored
from evaluator.engine.reference.state import State
from evaluator.engine.reference.traces import Assessment, LazyMapping, RuleTrace, Unknown
from evaluator.engine.reference.tracing import Tracing
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.verdict import Status, status_of
from evaluator.values.kleene import Truth

Finder = Callable[[State], Status]
NOT_APPLICABLE = Status.NOT_APPLICABLE
# By the truth of the requirement, where the rule applies and where it may.
_ALWAYS = {truth: status_of(True, truth) for truth in (True, False, None)}
_PERHAPS = {truth: status_of(None, truth) for truth in (True, False, None)}


def _finding(applies: Judge | None, require: Judge) -> Finder:
    """The status of a rule out of its two halves, ending where ``applies_when`` is false."""
    if applies is None:
        return lambda state: _ALWAYS[require(state)]

    def finding(state: State) -> Status:
        truth = applies(state)
        if truth is False:
            return NOT_APPLICABLE
        return (_ALWAYS if truth else _PERHAPS)[require(state)]

    return finding


class ReferenceEngine:
    """The engine of record for one ruleset. Safe for threads: what it remembers are pure results."""

    name = "reference"

    def __init__(self, ruleset: ast.Ruleset) -> None:
        self.ruleset = ruleset
        self._meaning = Scored(ruleset)
        self._tracing = Tracing(self._meaning)
        self._made: dict[int, tuple[ast.Rule, Finder]] = {}
        self.stretches = Stretches(ruleset)
        self._days: dict[int, tuple[tuple[str, Finder], ...]] = {}

    def assess(self, profile: Profile, as_of: dt.date) -> Assessment:
        """Judge every rule in force on ``as_of``."""
        state = self._state(profile, as_of)
        statuses = {id: finding(state) for id, finding in self._in_force(state)}
        rules, trace = self.ruleset.rules, self._tracing.trace
        return Assessment(
            statuses,
            LazyMapping(statuses.keys(), lambda id: trace(rules[id], state)),
            LazyMapping(
                self.ruleset.metrics.keys(), lambda id: self._meaning.metric_value(id, state)
            ),
        )

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force."""
        state = self._state(profile, as_of)
        return {id: finding(state) for id, finding in self._in_force(state)}

    def assess_rules(
        self, rules: Iterable[ast.Rule], profile: Profile, as_of: dt.date
    ) -> tuple[RuleTrace, ...]:
        """The traces of some rules only, whatever their dates."""
        state = self._state(profile, as_of)
        return tuple(self._tracing.trace(rule, state) for rule in rules)

    def judge(
        self, rules: Iterable[ast.Rule], profile: Profile, as_of: dt.date
    ) -> Iterator[tuple[ast.Rule, Status]]:
        """The status of some rules only, whatever their dates."""
        state = self._state(profile, as_of)
        return ((rule, self._finder(rule)(state)) for rule in rules)

    def scores(self, profile: Profile, as_of: dt.date) -> tuple[Score, ...]:
        """The score of every card in force on ``as_of``, whether or not it applies, by id."""
        state = self._state(profile, as_of)
        cards = self.ruleset.scorecards.values()
        return tuple(self._meaning.scoring.score(c.id, state) for c in cards if c.in_force(as_of))

    def truths(self, profile: Profile, as_of: dt.date) -> Callable[[ast.Condition], Truth]:
        """What gives the truth of any condition on one dossier."""
        state = self._state(profile, as_of)
        return lambda condition: self._meaning.condition(condition)(state)

    def lacking(
        self, card: Scorecard, profile: Profile, as_of: dt.date
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The fields, and reasons of another kind, that leave a card's score open."""
        value = self._meaning.score_value(card.id, self._state(profile, as_of))
        return (value.missing, value.reasons) if isinstance(value, Unknown) else ((), ())

    def values(self, profile: Profile, as_of: dt.date) -> Callable[[ast.Expr], Fraction | None]:
        """What gives the value of any expression on one dossier; None where it is unknown."""
        state = self._state(profile, as_of)

        def value(expr: ast.Expr) -> Fraction | None:
            amount = self._meaning.value(expr, state)
            return amount if isinstance(amount, Fraction) else None

        return value

    def item_limit(
        self, leaf: ast.Each, item: Item, profile: Profile, as_of: dt.date
    ) -> Fraction | None:
        """The row's value in the item's unit where the item fails its comparison, else None."""
        trace = self._meaning.item(leaf, item, self._state(profile, as_of))
        if trace.truth is not False or trace.hit is None or trace.hit.row.unit is None:
            return None
        return trace.hit.row.value * trace.hit.row.unit.factor_to(item.unit)

    def _finder(self, rule: ast.Rule) -> Finder:
        entry = self._made.get(id(rule))
        if entry is None:
            make = self._meaning.condition
            applies = make(rule.applies_when) if rule.applies_when is not None else None
            entry = self._made[id(rule)] = (rule, _finding(applies, make(rule.require)))
        return entry[1]

    def _in_force(self, state: State) -> tuple[tuple[str, Finder], ...]:
        day, _ = self.stretches.of(state.as_of, state.submitted_on)
        finders = self._days.get(day)
        if finders is None:
            force = self.ruleset.in_force(state.as_of)
            finders = self._days[day] = tuple((r.id, self._finder(r)) for r in force)
        return finders

    def _state(self, profile: Profile, as_of: dt.date) -> State:
        day = profile.submitted_on
        return State(profile.values, as_of, day, self.stretches.of(as_of, day))
