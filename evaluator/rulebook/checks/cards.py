"""Scorecards that do not add up: sums, points beyond the full marks, grades and bands never reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Bands, Grade, Item, ItemKind, Scorecard
from evaluator.rulebook.checks.base import problem
from evaluator.values.numbers import shown


def _highest(card: Scorecard) -> Fraction:
    """The most points that the card can give."""
    caps = dict(card.caps)
    sums = dict.fromkeys(ItemKind, Fraction(0))
    for item in card.items:
        sums[item.kind] += item.high
    for kind, cap in caps.items():
        sums[kind] = min(sums[kind], cap)
    most = sum(sums.values(), Fraction(0))
    return most if card.cap is None else min(most, card.cap)


class CardSum:
    """The full marks of a card are not the sum of those of its regular items."""

    code: ClassVar[str] = "W931"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            # Items for some projects only may stand for one another.
            if any(i.applies_when is not None for i in card.items):
                continue
            total = sum((i.high for i in card.items if i.kind is ItemKind.REGULAR), Fraction(0))
            if total != card.full:
                message = (
                    f"评分表“{card.id}”写明满分 {shown(card.full)} 分，"
                    f"各项满分合计 {shown(total)} 分"
                )
                yield problem(self.code, message, card.place, "核对各项满分", subject=card.rule_id)


class PointsOverFull:
    """A number of points that its item can never give, as it is more than the full marks."""

    code: ClassVar[str] = "W932"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            for item in card.items:
                for given in _given(item):
                    if not item.low <= given.value <= item.high:
                        message = (
                            f"评分项“{item.title}”写的 {shown(given.value)} 分给不到，"
                            f"这一项从 {shown(item.low)} 分到 {shown(item.high)} 分"
                        )
                        hint = "改分数，或改满分（full_marks）"
                        yield problem(self.code, message, given.place, hint, subject=card.rule_id)


def _given(item: Item) -> Iterator[ast.Number]:
    """The plain numbers of points that an item names for an option, a band or a condition."""
    points = item.points
    if isinstance(points, Bands):
        found = [row.points for row in points.rows if row.step is None]
    elif isinstance(points, ast.Choose):
        found = [*(value for _, value in points.cases), points.otherwise]
    else:
        found = []
    yield from (e for e in found if isinstance(e, ast.Number))


class GradeOutOfReach:
    """A grade that asks for more points than the card can give."""

    code: ClassVar[str] = "W933"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            most = _highest(card)
            for grade in card.grades:
                if isinstance(grade.floor, ast.Number) and grade.floor.value > most:
                    message = (
                        f"等次“{grade.title}”要 {shown(grade.floor.value)} 分，"
                        f"这张表最多 {shown(most)} 分"
                    )
                    yield problem(
                        self.code, message, grade.place, "核对分数线", subject=card.rule_id
                    )


class BandOutOfReach:
    """A band whose bound is not beyond the one before: no number ever lies in it."""

    code: ClassVar[str] = "W934"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            for item in card.items:
                if not isinstance(item.points, Bands):
                    continue
                for above, below in pairwise(item.points.rows):
                    high, low = above.bound, below.bound
                    if not isinstance(high, ast.Number) or not isinstance(low, ast.Number):
                        continue
                    same = high.value == low.value and not (above.strict and not below.strict)
                    if low.value > high.value or same:
                        message = f"评分项“{item.title}”的这一档没有数到得了，前一档已经收下了"
                        hint = "at_least 从高到低写，at_most 从低到高写"
                        yield problem(self.code, message, below.place, hint, subject=card.rule_id)


class GradeOvertaken:
    """A grade whose line is not below that of a grade above it, which asks nothing else: nobody is left
    for it, as where the line for a pass is below that for a reject."""

    code: ClassVar[str] = "W935"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            lowest: Grade | None = None
            for grade in card.grades:
                line = grade.floor.value if isinstance(grade.floor, ast.Number) else None
                above = lowest.floor if lowest is not None else None
                if line is not None and isinstance(above, ast.Number) and line >= above.value:
                    assert lowest is not None
                    message = (
                        f"等次“{grade.title}”要 {shown(line)} 分，"
                        f"满 {shown(above.value)} 分的都已是“{lowest.title}”，没有项目到得了"
                    )
                    hint = "分数线从高到低写"
                    yield problem(self.code, message, grade.place, hint, subject=card.rule_id)
                elif line is not None and grade.when is None:
                    lowest = grade


class IdleItem:
    """An item that gives the same points whatever is answered: it never matters."""

    code: ClassVar[str] = "W936"
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for card in ruleset.scorecards.values():
            for item in card.items:
                values = {min(max(v, item.low), item.high) for v in _every(item)}
                if len(values) == 1 and item.applies_when is None:
                    message = (
                        f"评分项“{item.title}”不论怎样都得 {shown(values.pop())} 分，不影响等次"
                    )
                    hint = "核对各档的分数，或去掉这一项"
                    yield problem(self.code, message, item.place, hint, subject=card.rule_id)


def _every(item: Item) -> Iterator[Fraction]:
    """Every number of points that an item can come to; two different ones where that is not plain."""
    points = item.points
    if isinstance(points, Bands) and all(row.step is None for row in points.rows):
        parts: tuple[ast.Expr, ...] = tuple(row.points for row in points.rows)
    elif isinstance(points, ast.Choose):
        parts = (*(value for _, value in points.cases), points.otherwise)
    else:
        parts = () if isinstance(points, Bands) else (points,)
    if parts and all(isinstance(part, ast.Number) for part in parts):
        yield from (part.value for part in parts if isinstance(part, ast.Number))
    else:
        yield from (item.low, item.high)
