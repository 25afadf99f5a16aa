"""What conditions and expressions mean: each node of the tree as a function of one dossier's state.

This is the reference semantics, written out node by node over exact fractions. A node becomes a
closure once per ruleset, so that judging a dossier walks no tree. Inside, a number is a pair of
integers with a positive denominator, not reduced: ratios are compared by multiplying crosswise,
without ever looking for common divisors. ``value`` gives the fraction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from functools import partial

from evaluator.dossier.values import Item
from evaluator.engine.reference.pairs import Pair, pair
from evaluator.engine.reference.state import (
    State,
    Valuer,
    amount,
    days_between,
    required,
    step_of,
    table_key,
    tester,
    total,
    unsettled,
)
from evaluator.engine.reference.traces import Amount, ItemTrace, Unknown
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Hit, Miss, Period, lookup, period_or_miss
from evaluator.rulebook.reads import fields_read
from evaluator.values.kleene import Truth, all_of, negate
from evaluator.values.numbers import round_half_even

Judge = Callable[[State], Truth]
Comparison = Callable[[Pair | Unknown, Pair | Unknown], Truth]
Finder = Callable[[State], Hit | Miss]
Keys = tuple[tuple[str, str], ...]
MAX_REMEMBERED = 20_000


class Meaning(ABC):
    """The functions of one ruleset. Table lookups are remembered: they depend on nothing else."""

    def __init__(self, ruleset: ast.Ruleset) -> None:
        self.ruleset = ruleset
        self._finders: dict[tuple[str, Keys], Finder] = {}
        # By identity: nodes live as long as the ruleset, and equal nodes may stand at two places.
        self._judges: dict[int, tuple[ast.Condition, Judge]] = {}
        self._valuers: dict[int, tuple[ast.Expr, Valuer]] = {}
        self._comparisons: dict[int, tuple[ast.Compare, Comparison]] = {}

    def condition(self, node: ast.Condition) -> Judge:
        """The truth of a condition."""
        entry = self._judges.get(id(node))
        if entry is None:
            entry = self._judges[id(node)] = (node, self._condition(node))
        return entry[1]

    def value(self, node: ast.Expr, state: State) -> Amount:
        """The value of an expression in its unit."""
        return amount(self.expr(node)(state))

    def metric_value(self, id_: str, state: State) -> Amount:
        """The value of a metric in its unit."""
        return amount(self.metric(id_)(state))

    def expr(self, node: ast.Expr) -> Valuer:
        """An expression as a function, in its unit."""
        entry = self._valuers.get(id(node))
        if entry is None:
            entry = self._valuers[id(node)] = (node, self._expr(node))
        return entry[1]

    @abstractmethod
    def score_value(self, card: str, state: State) -> Pair | Unknown:
        """The score of a card, unknown where it is not one number."""

    @abstractmethod
    def score_comparison(self, node: ast.Compare, card: str) -> Judge:
        """The truth of a comparison of a card's score."""

    # --- conditions ----------------------------------------------------------------------------

    def _condition(self, node: ast.Condition) -> Judge:
        match node:
            case ast.AllOf(items=items):
                return _every_of([self.condition(i) for i in items])
            case ast.AnyOf(items=items):
                return _some_of([self.condition(i) for i in items])
            case ast.NotOf(item=item):
                inner = self.condition(item)
                return lambda state: negate(inner(state))
            case ast.Known(field=field):
                return lambda state: field in state.values
            case ast.Compare():
                return self._compare(node)
            case ast.Member():
                return self._member(node)
            case ast.Each():
                return lambda state: self._every(node, state)

    def _compare(self, node: ast.Compare) -> Judge:
        if isinstance(node.left, ast.ScoreRef):
            return self.score_comparison(node, node.left.card)
        left, right = self.expr(node.left), self.expr(node.right)
        if node.rounded is not None:
            decide = self.comparison(node)
            return lambda state: decide(left(state), right(state))
        compare: Callable[[int, int], bool] = ast.COMPARISONS[node.op]

        def compared(state: State) -> Truth:
            a = left(state)
            if type(a) is Unknown:
                return None
            b = right(state)
            if type(b) is Unknown:
                return None
            return compare(a[0] * b[1], b[0] * a[1])

        return compared

    def comparison(self, node: ast.Compare) -> Comparison:
        """The truth of a comparison out of its two sides."""
        entry = self._comparisons.get(id(node))
        if entry is not None:
            return entry[1]
        rounded = node.rounded
        compare: Callable[[int, int], bool] = ast.COMPARISONS[node.op]

        def decide(a: Pair | Unknown, b: Pair | Unknown) -> Truth:
            if isinstance(a, Unknown) or isinstance(b, Unknown):
                return None
            if rounded is not None:
                a = pair(round_half_even(Fraction(*a), rounded))
            return compare(a[0] * b[1], b[0] * a[1])

        self._comparisons[id(node)] = node, decide
        return decide

    def _member(self, node: ast.Member) -> Judge:
        field, criterion = node.field, node.criterion
        make = partial(tester, node.prefix, self.ruleset.registry.fields[field].type)
        if criterion is None:
            matches = make(node.options)

            def stated(state: State) -> Truth:
                value = state.values.get(field)
                return None if value is None else matches(value)

            return stated

        # By stretch of days: what tells of the list in force, False where there is none.
        known: dict[Hashable, Callable[[object], bool] | bool] = {}

        def listed(state: State) -> Truth:
            value = state.values.get(field)
            if value is None:
                return None
            test = known.get(state.stretch)
            if test is None:
                if len(known) >= MAX_REMEMBERED:
                    known.clear()
                period = self.period(criterion, state)
                test = False if isinstance(period, Miss) else make(period.codes)
                known[state.stretch] = test
            return None if isinstance(test, bool) else test(value)

        return listed

    def _every(self, node: ast.Each, state: State) -> Truth:
        items = state.values.get(node.field)
        if not isinstance(items, tuple):
            return None
        return all_of(self.item(node, i, state).truth for i in items if isinstance(i, Item))

    def item(self, node: ast.Each, item: Item, state: State) -> ItemTrace:
        """One item of a record against the row of its key."""
        dimension = self.ruleset.registry.fields[node.field].key or "key"
        # Not remembered: the names of products are free text.
        criterion = self.ruleset.criteria[node.criterion]
        fixed = {dimension: item.key}
        hit = lookup(criterion, state.values, state.as_of, state.submitted_on, fixed)
        if isinstance(hit, Miss):
            labels = "、".join(map(self.ruleset.registry.label, hit.missing))
            reason = f"“{item.key}”的标准按{labels}分档，此项未填" if labels else hit.reason
            return ItemTrace(item, None, None, None, reason, hit.missing)
        unit = hit.row.unit
        if unit is None or not item.unit.same_kind(unit):
            wanted = unit.name if unit else "无"
            reason = f"“{item.key}”的单位是“{item.unit.name}”，标准的单位是“{wanted}”，不能比较"
            return ItemTrace(item, None, None, hit, reason)
        value = item.number * item.unit.factor_to(unit)
        (n, d), (m, c) = pair(value), pair(hit.row.value)
        return ItemTrace(item, ast.COMPARISONS[node.op](n * c, m * d), value, hit, None)

    # --- criteria ------------------------------------------------------------------------------

    def period(self, criterion_id: str, state: State) -> Period | Miss:
        """The period of a criterion that judges this dossier."""
        criterion = self.ruleset.criteria[criterion_id]
        return period_or_miss(criterion, state.as_of, state.submitted_on)

    def finder(self, criterion_id: str, keys: Keys) -> Finder:
        """The row of a criterion for a dossier; ``keys`` fixes dimensions. What it found it remembers."""
        finder = self._finders.get((criterion_id, keys))
        if finder is None:
            finder = self._finders[criterion_id, keys] = self._finder(criterion_id, dict(keys))
        return finder

    def _finder(self, criterion_id: str, fixed: Mapping[str, str]) -> Finder:
        criterion = self.ruleset.criteria[criterion_id]
        key_of = table_key([d for d in criterion.by if d not in fixed])
        hits: dict[Hashable, Hit | Miss] = {}

        def find(state: State) -> Hit | Miss:
            key = key_of(state)
            hit = hits.get(key)
            if hit is None:
                if len(hits) >= MAX_REMEMBERED:
                    hits.clear()
                hit = lookup(criterion, state.values, state.as_of, state.submitted_on, fixed)
                if isinstance(hit, Miss) and not hit.missing:
                    return hit  # Its reason may name the day, which the stretch does not.
                hits[key] = hit
            return hit

        return find

    # --- expressions ---------------------------------------------------------------------------

    def _expr(self, node: ast.Expr) -> Valuer:
        match node:
            case ast.FieldRef(name=name):
                absent = Unknown((name,))

                def field(state: State) -> Pair | Unknown:
                    number = state.numbers.get(name)
                    if number is None:
                        value = state.values.get(name)
                        number = value.as_integer_ratio() if type(value) is Fraction else absent
                        state.numbers[name] = number
                    return number

                return field
            case ast.Number(value=number):
                constant = pair(number)
                return lambda state: constant  # noqa: ARG005
            case ast.MetricRef(id=id_):
                return self.metric(id_)
            case ast.CriterionRef():
                return self._threshold(node)
            case ast.Scale(expr=inner, factor=factor):
                scaled, (top, bottom) = self.expr(inner), pair(factor)

                def scale(state: State) -> Pair | Unknown:
                    value = scaled(state)
                    if isinstance(value, Unknown):
                        return value
                    return value[0] * top, value[1] * bottom

                return scale
            case ast.Sum(field=record):
                return lambda state: total(record, state)
            case ast.Days(start=start, end=end):
                return lambda state: days_between(start, end, state)
            case ast.Arith():
                return self._arith(node)
            case ast.Extreme():
                return self._extreme(node)
            case ast.Choose():
                return self._choose(node)
            case ast.ScoreRef(card=card):
                return lambda state: self.score_value(card, state)

    def metric(self, id_: str) -> Valuer:
        """A metric, computed once for each state."""
        formula = self.expr(self.ruleset.metrics[id_].formula)

        def metric(state: State) -> Pair | Unknown:
            value = state.metrics.get(id_)
            if value is None:
                value = state.metrics[id_] = formula(state)
            return value

        return metric

    def _threshold(self, node: ast.CriterionRef) -> Valuer:
        find, unit = self.finder(node.id, node.keys), node.unit
        # By identity: what is found once is kept, and found again as the same object.
        known: dict[int, tuple[Hit | Miss, Pair | Unknown]] = {}

        def threshold(state: State) -> Pair | Unknown:
            hit = find(state)
            if hit.__class__ is Miss and not hit.missing:
                return required(hit, unit)
            entry = known.get(id(hit))
            if entry is None or entry[0] is not hit:
                if len(known) >= MAX_REMEMBERED:
                    known.clear()
                entry = known[id(hit)] = hit, required(hit, unit)
            return entry[1]

        return threshold

    def _arith(self, node: ast.Arith) -> Valuer:
        total = self.expr(node.args[0])
        for arg in node.args[1:]:
            total = step_of(node.op, total, self.expr(arg), self._divisor(arg))
        return total

    def _extreme(self, node: ast.Extreme) -> Valuer:
        parts = [self.expr(arg) for arg in node.args]
        most = node.most

        def extreme(state: State) -> Pair | Unknown:
            best: Pair | None = None
            lacking: Unknown | None = None
            for part in parts:
                value = part(state)
                if isinstance(value, Unknown):
                    lacking = value if lacking is None else lacking.joined(value)
                elif best is None or (value[0] * best[1] > best[0] * value[1]) is most:
                    best = value
            if lacking is not None or best is None:
                return lacking or Unknown(())
            return best

        return extreme

    def _choose(self, node: ast.Choose) -> Valuer:
        cases = [
            (self.condition(c), self.expr(e), frozenset(fields_read(self.ruleset, c)))
            for c, e in node.cases
        ]
        otherwise = self.expr(node.otherwise)

        def choose(state: State) -> Pair | Unknown:
            for condition, value, fields in cases:
                truth = condition(state)
                if truth is None:
                    return unsettled(fields, state)
                if truth:
                    return value(state)
            return otherwise(state)

        return choose

    def _divisor(self, node: ast.Expr) -> str:
        """The name of a divisor, for the reason that it is zero."""
        if isinstance(node, ast.FieldRef):
            return self.ruleset.registry.label(node.name)
        if isinstance(node, ast.MetricRef):
            return self.ruleset.metrics[node.id].title
        return "除数"


def _every_of(parts: list[Judge]) -> Judge:
    """And over parts: one False decides, else one unknown leaves it unknown."""

    def every(state: State) -> Truth:
        result: Truth = True
        for part in parts:
            truth = part(state)
            if truth is False:
                return False
            if truth is None:
                result = None
        return result

    return every


def _some_of(parts: list[Judge]) -> Judge:
    """Or over parts: one True decides, else one unknown leaves it unknown."""

    def some(state: State) -> Truth:
        result: Truth = False
        for part in parts:
            truth = part(state)
            if truth is True:
                return True
            if truth is None:
                result = None
        return result

    return some
