"""Scores: what a card gives one dossier, from the least to the most that answers could make it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import floor
from typing import NamedTuple

from evaluator.engine.reference.intervals import ANY, Interval, Intervals, hull, point
from evaluator.engine.reference.meaning import Judge, Meaning
from evaluator.engine.reference.pairs import Pair, pair
from evaluator.engine.reference.state import State
from evaluator.engine.reference.traces import Unknown
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Item, ItemKind, Scorecard, Step
from evaluator.rulebook.reads import fields_read
from evaluator.values.kleene import Truth

NONE = point(Fraction(0))


class ItemScore(NamedTuple):
    """What one item gives; ``applies`` is False where it is left out and gives nothing."""

    item: Item
    applies: Truth
    low: Fraction
    high: Fraction

    @property
    def open(self) -> bool:
        """Whether answers can still change it."""
        return self.low != self.high


class Score(NamedTuple):
    """The score of one card, the sums that it is made of, and each item's part."""

    card: Scorecard
    low: Fraction
    high: Fraction
    items: tuple[ItemScore, ...]

    @property
    def open(self) -> bool:
        """Whether answers can still change it."""
        return self.low != self.high

    def holds(self, op: ast.Op, right: Fraction) -> Truth:
        """``score op right``: what every number of the interval says, else unknown."""
        if self.low == self.high:
            return op.holds((self.low > right) - (self.low < right))
        if op is ast.Op.EQUALS:
            return None if self.low <= right <= self.high else False
        ends = {op.holds((end > right) - (end < right)) for end in (self.low, self.high)}
        return ends.pop() if len(ends) == 1 else None


class Scoring:
    """The scores of one ruleset."""

    def __init__(self, meaning: Meaning) -> None:
        self.meaning = meaning
        self.intervals = Intervals(meaning)

    def score(self, card_id: str, state: State) -> Score:
        """The score of a card, computed once for each state."""
        known = state.scores.get(card_id)
        if known is None:
            card = self.meaning.ruleset.scorecards[card_id]
            known = state.scores[card_id] = self._score(card, state)
        assert isinstance(known, Score)
        return known

    def _score(self, card: Scorecard, state: State) -> Score:
        items = tuple([self._item(item, state) for item in card.items])
        low = total(card, ((i.item.kind, i.low) for i in items))
        high = total(card, ((i.item.kind, i.high) for i in items))
        return Score(card, low, high, items)

    def _item(self, item: Item, state: State) -> ItemScore:
        applies: Truth = True
        if item.applies_when is not None:
            applies = self.meaning.condition(item.applies_when)(state)
            if applies is False:
                return ItemScore(item, False, Fraction(0), Fraction(0))
        points = item.points
        low, high = (
            self.bands(points, state)
            if isinstance(points, Bands)
            else self.intervals.of(points, state)
        )
        least = item.low if low is None else min(max(low, item.low), item.high)
        most = item.high if high is None else max(min(high, item.high), item.low)
        if item.rounding is not None:
            least, most = item.rounding.of(least), item.rounding.of(most)
        if applies is None:
            least, most = min(least, Fraction(0)), max(most, Fraction(0))
        return ItemScore(item, applies, least, most)

    # --- bands ---------------------------------------------------------------------------------

    def bands(self, bands: Bands, state: State) -> Interval:
        measured = self.intervals.of(bands.of, state)
        found: list[Interval] = []
        top: Fraction | None = None
        included = False  # Whether ``top`` itself still belongs to the bands below it.
        for row in bands.rows:
            bound = None
            if row.bound is not None:
                bound = self._number(row.bound, state)
                if bound is None:
                    return ANY
            part = _part(measured, bound, row.strict, top, included)
            if part is not None:
                given = self._band(row, part, state)
                if given is None:
                    return ANY
                found.append(given)
            if bound is not None and (top is None or bound < top):
                top, included = bound, row.strict
        return hull(found)

    def _number(self, expr: ast.Expr, state: State) -> Fraction | None:
        return self.intervals.of(expr, state).point

    def _band(self, row: Band, part: Stretch, state: State) -> Interval | None:
        """What a band gives over a part of it; None where a number of the band is not known."""
        start = self._number(row.points, state)
        if start is None:
            return None
        low: Fraction | None = start
        high: Fraction | None = start
        if row.step is not None:
            ends = self._steps(row.step, start, part, state)
            if ends is None:
                return None
            low, high = ends
        for expr, lift in ((row.least, True), (row.most, False)):
            if expr is None:
                continue
            limit = self._number(expr, state)
            if limit is None:
                return None
            low, high = (_limit(end, limit, lift, up) for end, up in ((low, False), (high, True)))
        return Interval(low, high)

    def _steps(self, step: Step, start: Fraction, part: Stretch, state: State) -> Interval | None:
        worth, size, origin = (
            self._number(e, state) for e in (step.points, step.size, step.origin)
        )
        if worth is None or size is None or origin is None or size <= 0:
            return None
        if step.below:
            near = _count(part.high, origin, -size, step.whole, False)
            far = _count(part.low, origin, -size, step.whole, part.low_open)
        else:
            near = _count(part.low, origin, size, step.whole, False)
            far = _count(part.high, origin, size, step.whole, part.high_open)
        first = start + worth * (near or 0)
        if far is None and worth != 0:
            return Interval(first, None) if worth > 0 else Interval(None, first)
        last = start + worth * (far or 0)
        return Interval(min(first, last), max(first, last))


class Scored(Meaning):
    """The meaning of a ruleset with its cards."""

    def __init__(self, ruleset: ast.Ruleset) -> None:
        super().__init__(ruleset)
        self.scoring = Scoring(self)
        self._fields: dict[str, tuple[frozenset[str], ...]] = {}

    def score_value(self, card: str, state: State) -> Pair | Unknown:
        """The score of a card; where it is open, the fields that leave it so."""
        score = self.scoring.score(card, state)
        if not score.open:
            return pair(score.low)
        missing: dict[str, None] = {}
        reasons: list[str] = []
        for part, fields in zip(score.items, self.fields(score.card), strict=True):
            if part.open:
                lacking = [f for f in sorted(fields) if f not in state.values]
                missing.update(dict.fromkeys(lacking))
                if not lacking:
                    reasons.append(f"评分项“{part.item.title}”算不出分（除数为零，或没有标准）")
        return Unknown(tuple(missing), tuple(reasons))

    def fields(self, card: Scorecard) -> tuple[frozenset[str], ...]:
        """The fields that each item of a card reads."""
        known = self._fields.get(card.id)
        if known is None:
            read = [frozenset(fields_read(self.ruleset, *item.roots())) for item in card.items]
            known = self._fields[card.id] = tuple(read)
        return known

    def score_comparison(self, node: ast.Compare, card: str) -> Judge:
        """What every number that the score can be says; unknown where they differ."""
        right = self.expr(node.right)

        def compare(state: State) -> Truth:
            limit = right(state)
            if isinstance(limit, Unknown):
                return None
            return self.scoring.score(card, state).holds(node.op, Fraction(*limit))

        return compare


class Stretch(NamedTuple):
    """Part of the number line; an open end does not belong to it, None is unbounded."""

    low: Fraction | None
    low_open: bool
    high: Fraction | None
    high_open: bool


def _part(
    measured: Interval,
    bound: Fraction | None,
    strict: bool,
    top: Fraction | None,
    included: bool,
) -> Stretch | None:
    """Where a number that lies in ``measured`` reaches a band and none before; None: nowhere."""
    low, low_open = measured.low, False
    if bound is not None and (low is None or bound >= low):
        low, low_open = bound, strict
    high, high_open = measured.high, False
    if top is not None and (high is None or top <= high):
        high, high_open = top, not included
    empty = low is not None and high is not None and low >= high
    if empty and (low != high or low_open or high_open):
        return None
    return Stretch(low, low_open, high, high_open)


def _count(
    at: Fraction | None, origin: Fraction, size: Fraction, whole: bool, approached: bool
) -> Fraction | None:
    """How many steps from ``origin`` to ``at``, never fewer than none; None: without end.

    ``approached``: the end is only come near to, from the side of the origin.
    """
    if at is None:
        return None
    steps = (at - origin) / size
    if steps <= 0:
        return Fraction(0)
    if not whole:
        return steps
    if approached and steps.denominator == 1:
        return steps - 1
    return Fraction(floor(steps))


def _limit(end: Fraction | None, limit: Fraction, least: bool, upper: bool) -> Fraction | None:
    if end is None:
        return limit if least is not upper else None
    return max(end, limit) if least else min(end, limit)


def total(card: Scorecard, points: Iterable[tuple[ItemKind, Fraction]]) -> Fraction:
    """The score out of each item's points: sums by kind, their caps, the card's, then rounding."""
    sums = dict.fromkeys(ItemKind, Fraction(0))
    for kind, value in points:
        sums[kind] += value
    for kind, cap in card.caps:
        sums[kind] = max(sums[kind], -cap) if kind is ItemKind.DEDUCTION else min(sums[kind], cap)
    score = sum(sums.values(), Fraction(0))
    if card.cap is not None:
        score = min(score, card.cap)
    if card.floor is not None:
        score = max(score, card.floor)
    return score if card.rounding is None else card.rounding.of(score)
