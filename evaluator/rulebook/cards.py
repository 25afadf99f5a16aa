"""Scorecards (评分表) after reading: items that give points, grades that stand for verdicts.

A card's grades become rules like any other (``grammar/graded.py``), which compare the score. What
gives points is an expression, or bands over a number; both are worked out as intervals where
answers are missing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from evaluator.problems.source import Place
from evaluator.rulebook.criteria import Basis
from evaluator.rulebook.nodes import Condition, Expr
from evaluator.values.numbers import Rounding
from evaluator.values.units import parse_unit

POINTS = parse_unit("分")
PREFIX = "scorecard"  # The list that the rules of cards belong to.


class ItemKind(StrEnum):
    """Which sum an item's points go into; each sum may have a cap of its own."""

    REGULAR = "regular"
    BONUS = "bonus"
    DEDUCTION = "deduction"


@dataclass(frozen=True, slots=True)
class Step:
    """``points`` for every ``size`` of the measured number beyond ``origin``.

    Counted upwards, or downwards with ``below``; never fewer than none. ``whole`` counts finished
    steps only, else a part of a step gives its part of the points.
    """

    points: Expr
    size: Expr
    origin: Expr
    below: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Band:
    """From ``bound`` up to the band before; ``strict`` leaves the bound itself out.

    No bound: all that is left. ``points`` is what it gives, or what the steps start from.
    """

    bound: Expr | None
    strict: bool
    points: Expr
    step: Step | None
    least: Expr | None
    most: Expr | None
    place: Place


@dataclass(frozen=True, slots=True)
class Bands:
    """Points by where a number lies: the first of ``rows``, highest bound first, that it reaches."""

    of: Expr
    rows: tuple[Band, ...]
    place: Place

    def parts(self) -> tuple[Expr, ...]:
        """Every expression in it, in reading order."""
        found: list[Expr | None] = [self.of]
        for row in self.rows:
            found += [row.bound, row.points, row.least, row.most]
            if row.step is not None:
                found += [row.step.points, row.step.size, row.step.origin]
        return tuple(e for e in found if e is not None)


Points = Bands | Expr


@dataclass(frozen=True, slots=True)
class Item:
    """One item (评分项): whatever its points come to, it gives from ``low`` to ``high``.

    ``high`` is its full marks; of a deduction ``low`` is the most that it takes.
    """

    id: str
    title: str
    kind: ItemKind
    low: Fraction
    high: Fraction
    departments: tuple[str, ...]
    basis: tuple[Basis, ...]
    applies_when: Condition | None
    points: Points
    rounding: Rounding | None
    note: str | None
    place: Place

    def roots(self) -> tuple[Condition | Expr, ...]:
        """The conditions and expressions it is made of."""
        applies = () if self.applies_when is None else (self.applies_when,)
        points = self.points
        return (*applies, *(points.parts() if isinstance(points, Bands) else (points,)))


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade (等次): reached with at least ``floor`` points and where ``when`` holds."""

    id: str
    title: str
    verdict: str
    floor: Expr | None
    when: Condition | None
    # Both together as one condition; None: whoever is left.
    reached: Condition | None
    note: str | None
    message: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One card. Sums are capped first, then the total; the total is rounded last.

    ``grades`` stand best first, and the last has neither floor nor condition.
    """

    id: str
    title: str
    full: Fraction
    items: tuple[Item, ...]
    cap: Fraction | None
    floor: Fraction | None
    caps: tuple[tuple[ItemKind, Fraction], ...]
    rounding: Rounding | None
    grades: tuple[Grade, ...]
    applies_when: Condition | None
    departments: tuple[str, ...]
    basis: tuple[Basis, ...]
    remedy: str | None
    note: str | None
    start: dt.date | None
    end: dt.date | None
    due: str
    place: Place

    @property
    def rule_id(self) -> str:
        """The rule that its grade is the finding of."""
        return f"{PREFIX}.{self.id}"

    @property
    def reject_id(self) -> str:
        """The rule that is violated where the grade rejects, beside ``rule_id``."""
        return f"{PREFIX}.{self.id}.reject"

    @property
    def rule_ids(self) -> tuple[str, str]:
        """Both."""
        return self.rule_id, self.reject_id

    def in_force(self, day: dt.date) -> bool:
        """Whether the card counts on ``day``."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)

    def roots(self) -> tuple[Condition | Expr, ...]:
        """Everything that the score depends on."""
        return tuple(root for item in self.items for root in item.roots())
