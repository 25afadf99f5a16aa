"""Rules to formulas: for every condition, when it is true and when it is false.

Neither is unknown, just as in the reference engine. An expression becomes cases: under ``guard``
it is ``num / den`` with ``den`` positive; where no guard holds it is unknown. What cannot be
compiled becomes a free unknown truth: a proof then still holds, and a witness is confirmed or
dropped (``Compiled.exact`` is False).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any

import z3

from evaluator.prove.domain import Choice, Domain, rational
from evaluator.prove.exprs import MAX_CASES, TRUE, Case, TooLarge
from evaluator.prove.lookups import periods, rows_taken
from evaluator.prove.points import Points
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Bands
from evaluator.values.polynomials import Quotient, constant

Bool = Any


@dataclass(frozen=True, slots=True)
class Pair:
    """When a condition is true, when it is false; both never."""

    true: Bool
    false: Bool

    @property
    def unknown(self) -> Bool:
        return z3.And(z3.Not(self.true), z3.Not(self.false))


@dataclass(frozen=True)
class Compiled:
    """One rule: both halves, the statuses, the fields it reads, and its leaves."""

    rule: ast.Rule
    applies: Pair
    required: Pair
    fields: frozenset[str]
    leaves: tuple[tuple[ast.Leaf, Pair], ...]
    exact: bool

    @cached_property
    def violated(self) -> Bool:
        return z3.And(self.applies.true, self.required.false)

    @cached_property
    def satisfied(self) -> Bool:
        return z3.And(z3.Not(self.applies.false), self.required.true)

    @property
    def not_applicable(self) -> Bool:
        return self.applies.false

    @cached_property
    def unknown(self) -> Bool:
        return z3.And(z3.Not(self.applies.false), z3.Not(self.required.true), z3.Not(self.violated))

    @cached_property
    def passes(self) -> Bool:
        """It neither is violated nor lacks an answer."""
        return z3.Not(z3.Or(self.violated, self.unknown))


FALSE = z3.BoolVal(False)


class Compiler(Points):
    """Compiles one ruleset over a domain, which several rulesets may share."""

    def __init__(self, ruleset: ast.Ruleset, domain: Domain) -> None:
        super().__init__(ruleset, domain)
        self.seen: list[tuple[ast.Leaf, Pair]] = []
        self.exact = True
        self._free = itertools.count()
        # By identity; the leaf is kept with its answer, so that its identity is never used again.
        self.complete: list[Bool] = []  # That nothing of a score is open, for each comparison.
        self._leaves: dict[int, tuple[ast.Leaf, Pair, frozenset[str], bool]] = {}

    def rule(self, rule: ast.Rule) -> Compiled:
        """Compile one rule."""
        self.fields, self.seen, self.exact = set(), [], True
        always = Pair(TRUE, FALSE)
        applies = self._condition(rule.applies_when) if rule.applies_when else always
        required = self._condition(rule.require)
        fields = frozenset(self.fields)
        return Compiled(rule, applies, required, fields, tuple(self.seen), self.exact)

    def condition(self, condition: ast.Condition) -> tuple[Pair, frozenset[str]]:
        """Compile a condition that stands alone; with the fields it reads."""
        self.fields, self.seen, self.exact = set(), [], True
        return self._condition(condition), frozenset(self.fields)

    def points_at(
        self, bands: Bands, *measured: Any
    ) -> tuple[frozenset[str], tuple[Any, Bool], tuple[Any, Bool]]:
        """The points of bands at two numbers, and the fields that the bands depend on."""
        self.fields = set()
        first, second = (self.bands(bands, at) for at in measured)
        return frozenset(self.fields), first, second

    # --- conditions ----------------------------------------------------------------------------

    def settled(self, condition: ast.Condition) -> tuple[Bool, Bool]:
        """When a condition within an expression is true, and when it is false."""
        seen, self.seen = self.seen, []
        pair = self._condition(condition)
        self.seen = seen
        return pair.true, pair.false

    def _condition(self, condition: ast.Condition) -> Pair:
        match condition:
            case ast.AllOf(items=items):
                pairs = [self._condition(i) for i in items]
                return Pair(z3.And([p.true for p in pairs]), z3.Or([p.false for p in pairs]))
            case ast.AnyOf(items=items):
                pairs = [self._condition(i) for i in items]
                return Pair(z3.Or([p.true for p in pairs]), z3.And([p.false for p in pairs]))
            case ast.NotOf(item=item):
                pair = self._condition(item)
                return Pair(pair.false, pair.true)
            case _:
                return self._leaf(condition)

    def _leaf(self, leaf: ast.Leaf) -> Pair:
        outer, outer_exact = self.fields, self.exact
        entry = self._leaves.get(id(leaf))
        if entry is None:
            self.fields, self.exact = set(), True
            try:
                pair = self._compile_leaf(leaf)
            except TooLarge:
                pair, self.exact = self._unsettled(), False
            entry = self._leaves[id(leaf)] = leaf, pair, frozenset(self.fields), self.exact
        _, pair, fields, exact = entry
        self.fields, self.exact = outer | fields, outer_exact and exact
        self.seen.append((leaf, pair))
        return pair

    def _unsettled(self) -> Pair:
        n = next(self._free)
        true, false = z3.Bools(f"free:{n}:true free:{n}:false")
        return Pair(true, z3.And(false, z3.Not(true)))

    def _compile_leaf(self, leaf: ast.Leaf) -> Pair:
        match leaf:
            case ast.Compare():
                return self._compare(leaf)
            case ast.Member():
                return self._member(leaf)
            case ast.Known(field=field):
                self.fields.add(field)
                known = self.domain.known(field)
                return Pair(known, z3.Not(known))
            case ast.Each():
                return self._each(leaf)

    def _compare(self, leaf: ast.Compare) -> Pair:
        if isinstance(leaf.left, ast.ScoreRef):
            return self._score_compare(leaf, leaf.left.card)
        left, right = self.cases(leaf.left), self.cases(leaf.right)
        if len(left) * len(right) > MAX_CASES:
            raise TooLarge
        holds: list[Bool] = []
        for a in left:
            for b in right:
                truth = self._holds(a, leaf.op, b, leaf.rounded)
                holds.append(z3.And(a.guard, b.guard, truth))
        defined = z3.And(z3.Or([a.guard for a in left]), z3.Or([b.guard for b in right]))
        true = z3.Or(holds)
        return Pair(true, z3.And(defined, z3.Not(true)))

    def _score_compare(self, leaf: ast.Compare, card: str) -> Pair:
        """What both ends of the interval say; see ``Score.holds``."""
        low, high, settled = self.ends(self.ruleset.scorecards[card])
        right, known = self.number(leaf.right)
        self.complete.append(z3.And(settled, known))
        self.exact = False
        if leaf.op is ast.Op.EQUALS:
            true, false = z3.And(low == right, high == right), z3.Or(right < low, right > high)
        else:
            worse, better = (low, high) if leaf.op.direction > 0 else (high, low)
            compare = ast.COMPARISONS[leaf.op]
            true, false = compare(worse, right), z3.Not(compare(better, right))
        return Pair(z3.And(known, true), z3.And(known, false))

    def _holds(self, a: Case, op: ast.Op, b: Case, rounded: int | None) -> Bool:
        if rounded is None:
            return self.sign((a.value - b.value).num, op)
        limit, base = b.value.num.value, b.value.den.value
        if limit is None or base is None:
            raise TooLarge
        return self._rounded(a.value, op, limit / base, rounded)

    def _rounded(self, a: Quotient, op: ast.Op, limit: Fraction, digits: int) -> Bool:
        """Comparison after rounding half to even, as one on the full value.

        round(x) ≥ k/10^d holds from (k − ½)/10^d on; the tie itself goes to the even neighbour.
        """
        scale = Fraction(10) ** digits

        def reaches(k: int) -> Bool:
            edge = constant((k - Fraction(1, 2)) / scale)
            return self.sign(
                a.num - edge * a.den, ast.Op.AT_LEAST if k % 2 == 0 else ast.Op.MORE_THAN
            )

        at_least, more = reaches(ceil(limit * scale)), reaches(floor(limit * scale) + 1)
        return {
            ast.Op.AT_LEAST: at_least,
            ast.Op.MORE_THAN: more,
            ast.Op.AT_MOST: z3.Not(more),
            ast.Op.LESS_THAN: z3.Not(at_least),
            ast.Op.EQUALS: z3.And(at_least, z3.Not(more)),
        }[op]

    def _member(self, leaf: ast.Member) -> Pair:
        self.fields.add(leaf.field)
        known = self.domain.known(leaf.field)
        choices = self.domain.choices(leaf.field)
        if leaf.criterion is None:
            true = z3.And(known, _chosen(choices, leaf.options, leaf.prefix))
            return Pair(true, z3.And(known, z3.Not(true)))
        hits: list[Bool] = []
        judged: list[Bool] = []
        dated = periods(self.ruleset.criteria[leaf.criterion], self.domain)
        if len(dated) > 1:
            self.fields.add("submitted_on")
        for guard, period in dated:
            if period.gap is None:
                judged.append(guard)
                hits.append(z3.And(guard, _chosen(choices, period.codes, leaf.prefix)))
        true = z3.And(known, z3.Or(hits))
        return Pair(true, z3.And(known, z3.Or(judged), z3.Not(true)))

    def _each(self, leaf: ast.Each) -> Pair:
        self.fields.add(leaf.field)
        criterion = self.ruleset.criteria[leaf.criterion]
        dimension = self.domain.registry.fields[leaf.field].key or "key"
        true: list[Bool] = [self.domain.known(leaf.field)]
        false: list[Bool] = []
        for entry in self.domain.entries(leaf.field):
            met: list[Bool] = []
            for taken in rows_taken(criterion, self.domain, {dimension: entry.name}, self.fields):
                for unit, chosen in entry.units:
                    if taken.row.unit is None or not unit.same_kind(taken.row.unit):
                        continue
                    value = entry.amount * rational(unit.factor_to(taken.row.unit))
                    limit = rational(taken.row.value)
                    holds = ast.COMPARISONS[leaf.op](value, limit)
                    met.append(z3.And(taken.guard, chosen, holds))
                    false.append(z3.And(entry.present, taken.guard, chosen, z3.Not(holds)))
            true.append(z3.Implies(entry.present, z3.Or(met)))
        return Pair(z3.And(true), z3.Or(false))


def _chosen(choices: tuple[Choice, ...], options: tuple[str | bool, ...], prefix: bool) -> Bool:
    """That one of the chosen values is, or starts with, one of ``options``."""
    if prefix:
        starts = tuple(str(o) for o in options)
        return z3.Or([c.chosen for c in choices if str(c.value).startswith(starts)])
    wanted: set[str | bool] = set(options)
    return z3.Or([c.chosen for c in choices if c.value in wanted])


def verdict_terms(rules: Mapping[str, Compiled]) -> Mapping[str, Bool]:
    """When the rules in force together give each verdict: deny-overrides."""
    reject = z3.Or([c.violated for c in rules.values() if c.rule.effect == "reject"])
    blocked = z3.Or(
        [c.violated for c in rules.values() if c.rule.effect == "refer"]
        + [c.unknown for c in rules.values() if c.rule.effect != "advise"]
    )
    none_applies = z3.And([c.not_applicable for c in rules.values()])
    refer = z3.And(z3.Not(reject), z3.Or(blocked, none_applies))
    passes = z3.And(z3.Not(reject), z3.Not(blocked), z3.Not(none_applies))
    return {"reject": reject, "refer": refer, "pass": passes}
