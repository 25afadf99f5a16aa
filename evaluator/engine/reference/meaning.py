"""What conditions and expressions mean: each node of the tree as a function of one dossier's state.

This is the reference semantics, written out node by node over exact fractions. A node becomes a
closure once per ruleset, so that judging a dossier walks no tree. Inside, a number is a pair of
integers with a positive denominator, not reduced: ratios are compared by multiplying crosswise,
without ever looking for common divisors. ``value`` gives the fraction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any as Any_

from evaluator.dossier.fields import FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.reference.pairs import OPERATIONS, Pair, fraction, pair
from evaluator.engine.reference.traces import Amount, ItemTrace, Unknown
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Hit, Miss, Period, lookup, period_or_miss
from evaluator.values.kleene import Truth, all_of, any_of, negate
from evaluator.values.numbers import round_half_even
from evaluator.values.units import Unit

Judge = Callable[["State"], Truth]
Valuer = Callable[["State"], Pair | Unknown]
Comparison = Callable[[Pair | Unknown, Pair | Unknown], Truth]
Finder = Callable[["State"], Hit | Miss]
Keys = tuple[tuple[str, str], ...]
MAX_REMEMBERED = 20_000
# How the reason of a division by zero begins.
ZERO = "除数为零"


class State:
    """One dossier as of one date; each metric is computed once."""

    __slots__ = ("as_of", "metrics", "submitted_on", "values")

    def __init__(self, values: Mapping[str, Value], as_of: dt.date, submitted_on: dt.date) -> None:
        self.values = values
        self.as_of = as_of
        self.submitted_on = submitted_on
        self.metrics: dict[str, Pair | Unknown] = {}


class Meaning:
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

    # --- conditions ----------------------------------------------------------------------------

    def _condition(self, node: ast.Condition) -> Judge:
        match node:
            case ast.AllOf(items=items):
                parts = [self.condition(i) for i in items]
                return lambda state: all_of(part(state) for part in parts)
            case ast.AnyOf(items=items):
                parts = [self.condition(i) for i in items]
                return lambda state: any_of(part(state) for part in parts)
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
        left, right = self.expr(node.left), self.expr(node.right)
        decide = self.comparison(node)
        return lambda state: decide(left(state), right(state))

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
        matches = _matcher(node.prefix, self.ruleset.registry.fields[field].type)
        fixed = node.options
        if criterion is None:

            def stated(state: State) -> Truth:
                value = state.values.get(field)
                return None if value is None else matches(value, fixed)

            return stated

        def listed(state: State) -> Truth:
            period = self.period(criterion, state)
            value = state.values.get(field)
            if isinstance(period, Miss) or value is None:
                return None
            return matches(value, period.codes)

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
        key_of = _table_key([d for d in criterion.by if d not in fixed])
        hits: dict[tuple[object, ...], Hit | Miss] = {}

        def find(state: State) -> Hit | Miss:
            key = key_of(state)
            hit = hits.get(key)
            if hit is None:
                if len(hits) >= MAX_REMEMBERED:
                    hits.clear()
                hit = lookup(criterion, state.values, state.as_of, state.submitted_on, fixed)
                hits[key] = hit
            return hit

        return find

    # --- expressions ---------------------------------------------------------------------------

    def _expr(self, node: ast.Expr) -> Valuer:
        match node:
            case ast.FieldRef(name=name):
                absent = Unknown((name,))

                def field(state: State) -> Pair | Unknown:
                    value = state.values.get(name)
                    if isinstance(value, Fraction):
                        return value.numerator, value.denominator
                    return absent

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
                return lambda state: _total(record, state)
            case ast.Days(start=start, end=end):
                return lambda state: _days(start, end, state)
            case ast.Arith():
                return self._arith(node)

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
            entry = known.get(id(hit))
            if entry is None or entry[0] is not hit:
                if len(known) >= MAX_REMEMBERED:
                    known.clear()
                entry = known[id(hit)] = hit, _required(hit, unit)
            return entry[1]

        return threshold

    def _arith(self, node: ast.Arith) -> Valuer:
        total = self.expr(node.args[0])
        for arg in node.args[1:]:
            total = _step(node.op, total, self.expr(arg), self._divisor(arg))
        return total

    def _divisor(self, node: ast.Expr) -> str:
        """The name of a divisor, for the reason that it is zero."""
        if isinstance(node, ast.FieldRef):
            return self.ruleset.registry.label(node.name)
        if isinstance(node, ast.MetricRef):
            return self.ruleset.metrics[node.id].title
        return "除数"


Options = Sequence[str | bool]


def _matcher(prefix: bool, kind: FieldType) -> Callable[[Any_, Options], bool]:
    """How a field's value is held against options: whole or by its beginning, one or several."""

    def starts(value: Any_, options: Options) -> bool:
        return any(str(value).startswith(str(option)) for option in options)

    one = starts if prefix else _is_in
    if kind is not FieldType.CODES:
        return one
    return lambda words, options: any(one(word, options) for word in words)


def _is_in(value: Any_, options: Options) -> bool:
    return value in options


def _step(op: str, left: Valuer, right: Valuer, name: str) -> Valuer:
    """One operation of two values; unknown where either is, or for a divisor of zero."""
    operate = OPERATIONS[op]
    zero = Unknown((), (f"{ZERO}（{name}为 0）",)) if op == "divide" else None

    def step(state: State) -> Pair | Unknown:
        a, b = left(state), right(state)
        if isinstance(a, Unknown):
            return a.joined(b) if isinstance(b, Unknown) else a
        if isinstance(b, Unknown):
            return b
        if zero is not None and not b[0]:
            return zero
        return operate(a, b)

    return step


def _table_key(dimensions: Sequence[str]) -> Callable[[State], tuple[object, ...]]:
    """What a row depends on. A number stands there as two integers, which hash faster."""
    if len(dimensions) == 1:
        (only,) = dimensions

        def key(state: State) -> tuple[object, ...]:
            value = state.values.get(only)
            if isinstance(value, Fraction):
                return state.as_of, state.submitted_on, value.numerator, value.denominator
            return state.as_of, state.submitted_on, value

        return key

    def keys(state: State) -> tuple[object, ...]:
        stated = map(state.values.get, dimensions)
        pairs = [(v.numerator, v.denominator) if isinstance(v, Fraction) else v for v in stated]
        return state.as_of, state.submitted_on, *pairs

    return keys


def _required(hit: Hit | Miss, unit: Unit) -> Pair | Unknown:
    """The value of a row in ``unit``."""
    if isinstance(hit, Miss):
        return Unknown(hit.missing, () if hit.missing else (hit.reason,))
    own = hit.row.unit
    return pair(hit.row.value if own is None else hit.row.value * own.factor_to(unit))


def amount(value: Pair | Unknown) -> Amount:
    """A pair as a fraction."""
    return value if isinstance(value, Unknown) else fraction(value)


def _total(record: str, state: State) -> Pair | Unknown:
    items = state.values.get(record)
    if not isinstance(items, tuple):
        return Unknown((record,))
    return pair(sum((i.number for i in items if isinstance(i, Item)), Fraction(0)))


def _days(start: str, end: str, state: State) -> Pair | Unknown:
    first, last = state.values.get(start), state.values.get(end)
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        return (last - first).days, 1
    pairs = ((start, first), (end, last))
    return Unknown(tuple(name for name, value in pairs if value is None))
