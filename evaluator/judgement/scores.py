"""The scores of a judgement: each card's points, its grade, and what is lacking to the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.scoring import ItemScore, Score
from evaluator.judgement.evaluate import Evaluation
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import PREFIX, Grade, ItemKind, Scorecard
from evaluator.values.kleene import Truth, all_of, any_of, negate
from evaluator.values.numbers import exact_text, shown

Truths = Callable[[ast.Condition], Truth]
Values = Callable[[ast.Expr], Fraction | None]


class Lost(NamedTuple):
    """What keeps an item below its full marks: the points that are lost for sure."""

    part: ItemScore
    points: Fraction


class Graded(NamedTuple):
    """One card on one dossier. ``grade`` is None while answers can still change it.

    ``possible`` are the grades that answers can still lead to, best first.
    """

    score: Score
    applies: Truth
    possible: tuple[Grade, ...]
    missing: tuple[str, ...]
    reasons: tuple[str, ...]
    to_next: Fraction | None

    @property
    def card(self) -> Scorecard:
        """The card."""
        return self.score.card

    @property
    def grade(self) -> Grade | None:
        """The grade, once it is settled."""
        return self.possible[0] if len(self.possible) == 1 else None

    @property
    def verdict(self) -> str | None:
        """What the grade stands for, once every possible one stands for it."""
        verdicts = {g.verdict for g in self.possible}
        return verdicts.pop() if len(verdicts) == 1 else None

    @property
    def lost(self) -> tuple[Lost, ...]:
        """The items that lose points whatever is answered, the dearest first."""
        parts = [Lost(i, i.item.high - i.high) for i in self.score.items if i.applies is not False]
        counted = [x for x in parts if x.points > 0 and x.part.item.kind is not ItemKind.BONUS]
        return tuple(sorted(counted, key=lambda x: -x.points))

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the canonical result."""
        return {
            "scorecard": self.card.id,
            "low": exact_text(self.score.low),
            "high": exact_text(self.score.high),
            "max": exact_text(self.card.full),
            "grade": self.grade.id if self.grade else None,
            "verdict": self.verdict,
            "to_next": None if self.to_next is None else exact_text(self.to_next),
            "items": [_item(part) for part in self.score.items],
        }


def _item(part: ItemScore) -> dict[str, Any]:
    return {
        "item": part.item.id,
        "low": exact_text(part.low),
        "high": exact_text(part.high),
        "max": exact_text(part.item.high),
        "status": status_of_item(part),
    }


def status_of_item(part: ItemScore) -> str:
    """``scored``, ``open`` or ``not_applicable``."""
    return "not_applicable" if part.applies is False else "open" if part.open else "scored"


def scores(evaluation: Evaluation) -> tuple[Graded, ...]:
    """Every card in force that applies or may apply, by id."""
    key = "scores"
    known = evaluation.kept.get(key)
    if known is None:
        graded = grade_cards(evaluation.reference, evaluation.profile, evaluation.as_of)
        known = evaluation.kept[key] = tuple(graded)
    return known


def grade_cards(engine: ReferenceEngine, profile: Profile, as_of: dt.date) -> Iterator[Graded]:
    """Every card in force that applies or may apply to a dossier, by id."""
    truth = engine.truths(profile, as_of)
    for score in engine.scores(profile, as_of):
        card = score.card
        applies: Truth = True if card.applies_when is None else truth(card.applies_when)
        if applies is False:
            continue
        possible: list[Grade] = []
        for grade in card.grades:
            reached: Truth = True if grade.reached is None else truth(grade.reached)
            if reached is not False:
                possible.append(grade)
            if reached is True:
                break
        missing, reasons = engine.lacking(card, profile, as_of)
        to_next = None
        if len(possible) == 1:
            to_next = _to_next(engine.values(profile, as_of), score, truth, possible[0])
        yield Graded(score, applies, tuple(possible), missing, reasons, to_next)


def _to_next(value: Values, score: Score, truth: Truths, grade: Grade) -> Fraction | None:
    """The points lacking to a better grade, all else as it is; None where no points lead to one."""
    better = score.card.grades[: score.card.grades.index(grade)]
    asked = {
        limit
        for g in better
        for leaf in walk.leaves(g.reached)
        if isinstance(leaf, ast.Compare) and isinstance(leaf.left, ast.ScoreRef)
        if (limit := value(leaf.right)) is not None and limit > score.high
    }
    for points in sorted(asked):
        if any(_with(points, g.reached, truth, value) is True for g in better):
            return points - score.high
    return None


def _with(points: Fraction, condition: ast.Condition | None, truth: Truths, value: Values) -> Truth:
    """The truth of a grade's condition at so many points."""
    match condition:
        case None:
            return True
        case ast.AllOf(items=items):
            return all_of(_with(points, i, truth, value) for i in items)
        case ast.AnyOf(items=items):
            return any_of(_with(points, i, truth, value) for i in items)
        case ast.NotOf(item=item):
            return negate(_with(points, item, truth, value))
        case ast.Compare(left=ast.ScoreRef(), op=op, right=right):
            limit = value(right)
            return None if limit is None else op.holds((points > limit) - (points < limit))
        case _:
            return truth(condition)


def points_text(low: Fraction, high: Fraction) -> str:
    """Points for reading: "80.7", or "80 至 84"."""
    return shown(low) if low == high else f"{shown(low)} 至 {shown(high)}"


def graded_by(evaluation: Evaluation, rule: ast.Rule) -> Graded | None:
    """The card that a rule is made of, where it is made of one that applies."""
    if rule.list != PREFIX:
        return None
    return next((g for g in scores(evaluation) if rule.id in g.card.rule_ids), None)


def score_sentence(graded: Graded) -> str:
    """One card in one sentence: "项目综合评价 80.7 分（满分 100），附条件准入"."""
    score, card = graded.score, graded.card
    head = f"{card.title} {points_text(score.low, score.high)} 分（满分 {shown(card.full)}）"
    if graded.grade is None:
        names = "、".join(g.title for g in graded.possible)
        return f"{head}，等次待定：可能是{names}"
    grade = graded.grade
    note = f"（{grade.note}）" if grade.note else ""
    next_ = f"，差 {shown(graded.to_next)} 分到上一等次" if graded.to_next else ""
    return f"{head}，{grade.title}{note}{next_}"
