"""The truth tables of strong Kleene logic, written out."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from evaluator.rulebook.verdict import Status, status_of
from evaluator.values.kleene import Truth, all_of, any_of, implies, negate

T, F, U = True, False, None
VALUES: tuple[Truth, ...] = (T, F, U)

AND = """
    T F U
T | T F U
F | F F F
U | U F U
"""
OR = """
    T F U
T | T T T
F | T F U
U | T U U
"""
IMPLIES = """
    T F U
T | T F U
F | T T T
U | T U U
"""
LETTERS: dict[str, Truth] = {"T": T, "F": F, "U": U}


def table(text: str) -> dict[tuple[Truth, Truth], Truth]:
    """A printed table by (row, column)."""
    head, *rows = text.strip().splitlines()
    columns = [LETTERS[c] for c in head.split()]
    out: dict[tuple[Truth, Truth], Truth] = {}
    for row in rows:
        name, cells = row.split(" | ")
        for column, cell in zip(columns, cells.split(), strict=True):
            out[LETTERS[name.strip()], column] = LETTERS[cell]
    assert len(out) == 9
    return out


@pytest.mark.parametrize(("a", "expected"), [(T, F), (F, T), (U, U)])
def test_negate(a: Truth, expected: Truth) -> None:
    assert negate(a) is expected


@pytest.mark.parametrize(("pair", "expected"), list(table(AND).items()))
def test_and(pair: tuple[Truth, Truth], expected: Truth) -> None:
    assert all_of(pair) is expected


@pytest.mark.parametrize(("pair", "expected"), list(table(OR).items()))
def test_or(pair: tuple[Truth, Truth], expected: Truth) -> None:
    assert any_of(pair) is expected


@pytest.mark.parametrize(("pair", "expected"), list(table(IMPLIES).items()))
def test_implies(pair: tuple[Truth, Truth], expected: Truth) -> None:
    assert implies(*pair) is expected


def test_empty() -> None:
    assert all_of(()) is True
    assert any_of(()) is False


@pytest.mark.parametrize("values", list(product(VALUES, repeat=4)))
def test_many_are_pairs_in_any_order(values: tuple[Truth, ...]) -> None:
    conjunction, disjunction = table(AND), table(OR)
    both, either = values[0], values[0]
    for value in values[1:]:
        both, either = conjunction[both, value], disjunction[either, value]
    assert {all_of(p) for p in permutations(values)} == {both}
    assert {any_of(p) for p in permutations(values)} == {either}


@pytest.mark.parametrize("values", list(product(VALUES, repeat=3)))
def test_de_morgan(values: tuple[Truth, ...]) -> None:
    assert negate(all_of(values)) is any_of(map(negate, values))
    assert negate(any_of(values)) is all_of(map(negate, values))


@pytest.mark.parametrize("values", list(product(VALUES, repeat=3)))
@pytest.mark.parametrize("at", range(3))
def test_knowing_more_changes_no_answer(values: tuple[Truth, ...], at: int) -> None:
    """Replacing an unknown by either value keeps every answer that was known."""
    if values[at] is not None:
        return
    for value in (T, F):
        known = (*values[:at], value, *values[at + 1 :])
        assert all_of(values) in (None, all_of(known))
        assert any_of(values) in (None, any_of(known))


STATUS = """
    T F U
T | satisfied violated unknown
F | not_applicable not_applicable not_applicable
U | satisfied unknown unknown
"""


def test_status_is_the_implication() -> None:
    _, *rows = STATUS.strip().splitlines()
    for row in rows:
        name, cells = row.split(" | ")
        for required, word in zip(VALUES, cells.split(), strict=True):
            applies = LETTERS[name.strip()]
            status = status_of(applies, required)
            assert status is Status(word)
            truth = implies(applies, required)
            expected = {
                T: {Status.SATISFIED, Status.NOT_APPLICABLE},
                F: {Status.VIOLATED},
                U: {Status.UNKNOWN},
            }
            assert status in expected[truth]
