"""Where the value of an expression can lie, whatever is missing: ``reference/intervals.py`` in columns."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import ibis

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.conditions import Conditions
from evaluator.engine.columnar.ends import (
    Case,
    End,
    any_of,
    bounded,
    coalesce,
    end_of,
    greatest,
    greatest_bound,
    is_null,
    least,
    least_bound,
    number,
    pick,
    plus,
    value_of,
)
from evaluator.engine.columnar.exact import Amount
from evaluator.rulebook import ast
from evaluator.rulebook.ast import Op
from evaluator.rulebook.criteria import possible_values


class Span(NamedTuple):
    """From ``low`` to ``high``; no end, or NULL, is unbounded.

    ``known`` is true only where it is one number, and never NULL; None: that is not known.
    """

    low: End
    high: End
    known: Any = None

    @property
    def fixed(self) -> Fraction | None:
        """The constant that it is, if it is one."""
        low = value_of(self.low)
        return low if low is not None and low == value_of(self.high) else None

    @property
    def static(self) -> bool:
        """Whether it is the same for every row."""
        return all(e is None or value_of(e) is not None for e in self[:2])


ANY = Span(None, None)
ZERO = number(0)


def at(value: Fraction) -> Span:
    """One constant."""
    return Span(number(value), number(value))


def known_or(value: Amount, rest: Span) -> Span:
    """One number where it is known, else ``rest``."""
    held = bounded(value)
    known = ~is_null(held)
    return Span(coalesce(held, rest.low), coalesce(held, rest.high), known)


class Spans:
    """The intervals of one ruleset's expressions over one table."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.ruleset = conditions.ruleset
        self.metrics: dict[str, Span] = {}
        # What a layer below has worked out, by identity.
        self.made: dict[int, Span] = {}

    def of(self, node: ast.Expr) -> Span:
        """Where the value lies. Raises TooWide."""
        made = self.made.get(id(node))
        if made is not None:
            return made
        match node:
            case ast.Number(value=value):
                return at(value)
            case ast.FieldRef(name=name):
                field = self.ruleset.registry.references[name]
                value_ = self.conditions.amount(node)
                return known_or(value_, Span(end_of(field.minimum), end_of(field.maximum)))
            case ast.MetricRef(id=id_):
                if id_ not in self.metrics:
                    self.metrics[id_] = self.metric(id_)
                return self.metrics[id_]
            case ast.CriterionRef():
                return known_or(self.conditions.amount(node), self._rows(node))
            case ast.Scale(expr=inner, factor=factor):
                return _scaled(self.of(inner), factor)
            case ast.Arith(op=op, args=args):
                return self._arith(node, op, [self.of(a) for a in args])
            case ast.Extreme(most=most, args=args):
                return _extreme(most, [self.of(a) for a in args])
            case ast.Choose():
                return self._choose(node)
            case ast.Sum(field=name):
                low = self.ruleset.registry.fields[name].minimum
                none_below = low is not None and low >= 0
                return known_or(
                    self.conditions.amount(node), Span(ZERO if none_below else None, None)
                )
            case ast.Days() | ast.ScoreRef():
                return known_or(self.conditions.amount(node), ANY)

    def metric(self, id_: str) -> Span:
        """The interval of a metric out of its formula."""
        formula = self.ruleset.metrics[id_].formula
        if isinstance(formula, ast.Arith | ast.Choose | ast.Extreme):
            return known_or(self.conditions.amount(formula), self.of(formula))
        return self.of(formula)

    def _arith(self, node: ast.Arith, op: str, parts: list[Span]) -> Span:
        result = parts[0]
        for part in parts[1:]:
            result = _OPERATIONS[op](result, part)
        moving = sum(p.fixed is None for p in parts)
        if moving < 2 or op in ("add", "subtract"):
            return result
        return known_or(self.conditions.amount(node), result)

    def _choose(self, node: ast.Choose) -> Span:
        values = [self.of(e) for e in (*(e for _, e in node.cases), node.otherwise)]
        fields = {_stated(c) for c, _ in node.cases}
        if len(fields) == 1 and None not in fields and all(v.static for v in values):
            # Of one field: where it is missing any may be, else one is.
            tests = [self.conditions.condition(c) for c, _ in node.cases]
            return Span(
                pick(
                    [(tests[0].isnull(), _hull_low(values)), *_paired(tests, values, 0)],
                    values[-1].low,
                ),
                pick(
                    [(tests[0].isnull(), _hull_high(values)), *_paired(tests, values, 1)],
                    values[-1].high,
                ),
            )
        truths = [self.conditions.condition(c) for c, _ in node.cases]
        reached: list[Any] = []
        open_ = None
        for truth in truths:
            possible = truth.fill_null(True)
            reached.append(possible if open_ is None else open_ & possible)
            rest = ~truth.fill_null(False)
            open_ = rest if open_ is None else open_ & rest
        assert open_ is not None
        reached.append(open_)
        return Span(
            outer([(r, v.low) for r, v in zip(reached, values, strict=True)], True),
            outer([(r, v.high) for r, v in zip(reached, values, strict=True)], False),
        )

    def _rows(self, node: ast.CriterionRef) -> Span:
        """A table of which a key is missing: every row that an answer could lead to."""
        criterion = self.ruleset.criteria[node.id]
        fixed = dict(node.keys)
        asked = [d for d in criterion.by if d not in fixed]
        if not asked:
            return ANY
        lookups, scope = self.conditions.lookups, self.conditions.scope
        # Where no key is missing and there is no value, no row is meant to be.
        missing = [
            ibis.literal(True) if column is None else column.isnull()
            for column in (scope.column(d) for d in asked)
        ]
        ends: dict[bool, End] = {}
        values = {
            p.start: possible_values(criterion, p, node.unit, fixed, self.ruleset.registry)
            for p in criterion.periods
            if p.gap is None
        }
        for low in (True, False):
            chosen = {k: None if v is None else (min if low else max)(v) for k, v in values.items()}
            ends[low] = lookups.by_period(criterion, chosen)
        some = any_of(missing)
        return Span(pick([(some, ends[True])], None), pick([(some, ends[False])], None))


def _stated(condition: ast.Condition) -> str | None:
    """The field whose stated options a condition asks for, and nothing else."""
    if isinstance(condition, ast.Member) and condition.criterion is None:
        return condition.field
    return None


def _paired(tests: Sequence[Any], values: Sequence[Span], end: int) -> list[Case]:
    return [(t, v[end]) for t, v in zip(tests, values, strict=False)]


def _hull_low(values: Sequence[Span]) -> End:
    return least([v.low for v in values])


def _hull_high(values: Sequence[Span]) -> End:
    return greatest([v.high for v in values])


def outer(cases: list[Case], low: bool) -> End:
    """The outermost end among the cases that are true; unbounded where one of these is."""
    if all(e is not None and value_of(e) is not None for _, e in cases):
        ordered = sorted(cases, key=lambda c: value_of(c[1]) or Fraction(0), reverse=not low)
        kept: list[Case] = []
        for condition, end in ordered:
            if kept and value_of(kept[-1][1]) == value_of(end):
                kept[-1] = (kept[-1][0] | condition, end)
            else:
                kept.append((condition, end))
        return pick(kept[:-1], kept[-1][1])
    none = [c & is_null(e) for c, e in cases]
    taken = [pick([(c, e)], None) for c, e in cases]
    chosen = (least_bound if low else greatest_bound)(taken)
    return pick([(any_of(none), None)], chosen)


# --- operations, as in ``reference/intervals.py`` --------------------------------------------------


def _plus(a: End, b: End) -> End:
    if a is None or b is None:
        return None
    return plus(a, b)


def _minus(end: End) -> End:
    return None if end is None else end.scaled(Fraction(-1))


def _add(a: Span, b: Span) -> Span:
    return Span(_plus(a.low, b.low), _plus(a.high, b.high))


def _negative(a: Span) -> Span:
    return Span(_minus(a.high), _minus(a.low))


def _subtract(a: Span, b: Span) -> Span:
    return _add(a, _negative(b))


def _scaled(a: Span, factor: Fraction) -> Span:
    if factor == 0:
        if a.static:
            return ANY if a.low is None and a.high is None else Span(ZERO, ZERO)
        zero = pick([(is_null(a.low) & is_null(a.high), None)], ZERO)
        return Span(zero, zero)
    low = None if a.low is None else a.low.scaled(factor)
    high = None if a.high is None else a.high.scaled(factor)
    return Span(low, high, a.known) if factor > 0 else Span(high, low, a.known)


def _product(a: End, b: End) -> End:
    return None if a is None or b is None else a * b


def _quotient(a: End, b: End) -> End:
    return None if a is None or b is None else bounded(a / b)


def _is(end: End, op: Op, value: int) -> Any:
    """A comparison with a number; False where there is no end."""
    if end is None:
        return ibis.literal(False)
    fixed = value_of(end)
    if fixed is not None:
        return ibis.literal(op.holds((fixed > value) - (fixed < value)))
    return compare(end, op, number(value)).fill_null(False)


def is_point(a: Span) -> Any:
    """Whether it is one number; never NULL."""
    if a.low is None or a.high is None:
        return ibis.literal(False)
    if a.fixed is not None:
        return ibis.literal(True)
    return compare(a.low, Op.EQUALS, a.high).fill_null(False)


def _times(a: Span, b: Span) -> Span:
    if b.fixed is not None:
        return _scaled(a, b.fixed)
    if a.fixed is not None:
        return _scaled(b, a.fixed)
    one, two = _by_point(a, b), _by_point(b, a)
    both = _is(a.low, Op.AT_LEAST, 0) & _is(b.low, Op.AT_LEAST, 0)
    low = pick([(both, _product(a.low, b.low))], None)
    high = pick([(both, _product(a.high, b.high))], None)
    right, left = is_point(b), is_point(a)
    return Span(
        pick([(right, one.low), (left, two.low)], low),
        pick([(right, one.high), (left, two.high)], high),
    )


def _by_point(a: Span, b: Span) -> Span:
    """``a`` times ``b``, which is one number."""
    factor = b.low
    low, high = _product(a.low, factor), _product(a.high, factor)
    more, less = _is(factor, Op.MORE_THAN, 0), _is(factor, Op.LESS_THAN, 0)
    zero = pick([(is_null(a.low) & is_null(a.high), None)], ZERO)
    return Span(pick([(more, low), (less, high)], zero), pick([(more, high), (less, low)], zero))


def _divide(a: Span, b: Span) -> Span:
    if b.fixed is not None:
        return ANY if b.fixed == 0 else _scaled(a, 1 / b.fixed)
    by_low = Span(_quotient(a.low, b.low), _quotient(a.high, b.low))
    more, less = _is(b.low, Op.MORE_THAN, 0), _is(b.low, Op.LESS_THAN, 0)
    right = is_point(b)
    far = Span(
        pick([(is_null(b.high), pick([(is_null(a.low), None)], ZERO))], _quotient(a.low, b.high)),
        pick([(is_null(b.high), pick([(is_null(a.high), None)], ZERO))], _quotient(a.high, b.high)),
    )
    return Span(
        pick(
            [
                (right & more, by_low.low),
                (right & less, by_low.high),
                (right | ~more, None),
                (_is(a.low, Op.AT_LEAST, 0), far.low),
            ],
            by_low.low,
        ),
        pick(
            [
                (right & more, by_low.high),
                (right & less, by_low.low),
                (right | ~more, None),
                (_is(a.high, Op.AT_LEAST, 0), by_low.high),
            ],
            far.high,
        ),
    )


def _extreme(most: bool, parts: list[Span]) -> Span:
    lows, highs = [p.low for p in parts], [p.high for p in parts]
    if most:
        return Span(greatest_bound(lows), greatest(highs))
    return Span(least(lows), least_bound(highs))


_OPERATIONS = {"add": _add, "subtract": _subtract, "multiply": _times, "divide": _divide}
