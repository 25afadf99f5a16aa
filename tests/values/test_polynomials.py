"""Polynomials and their quotients: arithmetic on them is arithmetic on what they are worth."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evaluator.values.polynomials import Poly, Quotient, constant, variable

NUMBERS = st.fractions(-9, 9, max_denominator=4)
POLYS = st.dictionaries(
    st.lists(st.sampled_from("xy"), max_size=2).map(lambda m: tuple(sorted(m))),
    NUMBERS.filter(bool),
    max_size=3,
).map(Poly)
QUOTIENTS = st.builds(Quotient, POLYS, POLYS)
POINTS = st.fixed_dictionaries({"x": NUMBERS, "y": NUMBERS})


def at(poly: Poly, point: Mapping[str, Fraction]) -> Fraction:
    return sum((c * prod(point[v] for v in m) for m, c in poly.terms.items()), Fraction(0))


def value(quotient: Quotient, point: Mapping[str, Fraction]) -> Fraction:
    return at(quotient.num, point) / at(quotient.den, point)


@pytest.mark.parametrize(
    "operate",
    [operator.add, operator.sub, operator.mul, operator.truediv],
    ids=lambda o: o.__name__,
)
@given(a=QUOTIENTS, b=QUOTIENTS, point=POINTS)
def test_operations(
    operate: Callable[[Any, Any], Any], a: Quotient, b: Quotient, point: Mapping[str, Fraction]
) -> None:
    assume(at(a.den, point) and at(b.den, point))
    assume(operate is not operator.truediv or at(b.num, point))
    assert value(operate(a, b), point) == operate(value(a, point), value(b, point))


@given(QUOTIENTS, NUMBERS, POINTS)
def test_scaled(quotient: Quotient, factor: Fraction, point: Mapping[str, Fraction]) -> None:
    assume(at(quotient.den, point))
    assert value(quotient.scaled(factor), point) == factor * value(quotient, point)


@given(QUOTIENTS, st.sets(st.sampled_from("xy")), POINTS)
def test_cancelling_keeps_the_value(
    quotient: Quotient, nonnegative: set[str], point: Mapping[str, Fraction]
) -> None:
    assume(at(quotient.den, point))
    assert value(quotient.cancelled(nonnegative.__contains__), point) == value(quotient, point)


def test_only_what_is_never_negative_is_cancelled() -> None:
    x, y = variable("x"), variable("y")
    both = Quotient(x * y, x * x)
    assert both.cancelled(lambda _: True) == Quotient(y, x)
    assert both.cancelled(lambda name: name == "y") == both
    assert Quotient(constant(Fraction(0)), x).cancelled(lambda _: False).den == Quotient(x).den
