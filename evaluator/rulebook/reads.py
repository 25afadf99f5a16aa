"""What a rule reads: fields and criteria, through metrics and criterion tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from weakref import WeakKeyDictionary

from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import Criterion

_known: WeakKeyDictionary[ast.Ruleset, Mapping[str, frozenset[str]]] = WeakKeyDictionary()


def reads(ruleset: ast.Ruleset) -> Mapping[str, frozenset[str]]:
    """``fields_of`` each rule, by rule id; worked out once for each ruleset."""
    fields = _known.get(ruleset)
    if fields is None:
        fields = {rule.id: fields_of(rule, ruleset) for rule in ruleset.rules.values()}
        _known[ruleset] = fields
    return fields


def fields_of(rule: ast.Rule, ruleset: ast.Ruleset) -> frozenset[str]:
    """Every field the rule reads, through metrics and criterion tables."""
    return frozenset(fields_read(ruleset, *rule.halves))


def through_cards(ruleset: ast.Ruleset, *roots: walk.Node | None) -> Iterator[walk.Node]:
    """The roots, and after each those of every card whose score it compares."""
    for root in roots:
        if root is None:
            continue
        yield root
        for card in dict.fromkeys(walk.named("scorecard", root)):
            yield from ruleset.scorecards[card].roots()


def fields_read(ruleset: ast.Ruleset, *roots: walk.Node | None) -> Iterator[str]:
    """The fields that are named, and those that choose the row of every table that is."""
    roots = tuple(through_cards(ruleset, *roots))
    yield from walk.named("field", *roots, metrics=ruleset.metrics)
    for id_ in walk.named("criterion", *roots, metrics=ruleset.metrics):
        yield from (d for d in ruleset.criteria[id_].by if d in ruleset.registry.fields)


def criterion_refs(root: walk.Node, ruleset: ast.Ruleset) -> Iterator[ast.CriterionRef]:
    """Every place where the value of a criterion is taken, through metrics too."""
    below = walk.nodes(root, metrics=ruleset.metrics)
    return (node for node in below if isinstance(node, ast.CriterionRef))


def criteria_of(rule: ast.Rule, ruleset: ast.Ruleset) -> dict[str, Criterion]:
    """The criteria that a rule's conditions read, also through metrics."""
    roots = through_cards(ruleset, *rule.halves)
    names = walk.named("criterion", *roots, metrics=ruleset.metrics)
    return {name: ruleset.criteria[name] for name in names}


def held_against(leaf: ast.Leaf) -> str | None:
    """The criterion that a leaf compares with, not one within a formula."""
    if isinstance(leaf, ast.Compare):
        return leaf.right.id if isinstance(leaf.right, ast.CriterionRef) else None
    return None if isinstance(leaf, ast.Known) else leaf.criterion
