"""Traces: every leaf of a rule on one dossier, for whoever asks why.

A condition becomes a function once per ruleset, as in ``meaning``, and asks the same functions for
the truth of each leaf; unlike a status, a trace goes through every leaf.
"""

from __future__ import annotations

from collections.abc import Callable

from evaluator.dossier.values import Item
from evaluator.engine.reference.meaning import Meaning
from evaluator.engine.reference.pairs import Pair
from evaluator.engine.reference.state import State, amount
from evaluator.engine.reference.traces import NOTHING, InnerRow, LeafTrace, RuleTrace, Unknown
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Hit, Miss
from evaluator.rulebook.reads import criterion_refs
from evaluator.rulebook.verdict import status_of
from evaluator.values.kleene import Truth

Leaves = tuple[LeafTrace, ...]
LeafTracer = Callable[[State], LeafTrace]
HalfTracer = Callable[[State], tuple[Truth, Leaves]]
RuleTracer = Callable[[State], RuleTrace]


class Tracing:
    """The traces of one ruleset."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        # By identity, as rules of a draft may share an id with those in force.
        self._rules: dict[int, tuple[ast.Rule, RuleTracer]] = {}

    def trace(self, rule: ast.Rule, state: State) -> RuleTrace:
        """A rule on one dossier, whatever the dates of the rule."""
        entry = self._rules.get(id(rule))
        if entry is None:
            entry = self._rules[id(rule)] = rule, self._rule(rule)
        return entry[1](state)

    def _rule(self, rule: ast.Rule) -> RuleTracer:
        require = self._half(rule.require)
        if rule.applies_when is None:

            def always(state: State) -> RuleTrace:
                required, leaves = require(state)
                return RuleTrace(rule, True, required, status_of(True, required), (), leaves)

            return always
        applies_when = self._half(rule.applies_when)

        def sometimes(state: State) -> RuleTrace:
            applies, applied = applies_when(state)
            required, leaves = require(state)
            status = status_of(applies, required)
            return RuleTrace(rule, applies, required, status, applied, leaves)

        return sometimes

    def _half(self, condition: ast.Condition) -> HalfTracer:
        """The truth of a condition and the traces of its leaves, in reading order."""
        tracers = [self._leaf(leaf) for leaf in walk.leaves(condition)]
        if isinstance(condition, ast.Leaf):
            (only,) = tracers

            def single(state: State) -> tuple[Truth, Leaves]:
                trace = only(state)
                return trace.truth, (trace,)

            return single
        judge = self._meaning.condition(condition)
        return lambda state: (judge(state), tuple([tracer(state) for tracer in tracers]))

    # --- leaves --------------------------------------------------------------------------------

    def _leaf(self, leaf: ast.Leaf) -> LeafTracer:
        match leaf:
            case ast.Compare():
                return self._compare(leaf)
            case ast.Member():
                return self._member(leaf)
            case ast.Each():
                return self._each(leaf)
        judge = self._meaning.condition(leaf)
        return lambda state: LeafTrace(leaf, judge(state))

    def _compare(self, leaf: ast.Compare) -> LeafTracer:
        meaning = self._meaning
        left, right = meaning.expr(leaf.left), meaning.expr(leaf.right)
        decide = meaning.comparison(leaf)
        # Of a score that is open a comparison may still know the answer.
        judge = meaning.condition(leaf) if isinstance(leaf.left, ast.ScoreRef) else None
        own = leaf.right if isinstance(leaf.right, ast.CriterionRef) else None
        row = meaning.finder(own.id, own.keys) if own is not None else None
        inner = [
            (ref, side is leaf.right, meaning.finder(ref.id, ref.keys))
            for side in (leaf.left, leaf.right)
            for ref in criterion_refs(side, meaning.ruleset)
            if ref is not own
        ]

        def trace(state: State) -> LeafTrace:
            a, b = left(state), right(state)
            hit = row(state) if row is not None else None
            rows = [(ref, find(state), required) for ref, required, find in inner]
            return LeafTrace(
                leaf,
                decide(a, b) if judge is None else judge(state),
                amount(a),
                amount(b),
                hit if isinstance(hit, Hit) else None,
                None,
                _lacking(a, b),
                (),
                tuple([InnerRow(r, h, required) for r, h, required in rows if isinstance(h, Hit)]),
            )

        return trace

    def _member(self, leaf: ast.Member) -> LeafTracer:
        judge, period_of = self._meaning.condition(leaf), self._meaning.period
        field, criterion = leaf.field, leaf.criterion
        missing = Unknown((field,))

        def trace(state: State) -> LeafTrace:
            truth = judge(state)
            period = period_of(criterion, state) if criterion is not None else None
            if isinstance(period, Miss):
                return LeafTrace(leaf, truth, unknown=Unknown((), (period.reason,)))
            lacking = NOTHING if field in state.values else missing
            return LeafTrace(leaf, truth, None, None, None, period, lacking)

        return trace

    def _each(self, leaf: ast.Each) -> LeafTracer:
        judge, judge_item = self._meaning.condition(leaf), self._meaning.item
        missing = Unknown((leaf.field,))

        def trace(state: State) -> LeafTrace:
            truth, items = judge(state), state.values.get(leaf.field)
            if not isinstance(items, tuple):
                return LeafTrace(leaf, truth, unknown=missing)
            traces = tuple(judge_item(leaf, i, state) for i in items if isinstance(i, Item))
            unknown = NOTHING
            if truth is None:
                lacking = dict.fromkeys(name for t in traces for name in t.missing)
                unknown = Unknown(tuple(lacking), tuple(t.reason for t in traces if t.reason))
            return LeafTrace(leaf, truth, unknown=unknown, items=traces)

        return trace


def _lacking(a: Pair | Unknown, b: Pair | Unknown) -> Unknown:
    if isinstance(a, Unknown):
        return a.joined(b) if isinstance(b, Unknown) else a
    return b if isinstance(b, Unknown) else NOTHING
