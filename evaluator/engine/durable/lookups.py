"""What prepared source calls at run time: sums, days, rounding, tables and lists in force.

Each maker below takes the two dates of a stretch of days and returns the value that the generated
function uses for it; none of them looks at the calendar again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd
from typing import Any

from evaluator.dossier.values import Item
from evaluator.engine.durable.patterns import FALSE, TRUE, UNKNOWN
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Hit, Miss, lookup, period_or_miss
from evaluator.values.units import Unit

Pair = tuple[int, int]
NONE: Pair = (0, 0)
# A table remembers this many combinations of keys before it starts afresh.
MAX_REMEMBERED = 4096


def _total(items: object) -> Pair:
    """The sum over a record field; an empty sum of a record that is there is 0."""
    if not isinstance(items, tuple):
        return NONE
    return sum((i.number for i in items if isinstance(i, Item)), Fraction(0)).as_integer_ratio()


def _days(start: object, end: object) -> Pair:
    if isinstance(start, dt.date) and isinstance(end, dt.date):
        return (end - start).days, 1
    return NONE


def _reduced(n: int, d: int) -> Pair:
    common = gcd(n, d)
    return (n // common, d // common) if common > 1 else (n, d)


def _least(pairs: tuple[Pair, ...]) -> Pair:
    """The least of several, unknown where any is."""
    best = pairs[0]
    for n, d in pairs:
        if not d:
            return NONE
        if n * best[1] < best[0] * d:
            best = n, d
    return best


def _greatest(pairs: tuple[Pair, ...]) -> Pair:
    n, d = _least(tuple([(-n, d) for n, d in pairs]))
    return -n, d


def _rounded(n: int, d: int, digits: int) -> Pair:
    """Half-even at ``digits`` decimals (negative: tens, hundreds), unreduced."""
    if d == 0:
        return NONE
    scale = 10 ** abs(digits)
    if digits >= 0:
        n *= scale
    else:
        d *= scale
    whole, rest = divmod(n, d)
    if 2 * rest > d or (2 * rest == d and whole % 2):
        whole += 1
    return (whole, scale) if digits >= 0 else (whole * scale, 1)


def _starts(words: object, prefixes: tuple[str, ...]) -> int:
    assert isinstance(words, tuple)
    return +any(str(w).startswith(prefixes) for w in words)


RUNTIME: dict[str, Any] = {
    "F": Fraction,
    "NONE": NONE,
    "total": _total,
    "days": _days,
    "reduced": _reduced,
    "rounded": _rounded,
    "starts": _starts,
    "least": _least,
    "greatest": _greatest,
}


def _value(hit: Hit | Miss, unit: Unit) -> Pair:
    if isinstance(hit, Miss):
        return NONE
    row = hit.row
    value = row.value if row.unit in (None, unit) else row.value * row.unit.factor_to(unit)
    return value.as_integer_ratio()


def constant(
    ruleset: ast.Ruleset, ref: ast.CriterionRef, part: int
) -> Callable[[dt.date, dt.date], int]:
    """Numerator (part 0) or denominator (1) of a criterion that depends on no field."""
    criterion, keys = ruleset.criteria[ref.id], dict(ref.keys)

    def make(as_of: dt.date, submitted_on: dt.date) -> int:
        return _value(lookup(criterion, {}, as_of, submitted_on, keys), ref.unit)[part]

    return make


class _Table(dict[Any, Pair]):
    """Values met so far by the dossier's keys; ``find`` asks the criterion and remembers.

    Holds MAX_REMEMBERED at most: there are some 1,400 industry codes and 15 land classes.
    """

    def __init__(self, find: Callable[[Mapping[str, Any]], Pair]) -> None:
        super().__init__()
        self.ask = find

    def __missing__(self, key: Any) -> None:
        return None

    def find(self, key: Any, values: Mapping[str, Any]) -> Pair:
        """The value for a dossier whose keys are ``key``."""
        if len(self) >= MAX_REMEMBERED:
            self.clear()
        pair = self[key] = self.ask(values)
        return pair


def table_lookup(
    ruleset: ast.Ruleset, ref: ast.CriterionRef
) -> Callable[[dt.date, dt.date], _Table]:
    """The table of a criterion that depends on fields."""
    criterion, keys = ruleset.criteria[ref.id], dict(ref.keys)

    def make(as_of: dt.date, submitted_on: dt.date) -> _Table:
        def find(values: Mapping[str, Any]) -> Pair:
            return _value(lookup(criterion, values, as_of, submitted_on, keys), ref.unit)

        return _Table(find)

    return make


def member_options(
    ruleset: ast.Ruleset, leaf: ast.Member
) -> Callable[[dt.date, dt.date], frozenset[Any] | tuple[str, ...] | None]:
    """The words to be found among: a set, for prefixes a tuple, None where no list is in force."""

    def make(as_of: dt.date, submitted_on: dt.date) -> frozenset[Any] | tuple[str, ...] | None:
        options: tuple[str | bool, ...] = leaf.options
        if leaf.criterion is not None:
            period = period_or_miss(ruleset.criteria[leaf.criterion], as_of, submitted_on)
            if isinstance(period, Miss):
                return None
            options = period.codes
        return tuple(map(str, options)) if leaf.prefix else frozenset(options)

    return make


def each_test(
    ruleset: ast.Ruleset, leaf: ast.Each
) -> Callable[[dt.date, dt.date], Callable[[object, Mapping[str, Any]], int]]:
    """The comparison of every item of a record with the row for its key: FALSE, TRUE or UNKNOWN."""
    criterion = ruleset.criteria[leaf.criterion]
    dimension = ruleset.registry.fields[leaf.field].key or "key"
    holds = {sign: leaf.op.holds(sign) for sign in (-1, 0, 1)}

    def make(as_of: dt.date, submitted_on: dt.date) -> Callable[[object, Mapping[str, Any]], int]:
        def test(items: object, values: Mapping[str, Any]) -> int:
            if not isinstance(items, tuple):
                return UNKNOWN
            result = TRUE
            for item in items:
                hit = lookup(criterion, values, as_of, submitted_on, {dimension: item.key})
                unit = hit.row.unit if isinstance(hit, Hit) else None
                if isinstance(hit, Miss) or unit is None or not item.unit.same_kind(unit):
                    result = UNKNOWN
                    continue
                n, d = item.number.as_integer_ratio()
                if item.unit is not unit and item.unit != unit:
                    n, d = (item.number * item.unit.factor_to(unit)).as_integer_ratio()
                n, d = n * hit.row.value.denominator, d * hit.row.value.numerator
                if not holds[(n > d) - (n < d)]:
                    return FALSE
            return result

        return test

    return make
