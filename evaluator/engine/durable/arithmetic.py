"""Expressions as straight-line integer arithmetic: the part of preparation that is source text.

A value is two integers, numerator and denominator, with the denominator positive, or 0 where the
value is unknown. Products carry that 0 along, and dividing by zero produces it, so that unknown
needs no branch. Fractions are kept unreduced (a comparison multiplies across); only where long
formulas would let the integers grow are they reduced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evaluator.rulebook import ast

# Sum of the digits-weights of the parts above which a result is reduced to lowest terms.
REDUCE_ABOVE = 6


@dataclass(frozen=True, slots=True)
class Ratio:
    """``n / d`` as source text: names of locals or integer literals. ``weight`` guesses its size."""

    n: str
    d: str
    weight: int


def _times(a: str, b: str) -> str:
    if a == "1":
        return b
    if b == "1":
        return a
    return f"{a} * {b}"


class Arithmetic:
    """Writes expressions, each distinct one once; equal ones in different places are shared.

    ``emit`` takes one line of source. ``table`` writes the lookup of a criterion and returns the
    name of the (n, d) pair; ``truth`` writes a condition and returns the name of its code.
    """

    def __init__(
        self,
        metrics: Mapping[str, ast.Metric],
        emit: Callable[[str], None],
        table: Callable[[ast.CriterionRef], tuple[str, str]],
        truth: Callable[[ast.Condition], str],
    ) -> None:
        self._code = truth
        self._metrics = metrics
        self._emit = emit
        self._table = table
        self._numbers: dict[tuple[object, ...], int] = {}
        self._written: dict[int, Ratio] = {}
        self._fields: dict[str, str] = {}
        self._numeric: dict[str, Ratio] = {}
        self._temporaries = 0

    def raw(self, field: str) -> str:
        """The local that holds a field as the profile has it, None where it is missing."""
        name = self._fields.get(field)
        if name is None:
            name = self._fields[field] = f"v{len(self._fields)}"
            self._emit(f"{name} = g({field!r})")
        return name

    def number(self, expr: ast.Expr) -> int:
        """Equal for two expressions exactly where they are the same but for where they stand."""
        match expr:
            case ast.FieldRef(name=name):
                key: tuple[object, ...] = ("field", name)
            case ast.MetricRef(id=id_):
                return self.number(self._metrics[id_].formula)
            case ast.Number(value=value):
                key = ("number", value)
            case ast.CriterionRef(id=id_, unit=unit, keys=keys):
                key = ("criterion", id_, unit.name, keys)
            case ast.Scale(expr=inner, factor=factor):
                key = ("scale", self.number(inner), factor)
            case ast.Sum(field=field):
                key = ("sum", field)
            case ast.Days(start=start, end=end):
                key = ("days", start, end)
            case ast.Arith(op=op, args=args):
                key = (op, *(self.number(a) for a in args))
            case ast.Extreme(most=most, args=args):
                key = ("max" if most else "min", *(self.number(a) for a in args))
            case ast.Choose(cases=cases, otherwise=otherwise):
                parts = ((id(c), self.number(e)) for c, e in cases)
                key = ("choose", tuple(parts), self.number(otherwise))
            case ast.ScoreRef(card=card):
                key = ("score", card)
        return self._numbers.setdefault(key, len(self._numbers))

    def write(self, expr: ast.Expr) -> Ratio:
        """Emit what computes ``expr``, unless that has been done, and say where it is."""
        while isinstance(expr, ast.MetricRef):
            expr = self._metrics[expr.id].formula
        number = self.number(expr)
        ratio = self._written.get(number)
        if ratio is None:
            ratio = self._written[number] = self._write(expr)
        return ratio

    def _write(self, expr: ast.Expr) -> Ratio:
        match expr:
            case ast.Number(value=value):
                return self.literal(value)
            case ast.FieldRef(name=name):
                return self.field(name)
            case ast.CriterionRef():
                n, d = self._table(expr)
                return Ratio(n, d, 1)
            case ast.Sum(field=field):
                return self._pair(f"total({self.raw(field)})")
            case ast.Days(start=start, end=end):
                return self._pair(f"days({self.raw(start)}, {self.raw(end)})")
            case ast.Scale(expr=inner, factor=factor):
                return self._multiply(self.write(inner), self.literal(factor))
            case ast.Arith(op=op, args=args):
                parts = [self.write(a) for a in args]
                result = parts[0]
                for part in parts[1:]:
                    result = self._small(_OPERATIONS[op](self, result, part))
                return result
            case ast.Extreme(most=most, args=args):
                pairs = ", ".join(f"({r.n}, {r.d})" for r in map(self.write, args))
                return self._pair(f"{'greatest' if most else 'least'}(({pairs}))")
            case ast.Choose(cases=cases, otherwise=otherwise):
                rest = self.write(otherwise)
                source = f"({rest.n}, {rest.d})"
                for condition, chosen in reversed(cases):
                    made, truth = self.write(chosen), self._code(condition)
                    source = f"(({made.n}, {made.d}) if {truth} == 1 else {source} if {truth} == 0 else NONE)"
                return self._pair(source)
            case ast.MetricRef() | ast.ScoreRef():
                return self.write(expr)

    def field(self, name: str) -> Ratio:
        """A numeric field."""
        ratio = self._numeric.get(name)
        if ratio is None:
            raw = self.raw(name)
            source = f"{raw}.as_integer_ratio() if {raw}.__class__ is F else NONE"
            ratio = self._numeric[name] = self._pair(source)
        return ratio

    def literal(self, value: Fraction) -> Ratio:
        """A constant."""
        n = str(value.numerator) if value >= 0 else f"({value.numerator})"
        return Ratio(n, str(value.denominator), 0 if len(n) < 10 else 1)

    def _local(self, source: str) -> str:
        name = f"t{self._temporaries}"
        self._temporaries += 1
        self._emit(f"{name} = {source}")
        return name

    def _pair(self, source: str) -> Ratio:
        name = self._temporaries
        self._temporaries += 1
        self._emit(f"n{name}, d{name} = {source}")
        return Ratio(f"n{name}", f"d{name}", 1)

    def _add(self, a: Ratio, b: Ratio, sign: str = "+") -> Ratio:
        n = self._local(f"{_times(a.n, b.d)} {sign} {_times(b.n, a.d)}")
        return Ratio(n, self._product(a.d, b.d), a.weight + b.weight)

    def _subtract(self, a: Ratio, b: Ratio) -> Ratio:
        return self._add(a, b, "-")

    def _multiply(self, a: Ratio, b: Ratio) -> Ratio:
        return Ratio(self._product(a.n, b.n), self._product(a.d, b.d), a.weight + b.weight)

    def _divide(self, a: Ratio, b: Ratio) -> Ratio:
        # By an unknown or by zero, b.n is 0, and so the new denominator: unknown.
        n, d = self._local(_times(a.n, b.d)), self._local(_times(a.d, b.n))
        self._emit(f"if {d} < 0: {n} = -{n}; {d} = -{d}")
        return Ratio(n, d, a.weight + b.weight)

    def _product(self, a: str, b: str) -> str:
        return a if b == "1" else b if a == "1" else self._local(f"{a} * {b}")

    def _small(self, value: Ratio) -> Ratio:
        return (
            self._pair(f"reduced({value.n}, {value.d})") if value.weight > REDUCE_ABOVE else value
        )


_OPERATIONS: dict[str, Callable[[Arithmetic, Ratio, Ratio], Ratio]] = {
    "add": Arithmetic._add,
    "subtract": Arithmetic._subtract,
    "multiply": Arithmetic._multiply,
    "divide": Arithmetic._divide,
}
