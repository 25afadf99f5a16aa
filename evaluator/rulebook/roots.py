"""A margin as a function of one field: where exactly a comparison turns.

Every formula of the rule language is a quotient of two polynomials in any one field; the numerator
of ``left - right`` is what decides the comparison, and its root is the smallest change that turns
it. Exact throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce

from evaluator.rulebook import ast
from evaluator.values.polynomials import Quotient, constant, variable

ValueOf = Callable[[ast.Expr], Fraction | None]


def _quotient(
    expr: ast.Expr, field: str, metrics: Mapping[str, ast.Metric], value_of: ValueOf
) -> Quotient | None:
    """The expression in ``field``; None where another input is not known."""

    def inner(e: ast.Expr) -> Quotient | None:
        match e:
            case ast.FieldRef(name=name) if name == field:
                return Quotient(variable(field))
            case ast.Number(value=value):
                return Quotient(constant(value))
            case ast.MetricRef(id=id):
                return inner(metrics[id].formula)
            case ast.Scale(expr=scaled, factor=factor):
                quotient = inner(scaled)
                return quotient and quotient.scaled(factor)
            case ast.Arith(op=op, args=args):
                parts = [part for part in map(inner, args) if part is not None]
                return reduce(ast.OPERATIONS[op], parts) if len(parts) == len(args) else None
            case _:
                known = value_of(e)
                return None if known is None else Quotient(constant(known))

    return inner(expr)


def roots(
    leaf: ast.Compare, field: str, metrics: Mapping[str, ast.Metric], value_of: ValueOf
) -> tuple[Fraction, ...]:
    """The values of ``field`` at which ``left`` equals ``right``; only where that is linear.

    ``value_of`` gives the value of any other leaf expression, None where it is missing.
    """
    left = _quotient(leaf.left, field, metrics, value_of)
    right = _quotient(leaf.right, field, metrics, value_of)
    if left is None or right is None:
        return ()
    margin = dict((left - right).num.terms)
    rest, slope = margin.pop((), Fraction(0)), margin.pop((field,), None)
    return () if slope is None or margin else (-rest / slope,)
