"""Formulas to cases: a quotient of polynomials under each condition.

Under ``guard`` an expression is ``num / den`` with ``den`` positive; where no guard holds it is
unknown. A table gives one case for each value it can yield, so comparisons with it stay linear.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import z3

from evaluator.prove.domain import Domain, rational
from evaluator.prove.lookups import rows_taken
from evaluator.rulebook import ast
from evaluator.values.polynomials import Poly, Quotient, constant, variable

Bool = Any  # z3.BoolRef; z3 ships no types.
MAX_CASES = 4000
TRUE = z3.BoolVal(True)


class TooLarge(Exception):
    """An expression falls into more cases than are worth writing down."""


@dataclass(frozen=True, slots=True)
class Case:
    """Under ``guard`` the expression has the ``value``, and its denominator is positive."""

    guard: Bool
    value: Quotient


class Expressions(ABC):
    """Compiles the expressions of one ruleset; ``fields`` collects what they read."""

    def __init__(self, ruleset: ast.Ruleset, domain: Domain) -> None:
        self.ruleset = ruleset
        self.domain = domain
        self.fields: set[str] = set()
        self._metrics: dict[str, tuple[list[Case], frozenset[str]]] = {}

    def cases(self, expr: ast.Expr) -> list[Case]:
        """The cases of an expression; raises TooLarge."""
        match expr:
            case ast.Number(value=value):
                return [Case(TRUE, Quotient(constant(value)))]
            case ast.FieldRef(name=name):
                self.fields.add(name)
                return [Case(self.domain.known(name), Quotient(variable(name)))]
            case ast.MetricRef(id=id):
                return self._metric(id)
            case ast.CriterionRef():
                return self._table(expr)
            case ast.Scale(expr=inner, factor=factor):
                return [Case(c.guard, c.value.scaled(factor)) for c in self.cases(inner)]
            case ast.Sum(field=field):
                self.fields.add(field)
                total = constant(Fraction(0))
                for key in self.domain.registry.fields[field].keys:
                    total = total + variable(f"{field}.{key}?")
                if not total.terms:
                    raise TooLarge
                return [Case(self.domain.known(field), Quotient(total))]
            case ast.Days(start=start, end=end):
                self.fields.update((start, end))
                known = z3.And(self.domain.known(start), self.domain.known(end))
                return [Case(known, Quotient(variable(end) - variable(start)))]
            case ast.Arith():
                return self._arith(expr)
            case ast.Extreme(most=most, args=args):
                result = self.cases(args[0])
                for arg in args[1:]:
                    result = self._farther(result, self.cases(arg), most)
                return result
            case ast.Choose():
                return self._choose(expr)
            case ast.ScoreRef():
                # A score is an interval over all the fields of a card: not in the prover's terms.
                raise TooLarge

    @abstractmethod
    def settled(self, condition: ast.Condition) -> tuple[Bool, Bool]:
        """When a condition within an expression is true, and when it is false."""

    def _farther(self, a: list[Case], b: list[Case], most: bool) -> list[Case]:
        if 2 * len(a) * len(b) > MAX_CASES:
            raise TooLarge
        out: list[Case] = []
        for x in a:
            for y in b:
                guard = z3.And(x.guard, y.guard)
                more = self.sign((x.value - y.value).num, ast.Op.MORE_THAN)
                out.append(Case(z3.And(guard, more), (x if most else y).value))
                out.append(Case(z3.And(guard, z3.Not(more)), (y if most else x).value))
        return out

    def _choose(self, expr: ast.Choose) -> list[Case]:
        out: list[Case] = []
        before = TRUE
        for condition, value in expr.cases:
            true, false = self.settled(condition)
            out += [Case(z3.And(before, true, c.guard), c.value) for c in self.cases(value)]
            before = z3.And(before, false)
        rest = self.cases(expr.otherwise)
        out += [Case(z3.And(before, c.guard), c.value) for c in rest]
        if len(out) > MAX_CASES:
            raise TooLarge
        return out

    def _metric(self, id_: str) -> list[Case]:
        if id_ not in self._metrics:
            outer, self.fields = self.fields, set()
            cases = self.cases(self.ruleset.metrics[id_].formula)
            self._metrics[id_] = cases, frozenset(self.fields)
            self.fields = outer
        cases, fields = self._metrics[id_]
        self.fields |= fields
        return cases

    def _table(self, expr: ast.CriterionRef) -> list[Case]:
        criterion = self.ruleset.criteria[expr.id]
        by_value: dict[Fraction, list[Bool]] = {}
        for taken in rows_taken(criterion, self.domain, dict(expr.keys), self.fields):
            factor = taken.row.unit.factor_to(expr.unit) if taken.row.unit else Fraction(1)
            by_value.setdefault(taken.row.value * factor, []).append(taken.guard)
        return [Case(z3.Or(guards), Quotient(constant(v))) for v, guards in by_value.items()]

    def _arith(self, expr: ast.Arith) -> list[Case]:
        result = self.cases(expr.args[0])
        for arg in expr.args[1:]:
            other = self.cases(arg)
            if len(result) * len(other) > MAX_CASES:
                raise TooLarge
            result = [c for a in result for b in other for c in self._combine(expr.op, a, b)]
        return result

    def _combine(self, op: str, a: Case, b: Case) -> list[Case]:
        guard = z3.And(a.guard, b.guard)
        value = ast.OPERATIONS[op](a.value, b.value)
        if op != "divide":
            return [self._case(guard, value)]
        divisor = b.value.num
        sign = divisor.sign(self.domain.nonnegative)
        out: list[Case] = []
        # INVARIANT: a denominator is positive under its guard; zero is left out, which is unknown.
        if sign != -1:
            out.append(self._case(z3.And(guard, self.sign(divisor, ast.Op.MORE_THAN)), value))
        if sign != 1:
            turned = Quotient(-value.num, -value.den)
            out.append(self._case(z3.And(guard, self.sign(divisor, ast.Op.LESS_THAN)), turned))
        return out

    def _case(self, guard: Bool, value: Quotient) -> Case:
        return Case(guard, value.cancelled(self.domain.nonnegative))

    def sign(self, poly: Poly, op: ast.Op) -> Bool:
        value = poly.value
        if value is not None:
            return z3.BoolVal(op.holds((value > 0) - (value < 0)))
        # Leading constants keep numbers small: only the sign matters.
        largest = max(abs(c) for c in poly.terms.values())
        term, zero = self.term(poly.scaled(1 / largest)), rational(Fraction(0))
        return ast.COMPARISONS[op](term, zero)

    def term(self, poly: Poly) -> Any:
        """A polynomial as a solver term."""
        parts = []
        for monomial, factor in poly.terms.items():
            part: Any = rational(factor)
            for name in monomial:
                part = part * self.domain.term(name)
            parts.append(part)
        return z3.Sum(parts) if parts else rational(Fraction(0))
