"""A margin as a function of one field: where exactly a comparison turns.

Every formula of the rule language is a quotient of two polynomials in any one field; the numerator
of ``left - right`` is what decides the comparison, and its root is the smallest change that turns
it. Exact throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from evaluator.rulebook import ast

Poly = tuple[Fraction, ...]
Quotient = tuple[Poly, Poly]
ONE: Poly = (Fraction(1),)
ValueOf = Callable[[ast.Expr], Fraction | None]


def _trim(p: Poly) -> Poly:
    while len(p) > 1 and p[-1] == 0:
        p = p[:-1]
    return p


def _add(a: Poly, b: Poly, sign: int = 1) -> Poly:
    n = max(len(a), len(b))
    zero = Fraction(0)
    pairs = zip(a + (zero,) * (n - len(a)), b + (zero,) * (n - len(b)), strict=True)
    return _trim(tuple(x + sign * y for x, y in pairs))


def _mul(a: Poly, b: Poly) -> Poly:
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return _trim(tuple(out))


def _quotient(
    expr: ast.Expr, field: str, metrics: Mapping[str, ast.Metric], value_of: ValueOf
) -> Quotient | None:
    """Numerator and denominator in ``field``; None where another input is not known."""

    def inner(e: ast.Expr) -> Quotient | None:
        match e:
            case ast.FieldRef(name=name) if name == field:
                return (Fraction(0), Fraction(1)), ONE
            case ast.Number(value=value):
                return (value,), ONE
            case ast.MetricRef(id=id):
                return inner(metrics[id].formula)
            case ast.Scale(expr=scaled, factor=factor):
                found = inner(scaled)
                return found and (_mul(found[0], (factor,)), found[1])
            case ast.Arith(op=op, args=args):
                parts = [inner(a) for a in args]
                result = parts[0]
                for part in parts[1:]:
                    if result is None or part is None:
                        return None
                    (n, d), (m, c) = result, part
                    if op in ("add", "subtract"):
                        sign = 1 if op == "add" else -1
                        result = _add(_mul(n, c), _mul(m, d), sign), _mul(d, c)
                    elif op == "multiply":
                        result = _mul(n, m), _mul(d, c)
                    else:
                        result = _mul(n, c), _mul(d, m)
                return result
            case _:
                known = value_of(e)
                return None if known is None else ((known,), ONE)

    return inner(expr)


def roots(
    leaf: ast.Compare, field: str, metrics: Mapping[str, ast.Metric], value_of: ValueOf
) -> tuple[Fraction, ...]:
    """The values of ``field`` at which ``left`` equals ``right``; only where that is linear.

    ``value_of`` gives the value of any other leaf expression, None where it is missing.
    """
    left = _quotient(leaf.left, field, metrics, value_of)
    right = (
        ((value,), ONE)
        if isinstance(leaf.right, ast.CriterionRef) and (value := value_of(leaf.right)) is not None
        else _quotient(leaf.right, field, metrics, value_of)
    )
    if left is None or right is None:
        return ()
    margin = _add(_mul(left[0], right[1]), _mul(right[0], left[1]), -1)
    return (-margin[0] / margin[1],) if len(margin) == 2 else ()
