"""Conditions as texts of another language: FEEL for DMN, ZEN for JDM.

A comparison is written with the denominator multiplied out and whole-number factors
(``annual_tax - criterion * land_area >= 0``), so that a decimal engine compares as exactly as this
one does. Unknown is null, and stays null through ``all``, ``any`` and ``not``.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import assert_never

from evaluator.dossier.fields import Field, FieldType
from evaluator.problems.errors import AdmissionError
from evaluator.rulebook import ast
from evaluator.rulebook.criteria import Criterion
from evaluator.values.numbers import exact_text, terminates
from evaluator.values.polynomials import Poly, Quotient, constant, variable
from evaluator.values.units import Unit

ITEM_KEYS = {"product", "pollutant"}
OPS = {
    ast.Op.AT_LEAST: ">=",
    ast.Op.AT_MOST: "<=",
    ast.Op.MORE_THAN: ">",
    ast.Op.LESS_THAN: "<",
    ast.Op.EQUALS: "=",
}


class ExportError(AdmissionError):
    """The ruleset uses something that the target format cannot say exactly."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a criterion table: its id, the dimensions that the rule fixes, and ``scale``.

    The variable holds the value times ``scale``, so that 1/15 is a whole number there.
    """

    criterion: str
    keys: tuple[tuple[str, str], ...]
    scale: int

    @property
    def name(self) -> str:
        """The variable that holds the value of the table."""
        return "__".join((self.criterion, *(word for _, word in self.keys)))


class Dialect(ABC):
    """What differs between the target languages."""

    @abstractmethod
    def all(self, parts: Sequence[str]) -> str: ...

    @abstractmethod
    def any(self, parts: Sequence[str]) -> str: ...

    @abstractmethod
    def negate(self, part: str) -> str: ...

    @abstractmethod
    def guarded(self, unknown: Sequence[str], truth: str) -> str:
        """``truth``, or null where one of the plain conditions ``unknown`` holds."""

    @abstractmethod
    def missing(self, name: str) -> str:
        """The plain condition that a variable is missing."""

    @abstractmethod
    def or_zero(self, name: str) -> str:
        """A number, or zero where it is missing."""

    @abstractmethod
    def days(self, name: str) -> str:
        """A date as a number of days."""

    @abstractmethod
    def one_of(self, name: str, words: Sequence[str | bool], prefix: bool, many: bool) -> str:
        """That a word is, or starts with, one of ``words``; of a list, that any does."""

    @abstractmethod
    def each(self, name: str, rows: Sequence[tuple[str, str, str, str]]) -> str:
        """That every item fits its row: (key, kind of unit, operator, limit)."""

    @abstractmethod
    def sign(self, text: str, op: ast.Op) -> str:
        """A number compared with zero."""


@dataclass(frozen=True, slots=True)
class _Ratio:
    """What an expression is worth, the variables it needs, and the divisors that make it unknown."""

    value: Quotient
    needs: frozenset[str]
    nonzero: tuple[Poly, ...] = ()


@dataclass
class Writer:
    """Writes the conditions of one ruleset as of a date; ``uses`` collects the tables it needs."""

    ruleset: ast.Ruleset
    as_of: dt.date
    dialect: Dialect
    uses: dict[str, Use] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)

    def condition(self, condition: ast.Condition | None) -> str:
        """A condition; "true" for none. Raises ExportError."""
        match condition:
            case None:
                return "true"
            case ast.AllOf(items=items):
                return self.dialect.all([self.condition(i) for i in items])
            case ast.AnyOf(items=items):
                return self.dialect.any([self.condition(i) for i in items])
            case ast.NotOf(item=item):
                return self.dialect.negate(self.condition(item))
            case ast.Known(field=name):
                self.fields.add(name)
                return f"not({self.dialect.missing(name)})"
            case ast.Member():
                return self._member(condition)
            case ast.Compare():
                return self._compare(condition)
            case ast.Each():
                return self._each(condition)
            case _:
                assert_never(condition)

    # --- leaves --------------------------------------------------------------------------------

    def _member(self, leaf: ast.Member) -> str:
        self.fields.add(leaf.field)
        options: Sequence[str | bool] = leaf.options
        if leaf.criterion is not None:
            criterion = self.ruleset.criteria[leaf.criterion]
            period = criterion.on(self.as_of)
            if period is None or period.gap is not None:
                return "null"
            if period.accepted_before is not None:
                raise ExportError(f"清单“{criterion.title}”有过渡条款，不能导出")
            options = period.codes
        many = self._field(leaf.field).type is FieldType.CODES
        truth = self.dialect.one_of(leaf.field, options, leaf.prefix, many)
        return self.dialect.guarded([self.dialect.missing(leaf.field)], truth)

    def _compare(self, leaf: ast.Compare) -> str:
        if leaf.rounded is not None:
            raise ExportError(f"{leaf.place.label()}：按修约值比较，不能导出")
        left, right = self._ratio(leaf.left), self._ratio(leaf.right)
        margin = left.value - right.value
        difference = margin.num
        if margin.den.sign(self._nonnegative) != 1:
            difference = difference * margin.den  # The sign of N/D is that of N·D.
        unknown = [self.dialect.missing(v) for v in sorted(left.needs | right.needs)]
        unknown += [
            self.dialect.sign(self.poly(p), ast.Op.EQUALS) for p in (*left.nonzero, *right.nonzero)
        ]
        truth = self.dialect.sign(self.poly(difference), leaf.op)
        return self.dialect.guarded(unknown, truth)

    def _each(self, leaf: ast.Each) -> str:
        self.fields.add(leaf.field)
        criterion = self.ruleset.criteria[leaf.criterion]
        record = self._field(leaf.field)
        if criterion.by != (record.key,):
            raise ExportError(f"“{criterion.title}”除{record.label}外还按别的项分档，不能导出")
        period = criterion.on(self.as_of)
        if period is not None and period.accepted_before is not None:
            raise ExportError(f"“{criterion.title}”有过渡条款，不能导出")
        rows: list[tuple[str, str, str, str]] = []
        for row in period.rows if period and period.gap is None else ():
            assert row.unit is not None
            unit = record.unit or item_unit(self.ruleset, row.unit)
            if not unit.same_kind(row.unit):
                continue
            limit = number_text(row.value * row.unit.factor_to(unit))
            rows += [
                (word, unit.name, OPS[leaf.op], limit)
                for word in row.keys.get(record.key or "", ("",))
            ]
        rows.sort(key=lambda r: not r[0])  # The default row last.
        items = f"{leaf.field}__items" if record.keys else leaf.field
        self.fields.add(items)
        return self.dialect.guarded(
            [self.dialect.missing(leaf.field)], self.dialect.each(items, rows)
        )

    # --- numbers -------------------------------------------------------------------------------

    def _field(self, name: str) -> Field:
        return self.ruleset.registry.references[name]

    def _nonnegative(self, name: str) -> bool:
        if name in self.uses:
            criterion = self.ruleset.criteria[self.uses[name].criterion]
            return all(r.value >= 0 for p in criterion.periods for r in p.rows)
        plain = name.strip("?@")
        low = self._field(plain).minimum
        return name.startswith("@") or (low is not None and low >= 0)

    def _ratio(self, expr: ast.Expr) -> _Ratio:
        match expr:
            case ast.Number(value=value):
                return _Ratio(Quotient(constant(value)), frozenset())
            case ast.FieldRef(name=name):
                self.fields.add(name)
                return _Ratio(Quotient(variable(name)), frozenset({name}))
            case ast.MetricRef(id=id):
                return self._ratio(self.ruleset.metrics[id].formula)
            case ast.CriterionRef(id=id, keys=keys):
                criterion = self.ruleset.criteria[id]
                use = Use(id, keys, _scale(criterion))
                self.uses[use.name] = use
                factor = criterion.unit.factor_to(expr.unit) if criterion.unit else Fraction(1)
                factor /= use.scale
                return _Ratio(Quotient(variable(use.name).scaled(factor)), frozenset({use.name}))
            case ast.Scale(expr=inner, factor=factor):
                found = self._ratio(inner)
                return _Ratio(found.value.scaled(factor), found.needs, found.nonzero)
            case ast.Sum(field=name):
                self.fields.add(name)
                total = constant(Fraction(0))
                for key in self.ruleset.registry.fields[name].keys:
                    total = total + variable(f"{name}.{key}?")
                return _Ratio(Quotient(total), frozenset({name}))
            case ast.Days(start=start, end=end):
                self.fields.update((start, end))
                days = variable(f"@{end}") - variable(f"@{start}")
                return _Ratio(Quotient(days), frozenset({start, end}))
            case ast.Extreme() | ast.Choose():
                raise ExportError("算式里的 min、max、choose 和 one_if 还不能导出")
            case ast.ScoreRef(card=card):
                raise ExportError(f"评分表“{card}”不能随规则导出")
            case ast.Arith(op=op, args=args):
                result = self._ratio(args[0])
                for arg in args[1:]:
                    result = _combined(op, result, self._ratio(arg))
                return result
            case _:
                assert_never(expr)

    def poly(self, poly: Poly) -> str:
        """A polynomial with whole-number factors; only its sign is kept."""
        scale = (
            Fraction(lcm(*(c.denominator for c in poly.terms.values())))
            if poly.terms
            else Fraction(1)
        )
        parts: list[str] = []
        for monomial, factor in poly.terms.items():
            value = factor * scale
            names = [self._variable(v) for v in monomial]
            if abs(value) != 1 or not names:
                names.insert(0, number_text(abs(value)))
            sign = "-" if value < 0 else "+"
            parts.append(f"{sign} {' * '.join(names)}")
        text = " ".join(parts) or "0"
        return text.removeprefix("+ ") if text.startswith("+ ") else f"0 {text}" if parts else text

    def _variable(self, name: str) -> str:
        if name.startswith("@"):
            return self.dialect.days(name[1:])
        return self.dialect.or_zero(name[:-1]) if name.endswith("?") else name


def _combined(op: str, a: _Ratio, b: _Ratio) -> _Ratio:
    nonzero = (*a.nonzero, *b.nonzero, *((b.value.num,) if op == "divide" else ()))
    return _Ratio(ast.OPERATIONS[op](a.value, b.value), a.needs | b.needs, nonzero)


def item_unit(ruleset: ast.Ruleset, unit: Unit) -> Unit:
    """The unit in which items of a record are compared: the first of its kind that a table uses."""
    for criterion in ruleset.criteria.values():
        for row in (r for p in criterion.periods for r in p.rows if ITEM_KEYS & {*criterion.by}):
            if row.unit is not None and row.unit.same_kind(unit):
                return row.unit
    return unit


def _scale(criterion: Criterion) -> int:
    """What makes every value of a table, in its common unit, a finite decimal."""
    out = 1
    for row in (r for p in criterion.periods for r in p.rows):
        value = row.value
        if row.unit is not None and criterion.unit is not None:
            value *= row.unit.factor_to(criterion.unit)
        if not terminates(value):
            out = lcm(out, value.denominator)
    return out


def number_text(value: Fraction) -> str:
    """A decimal literal. Raises ExportError for a number that no decimal of 28 digits can be."""
    if not terminates(value):
        raise ExportError(f"数 {value} 不是有限小数，不能导出")
    text = exact_text(value)
    if sum(c.isdigit() for c in text) > 28:
        raise ExportError(f"数 {text} 位数过多，不能导出")
    return text


def tables(writer: Writer) -> Mapping[str, Use]:
    """The table uses found so far, by variable name."""
    return dict(sorted(writer.uses.items()))
