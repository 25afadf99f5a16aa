"""The operators of comparison: what the rest of the program asks of them."""

from __future__ import annotations

from itertools import product

import pytest

from evaluator.rulebook.ast import COMPARISONS, Op


@pytest.mark.parametrize("op", Op)
def test_changing_places_keeps_the_truth(op: Op) -> None:
    compare, mirrored = COMPARISONS[op], COMPARISONS[op.mirrored]
    assert all(compare(a, b) is mirrored(b, a) for a, b in product(range(3), repeat=2))


@pytest.mark.parametrize("op", Op)
def test_the_sign_of_the_difference_decides(op: Op) -> None:
    assert all(COMPARISONS[op](a, 1) is op.holds(a - 1) for a in range(3))


@pytest.mark.parametrize("op", Op)
def test_more_helps_only_in_its_direction(op: Op) -> None:
    truths = [op.holds(sign) for sign in (-1, 0, 1)]
    rising, falling = truths == sorted(truths), truths == sorted(truths, reverse=True)
    assert (rising - falling) == op.direction
