"""The rules that a card's grades are: which grade is reached is a finding in the same algebra.

A card has one rule that its passing grades satisfy. Where some of its grades reject and others
refer it has a second, which the rejecting grades violate; what both say is shown as one finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluator.rulebook import ast
from evaluator.rulebook.cards import PREFIX, Scorecard
from evaluator.rulebook.verdict import Verdict


def rules_of(card: Scorecard) -> Iterator[ast.Rule]:
    """The rules of one card, none where every grade passes."""
    verdicts = {g.verdict for g in card.grades}
    rejects, refers = Verdict.REJECT.value in verdicts, Verdict.REFER.value in verdicts
    passing = _one_of(card, (Verdict.PASS.value,))
    if refers or rejects:
        effect = ast.Effect.REFER if refers else ast.Effect.REJECT
        yield _rule(card, card.rule_id, card.title, passing, effect)
    if refers and rejects:
        kept = _one_of(card, (Verdict.PASS.value, Verdict.REFER.value))
        yield _rule(card, card.reject_id, f"{card.title}的最低线", kept, ast.Effect.REJECT)


def _one_of(card: Scorecard, verdicts: tuple[str, ...]) -> ast.Condition:
    """That one of the grades with these verdicts is reached; they stand first."""
    reached = [g.reached for g in card.grades if g.verdict in verdicts and g.reached is not None]
    return reached[0] if len(reached) == 1 else ast.AnyOf(tuple(reached), card.place)


def _rule(
    card: Scorecard, id_: str, title: str, require: ast.Condition, effect: ast.Effect
) -> ast.Rule:
    return ast.Rule(
        id=id_,
        title=title,
        list=PREFIX,
        dimension=None,
        applies_when=card.applies_when,
        require=require,
        effect=effect,
        departments=card.departments,
        basis=card.basis,
        message=None,
        remedy=card.remedy,
        note=card.note,
        start=card.start,
        end=card.end,
        due=card.due,
        place=card.place,
    )
