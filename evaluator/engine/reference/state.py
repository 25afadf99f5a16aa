"""One dossier as of one date, and the small functions of it that conditions and formulas are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any as Any_

from evaluator.dossier.fields import FieldType
from evaluator.dossier.values import Item, Value
from evaluator.engine.breaks import Stretch
from evaluator.engine.reference.pairs import OPERATIONS, Pair, fraction, pair
from evaluator.engine.reference.traces import Amount, Unknown
from evaluator.rulebook.criteria import Hit, Miss
from evaluator.values.units import Unit

Valuer = Callable[["State"], Pair | Unknown]
# How the reason of a division by zero begins.
ZERO = "除数为零"


class State:
    """One dossier as of one date; each metric is computed once."""

    __slots__ = ("as_of", "metrics", "numbers", "scores", "stretch", "submitted_on", "values")

    def __init__(
        self,
        values: Mapping[str, Value],
        as_of: dt.date,
        submitted_on: dt.date,
        stretch: Stretch | None = None,
    ) -> None:
        """``stretch`` is that of the two dates, where the caller knows it."""
        self.values = values
        self.as_of = as_of
        self.submitted_on = submitted_on
        self.stretch: Hashable = stretch or (as_of, submitted_on)
        # By field: its number as a pair.
        self.numbers: dict[str, Pair | Unknown] = {}
        self.metrics: dict[str, Pair | Unknown] = {}
        # By card, filled in by ``scoring``.
        self.scores: dict[str, object] = {}


def unsettled(fields: frozenset[str], state: State) -> Unknown:
    """Why a choice by a condition is open."""
    missing = tuple(sorted(f for f in fields if f not in state.values))
    return Unknown(missing, () if missing else ("选用哪个数的条件不能判断",))


Options = Sequence[str | bool]


def tester(prefix: bool, kind: FieldType, options: Options) -> Callable[[Any_], bool]:
    """How a field's value is held against options: whole or by its beginning, one or several."""
    if prefix:
        beginnings = tuple(map(str, options))

        def one(value: Any_) -> bool:
            return str(value).startswith(beginnings)
    else:

        def one(value: Any_) -> bool:
            return value in options

    if kind is not FieldType.CODES:
        return one
    return lambda words: any(map(one, words))


def step_of(op: str, left: Valuer, right: Valuer, name: str) -> Valuer:
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


def table_key(dimensions: Sequence[str]) -> Callable[[State], Hashable]:
    """What a row depends on. A number stands there as two integers, which hash faster."""
    if not dimensions:
        return lambda state: state.stretch
    if len(dimensions) == 1:
        (only,) = dimensions

        def key(state: State) -> tuple[object, ...]:
            value = state.values.get(only)
            if type(value) is Fraction:
                return state.stretch, value.numerator, value.denominator
            return state.stretch, value

        return key

    def keys(state: State) -> tuple[object, ...]:
        stated = map(state.values.get, dimensions)
        pairs = [(v.numerator, v.denominator) if v.__class__ is Fraction else v for v in stated]
        return state.stretch, *pairs

    return keys


def required(hit: Hit | Miss, unit: Unit) -> Pair | Unknown:
    """The value of a row in ``unit``."""
    if isinstance(hit, Miss):
        return Unknown(hit.missing, () if hit.missing else (hit.reason,))
    own = hit.row.unit
    return pair(hit.row.value if own is None else hit.row.value * own.factor_to(unit))


def amount(value: Pair | Unknown) -> Amount:
    """A pair as a fraction."""
    return value if isinstance(value, Unknown) else fraction(value)


def total(record: str, state: State) -> Pair | Unknown:
    items = state.values.get(record)
    if not isinstance(items, tuple):
        return Unknown((record,))
    return pair(sum((i.number for i in items if isinstance(i, Item)), Fraction(0)))


def days_between(start: str, end: str, state: State) -> Pair | Unknown:
    first, last = state.values.get(start), state.values.get(end)
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        return (last - first).days, 1
    pairs = ((start, first), (end, last))
    return Unknown(tuple(name for name, value in pairs if value is None))
