"""The reference engine: a plain interpreter over exact fractions. Its answers are the semantics.

Statuses stop where the outcome is settled. A trace, worked out only when somebody asks, goes through
every leaf, so that each finding is explained in full: value, required value, row, what was missing.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from evaluator.criteria import Hit, Miss, Period, lookup, period_or_miss
from evaluator.dossier import Item, Profile
from evaluator.engine.traces import (
    NOTHING,
    Amount,
    Assessment,
    ItemTrace,
    LazyMapping,
    LeafTrace,
    RuleTrace,
    Unknown,
)
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
    Leaf,
    Member,
    MetricRef,
    Not,
    Number,
    Op,
    Rule,
    Ruleset,
    Scale,
    Sum,
    leaves,
)
from evaluator.verdict import Status, status_of

__all__ = ["ReferenceEngine"]

MAX_REMEMBERED = 20_000


class ReferenceEngine:
    """The engine of record for one ruleset; remembers table lookups, which depend on nothing else."""

    name = "reference"

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._hits: dict[tuple[object, ...], Hit | Miss] = {}
        self._rules: dict[dt.date, tuple[Rule, ...]] = {}

    def assess(self, profile: Profile, as_of: dt.date) -> Assessment:
        """Judge every rule in force on ``as_of``."""
        run = self._run(profile, as_of)
        rules = {rule.id: rule for rule in self._in_force(as_of)}
        statuses = {id: run.status(rule) for id, rule in rules.items()}
        return Assessment(
            statuses,
            LazyMapping(rules.keys(), lambda id: run.trace(rules[id])),
            LazyMapping(self.ruleset.metrics.keys(), run.metric_by_id),
        )

    def statuses(self, profile: Profile, as_of: dt.date) -> Mapping[str, Status]:
        """The status of every rule in force."""
        run = self._run(profile, as_of)
        return {rule.id: run.status(rule) for rule in self._in_force(as_of)}

    def assess_rules(
        self, rules: Iterable[Rule], profile: Profile, as_of: dt.date
    ) -> tuple[RuleTrace, ...]:
        """The traces of some rules only, whatever their dates."""
        run = self._run(profile, as_of)
        return tuple(map(run.trace, rules))

    def judge(
        self, rules: Iterable[Rule], profile: Profile, as_of: dt.date
    ) -> Iterator[tuple[Rule, Status]]:
        """The status of some rules only, whatever their dates."""
        run = self._run(profile, as_of)
        return ((rule, run.status(rule)) for rule in rules)

    def value(self, expr: Expr, profile: Profile, as_of: dt.date) -> Fraction | None:
        """The value of one expression; None where it is unknown."""
        found = self._run(profile, as_of).expr(expr)
        return found if isinstance(found, Fraction) else None

    def item_limit(
        self, leaf: Each, item: Item, profile: Profile, as_of: dt.date
    ) -> Fraction | None:
        """The row's value in the item's unit where the item fails its comparison, else None."""
        trace = self._run(profile, as_of).item(leaf, item)
        if trace.truth is not False or trace.hit is None or trace.hit.row.unit is None:
            return None
        return trace.hit.row.value * trace.hit.row.unit.factor_to(item.unit)

    def _run(self, profile: Profile, as_of: dt.date) -> _Run:
        if len(self._hits) > MAX_REMEMBERED:
            self._hits.clear()
        return _Run(self.ruleset, self._hits, profile, as_of)

    def _in_force(self, as_of: dt.date) -> tuple[Rule, ...]:
        rules = self._rules.get(as_of)
        if rules is None:
            if len(self._rules) > MAX_REMEMBERED:
                self._rules.clear()
            rules = self._rules[as_of] = self.ruleset.in_force(as_of)
        return rules


class _Run:
    """One dossier as of one date; each metric is computed once.

    ``status`` stops as soon as an outcome is settled; ``trace`` goes through every leaf, with the
    same truths, and adds the values, rows and causes.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        hits: dict[tuple[object, ...], Hit | Miss],
        profile: Profile,
        as_of: dt.date,
    ) -> None:
        self.ruleset = ruleset
        self.hits = hits
        self.values = profile.values
        self.as_of = as_of
        self.submitted_on = profile.submitted_on
        self.metrics: dict[str, Amount] = {}

    # --- rules ---------------------------------------------------------------------------------

    def status(self, rule: Rule) -> Status:
        applies: Truth = True
        if rule.applies_when is not None:
            applies = self.truth(rule.applies_when)
            if applies is False:
                return Status.NOT_APPLICABLE
        return status_of(applies, self.truth(rule.require))

    def trace(self, rule: Rule) -> RuleTrace:
        applies: Truth = True
        if rule.applies_when is not None:
            applies = self.truth(rule.applies_when)
        required = self.truth(rule.require)
        return RuleTrace(
            rule,
            applies,
            required,
            status_of(applies, required),
            tuple(map(self.leaf, leaves(rule.applies_when))),
            tuple(map(self.leaf, leaves(rule.require))),
        )

    def truth(self, condition: Condition) -> Truth:
        return _TRUTHS[type(condition)](self, condition)

    def all(self, condition: All) -> Truth:
        return all_of(map(self.truth, condition.items))

    def any(self, condition: Any) -> Truth:
        return any_of(map(self.truth, condition.items))

    def negation(self, condition: Not) -> Truth:
        return negate(self.truth(condition.item))

    # --- leaves --------------------------------------------------------------------------------

    def leaf(self, leaf: Leaf) -> LeafTrace:
        return _TRACES[type(leaf)](self, leaf)

    def compare(self, leaf: Compare) -> Truth:
        left, right = self.expr(leaf.left), self.expr(leaf.right)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return None
        if leaf.rounded is not None:
            left = round_half_even(left, leaf.rounded)
        return _COMPARISONS[leaf.op](left, right)

    def trace_compare(self, leaf: Compare) -> LeafTrace:
        left, right = self.expr(leaf.left), self.expr(leaf.right)
        hit = None
        if isinstance(leaf.right, CriterionRef):
            found = self.lookup(leaf.right.id, leaf.right.keys)
            hit = found if isinstance(found, Hit) else None
        unknown = NOTHING
        if isinstance(left, Unknown):
            unknown = left.joined(right)
        elif isinstance(right, Unknown):
            unknown = right
        return LeafTrace(leaf, self.compare(leaf), left, right, hit, unknown=unknown)

    def member(self, leaf: Member) -> Truth:
        options: tuple[str | bool, ...] = leaf.options
        if leaf.criterion is not None:
            period = self.period(leaf.criterion)
            if isinstance(period, Miss):
                return None
            options = period.codes
        value = self.values.get(leaf.field)
        if value is None:
            return None
        words = value if isinstance(value, tuple) else (value,)
        if leaf.prefix:
            return any(str(w).startswith(str(o)) for w in words for o in options)
        return any(w == o for w in words for o in options)

    def trace_member(self, leaf: Member) -> LeafTrace:
        period = None
        if leaf.criterion is not None:
            found = self.period(leaf.criterion)
            if isinstance(found, Miss):
                return LeafTrace(leaf, None, unknown=Unknown((), (found.reason,)))
            period = found
        missing = Unknown((leaf.field,)) if leaf.field not in self.values else NOTHING
        return LeafTrace(leaf, self.member(leaf), period=period, unknown=missing)

    def known(self, leaf: Known) -> Truth:
        return leaf.field in self.values

    def trace_known(self, leaf: Known) -> LeafTrace:
        return LeafTrace(leaf, self.known(leaf))

    def each(self, leaf: Each) -> Truth:
        items = self.values.get(leaf.field)
        if not isinstance(items, tuple):
            return None
        return all_of(self.item(leaf, i).truth for i in items if isinstance(i, Item))

    def trace_each(self, leaf: Each) -> LeafTrace:
        items = self.values.get(leaf.field)
        if not isinstance(items, tuple):
            return LeafTrace(leaf, None, unknown=Unknown((leaf.field,)))
        traces = tuple(self.item(leaf, i) for i in items if isinstance(i, Item))
        truth = self.each(leaf)
        reasons = tuple(t.reason for t in traces if t.reason) if truth is None else ()
        return LeafTrace(leaf, truth, unknown=Unknown((), reasons), items=traces)

    def item(self, leaf: Each, item: Item) -> ItemTrace:
        dimension = self.ruleset.registry.fields[leaf.field].key or "key"
        hit = self.lookup(leaf.criterion, ((dimension, item.key),))
        if isinstance(hit, Miss):
            return ItemTrace(item, None, None, None, hit.reason)
        unit = hit.row.unit
        if unit is None or not item.unit.same_kind(unit):
            wanted = unit.name if unit else "无"
            reason = f"“{item.key}”的单位是“{item.unit.name}”，标准的单位是“{wanted}”，不能比较"
            return ItemTrace(item, None, None, hit, reason)
        value = item.number * item.unit.factor_to(unit)
        return ItemTrace(item, _COMPARISONS[leaf.op](value, hit.row.value), value, hit, None)

    def period(self, criterion_id: str) -> Period | Miss:
        return period_or_miss(self.ruleset.criteria[criterion_id], self.as_of, self.submitted_on)

    def lookup(self, criterion_id: str, keys: tuple[tuple[str, str], ...] = ()) -> Hit | Miss:
        criterion = self.ruleset.criteria[criterion_id]
        values = self.values
        at = (criterion_id, keys, self.as_of, self.submitted_on, *map(values.get, criterion.by))
        found = self.hits.get(at)
        if found is None:
            found = lookup(criterion, values, self.as_of, self.submitted_on, dict(keys))
            self.hits[at] = found
        return found

    # --- expressions ---------------------------------------------------------------------------

    def expr(self, expr: Expr) -> Amount:
        return _EXPRS[type(expr)](self, expr)

    def field(self, expr: FieldRef) -> Amount:
        value = self.values.get(expr.name)
        return value if isinstance(value, Fraction) else Unknown((expr.name,))

    def metric(self, expr: MetricRef) -> Amount:
        return self.metric_by_id(expr.id)

    def metric_by_id(self, id_: str) -> Amount:
        found = self.metrics.get(id_)
        if found is None:
            found = self.metrics[id_] = self.expr(self.ruleset.metrics[id_].formula)
        return found

    def number(self, expr: Number) -> Amount:
        return expr.value

    def criterion(self, expr: CriterionRef) -> Amount:
        hit = self.lookup(expr.id, expr.keys)
        if isinstance(hit, Miss):
            return Unknown(hit.missing, () if hit.missing else (hit.reason,))
        unit = hit.row.unit
        if unit is None or unit is expr.unit or unit == expr.unit:
            return hit.row.value
        return hit.row.value * unit.factor_to(expr.unit)

    def scale(self, expr: Scale) -> Amount:
        value = self.expr(expr.expr)
        return value if isinstance(value, Unknown) else value * expr.factor

    def sum(self, expr: Sum) -> Amount:
        items = self.values.get(expr.field)
        if not isinstance(items, tuple):
            return Unknown((expr.field,))
        return sum((i.number for i in items if isinstance(i, Item)), Fraction(0))

    def days(self, expr: Days) -> Amount:
        start, end = self.values.get(expr.start), self.values.get(expr.end)
        if isinstance(start, dt.date) and isinstance(end, dt.date):
            return Fraction((end - start).days)
        pairs = ((expr.start, start), (expr.end, end))
        return Unknown(tuple(name for name, value in pairs if value is None))

    def arith(self, expr: Arith) -> Amount:
        values = [self.expr(a) for a in expr.args]
        unknown = [v for v in values if isinstance(v, Unknown)]
        if unknown:
            joined = unknown[0]
            for other in unknown[1:]:
                joined = joined.joined(other)
            return joined
        result = values[0]
        for arg, value in zip(expr.args[1:], values[1:], strict=True):
            assert isinstance(result, Fraction)
            assert isinstance(value, Fraction)
            if expr.op == "add":
                result = result + value
            elif expr.op == "subtract":
                result = result - value
            elif expr.op == "multiply":
                result = result * value
            elif value == 0:
                return Unknown((), (f"除数为零（{self.describe(arg)}为 0）",))
            else:
                result = result / value
        return result

    def describe(self, expr: Expr) -> str:
        """The name of a divisor, for the reason that it is zero."""
        if isinstance(expr, FieldRef):
            return self.ruleset.registry.label(expr.name)
        if isinstance(expr, MetricRef):
            return self.ruleset.metrics[expr.id].title
        return "除数"


_COMPARISONS: dict[Op, Callable[[Fraction, Fraction], bool]] = {
    Op.AT_LEAST: operator.ge,
    Op.AT_MOST: operator.le,
    Op.MORE_THAN: operator.gt,
    Op.LESS_THAN: operator.lt,
    Op.EQUALS: operator.eq,
}
_TRUTHS: dict[type, Callable[..., Truth]] = {
    All: _Run.all,
    Any: _Run.any,
    Not: _Run.negation,
    Compare: _Run.compare,
    Member: _Run.member,
    Known: _Run.known,
    Each: _Run.each,
}
_TRACES: dict[type, Callable[..., LeafTrace]] = {
    Compare: _Run.trace_compare,
    Member: _Run.trace_member,
    Known: _Run.trace_known,
    Each: _Run.trace_each,
}
_EXPRS: dict[type, Callable[..., Amount]] = {
    FieldRef: _Run.field,
    MetricRef: _Run.metric,
    Number: _Run.number,
    CriterionRef: _Run.criterion,
    Scale: _Run.scale,
    Sum: _Run.sum,
    Days: _Run.days,
    Arith: _Run.arith,
}
