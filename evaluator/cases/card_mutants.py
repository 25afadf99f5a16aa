"""Small slips in a scorecard: every number, band, cap, step and grade with one thing changed.

points  a number of points moved by its smallest step; a case of a choice
band    a bound moved, or the bound itself on the other side; a band left out
step    the size, the points or the start of a step moved; whole for prorated
cap     least, most, caps and floors moved or left out; a rounding left out
drop    an item or a grade left out; the conditions of items and grades slip as those of rules do

A slip that gives the same points whatever is answered is none: a number beyond the full marks, or a
limit that no number comes up to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from evaluator.cases.grain import grain
from evaluator.cases.mutants import condition_slips, moved, smallest_step
from evaluator.cases.reach import Reaches
from evaluator.judgement.inwords import condition_words
from evaluator.judgement.wording import with_unit
from evaluator.problems.source import Place
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Grade, Item, ItemKind, Scorecard, Step
from evaluator.rulebook.grammar.graded import rules_of
from evaluator.rulebook.verdict import VERDICT_LABELS, Verdict
from evaluator.values.numbers import shown

ORDER = (Verdict.PASS.value, Verdict.REFER.value, Verdict.REJECT.value)


@dataclass(frozen=True, slots=True)
class CardMutant:
    """One card with one slip."""

    kind: str
    card: Scorecard
    mutant: Scorecard
    what: str
    place: Place


Slip = tuple[str, Any, str, Place]


def card_mutants(card: Scorecard, ruleset: ast.Ruleset, day: dt.date) -> Iterator[CardMutant]:
    """Every slip in one card, its tables and metrics as of ``day``."""
    for kind, mutant, what, place in _Slips(card, ruleset, day).all():
        yield CardMutant(kind, card, mutant, what, place)


def with_card(ruleset: ast.Ruleset, card: Scorecard) -> ast.Ruleset:
    """The ruleset with one card, and the rules of its grades, in place of its namesake."""
    cards = MappingProxyType({**ruleset.scorecards, card.id: card})
    kept = {i: rule for i, rule in ruleset.rules.items() if i not in card.rule_ids}
    rules = kept | {rule.id: rule for rule in rules_of(card)}
    return replace(ruleset, scorecards=cards, rules=MappingProxyType(dict(sorted(rules.items()))))


class _Slips:
    def __init__(self, card: Scorecard, ruleset: ast.Ruleset, day: dt.date) -> None:
        self.card = card
        self.ruleset = ruleset
        self.step = grain(card) or Fraction(1, 100)
        self.reaches = Reaches(ruleset, day)

    def all(self) -> Iterator[Slip]:
        card = self.card
        for number, item in enumerate(card.items):
            rest = (*card.items[:number], *card.items[number + 1 :])
            if rest:
                yield "drop", replace(card, items=rest), f"删去评分项“{item.title}”", item.place
            for kind, changed, what, place in self._item(item):
                items = (*card.items[:number], changed, *card.items[number + 1 :])
                yield kind, replace(card, items=items), f"评分项“{item.title}”{what}", place
        yield from self._limits()
        for number, grade in enumerate(card.grades):
            for kind, grades, what, place in self._grade(number, grade):
                yield kind, replace(card, grades=grades), f"等次“{grade.title}”{what}", place

    # --- the card ------------------------------------------------------------------------------

    def _limits(self) -> Iterator[Slip]:
        card, most, least = self.card, _most(self.card), _least(self.card)
        for name, word, end in (("cap", "上限", most), ("floor", "下限", least)):
            limit = getattr(card, name)
            if limit is None or (limit >= end if name == "cap" else limit <= end):
                continue
            for value in (None, *moved(limit, self.step)):
                changed: Any = {name: value}
                what = f"没有{word}" if value is None else f"{word}改为 {shown(value, 9)}"
                yield "cap", replace(card, **changed), what, card.place
        for number, (kind, limit) in enumerate(card.caps):
            if limit >= sum(abs(_full(i)) for i in card.items if i.kind is kind):
                continue
            rest = (*card.caps[:number], *card.caps[number + 1 :])
            yield "cap", replace(card, caps=rest), "加分或扣分没有上限", card.place
            for value in moved(limit, self.step):
                caps = (*card.caps[:number], (kind, value), *card.caps[number + 1 :])
                yield "cap", replace(card, caps=caps), f"上限改为 {shown(value, 9)}", card.place
        if card.rounding is not None:
            yield "cap", replace(card, rounding=None), "总分不修约", card.place

    def _grade(self, number: int, grade: Grade) -> Iterator[Slip]:
        grades = self.card.grades
        before, after = grades[:number], grades[number + 1 :]
        if before and after:
            yield "drop", (*before, *after), "删去", grade.place
        if grade.reached is not None:
            for kind, reached, what, place in condition_slips(grade.reached, self.ruleset):
                yield kind, (*before, replace(grade, reached=reached), *after), f"：{what}", place
        above = before[-1].verdict if before else ORDER[0]
        below = after[0].verdict if after else ORDER[-1]
        for verdict in ORDER[ORDER.index(above) : ORDER.index(below) + 1]:
            if verdict != grade.verdict and (before or verdict == ORDER[0]):
                what = f"的结论改为“{VERDICT_LABELS[Verdict(verdict)]}”"
                yield (
                    "effect",
                    (*before, replace(grade, verdict=verdict), *after),
                    what,
                    grade.place,
                )

    # --- items ---------------------------------------------------------------------------------

    def _item(self, item: Item) -> Iterator[Slip]:
        if item.applies_when is not None:
            negated = ast.NotOf(item.applies_when, item.place)
            yield "scope", replace(item, applies_when=negated), "适用范围取反", item.place
            yield "scope", replace(item, applies_when=None), "适用于一切项目", item.place
            for kind, changed, what, place in condition_slips(item.applies_when, self.ruleset):
                yield kind, replace(item, applies_when=changed), f"适用于{what}", place
        if item.rounding is not None:
            yield "cap", replace(item, rounding=None), "不修约", item.place
        points = item.points
        slips = self._bands(points, item) if isinstance(points, Bands) else self._expr(points, item)
        for kind, given, what, place in slips:
            yield kind, replace(item, points=given), f"：{what}", place

    def _moved(self, number: ast.Number, step: Fraction, item: Item | None) -> Iterator[ast.Number]:
        """The number moved; of plain points none that the item's own limits give the same for."""
        for value in moved(number.value, step):
            if item is not None:
                old, new = (min(max(v, item.low), item.high) for v in (number.value, value))
                if old == new:
                    continue
            yield replace(number, value=value)

    def _expr(self, expr: ast.Expr, item: Item | None) -> Iterator[Slip]:
        """Slips of an expression; ``item`` where its value is what the item gives, as it is."""
        match expr:
            case ast.Number():
                for number in self._moved(expr, self.step, item):
                    what = f"{shown(expr.value, 9)} 改为 {shown(number.value, 9)}"
                    yield "points", number, what, expr.place
            case ast.Choose(cases=cases, otherwise=otherwise):
                yield from self._choose(expr)
                for kind, changed, what, place in self._expr(otherwise, item):
                    yield kind, replace(expr, otherwise=changed), f"其余：{what}", place
                for n, (condition, value) in enumerate(cases):
                    for kind, changed, what, place in self._expr(value, item):
                        whole = (*cases[:n], (condition, changed), *cases[n + 1 :])
                        words = f"{condition_words(condition, self.ruleset)}：{what}"
                        yield kind, replace(expr, cases=whole), words, place
            case ast.Arith(op="multiply", args=(ast.Extreme() as share, ast.Number() as worth)):
                yield from self._ratio(expr, share, worth, item)
            case ast.Arith(args=args) | ast.Extreme(args=args):
                if isinstance(expr, ast.Extreme):
                    words = "“较小”与“较大”互换"
                    yield "cap", replace(expr, most=not expr.most), words, expr.place
                for n, arg in enumerate(args):
                    for kind, changed, what, place in self._expr(arg, None):
                        parts = (*args[:n], changed, *args[n + 1 :])
                        yield kind, replace(expr, args=parts), what, place
            case ast.Scale(expr=inner):
                for kind, changed, what, place in self._expr(inner, None):
                    yield kind, replace(expr, expr=changed), what, place

    def _choose(self, expr: ast.Choose) -> Iterator[Slip]:
        for n, (condition, value) in enumerate(expr.cases):
            rest = expr.otherwise if n == len(expr.cases) - 1 else None
            if (
                isinstance(value, ast.Number)
                and isinstance(rest, ast.Number)
                and value.value == rest.value
            ):
                continue  # The same points either way.
            for kind, changed, what, place in condition_slips(condition, self.ruleset):
                cases = (*expr.cases[:n], (changed, value), *expr.cases[n + 1 :])
                yield kind, replace(expr, cases=cases), what, place

    def _ratio(
        self, expr: ast.Arith, share: ast.Extreme, worth: ast.Number, item: Item | None
    ) -> Iterator[Slip]:
        """The share of a standard that is reached, times its points."""
        for kind, changed, what, place in self._expr(worth, None):
            yield kind, replace(expr, args=(share, changed)), what, place
        full = None if item is None else item.high
        for n, arg in enumerate(share.args):
            for kind, slip, what, place in self._expr(arg, None):
                if (
                    isinstance(arg, ast.Number)
                    and arg.value * worth.value == full
                    and slip.value > arg.value
                ):
                    continue  # Cut off by the full marks.
                args = (*share.args[:n], slip, *share.args[n + 1 :])
                found = replace(expr, args=(replace(share, args=args), worth))
                yield "cap" if kind == "points" else kind, found, f"比例的上限 {what}", place

    # --- bands ---------------------------------------------------------------------------------

    def _bands(self, bands: Bands, item: Item) -> Iterator[Slip]:
        measured = smallest_step(
            ast.Compare(bands.of, ast.Op.AT_LEAST, bands.of, None, bands.place), self.ruleset
        )
        for n, row in enumerate(bands.rows):
            before, after = bands.rows[:n], bands.rows[n + 1 :]
            found = [(k, (*before, r, *after), w) for k, r, w in self._row(row, measured, item)]
            if after:
                found.append(("band", (*before, *after), "少一档"))
            for kind, rows, what in found:
                changed = replace(bands, rows=rows)
                if not self.reaches.same(item, bands, changed):
                    yield kind, changed, what, row.place

    def _row(self, row: Band, measured: Fraction, item: Item) -> Iterator[tuple[str, Band, str]]:
        if isinstance(row.bound, ast.Number):
            for value in moved(row.bound.value, measured):
                words = with_unit(shown(value, 9), row.bound.unit)
                yield (
                    "band",
                    replace(row, bound=replace(row.bound, value=value)),
                    f"界限改为 {words}",
                )
        if row.bound is not None:
            yield "band", replace(row, strict=not row.strict), "界限本身换到另一档"
        if isinstance(row.points, ast.Number):
            for number in self._moved(row.points, self.step, item if row.step is None else None):
                what = f"{shown(row.points.value, 9)} 分改为 {shown(number.value, 9)}"
                yield "points", replace(row, points=number), what
        for name, word in (("least", "最少"), ("most", "最多")):
            limit = getattr(row, name)
            for value in moved(limit.value, self.step) if isinstance(limit, ast.Number) else ():
                changed: Any = {name: replace(limit, value=value)}
                yield "cap", replace(row, **changed), f"{word}改为 {shown(value, 9)}"
        if row.step is not None:
            for step, what in self._step(row.step, measured):
                yield "step", replace(row, step=step), what

    def _step(self, step: Step, measured: Fraction) -> Iterator[tuple[Step, str]]:
        parts = (
            ("points", "每步的分", self.step),
            ("size", "步长", measured),
            ("origin", "起点", measured),
        )
        for name, word, by in parts:
            number = getattr(step, name)
            for value in moved(number.value, by) if isinstance(number, ast.Number) else ():
                if name != "size" or value > 0:
                    changed: Any = {name: replace(number, value=value)}
                    yield replace(step, **changed), f"{word}改为 {shown(value, 9)}"
        other = "不满一步按比例" if step.whole else "满一步才算"
        yield replace(step, whole=not step.whole), f"改为{other}"


def _full(item: Item) -> Fraction:
    return item.low if item.kind is ItemKind.DEDUCTION else item.high


def _most(card: Scorecard) -> Fraction:
    return sum((i.high for i in card.items), Fraction(0))


def _least(card: Scorecard) -> Fraction:
    return sum((min(i.low, Fraction(0)) for i in card.items), Fraction(0))
