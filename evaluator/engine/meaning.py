"""What conditions and expressions mean: each node of the tree as a function of one dossier's state.

This is the reference semantics, written out node by node over exact fractions. A node becomes a
closure once per ruleset, so that judging a dossier walks no tree. Comparisons multiply crosswise
instead of subtracting fractions: the same answer, without finding common divisors.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from evaluator.criteria import Hit, Miss, Period, lookup, period_or_miss
from evaluator.dossier import Item, Value
from evaluator.engine.traces import Amount, ItemTrace, Unknown
from evaluator.kleene import Truth, all_of, any_of, negate
from evaluator.numbers import round_half_even
from evaluator.rulebook.ast import (
    All,
    Any,
    Arith,
    Compare,
    Condition,
    CriterionRef,
    Days,
    Each,
    Expr,
    FieldRef,
    Known,
    Member,
    MetricRef,
    Not,
    Number,
    Op,
    Ruleset,
    Scale,
    Sum,
)

__all__ = ["Meaning", "State"]

Judge = Callable[["State"], Truth]
Valuer = Callable[["State"], Amount]
Keys = tuple[tuple[str, str], ...]
MAX_REMEMBERED = 20_000

COMPARISONS: Mapping[Op, Callable[[int, int], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.AT_MOST: operator.le,
    Op.MORE_THAN: operator.gt,
    Op.LESS_THAN: operator.lt,
    Op.EQUALS: operator.eq,
}


class State:
    """One dossier as of one date; each metric is computed once."""

    __slots__ = ("as_of", "metrics", "submitted_on", "values")

    def __init__(self, values: Mapping[str, Value], as_of: dt.date, submitted_on: dt.date) -> None:
        self.values = values
        self.as_of = as_of
        self.submitted_on = submitted_on
        self.metrics: dict[str, Amount] = {}


def _holds(op: Op, left: Fraction, right: Fraction) -> bool:
    return COMPARISONS[op](left.numerator * right.denominator, right.numerator * left.denominator)


class Meaning:
    """The functions of one ruleset. Table lookups are remembered: they depend on nothing else."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._hits: dict[tuple[object, ...], Hit | Miss] = {}
        # By identity: nodes live as long as the ruleset, and equal nodes may stand at two places.
        self._judges: dict[int, tuple[Condition, Judge]] = {}
        self._valuers: dict[int, tuple[Expr, Valuer]] = {}

    def condition(self, node: Condition) -> Judge:
        """The truth of a condition."""
        found = self._judges.get(id(node))
        if found is None:
            found = self._judges[id(node)] = (node, self._condition(node))
        return found[1]

    def expr(self, node: Expr) -> Valuer:
        """The value of an expression in its unit."""
        found = self._valuers.get(id(node))
        if found is None:
            found = self._valuers[id(node)] = (node, self._expr(node))
        return found[1]

    # --- conditions ----------------------------------------------------------------------------

    def _condition(self, node: Condition) -> Judge:
        match node:
            case All(items=items):
                parts = [self.condition(i) for i in items]
                return lambda state: all_of(part(state) for part in parts)
            case Any(items=items):
                parts = [self.condition(i) for i in items]
                return lambda state: any_of(part(state) for part in parts)
            case Not(item=item):
                inner = self.condition(item)
                return lambda state: negate(inner(state))
            case Known(field=field):
                return lambda state: field in state.values
            case Compare():
                return self._compare(node)
            case Member():
                return self._member(node)
            case Each():
                return lambda state: self._every(node, state)

    def _compare(self, node: Compare) -> Judge:
        left, right, rounded = self.expr(node.left), self.expr(node.right), node.rounded
        compare = COMPARISONS[node.op]

        def judge(state: State) -> Truth:
            a, b = left(state), right(state)
            if isinstance(a, Unknown) or isinstance(b, Unknown):
                return None
            if rounded is not None:
                a = round_half_even(a, rounded)
            return compare(a.numerator * b.denominator, b.numerator * a.denominator)

        return judge

    def _member(self, node: Member) -> Judge:
        field, prefix, criterion = node.field, node.prefix, node.criterion
        fixed = tuple(node.options)

        def judge(state: State) -> Truth:
            options: tuple[str | bool, ...] = fixed
            if criterion is not None:
                period = self.period(criterion, state)
                if isinstance(period, Miss):
                    return None
                options = period.codes
            value = state.values.get(field)
            if value is None:
                return None
            if isinstance(value, tuple):
                return any(_matches(word, options, prefix) for word in value)
            return _matches(value, options, prefix)

        return judge

    def _every(self, node: Each, state: State) -> Truth:
        items = state.values.get(node.field)
        if not isinstance(items, tuple):
            return None
        return all_of(self.item(node, i, state).truth for i in items if isinstance(i, Item))

    def item(self, node: Each, item: Item, state: State) -> ItemTrace:
        """One item of a record against the row of its key."""
        dimension = self.ruleset.registry.fields[node.field].key or "key"
        hit = self.lookup(node.criterion, ((dimension, item.key),), state)
        if isinstance(hit, Miss):
            return ItemTrace(item, None, None, None, hit.reason)
        unit = hit.row.unit
        if unit is None or not item.unit.same_kind(unit):
            wanted = unit.name if unit else "无"
            reason = f"“{item.key}”的单位是“{item.unit.name}”，标准的单位是“{wanted}”，不能比较"
            return ItemTrace(item, None, None, hit, reason)
        value = item.number * item.unit.factor_to(unit)
        return ItemTrace(item, _holds(node.op, value, hit.row.value), value, hit, None)

    # --- criteria ------------------------------------------------------------------------------

    def period(self, criterion_id: str, state: State) -> Period | Miss:
        """The period of a criterion that judges this dossier."""
        criterion = self.ruleset.criteria[criterion_id]
        return period_or_miss(criterion, state.as_of, state.submitted_on)

    def lookup(self, criterion_id: str, keys: Keys, state: State) -> Hit | Miss:
        """The row of a criterion for this dossier; ``keys`` fixes dimensions."""
        criterion = self.ruleset.criteria[criterion_id]
        values = state.values
        at = (criterion_id, keys, state.as_of, state.submitted_on, *map(values.get, criterion.by))
        found = self._hits.get(at)
        if found is None:
            if len(self._hits) >= MAX_REMEMBERED:
                self._hits.clear()
            found = lookup(criterion, values, state.as_of, state.submitted_on, dict(keys))
            self._hits[at] = found
        return found

    # --- expressions ---------------------------------------------------------------------------

    def _expr(self, node: Expr) -> Valuer:
        match node:
            case FieldRef(name=name):
                absent = Unknown((name,))

                def field(state: State) -> Amount:
                    value = state.values.get(name)
                    return value if isinstance(value, Fraction) else absent

                return field
            case Number(value=constant):
                return lambda state: constant  # noqa: ARG005
            case MetricRef(id=id_):
                return self.metric(id_)
            case CriterionRef():
                return lambda state: self._threshold(node, state)
            case Scale(expr=inner, factor=factor):
                scaled = self.expr(inner)

                def scale(state: State) -> Amount:
                    value = scaled(state)
                    return value if isinstance(value, Unknown) else value * factor

                return scale
            case Sum(field=record):
                return lambda state: _total(record, state)
            case Days(start=start, end=end):
                return lambda state: _days(start, end, state)
            case Arith():
                return self._arith(node)

    def metric(self, id_: str) -> Valuer:
        """A metric, computed once for each state."""
        formula = self.expr(self.ruleset.metrics[id_].formula)

        def metric(state: State) -> Amount:
            found = state.metrics.get(id_)
            if found is None:
                found = state.metrics[id_] = formula(state)
            return found

        return metric

    def _threshold(self, node: CriterionRef, state: State) -> Amount:
        hit = self.lookup(node.id, node.keys, state)
        if isinstance(hit, Miss):
            return Unknown(hit.missing, () if hit.missing else (hit.reason,))
        unit = hit.row.unit
        if unit is None or unit is node.unit or unit == node.unit:
            return hit.row.value
        return hit.row.value * unit.factor_to(node.unit)

    def _arith(self, node: Arith) -> Valuer:
        parts = [self.expr(a) for a in node.args]
        op = node.op
        names = [self._divisor(a) for a in node.args]

        def arith(state: State) -> Amount:
            values = [part(state) for part in parts]
            known = [v for v in values if isinstance(v, Fraction)]
            if len(known) < len(values):
                return _joined(values)
            result = known[0]
            for value, name in zip(known[1:], names[1:], strict=True):
                if op == "add":
                    result = result + value
                elif op == "subtract":
                    result = result - value
                elif op == "multiply":
                    result = result * value
                elif not value:
                    return Unknown((), (f"除数为零（{name}为 0）",))
                else:
                    result = result / value
            return result

        return arith

    def _divisor(self, node: Expr) -> str:
        """The name of a divisor, for the reason that it is zero."""
        if isinstance(node, FieldRef):
            return self.ruleset.registry.label(node.name)
        if isinstance(node, MetricRef):
            return self.ruleset.metrics[node.id].title
        return "除数"


def _matches(value: object, options: tuple[str | bool, ...], prefix: bool) -> bool:
    if prefix:
        word = str(value)
        return any(word.startswith(str(option)) for option in options)
    return value in options


def _joined(values: list[Amount]) -> Unknown:
    unknown = [v for v in values if isinstance(v, Unknown)]
    joined = unknown[0]
    for other in unknown[1:]:
        joined = joined.joined(other)
    return joined


def _total(record: str, state: State) -> Amount:
    items = state.values.get(record)
    if not isinstance(items, tuple):
        return Unknown((record,))
    return sum((i.number for i in items if isinstance(i, Item)), Fraction(0))


def _days(start: str, end: str, state: State) -> Amount:
    first, last = state.values.get(start), state.values.get(end)
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        return Fraction((last - first).days)
    pairs = ((start, first), (end, last))
    return Unknown(tuple(name for name, value in pairs if value is None))
