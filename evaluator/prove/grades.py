"""Questions about scorecards: is every grade reached, and does a better number ever cost points?

No dossier is ever in two grades: they stand in an order, and the first that is reached counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import z3

from evaluator.dossier.dossier import Profile
from evaluator.judgement.scores import grade_cards
from evaluator.prove.exprs import TooLarge
from evaluator.prove.report import Answer, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Question, Side, Space
from evaluator.rulebook.cards import Bands, Item, Scorecard

CHECK = "scorecards"


def scorecard_answers(space: Space, side: Side) -> Iterator[Answer]:
    """For every card in force: its grades, and each item that goes by a number."""
    for card in side.ruleset.scorecards.values():
        if not card.in_force(space.as_of):
            continue
        for place in range(len(card.grades)):
            yield _reached(space, side, card, place)
        for item in card.items:
            if isinstance(item.points, Bands):
                yield _one_way(space, side, card, item, item.points)


def _reached(space: Space, side: Side, card: Scorecard, place: int) -> Answer:
    grade = card.grades[place]
    fields: frozenset[str] = frozenset()
    parts: list[Any] = []
    for other in card.grades[: place + 1]:
        if other.reached is None:
            continue
        pair, read = side.compiler.condition(other.reached)
        fields |= read
        parts.append(pair.true if other is grade else pair.false)
    if card.applies_when is not None:
        pair, read = side.compiler.condition(card.applies_when)
        fields |= read
        parts.append(pair.true)

    def holds(profile: Profile) -> bool:
        graded = grade_cards(side.engine, profile, space.as_of)
        found = next((g.grade for g in graded if g.card.id == card.id), None)
        return found is not None and found.id == grade.id

    title = f"评分表“{card.title}”的等次“{grade.title}”"
    reply = space.ask(Question(z3.And(parts), fields, holds, exact=False))
    open_ = settled(reply, CHECK, (card.rule_id, grade.id), title)
    if open_:
        return open_
    if reply.witness is None:
        return Answer(
            CHECK,
            (card.rule_id, grade.id),
            State.ALARM,
            f"{title}：任何项目都到不了",
            True,
            hint="核对分数线，或前面各等次的条件是不是已经取走了全部项目",
        )
    return Answer(
        CHECK,
        (card.rule_id, grade.id),
        State.OK,
        f"{title}：有项目达到",
        witnesses=(reply.witness,),
    )


def _one_way(space: Space, side: Side, card: Scorecard, item: Item, bands: Bands) -> Answer:
    """Whether the points only rise, or only fall, as the number does."""
    title = f"评分表“{card.title}”的“{item.title}”"
    subjects = (card.rule_id, item.id)
    low, high = z3.Real("lower number"), z3.Real("higher number")
    try:
        sign = side.compiler.sign_of(bands.of)
        fields, (at_low, known), (at_high, _) = side.compiler.points_at(bands, low, high)
    except TooLarge:
        return Answer(
            CHECK, subjects, State.UNDECIDED, f"{title}：未能判定（公式过大，未完整编译）"
        )
    for worse, words in ((at_high < at_low, "数越大分越多"), (at_high > at_low, "数越大分越少")):
        solver = space.solver(fields)
        solver.add(known, low < high, worse)
        if sign == 1:
            solver.add(low >= 0)
        space.questions += 1
        found, _ = space.check(solver)
        if found == z3.unsat:
            return Answer(CHECK, subjects, State.OK, f"{title}：{words}，从不反复", True)
        if found != z3.sat:
            return Answer(CHECK, subjects, State.UNDECIDED, f"{title}：未能判定（求解器未能判定）")
    return Answer(
        CHECK,
        subjects,
        State.ALARM,
        f"{title}：数变大，分有时多有时少，较好的数反而可能丢分",
        True,
        hint="核对各档的分数、每步加减的分和上下限",
    )
