"""Which rules and cards may say otherwise under another ruleset: what is to be judged again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from evaluator.revision.diff import bare
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.reads import criteria_of, through_cards


def changed_rules(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Rules of either ruleset that may give another finding, or weigh otherwise, in the other."""
    either = old.rules.keys() | new.rules.keys()
    return frozenset(r for r in either if _rule(old, r) != _rule(new, r))


def changed_cards(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Cards of either ruleset that may give other points or another grade in the other."""
    either = old.scorecards.keys() | new.scorecards.keys()
    return frozenset(c for c in either if _card(old, c) != _card(new, c))


def _rule(ruleset: ast.Ruleset, rule_id: str) -> object:
    rule = ruleset.rules.get(rule_id)
    if rule is None:
        return None
    cards = [ruleset.scorecards[id_] for id_ in sorted({*walk.named("scorecard", *rule.halves)})]
    roots = (*rule.halves, *(root for card in cards for root in card.roots()))
    scored = [(_scored(card), _units(*card.roots())) for card in cards]
    return _own(rule), _metrics(ruleset, roots), bare(criteria_of(rule, ruleset)), scored


def _card(ruleset: ast.Ruleset, card_id: str) -> object:
    card = ruleset.scorecards.get(card_id)
    if card is None:
        return None
    grades = [(g.id, bare(g.reached)) for g in card.grades]
    roots = tuple(card_inputs(ruleset, [card_id]))
    named = walk.named("criterion", *through_cards(ruleset, *roots), metrics=ruleset.metrics)
    criteria = {id_: bare(ruleset.criteria[id_]) for id_ in sorted({*named})}
    own = bare(card.applies_when), card.start, card.end, _units(*roots), grades
    return _scored(card), own, _metrics(ruleset, roots), criteria


def _metrics(ruleset: ast.Ruleset, roots: Iterable[walk.Node | None]) -> dict[str, object]:
    """What the metrics mean that are named, by id."""
    return {
        id_: (bare(ruleset.metrics[id_].formula), _units(ruleset.metrics[id_].formula))
        for id_ in walk.named("metric", *roots, metrics=ruleset.metrics)
    }


def _scored(card: Scorecard) -> object:
    """What a card's score is made of."""
    return (
        bare(card.items),
        card.cap,
        card.floor,
        card.caps,
        bare(card.rounding),
    )


def _own(rule: ast.Rule) -> object:
    return (
        bare(rule.applies_when),
        bare(rule.require),
        _units(*rule.halves),
        rule.effect,
        rule.start,
        rule.end,
    )


def _units(*roots: walk.Node | None) -> tuple[Fraction | None, ...]:
    """The unit conversions among the nodes, which ``bare`` leaves out."""
    return tuple(n.factor if isinstance(n, ast.Scale) else None for n in walk.nodes(*roots))


def card_inputs(ruleset: ast.Ruleset, cards: Iterable[str]) -> Iterator[walk.Node]:
    """Everything that the points and grades of these cards rest on."""
    for id_ in cards:
        card = ruleset.scorecards[id_]
        roots = (*card.roots(), card.applies_when, *(g.reached for g in card.grades))
        yield from (root for root in roots if root is not None)
