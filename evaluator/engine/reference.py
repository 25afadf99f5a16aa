"""The reference engine: exact fractions, node by node. Its answers are the semantics.

Statuses stop where the outcome is settled. A trace, worked out only when somebody asks, goes through
every leaf, so that each finding is explained in full: value, required value, row, what was missing.
Both ask the same functions (``meaning``) for the truth of a leaf.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from evaluator.criteria import Hit, Miss
from evaluator.dossier import Item, Profile
from evaluator.engine.meaning import MAX_REMEMBERED, Judge, Meaning, State, amount
from evaluator.engine.traces import (
    NOTHING,
    Assessment,
    LazyMapping,
    LeafTrace,
    RuleTrace,
    Unknown,
)
from evaluator.kleene import Truth
from evaluator.rulebook.ast import (
    Compare,
    Condition,
    CriterionRef,
    Each,
    Expr,
    Leaf,
    Member,
    Rule,
    Ruleset,
    leaves,
)
from evaluator.verdict import Status, status_of

__all__ = ["ReferenceEngine"]

Finder = Callable[[State], Status]
NOT_APPLICABLE = Status.NOT_APPLICABLE


def _finding(applies: Judge | None, require: Judge) -> Finder:
    """The status of a rule out of its two halves, ending where ``applies_when`` is false."""
    if applies is None:
        return lambda state: status_of(True, require(state))

    def finding(state: State) -> Status:
        truth = applies(state)
        return NOT_APPLICABLE if truth is False else status_of(truth, require(state))

    return finding


class ReferenceEngine:
    """The engine of record for one ruleset. Safe for threads: what it remembers are pure results."""

    name = "reference"

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._meaning = Meaning(ruleset)
        # What explanations derive from the ruleset and the dates alone.
        self.memory: dict[tuple[object, ...], Any] = {}
        self._made: dict[int, tuple[Rule, Finder]] = {}
        self._leaves: dict[int, tuple[Condition, tuple[Leaf, ...]]] = {}
        self._days: dict[dt.date, tuple[tuple[str, Finder], ...]] = {}

    def assess(self, profile: Profile, as_of: dt.date) -> Assessment:
        """Judge every rule in force on ``as_of``."""
        state = _state(profile, as_of)
        if len(self.memory) >= MAX_REMEMBERED:
            self.memory.clear()
        statuses = {id: finding(state) for id, finding in self._in_force(as_of)}
        rules = self.ruleset.rules
        return Assessment(
            statuses,
            LazyMapping(statuses.keys(), lambda id: self._trace(rules[id], state)),
            LazyMapping(
                self.ruleset.metrics.keys(), lambda id: self._meaning.metric_value(id, state)
            ),
        )

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force."""
        state = _state(profile, as_of)
        return {id: finding(state) for id, finding in self._in_force(as_of)}

    def assess_rules(
        self, rules: Iterable[Rule], profile: Profile, as_of: dt.date
    ) -> tuple[RuleTrace, ...]:
        """The traces of some rules only, whatever their dates."""
        state = _state(profile, as_of)
        return tuple(self._trace(rule, state) for rule in rules)

    def judge(
        self, rules: Iterable[Rule], profile: Profile, as_of: dt.date
    ) -> Iterator[tuple[Rule, Status]]:
        """The status of some rules only, whatever their dates."""
        state = _state(profile, as_of)
        return ((rule, self._finder(rule)(state)) for rule in rules)

    def value(self, expr: Expr, profile: Profile, as_of: dt.date) -> Fraction | None:
        """The value of one expression; None where it is unknown."""
        found = self._meaning.value(expr, _state(profile, as_of))
        return found if isinstance(found, Fraction) else None

    def item_limit(
        self, leaf: Each, item: Item, profile: Profile, as_of: dt.date
    ) -> Fraction | None:
        """The row's value in the item's unit where the item fails its comparison, else None."""
        trace = self._meaning.item(leaf, item, _state(profile, as_of))
        if trace.truth is not False or trace.hit is None or trace.hit.row.unit is None:
            return None
        return trace.hit.row.value * trace.hit.row.unit.factor_to(item.unit)

    def _finder(self, rule: Rule) -> Finder:
        found = self._made.get(id(rule))
        if found is None:
            make = self._meaning.condition
            applies = make(rule.applies_when) if rule.applies_when is not None else None
            found = self._made[id(rule)] = (rule, _finding(applies, make(rule.require)))
        return found[1]

    def _in_force(self, as_of: dt.date) -> tuple[tuple[str, Finder], ...]:
        found = self._days.get(as_of)
        if found is None:
            if len(self._days) >= MAX_REMEMBERED:
                self._days.clear()
            found = tuple((r.id, self._finder(r)) for r in self.ruleset.in_force(as_of))
            self._days[as_of] = found
        return found

    # --- traces --------------------------------------------------------------------------------

    def _trace(self, rule: Rule, state: State) -> RuleTrace:
        applies, applied = self._half(rule.applies_when, state)
        required, found = self._half(rule.require, state)
        status = status_of(applies, required)
        return RuleTrace(rule, applies, required, status, applied, found)

    def _half(
        self, condition: Condition | None, state: State
    ) -> tuple[Truth, tuple[LeafTrace, ...]]:
        """The truth of a condition and the traces of its leaves."""
        if condition is None:
            return True, ()
        entry = self._leaves.get(id(condition))
        if entry is None:
            entry = self._leaves[id(condition)] = condition, tuple(leaves(condition))
        found = tuple([self._leaf(leaf, state) for leaf in entry[1]])
        if len(found) == 1 and found[0].leaf is condition:
            return found[0].truth, found
        return self._meaning.condition(condition)(state), found

    def _leaf(self, leaf: Leaf, state: State) -> LeafTrace:
        if isinstance(leaf, Compare):
            return self._compared(leaf, state)
        truth = self._meaning.condition(leaf)(state)
        if isinstance(leaf, Member):
            return self._membership(leaf, truth, state)
        if isinstance(leaf, Each):
            return self._itemised(leaf, truth, state)
        return LeafTrace(leaf, truth)

    def _compared(self, leaf: Compare, state: State) -> LeafTrace:
        meaning = self._meaning
        sides = meaning.expr(leaf.left)(state), meaning.expr(leaf.right)(state)
        truth = meaning.comparison(leaf)(*sides)
        left, right = amount(sides[0]), amount(sides[1])
        hit = None
        if isinstance(leaf.right, CriterionRef):
            found = meaning.lookup(leaf.right.id, leaf.right.keys, state)
            hit = found if isinstance(found, Hit) else None
        unknown = NOTHING
        if isinstance(left, Unknown):
            unknown = left.joined(right)
        elif isinstance(right, Unknown):
            unknown = right
        return LeafTrace(leaf, truth, left, right, hit, unknown=unknown)

    def _membership(self, leaf: Member, truth: bool | None, state: State) -> LeafTrace:
        period = None
        if leaf.criterion is not None:
            found = self._meaning.period(leaf.criterion, state)
            if isinstance(found, Miss):
                return LeafTrace(leaf, truth, unknown=Unknown((), (found.reason,)))
            period = found
        missing = NOTHING if leaf.field in state.values else Unknown((leaf.field,))
        return LeafTrace(leaf, truth, period=period, unknown=missing)

    def _itemised(self, leaf: Each, truth: bool | None, state: State) -> LeafTrace:
        items = state.values.get(leaf.field)
        if not isinstance(items, tuple):
            return LeafTrace(leaf, truth, unknown=Unknown((leaf.field,)))
        traces = tuple(self._meaning.item(leaf, i, state) for i in items if isinstance(i, Item))
        reasons = tuple(t.reason for t in traces if t.reason) if truth is None else ()
        return LeafTrace(leaf, truth, unknown=Unknown((), reasons), items=traces)


def _state(profile: Profile, as_of: dt.date) -> State:
    return State(profile.values, as_of, profile.submitted_on)
