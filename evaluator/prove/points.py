"""Scores as solver terms, for dossiers that leave none of a card's numbers open.

Where every item has its points, the score of the reference is one number, and so it is here. What open
items leave is an interval, which is not worked out: it is then any. A proof that holds for any holds.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from typing import Any

import z3

from evaluator.prove.domain import rational
from evaluator.prove.exprs import TRUE, Expressions, TooLarge
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Item, ItemKind, Scorecard, Step
from evaluator.values.numbers import Rounding

Bool = Any
Term = Any
ZERO = rational(Fraction(0))


class Points(Expressions):
    """Compiles cards. Each term comes with the condition under which it is what the reference says."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._ends: dict[str, tuple[Term, Term, Bool, frozenset[str]]] = {}
        self.divisors: set[str] = set()  # Fields of denominators: with them fixed, all is linear.

    def ends(self, card: Scorecard) -> tuple[Term, Term, Bool]:
        """The least and the most that a score can be, and that both are one. Raises TooLarge."""
        if card.id not in self._ends:
            outer, self.fields = self.fields, set()
            score, settled = self.score(card)
            low, more = z3.Real(f"score:{card.id}:low"), z3.Real(f"score:{card.id}:open")
            high = z3.If(more > 0, low + more, low)
            ends = z3.If(settled, score, low), z3.If(settled, score, high)
            self._ends[card.id] = (*ends, settled, frozenset(self.fields))
            self.fields = outer
        *found, fields = self._ends[card.id]
        self.fields |= fields
        low, high, settled = found
        return low, high, settled

    def score(self, card: Scorecard) -> tuple[Term, Bool]:
        """The score, and that nothing of it is open. Raises TooLarge."""
        sums: dict[ItemKind, Term] = dict.fromkeys(ItemKind, ZERO)
        settled: list[Bool] = []
        for item in card.items:
            points, known = self.item(item)
            sums[item.kind] = sums[item.kind] + points
            settled.append(known)
        for kind, cap in card.caps:
            limit = rational(-cap if kind is ItemKind.DEDUCTION else cap)
            sums[kind] = (_most if kind is ItemKind.DEDUCTION else _least)(sums[kind], limit)
        score = z3.Sum(list(sums.values()))
        if card.cap is not None:
            score = _least(score, rational(card.cap))
        if card.floor is not None:
            score = _most(score, rational(card.floor))
        return rounded(score, card.rounding), z3.And(settled)

    def item(self, item: Item) -> tuple[Term, Bool]:
        """The points of one item."""
        if isinstance(item.points, Bands):
            measured, known = self.number(item.points.of)
            points, sure = self.bands(item.points, measured)
            known = z3.And(known, sure)
        else:
            points, known = self.number(item.points)
        points = _least(_most(points, rational(item.low)), rational(item.high))
        points = rounded(points, item.rounding)
        if item.applies_when is None:
            return points, known
        true, false = self.settled(item.applies_when)
        return z3.If(true, points, ZERO), z3.Or(false, z3.And(true, known))

    def bands(self, bands: Bands, measured: Term) -> tuple[Term, Bool]:
        """The points of the first band that ``measured`` reaches; none where it reaches none."""
        points: Term = ZERO
        settled: list[Bool] = []
        for row in reversed(bands.rows):
            given, known = self._band(row, measured)
            settled.append(known)
            if row.bound is None:
                points = given
                continue
            bound, sure = self.number(row.bound)
            settled.append(sure)
            points = z3.If(measured > bound if row.strict else measured >= bound, given, points)
        return points, z3.And(settled)

    def _band(self, row: Band, measured: Term) -> tuple[Term, Bool]:
        points, known = self.number(row.points)
        settled = [known]
        if row.step is not None:
            more, known = self._steps(row.step, measured)
            points = points + more
            settled.append(known)
        for expr, limited in ((row.least, _most), (row.most, _least)):
            if expr is not None:
                limit, known = self.number(expr)
                points = limited(points, limit)
                settled.append(known)
        return points, z3.And(settled)

    def _steps(self, step: Step, measured: Term) -> tuple[Term, Bool]:
        worth, size, origin = (self.number(e) for e in (step.points, step.size, step.origin))
        beyond = origin[0] - measured if step.below else measured - origin[0]
        count = beyond / size[0]
        if step.whole:
            count = z3.ToReal(z3.ToInt(count))
        known = z3.And(worth[1], size[1], origin[1], size[0] > 0)
        return z3.If(beyond > 0, worth[0] * count, ZERO), known

    def number(self, expr: ast.Expr) -> tuple[Term, Bool]:
        """An expression's value, and that it has one."""
        cases = self.cases(expr)
        value: Term = ZERO
        for case in cases:
            quotient = self.term(case.value.num)
            den = case.value.den
            if den.value is None:
                self.divisors.update(name for monomial in den.terms for name in monomial)
                quotient = quotient / self.term(den)
            elif den.value == 0:
                # The evaluator has no value there; said to be undecided, rather than guessed.
                raise TooLarge
            elif den.value != 1:
                quotient = quotient * rational(1 / den.value)
            value = quotient if len(cases) == 1 else z3.If(case.guard, quotient, value)
        return value, z3.Or([c.guard for c in cases]) if cases else z3.Not(TRUE)

    def sign_of(self, expr: ast.Expr) -> int | None:
        """1 where an expression is never below zero."""
        nonnegative = self.domain.nonnegative
        cases = (c.value for c in self.cases(expr))
        never = all(q.num.sign(nonnegative) == q.den.sign(nonnegative) == 1 for q in cases)
        return 1 if never else None

    @abstractmethod
    def settled(self, condition: ast.Condition) -> tuple[Bool, Bool]:
        """When a condition within an item is true, and when it is false."""


def rounded(term: Term, rounding: Rounding | None) -> Term:
    """``Rounding.of`` as a term."""
    if rounding is None:
        return term
    step = Fraction(10) ** rounding.digits
    at = term * rational(step)
    half = rational(Fraction(1, 2))
    below = z3.ToInt(at)
    match rounding.mode:
        case "half_up":
            whole = z3.If(at >= 0, z3.ToInt(at + half), -z3.ToInt(half - at))
        case "half_even":
            rest = at - z3.ToReal(below)
            up = z3.Or(rest > half, z3.And(rest == half, below % 2 != 0))
            whole = z3.If(up, below + 1, below)
        case "down":
            whole = below
        case _:
            whole = -z3.ToInt(-at)
    return z3.ToReal(whole) * rational(1 / step)


def _least(a: Term, b: Term) -> Term:
    return z3.If(a <= b, a, b)


def _most(a: Term, b: Term) -> Term:
    return z3.If(a >= b, a, b)
