"""The scores of a ruleset's cards as columns: both ends of each, exact, before any rule is judged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir

from evaluator.engine.columnar.compare import compare
from evaluator.engine.columnar.conditions import Conditions
from evaluator.engine.columnar.ends import number, pick, whole
from evaluator.engine.columnar.exact import Amount, exactly
from evaluator.engine.columnar.layers import HeldAmount, HeldSpan, Layers, Passes
from evaluator.engine.columnar.layout import SHOWN, score_columns
from evaluator.engine.columnar.lookups import covers
from evaluator.engine.columnar.points import LEVELS, points
from evaluator.engine.columnar.rounding import LEVELS as ROUNDED
from evaluator.engine.columnar.rounding import rounded
from evaluator.engine.columnar.spans import Span, Spans
from evaluator.engine.columnar.totals import levels_of, range_of, total
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Item, Scorecard
from evaluator.values.numbers import exact_text, scale_of


class Ends(NamedTuple):
    """The least and the most points, never NULL."""

    low: Amount
    high: Amount

    def holds(self, op: ast.Op, right: Amount) -> Any:
        """``score op right``: what every number of the interval says, else NULL."""
        low, high = self
        if op is ast.Op.EQUALS:
            one = compare(low, op, right) & compare(high, op, right)
            off = compare(low, ast.Op.MORE_THAN, right) | compare(high, ast.Op.LESS_THAN, right)
        else:
            worst, best = (low, high) if op.direction > 0 else (high, low)
            one = compare(worst, op, right)
            off = ~compare(best, op, right)
        return ibis.cases(
            (one, ibis.literal(True)), (off, ibis.literal(False)), else_=ibis.null("boolean")
        )

    def value(self) -> Amount:
        """The score where it is one number, else NULL."""
        return pick([(compare(self.low, ast.Op.EQUALS, self.high), self.low)], None) or self.low


def asked(conditions: Conditions, cards: tuple[Scorecard, ...]) -> None:
    """The first pass: look up all that the cards will, so that industry columns are collected."""
    for card in cards:
        roots = (*card.roots(), card.applies_when, *(g.reached for g in card.grades))
        for node in walk.nodes(*roots, metrics=conditions.ruleset.metrics):
            match node:
                case ast.CriterionRef():
                    conditions.amount(node)
                case ast.Compare() | ast.Member() | ast.Each():
                    conditions.condition(node)
                case _:
                    pass


class Scores:
    """Adds the scores of all cards to a table. ``conditions`` of the table makes them readable."""

    def __init__(self, conditions: Conditions, cards: tuple[Scorecard, ...]) -> None:
        self.first = conditions
        self.ruleset = conditions.ruleset
        self.cards = cards
        assert conditions.scope.table is not None
        self.layers = Layers(conditions.scope.table)
        self.metrics: dict[str, tuple[HeldAmount, HeldSpan]] = {}
        self.truths: dict[int, str] = {}
        self.measured: dict[int, HeldSpan] = {}
        self.held: dict[str, tuple[HeldAmount, HeldAmount]] = {}

    def joined(self) -> ir.Table:
        """The table with the columns of the scores. Raises TooWide."""
        cards = self.cards
        self._parts(cards)
        parts = self._items(cards)
        totals = self._totals(cards, parts)
        self._rounded(cards, totals)
        return self.layers.table

    def read(self, conditions: Conditions) -> None:
        """Let conditions over the joined table, or any made of it, use what is worked out."""
        table = conditions.scope.table
        assert table is not None
        for id_, (value, _) in self.metrics.items():
            amount = value.read(table)
            if amount is not None:
                conditions.metrics[id_] = amount
        conditions.truths = {at: table[name] for at, name in self.truths.items()}
        for card, (low, high) in self.held.items():
            conditions.scores[card] = _ends(low.read(table), high.read(table))

    # --- layers --------------------------------------------------------------------------------

    def _parts(self, cards: tuple[Scorecard, ...]) -> None:
        """Conditions; then every expression, those first that are made of no others."""
        for condition in _conditions(cards, self.ruleset):
            self.truths[id(condition)] = self.layers.held(self.first.condition(condition))
        self.layers.finish()
        levels = levels_of(self.ruleset, [root for card in cards for root in card.roots()])
        for level in levels:
            spans = self._spans()
            for node in level:
                if isinstance(node, ast.MetricRef):
                    if node.id not in self.metrics:
                        value = self.layers.amount(spans.conditions.amount(node))
                        self.metrics[node.id] = value, self.layers.span(spans.of(node))
                else:
                    self.measured[id(node)] = self.layers.span(spans.of(node))
            self.layers.finish()

    def _spans(self) -> Spans:
        """The intervals over the layers so far."""
        scope = self.first.scope.on(self.layers.table)
        conditions = Conditions(self.ruleset, scope)
        self.read(conditions)
        spans = Spans(conditions)
        spans.metrics = {i: s.read(self.layers.table) for i, (_, s) in self.metrics.items()}
        spans.made = {i: s.read(self.layers.table) for i, s in self.measured.items()}
        return spans

    def _items(self, cards: tuple[Scorecard, ...]) -> dict[tuple[str, str], HeldSpan]:
        passes = Passes(self.layers)
        held: dict[tuple[str, str], HeldSpan] = {}
        items = [(card.id, item) for card in cards for item in card.items]
        for level in range(1, LEVELS + 2):
            passes.begin(level)
            spans = self._spans()
            made = {(card, item.id): points(item, spans, passes) for card, item in items}
            if level > LEVELS:
                held = {at: self.layers.span(span) for at, span in made.items()}
            self.layers.finish()
        rounding = Passes(self.layers)
        out: dict[tuple[str, str], HeldSpan] = {}
        for level in range(1, ROUNDED + 2):
            rounding.begin(level)
            conditions = self._spans().conditions
            for card, item in items:
                span = held[card, item.id].read(self.layers.table)
                applies = None
                if item.applies_when is not None:
                    applies = conditions.condition(item.applies_when)
                given = _given(item, span, applies, rounding)
                if level > ROUNDED:
                    out[card, item.id] = self.layers.span(given)
            self.layers.finish()
        return out

    def _totals(
        self, cards: tuple[Scorecard, ...], parts: dict[tuple[str, str], HeldSpan]
    ) -> dict[str, HeldSpan]:
        table = self.layers.table
        out: dict[str, HeldSpan] = {}
        for card in cards:
            spans = [(i, parts[card.id, i.id].read(table)) for i in card.items]
            low = total(card, [(i, s.low or number(0)) for i, s in spans])
            high = total(card, [(i, s.high or number(0)) for i, s in spans])
            out[card.id] = self.layers.span(Span(low, high))
        self.layers.finish()
        return out

    def _rounded(self, cards: tuple[Scorecard, ...], totals: dict[str, HeldSpan]) -> None:
        passes = Passes(self.layers)
        for level in range(1, ROUNDED + 2):
            passes.begin(level)
            for card in cards:
                span = totals[card.id].read(self.layers.table)
                low, high = _ends(span.low, span.high)
                if card.rounding is not None:
                    most = max(map(abs, range_of(card)))
                    low, high = (rounded(e, card.rounding, most, passes) for e in (low, high))
                if level > ROUNDED:
                    self.held[card.id] = self.layers.amount(low), self.layers.amount(high)
            self.layers.finish()


def _ends(low: Any, high: Any) -> Ends:
    assert low is not None
    assert high is not None
    return Ends(low, high)


def _of(ruleset: ast.Ruleset, id_: str) -> tuple[Any, Any]:
    metric = ruleset.metrics[id_]
    return metric.unit, metric.place


def _conditions(cards: tuple[Scorecard, ...], ruleset: ast.Ruleset) -> Iterator[ast.Condition]:
    """The conditions that items ask: where they apply, and by what they choose."""
    for card in cards:
        for item in card.items:
            if item.applies_when is not None:
                yield item.applies_when
            for node in walk.nodes(*item.roots(), metrics=ruleset.metrics):
                if isinstance(node, ast.Choose):
                    yield from (condition for condition, _ in node.cases)


def _given(item: Item, span: Span, applies: Any, passes: Passes) -> Span:
    """What an item gives once it is rounded, and where it applies."""
    low, high = _ends(span.low, span.high)
    if item.rounding is not None:
        most = max(abs(item.low), abs(item.high))
        low, high = (rounded(e, item.rounding, most, passes) for e in (low, high))
    if applies is None:
        return Span(low, high)
    none = number(0)
    maybe_low = pick([(compare(low, ast.Op.MORE_THAN, none), none)], low)
    maybe_high = pick([(compare(high, ast.Op.LESS_THAN, none), none)], high)
    return Span(
        pick([(applies, low), (~applies, none)], maybe_low),
        pick([(applies, high), (~applies, none)], maybe_high),
    )


class Shown(NamedTuple):
    """One card in the results: NULL where it is not in force or does not apply.

    ``low`` and ``high`` have six decimals, half up; ``grade`` is NULL while it is open.
    """

    card: str
    low: Any
    high: Any
    grade: Any

    @property
    def columns(self) -> dict[str, Any]:
        """By the names that they have in the results."""
        names = score_columns(self.card)
        return dict(zip(names, (self.low, self.high, self.grade), strict=True))


def shown(scores: Scores, conditions: Conditions) -> tuple[ir.Table, tuple[Shown, ...]]:
    """A table with more columns, and what is shown of each card, over it."""
    layers, passes = scores.layers, Passes(scores.layers)
    held: dict[str, HeldAmount] = {}
    for level in range(1, ROUNDED + 2):
        passes.begin(level)
        for card in scores.cards:
            for name, end in zip(score_columns(card.id), scores.held[card.id], strict=False):
                amount = end.read(layers.table)
                assert amount is not None
                most = max(map(abs, range_of(card)))
                if not (card.rounding is not None and card.rounding.digits <= SHOWN.digits):
                    amount = rounded(amount, SHOWN, most, passes)
                if level > ROUNDED:
                    held[name] = layers.amount(amount)
        layers.finish()
    over = Conditions(conditions.ruleset, conditions.scope.on(layers.table))
    scores.read(over)
    out = []
    for card in scores.cards:
        there = _there(over, card)
        low, high = (
            ibis.ifelse(there, _decimal(held[n].read(layers.table)), _decimal(None))
            for n in score_columns(card.id)[:2]
        )
        grade = ibis.ifelse(there, grade_of(over, card), NO_GRADE)
        out.append(Shown(card.id, low, high, grade))
    return layers.table, tuple(out)


NO_GRADE = ibis.null("string")


def _there(conditions: Conditions, card: Scorecard) -> Any:
    """Whether a card is in force and may apply."""
    table = conditions.scope.table
    assert table is not None
    there: Any = ibis.literal(True)
    if card.applies_when is not None:
        there = conditions.condition(card.applies_when).fill_null(True)
    current = covers(card.start, card.end, table["as_of"], conditions.scope.layout.as_of)
    return there if current is True else there & current


def _decimal(end: Amount | None) -> Any:
    """A decimal of at most six places as DECIMAL(18, 6)."""
    if end is None:
        return exactly(ibis.null("int8"), 18, 6)
    if end.num is None:
        return exactly(ibis.literal(exact_text(end.factor)), 18, 6)
    places = scale_of(end.factor)
    top = whole(end.num, int(end.factor * 10**places))
    unit = exactly(ibis.literal(f"{Decimal(1).scaleb(-places):f}"), places + 1, places)
    return exactly(top.expr * unit, 18, 6)


def grade_of(conditions: Conditions, card: Scorecard) -> Any:
    """The id of the grade that is reached, NULL while it is open."""
    cases: list[tuple[Any, Any]] = []
    none = ibis.null("string")
    for grade in card.grades[:-1]:
        assert grade.reached is not None
        reached = conditions.condition(grade.reached)
        cases += [(reached, ibis.literal(grade.id)), (reached.isnull(), none)]
    return (
        ibis.cases(*cases, else_=ibis.literal(card.grades[-1].id))
        if cases
        else ibis.literal(card.grades[-1].id)
    )
