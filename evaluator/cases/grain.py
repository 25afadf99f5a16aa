"""The grain of a score: what every score that a card can give is a multiple of.

A line moved by less than the grain parts no two scores, so that no case could notice it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import gcd, lcm

from evaluator.rulebook import ast
from evaluator.rulebook.cards import Bands, Item, Scorecard


def grain(card: Scorecard) -> Fraction | None:
    """The grain of a card's score; None where its scores lie as close as answers do."""
    if card.rounding is not None:
        return Fraction(1, 10**card.rounding.digits)
    limits = [limit for _, limit in card.caps]
    limits += [limit for limit in (card.cap, card.floor) if limit is not None]
    return _common([*limits, *(_of_item(item) for item in card.items)])


def _of_item(item: Item) -> Fraction | None:
    if item.rounding is not None:
        return _common([Fraction(1, 10**item.rounding.digits), item.low, item.high])
    points = item.points
    parts = _of_bands(points) if isinstance(points, Bands) else iter((_of(points),))
    return _common([item.low, item.high, *parts])


def _of_bands(bands: Bands) -> Iterator[Fraction | None]:
    for row in bands.rows:
        yield _of(row.points)
        yield from (_of(limit) for limit in (row.least, row.most) if limit is not None)
        if row.step is not None:
            yield _of(row.step.points) if row.step.whole else None


def _of(points: ast.Expr) -> Fraction | None:
    match points:
        case ast.Number(value=value):
            return abs(value)
        case ast.Choose(cases=cases, otherwise=otherwise):
            return _common([*(_of(then) for _, then in cases), _of(otherwise)])
        case ast.Arith(op="add" | "subtract", args=args):
            return _common([_of(arg) for arg in args])
        case _:
            return None


def _common(parts: Iterable[Fraction | None]) -> Fraction | None:
    """The greatest number that all are multiples of; None where one has none, or all are zero."""
    common = Fraction(0)
    for part in parts:
        if part is None:
            return None
        below = lcm(common.denominator, part.denominator)
        common = Fraction(gcd(int(common * below), int(part * below)), below)
    return common or None
