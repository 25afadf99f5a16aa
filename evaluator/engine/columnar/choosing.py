"""One exact amount out of several, chosen by conditions; NULL where a condition is unknown."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import ibis

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.exact import Amount, Dec, constant, exactly, fit, nothing, times
from evaluator.rulebook.ast import Op


def choose_amount(cases: list[tuple[Any, Amount]], otherwise: Amount) -> Amount:
    """The amount of the first case that holds; NULL from the first that is unknown on."""
    amounts = [*(a for _, a in cases), otherwise]
    base = lcm(*(a.factor.denominator for a in amounts))
    tops = [_whole(a.num, int(a.factor * base)) for a in amounts]
    dens = [a.den for a in amounts]
    shared = all(d is dens[0] for d in dens)
    conditions = [c for c, _ in cases]
    num = _choose(conditions, tops)
    if shared:
        return Amount(Fraction(1, base), num, dens[0])
    return Amount(Fraction(1, base), num, _choose(conditions, [_whole(d, 1) for d in dens]))


def extreme(a: Amount, b: Amount, most: bool) -> Amount:
    """The greater or the less of two; NULL where either is."""
    return choose_amount([(compare(a, Op.AT_LEAST if most else Op.AT_MOST, b), a)], b)


def _whole(a: Dec | None, factor: int) -> Dec:
    return constant(factor) if a is None else (times(a, factor) or a)


def _choose(conditions: list[Any], decs: list[Dec]) -> Dec:
    """One decimal of a type that holds them all."""
    scale = max(d.scale for d in decs)
    digits = fit(max(d.digits - d.scale for d in decs) + scale)
    typed = [exactly(d.expr, digits, scale) for d in decs]
    branches: list[tuple[Any, Any]] = []
    for condition, value in zip(conditions, typed, strict=False):
        branches.append((condition.isnull(), exactly(nothing().expr, digits, scale)))
        branches.append((condition, value))
    expr = ibis.cases(*branches, else_=typed[-1])
    return Dec(
        exactly(expr, digits, scale),
        digits,
        scale,
        digits,
        all(d.nonnegative for d in decs),
        all(d.positive for d in decs),
    )
