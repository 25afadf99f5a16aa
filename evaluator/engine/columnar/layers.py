"""Columns in layers: what is worked out once, and used many times in the layer above.

A database works out again what is written again, so that whatever is used more than once gets a
column, and the next layer reads that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir

from evaluator.engine.columnar.ends import End, value_of
from evaluator.engine.columnar.exact import Amount, Dec, exactly
from evaluator.engine.columnar.layout import PREFIX
from evaluator.engine.columnar.spans import Span


@dataclass
class Layers:
    """``table`` with the columns of all layers that are finished."""

    table: ir.Table
    made: int = 0
    pending: dict[str, Any] = field(default_factory=dict)
    names: dict[object, str] = field(default_factory=dict)

    def held(self, expr: Any) -> str:
        """The column that an expression gets in the next layer."""
        op = expr.op()
        name = self.names.get(op)
        if name is None:
            name = self.names[op] = f"{PREFIX}{self.made}"
            self.made += 1
            self.pending[name] = expr
        return name

    def dec(self, a: Dec) -> Held:
        """A decimal to be read later; what is a column of here already stays that."""
        op = a.expr.op()
        if isinstance(op, ops.Field) and op.name.startswith(PREFIX) and a.width == a.digits:
            return Held(op.name, a)
        return Held(self.held(exactly(a.expr, a.digits, a.scale)), a)

    def amount(self, end: End) -> HeldAmount:
        """An amount to be read later."""
        if end is None or value_of(end) is not None:
            return HeldAmount(end, None, None)
        num = None if end.num is None else self.dec(end.num)
        den = None if end.den is None else self.dec(end.den)
        return HeldAmount(end, num, den)

    def span(self, span: Span) -> HeldSpan:
        """An interval to be read later."""
        known = None if span.known is None else self.held(span.known)
        return HeldSpan(self.amount(span.low), self.amount(span.high), known)

    def finish(self) -> None:
        """Make the next layer."""
        if self.pending:
            self.table = self.table.mutate(**self.pending)
            self.pending = {}
            self.names = {}


@dataclass(frozen=True)
class Held:
    """A decimal in a column."""

    column: str
    dec: Dec

    def read(self, table: ir.Table) -> Dec:
        """It, in a table that has the column."""
        digits = self.dec.digits
        return replace(self.dec, expr=table[self.column], width=digits, least=None)


@dataclass(frozen=True)
class HeldAmount:
    """An end in columns."""

    end: End
    num: Held | None
    den: Held | None

    def read(self, table: ir.Table) -> End:
        """It, in a table that has the columns."""
        if self.end is None or (self.num is None and self.den is None):
            return self.end
        num = None if self.num is None else self.num.read(table)
        den = None if self.den is None else self.den.read(table)
        return Amount(self.end.factor, num, den)


@dataclass(frozen=True)
class HeldSpan:
    """An interval in columns."""

    low: HeldAmount
    high: HeldAmount
    known: str | None

    def read(self, table: ir.Table) -> Span:
        """It, in a table that has the columns."""
        known = None if self.known is None else table[self.known]
        return Span(self.low.read(table), self.high.read(table), known)


class Passes:
    """One thing built several times over, each time with one level more of it in columns.

    ``hold`` is called with the same things in the same order in every pass: what is of a level below
    the pass is read from its column, what is of its own level gets one.
    """

    def __init__(self, layers: Layers) -> None:
        self.layers = layers
        self.level = 0
        self._saved: dict[int, HeldAmount] = {}
        self._count = 0

    def begin(self, level: int) -> None:
        """Begin the pass that makes the columns of ``level``."""
        self.level, self._count = level, 0

    def hold(self, level: int, end: End) -> End:
        """``end``, out of a column if this pass has it."""
        n = self._count
        self._count += 1
        if level < self.level:
            return self._saved[n].read(self.layers.table)
        if level == self.level:
            self._saved[n] = self.layers.amount(end)
        return end

    def dec(self, level: int, a: Dec) -> Dec:
        """The same of a decimal."""
        found = self.hold(level, Amount(Fraction(1), a))
        assert found is not None
        assert found.num is not None
        return found.num
