"""The rule language after reading: names resolved, units converted, every node with its place.

Expressions are numbers in the unit they carry; where units differ an explicit ``Scale`` converts,
so that engines need no units. Conditions are three-valued. Engines, provers and exporters all read
this tree and nothing else.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import Registry
from evaluator.problems.source import Place
from evaluator.rulebook.criteria import Criterion, Source
from evaluator.rulebook.stage import DUE, STANDARD, Stage
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


class Effect(StrEnum):
    """What a breach means."""

    REJECT = "reject"
    REFER = "refer"
    ADVISE = "advise"


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


OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}  # What ``Arith.op`` does to its arguments, be they numbers, quotients or columns.

Expr = FieldRef | MetricRef | Number | CriterionRef | Scale | Arith | Sum | Days

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

# --- the rulebook ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Metric:
    """A derived value; ``formula`` is in ``unit``, ``digits`` is for display only."""

    id: str
    title: str
    unit: Unit
    digits: int
    formula: Expr
    note: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal basis: a clause of a source, or whatever basis the named criterion has."""

    source: Source | None
    clause: str | None
    criterion: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. In force from ``start`` to ``end``, both included; None is open. ``due`` is the stage
    from which a missing answer to it counts."""

    id: str
    title: str
    list: str
    dimension: str | None
    applies_when: Condition | None
    require: Condition
    effect: Effect
    departments: tuple[str, ...]
    basis: tuple[Basis, ...]
    message: str | None
    remedy: str | None
    note: str | None
    start: dt.date | None
    end: dt.date | None
    place: Place
    due: str = DUE

    @property
    def halves(self) -> tuple[Condition | None, Condition]:
        """Where the rule applies and what it requires."""
        return self.applies_when, self.require

    def in_force(self, day: dt.date) -> bool:
        """Whether the rule counts on ``day``."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Label:
    """A name for a project whose rules in every one of ``dimensions`` are met."""

    id: str
    title: str
    dimensions: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A warning of the checks that the maintainer lets stand: by its code and what it is about.

    It says something about a ruleset and is no part of it: no engine reads it, and the ruleset's
    identity does not cover it. ``until`` is the last day on which it counts.
    """

    code: str
    name: str
    reason: str
    until: dt.date | None
    place: Place


@dataclass(frozen=True, repr=False, eq=False)
class Ruleset:
    """Metrics, criteria and rules; ``identity`` is the SHA-256 of the canonical content.

    Two objects are compared by their ``identity``, never whole: an object is equal to itself only.

    ``metrics`` stands in an order in which each uses only earlier ones. ``layers`` and
    ``fields_text`` (the field file below them) are the source text it was read from, enough to read
    it again. ``accepted`` are those of the last layer: what
    one maintainer lets stand, whoever builds on the rulebook has to look at again. ``staged`` says
    whether the rulebook itself speaks of stages; where it does not, ``stages`` are the standard ones.
    """

    identity: str
    profile_id: str
    title: str
    registry: Registry
    sources: Mapping[str, Source]
    criteria: Mapping[str, Criterion]
    metrics: Mapping[str, Metric]
    rules: Mapping[str, Rule]
    labels: tuple[Label, ...]
    dimensions: Mapping[str, str]
    layers: tuple[tuple[str, Mapping[str, str]], ...]
    fields_text: str
    accepted: tuple[Acceptance, ...] = ()
    stages: tuple[Stage, ...] = STANDARD
    staged: bool = False

    def __repr__(self) -> str:
        return f"Ruleset({self.profile_id}, {len(self.rules)} rules, {self.identity[:12]})"

    def in_force(self, day: dt.date) -> tuple[Rule, ...]:
        """The rules that count on ``day``, by id."""
        return tuple(r for r in self.rules.values() if r.in_force(day))
