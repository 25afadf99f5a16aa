"""What cases touch of scorecards: each band, step, limit and choice of points, and each grade."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from evaluator.cases.book import SUBMITTED_ON, Cases
from evaluator.cases.layers import CaseLayers
from evaluator.cases.reach import Reaches
from evaluator.dossier.dossier import Profile
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.inwords import condition_words
from evaluator.judgement.scores import grade_cards
from evaluator.judgement.wording import with_unit
from evaluator.problems.source import Place
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Band, Bands, Item, Scorecard
from evaluator.values.numbers import shown

Value = Callable[[ast.Expr], Fraction | None]


class Part(NamedTuple):
    """One thing of a card that cases can touch: its kind, what it is, where, and its key."""

    kind: str
    what: str
    place: Place
    key: tuple[object, ...]


def card_parts(
    ruleset: ast.Ruleset, cases: Cases, engine: ReferenceEngine
) -> Iterator[tuple[Scorecard, Part, bool]]:
    """Every part of the cards that the top layer changes, and whether a case touches it."""
    reaches = Reaches(ruleset, SUBMITTED_ON)
    for card in CaseLayers(ruleset).cards:
        seen: set[tuple[object, ...]] = set()
        dossiers = [(c.profile, c.as_of) for c in cases.rules if c.rule in card.rule_ids]
        dossiers += [(c.profile, c.as_of) for c in cases.dossiers]
        for profile, day in dossiers:
            seen.update(_touched(card, engine, profile, day))
        for part in _parts(card, ruleset, reaches):
            yield card, part, part.key in seen


def _touched(
    card: Scorecard, engine: ReferenceEngine, profile: Profile, day: dt.date
) -> Iterator[tuple[object, ...]]:
    graded = next((g for g in grade_cards(engine, profile, day) if g.card is card), None)
    if graded is None:
        return
    if graded.grade is not None:
        yield ("grade", graded.grade.id)
    score, value = graded.score, engine.values(profile, day)
    for part in score.items:
        if part.applies and not part.open:
            points = part.item.points
            if isinstance(points, Bands):
                yield from _in_bands(part.item, points, value)
            else:
                yield from _in_choice(part.item, points, engine, profile, day)
    if not score.open:
        total = sum((i.low for i in score.items), Fraction(0))
        if card.cap is not None and total >= card.cap:
            yield ("cap",)
        if card.floor is not None and total <= card.floor:
            yield ("floor",)


def _in_bands(item: Item, bands: Bands, value: Value) -> Iterator[tuple[object, ...]]:
    number = value(bands.of)
    if number is None:
        return
    for n, row in enumerate(bands.rows):
        bound = None if row.bound is None else value(row.bound)
        if row.bound is not None and bound is None:
            return
        if bound is None or number > bound or (number == bound and not row.strict):
            yield ("row", item.id, n)
            yield from _in_row(item, n, row, number, value)
            return


def _in_row(
    item: Item, n: int, row: Band, number: Fraction, value: Value
) -> Iterator[tuple[object, ...]]:
    given = value(row.points)
    if row.step is not None:
        origin, size, worth = (value(e) for e in (row.step.origin, row.step.size, row.step.points))
        if given is None or origin is None or not size or worth is None:
            return
        count = (origin - number if row.step.below else number - origin) / size
        if count > 0 and (not row.step.whole or count.denominator == 1):
            yield ("step", item.id, n)
        steps = max(count, Fraction(0))
        given += worth * (Fraction(steps // 1) if row.step.whole else steps)
    for name in ("least", "most"):
        expr = getattr(row, name)
        limit = None if expr is None else value(expr)
        if limit is None or given is None:
            continue
        if (given < limit) if name == "least" else (given > limit):
            yield (name, item.id, n)


def _in_choice(
    item: Item, points: ast.Expr, engine: ReferenceEngine, profile: Profile, day: dt.date
) -> Iterator[tuple[object, ...]]:
    truth = engine.truths(profile, day)
    for k, choice in enumerate(_choices(points)):
        held = [truth(condition) for condition, _ in choice.cases]
        yield ("choice", item.id, k, held.index(True) if True in held else len(held))


def _choices(points: ast.Expr) -> Iterator[ast.Choose]:
    match points:
        case ast.Choose():
            yield points
        case ast.Arith(args=args) | ast.Extreme(args=args):
            for arg in args:
                yield from _choices(arg)


# --- what there is to touch --------------------------------------------------------------------


def _parts(card: Scorecard, ruleset: ast.Ruleset, reaches: Reaches) -> Iterator[Part]:
    for item in card.items:
        points = item.points
        if isinstance(points, Bands):
            yield from _bands(item, points, reaches)
            continue
        for k, choice in enumerate(_choices(points)):
            for n, (condition, _) in enumerate(choice.cases):
                what = f"评分项“{item.title}”：{condition_words(condition, ruleset)}"
                yield Part("points", what, condition.place, ("choice", item.id, k, n))
            what = f"评分项“{item.title}”：其余情形"
            yield Part("points", what, choice.place, ("choice", item.id, k, len(choice.cases)))
    highest = sum((i.high for i in card.items), Fraction(0))
    lowest = sum((i.low for i in card.items), Fraction(0))
    if card.cap is not None and highest > card.cap:
        yield Part("cap", f"总分到上限 {shown(card.cap)} 分", card.place, ("cap",))
    if card.floor is not None and lowest < card.floor:
        yield Part("cap", f"总分到下限 {shown(card.floor)} 分", card.place, ("floor",))
    for grade in card.grades:
        yield Part("grade", f"等次“{grade.title}”", grade.place, ("grade", grade.id))


def _bands(item: Item, bands: Bands, reaches: Reaches) -> Iterator[Part]:
    reached = reaches.rows(bands)
    for n, row in enumerate(bands.rows):
        if not any(row is other for other in reached):
            continue
        name = f"评分项“{item.title}”的{_row_words(row)}"
        yield Part("band", name, row.place, ("row", item.id, n))
        if row.step is not None:
            word = "恰满一步" if row.step.whole else "有不满一步的"
            yield Part("step", f"{name}{word}", row.place, ("step", item.id, n))
        for limit, word in (("least", "最少"), ("most", "最多")):
            if reaches.binds(item, bands, row, limit):
                yield Part("cap", f"{name}到{word}的分", row.place, (limit, item.id, n))


def _row_words(row: Band) -> str:
    if isinstance(row.bound, ast.Number):
        word = "高于" if row.strict else "不低于"
        return f"“{word} {with_unit(shown(row.bound.value, 9), row.bound.unit)}”一档"
    return "最后一档" if row.bound is None else "按标准定界的一档"
