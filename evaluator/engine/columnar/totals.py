"""Sums of items: by kind, with their caps, then the card's own; and the order to work things out in."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from evaluator.engine.columnar.ends import between, number, plus
from evaluator.engine.columnar.exact import Amount
from evaluator.rulebook import ast, walk
from evaluator.rulebook.cards import Item, ItemKind, Scorecard


def levels_of(
    ruleset: ast.Ruleset, roots: Sequence[ast.Condition | ast.Expr]
) -> list[list[ast.Expr]]:
    """The expressions that are worth columns of their own, each after those that it is made of."""
    depths: dict[int, int] = {}
    levels: list[list[ast.Expr]] = []

    def depth(node: ast.Condition | ast.Expr) -> int:
        known = depths.get(id(node))
        if known is not None:
            return known
        below: Sequence[ast.Condition | ast.Expr] = walk.children(node)
        if isinstance(node, ast.MetricRef):
            below = (ruleset.metrics[node.id].formula,)
        # What a condition is made of is in its own column.
        found = max((depth(b) for b in below if not _is_condition(b)), default=0)
        if isinstance(
            node, ast.MetricRef | ast.Arith | ast.Extreme | ast.Choose | ast.CriterionRef
        ):
            found += 1
            while len(levels) < found:
                levels.append([])
            levels[found - 1].append(node)
        depths[id(node)] = found
        return found

    for root in roots:
        if not _is_condition(root):
            depth(root)
    return levels


def _is_condition(node: ast.Condition | ast.Expr) -> bool:
    return isinstance(node, ast.Condition)


def range_of(card: Scorecard) -> tuple[Fraction, Fraction]:
    """Where the total before rounding can lie at all; a little more is no matter."""
    step = Fraction(1)
    low = sum((min(i.low, Fraction(0)) - step for i in card.items), Fraction(0))
    high = sum((max(i.high, Fraction(0)) + step for i in card.items), Fraction(0))
    limits = [abs(v) for v in (card.cap, card.floor, *(v for _, v in card.caps)) if v is not None]
    more = sum(limits, Fraction(0))
    return low - more, high + more


def total(card: Scorecard, given: list[tuple[Item, Amount]]) -> Amount:
    """Sums by kind, their caps, the card's cap and floor; not rounded yet."""
    caps = dict(card.caps)
    score = number(0)
    for kind in ItemKind:
        amounts = [a for i, a in given if i.kind is kind]
        if not amounts:
            # A cap below nothing still caps it.
            cap = caps.get(kind)
            sum_ = Fraction(0)
            if cap is not None:
                sum_ = max(sum_, -cap) if kind is ItemKind.DEDUCTION else min(sum_, cap)
            score = plus(score, number(sum_))
            continue
        sum_of = _summed(amounts)
        if kind in caps:
            low, high = range_of(card)
            sum_of = (
                between(sum_of, -caps[kind], max(high, -caps[kind]), low)
                if kind is ItemKind.DEDUCTION
                else between(sum_of, min(low, caps[kind]), caps[kind], low)
            )
        score = plus(score, sum_of)
    low, high = range_of(card)
    if card.cap is not None:
        score = between(score, min(low, card.cap), card.cap, low)
    if card.floor is not None:
        score = between(score, card.floor, max(high, card.floor), high)
    return score


def _summed(amounts: list[Amount]) -> Amount:
    """The sum, those of one denominator first."""
    groups: dict[object, Amount] = {}
    for amount in amounts:
        key = None if amount.den is None else amount.den.expr.op()
        groups[key] = plus(groups[key], amount) if key in groups else amount
    total = number(0)
    for group in groups.values():
        total = plus(total, group)
    return total
