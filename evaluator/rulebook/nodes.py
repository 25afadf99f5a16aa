"""The nodes of the rule language: expressions and conditions, names resolved, each with its place.

Expressions are numbers in the unit they carry; where units differ an explicit ``Scale`` converts,
so that engines need no units. Conditions are three-valued.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from evaluator.problems.source import Place
from evaluator.values.units import Unit


class Op(StrEnum):
    """Comparison operators, named as in YAML."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    EQUALS = "equals"

    def holds(self, sign: int) -> bool:
        """Whether the comparison holds for the sign of left minus right."""
        return bool(COMPARISONS[self](sign, 0))

    @property
    def mirrored(self) -> Op:
        """What holds between the sides when they change places."""
        return _MIRRORED[self]

    @property
    def direction(self) -> int:
        """1 where more on the left can only help the comparison, -1 where less can, else 0."""
        return {
            Op.AT_LEAST: 1,
            Op.MORE_THAN: 1,
            Op.AT_MOST: -1,
            Op.LESS_THAN: -1,
            Op.EQUALS: 0,
        }[self]


_MIRRORED = {
    Op.AT_LEAST: Op.AT_MOST,
    Op.AT_MOST: Op.AT_LEAST,
    Op.MORE_THAN: Op.LESS_THAN,
    Op.LESS_THAN: Op.MORE_THAN,
    Op.EQUALS: Op.EQUALS,
}
# Of numbers, columns and solver terms alike.
COMPARISONS: Mapping[Op, Callable[[Any, Any], Any]] = {
    Op.AT_LEAST: operator.ge,
    Op.AT_MOST: operator.le,
    Op.MORE_THAN: operator.gt,
    Op.LESS_THAN: operator.lt,
    Op.EQUALS: operator.eq,
}


# --- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A numeric field, or one key of a record ("emissions.COD")."""

    name: str
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class MetricRef:
    """A metric by its id."""

    id: str
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Number:
    """A literal."""

    value: Fraction
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class CriterionRef:
    """The value of a criterion for this dossier and date; ``keys`` fixes dimensions of its table."""

    id: str
    unit: Unit
    keys: tuple[tuple[str, str], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Scale:
    """``expr`` times an exact constant: a unit conversion."""

    expr: Expr
    factor: Fraction
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Arith:
    """add, subtract, multiply or divide over two or more arguments, left to right."""

    op: str
    args: tuple[Expr, ...]
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Sum:
    """The total over all items of a record field; unknown where the record is missing."""

    field: str
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Days:
    """Days from one date field to another."""

    start: str
    end: str
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the most of two or more arguments, all in ``unit``."""

    most: bool
    args: tuple[Expr, ...]
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class Choose:
    """The value of the first case whose condition holds, else ``otherwise``.

    Unknown where a condition before that is.
    """

    cases: tuple[tuple[Condition, Expr], ...]
    otherwise: Expr
    unit: Unit
    place: Place


@dataclass(frozen=True, slots=True)
class ScoreRef:
    """The score of a card: an interval, of which a comparison asks. Only on the left of one."""

    card: str
    unit: Unit
    place: Place


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}  # What ``Arith.op`` does to its arguments, be they numbers, quotients or columns.

Expr = (
    FieldRef
    | MetricRef
    | Number
    | CriterionRef
    | Scale
    | Arith
    | Extreme
    | Choose
    | Sum
    | Days
    | ScoreRef
)

# --- conditions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right``, both in the unit of ``right``; ``rounded`` asks for 修约值比较 of left."""

    left: Expr
    op: Op
    right: Expr
    rounded: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class Member:
    """Whether a word, code or flag is one of ``options`` (or of the code list ``criterion``).

    ``prefix`` asks whether it starts with one of them. A field of several codes is a member where
    any of its codes is.
    """

    field: str
    options: tuple[str | bool, ...]
    criterion: str | None
    prefix: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a field is filled in; the only condition that is never unknown."""

    field: str
    place: Place


@dataclass(frozen=True, slots=True)
class Each:
    """``op`` between every item of a record and the row of ``criterion`` for that item's key."""

    field: str
    op: Op
    criterion: str
    place: Place


@dataclass(frozen=True, slots=True)
class AllOf:
    items: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class AnyOf:
    items: tuple[Condition, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class NotOf:
    item: Condition
    place: Place


Leaf = Compare | Member | Known | Each
Condition = Leaf | AllOf | AnyOf | NotOf
