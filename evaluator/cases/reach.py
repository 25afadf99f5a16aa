"""What the bands of an item give, number by number: whether two tables of bands are the same, and
which rows and limits any number reaches.

Between the numbers where a band or a step begins the points run straight, so that two tables that
agree there and twice in between agree everywhere (up to ``MAX_STEPS`` steps, beyond which they repeat).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from evaluator.engine.reference.scoring import Scored
from evaluator.engine.reference.state import State
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Item

MAX_STEPS = 100


class Reaches:
    """Points by number, with the tables and dates of a ruleset as of one day."""

    def __init__(self, ruleset: ast.Ruleset, day: dt.date) -> None:
        self.ruleset = ruleset
        self._scoring = Scored(ruleset).scoring
        self._nothing = State({}, day, day)

    def same(self, item: Item, old: Bands, new: Bands) -> bool:
        """Whether the item gives the same points for every number; False where that is not settled."""
        for number in self._numbers(old, new):
            given = self._given(item, old, number)
            if given is None or given != self._given(item, new, number):
                return False
        return True

    def rows(self, bands: Bands) -> tuple[Band, ...]:
        """The bands that some number lies in, and those of which that is not settled."""
        taken = [self.row(bands, number) for number in self._numbers(bands)]
        if None in taken:
            return bands.rows
        return tuple(row for row in bands.rows if any(row is other for other in taken))

    def row(self, bands: Bands, number: Fraction) -> Band | None:
        """The band that a number lies in; None where a bound is not settled."""
        for row in bands.rows:
            bound = None if row.bound is None else self._number(row.bound)
            if row.bound is not None and bound is None:
                return None
            if bound is None or number > bound or (number == bound and not row.strict):
                return row
        return None

    def binds(self, item: Item, bands: Bands, row: Band, name: str) -> bool:
        """Whether a limit of a row, ``least`` or ``most``, changes what some number gets."""
        without: Any = {name: None}
        rows = tuple(replace(r, **without) if r is row else r for r in bands.rows)
        return not self.same(item, bands, replace(bands, rows=rows))

    def _given(self, item: Item, bands: Bands, number: Fraction) -> Fraction | None:
        at = ast.Number(number, bands.of.unit, bands.place)
        low, high = self._scoring.bands(Bands(at, bands.rows, bands.place), self._nothing)
        if low is None or low != high:
            return None
        return min(max(low, item.low), item.high)

    def _numbers(self, *tables: Bands) -> Iterator[Fraction]:
        """Where something begins in one of the tables, and numbers in between."""
        starts = sorted({s for bands in tables for s in self._starts(bands)})
        if not starts:
            return
        least = Fraction(0) if self.not_negative(tables[0].of) else None
        ends = [starts[0] - 2, *starts, starts[-1] + 2]
        for low, high in pairwise(ends):
            third = (high - low) / 3
            for number in (low, low + third, high - third):
                if least is None or number >= least:
                    yield number
        if least is not None:
            yield least

    def _starts(self, bands: Bands) -> Iterator[Fraction]:
        for row in bands.rows:
            bound = None if row.bound is None else self._number(row.bound)
            if bound is not None:
                yield bound
            if row.step is None:
                continue
            origin, size = self._number(row.step.origin), self._number(row.step.size)
            if origin is not None and size is not None:
                way = -size if row.step.below else size
                yield from (origin + n * way for n in range(MAX_STEPS + 1))

    def _number(self, expr: ast.Expr) -> Fraction | None:
        return self._scoring.intervals.of(expr, self._nothing).point

    def not_negative(self, expr: ast.Expr) -> bool:
        """Whether no answers make the expression negative."""
        match expr:
            case ast.FieldRef(name=name):
                least = self.ruleset.registry.references[name].minimum
                return least is not None and least >= 0
            case ast.MetricRef(id=id_):
                return self.not_negative(self.ruleset.metrics[id_].formula)
            case ast.Number(value=value):
                return value >= 0
            case ast.Scale(expr=inner, factor=factor):
                return factor > 0 and self.not_negative(inner)
            case ast.Arith(op="add" | "multiply" | "divide", args=args) | ast.Extreme(args=args):
                return all(map(self.not_negative, args))
            case ast.Choose(cases=cases, otherwise=otherwise):
                return all(map(self.not_negative, (otherwise, *(v for _, v in cases))))
            case _:
                return False
