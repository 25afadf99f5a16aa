"""Which rules and cards may say otherwise under another ruleset: what is to be judged again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from evaluator.revision.diff import bare
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.criteria import Criterion
from evaluator.rulebook.reads import criteria_of, through_cards


@lru_cache(maxsize=4)
def changed_rules(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Rules of either ruleset that may give another finding, or weigh otherwise, in the other."""
    either, moved = old.rules.keys() | new.rules.keys(), _changed_criteria(old, new)
    return frozenset(r for r in either if not _same(_rule(old, r), _rule(new, r), moved))


@lru_cache(maxsize=4)
def changed_cards(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Cards of either ruleset that may give other points or another grade in the other."""
    either, moved = old.scorecards.keys() | new.scorecards.keys(), _changed_criteria(old, new)
    return frozenset(c for c in either if not _same(_card(old, c), _card(new, c), moved))


def _changed_criteria(old: ast.Ruleset, new: ast.Ruleset) -> frozenset[str]:
    """Criteria of both that are not written alike; looked at once, since many rules read the same."""
    both = old.criteria.keys() & new.criteria.keys()
    return frozenset(c for c in both if bare(old.criteria[c]) != bare(new.criteria[c]))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a rule or card says apart from when: ``own`` and the criteria it reads; and ``span``, the
    days on which it counts."""

    own: object
    criteria: Mapping[str, Criterion]
    span: tuple[dt.date | None, dt.date | None]


def meaning_of(ruleset: ast.Ruleset, id_: str) -> Meaning | None:
    """Of the rule, or of the card, with this id; None where there is none."""
    if id_ in ruleset.rules:
        return _rule(ruleset, id_)
    return _card(ruleset, id_)


def _same(a: Meaning | None, b: Meaning | None, moved: frozenset[str]) -> bool:
    if a is None or b is None:
        return a is b
    criteria = a.criteria.keys()
    same = (a.own, a.span, criteria) == (b.own, b.span, b.criteria.keys())
    return same and not moved & criteria


def _rule(ruleset: ast.Ruleset, rule_id: str) -> Meaning | None:
    rule = ruleset.rules.get(rule_id)
    if rule is None:
        return None
    cards = [ruleset.scorecards[id_] for id_ in sorted({*walk.named("scorecard", *rule.halves)})]
    roots = (*rule.halves, *(root for card in cards for root in card.roots()))
    scored = [(_scored(card), _units(*card.roots())) for card in cards]
    own = _own(rule), _metrics(ruleset, roots), scored
    return Meaning(own, criteria_of(rule, ruleset), (rule.start, rule.end))


def _card(ruleset: ast.Ruleset, card_id: str) -> Meaning | None:
    card = ruleset.scorecards.get(card_id)
    if card is None:
        return None
    grades = [(g.id, bare(g.reached)) for g in card.grades]
    roots = tuple(card_inputs(ruleset, [card_id]))
    named = walk.named("criterion", *through_cards(ruleset, *roots), metrics=ruleset.metrics)
    criteria = {id_: ruleset.criteria[id_] for id_ in sorted({*named})}
    own = bare(card.applies_when), _units(*roots), grades
    meaning = _scored(card), own, _metrics(ruleset, roots)
    return Meaning(meaning, criteria, (card.start, card.end))


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
