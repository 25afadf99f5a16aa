"""The rule language after reading: what a rulebook holds, in terms of ``nodes``.

Engines, provers and exporters all read this tree and nothing else, and call its nodes by the name
of this module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evaluator.dossier.fields import Registry
from evaluator.problems.source import Place
from evaluator.rulebook.cards import Scorecard as Scorecard
from evaluator.rulebook.criteria import Basis as Basis
from evaluator.rulebook.criteria import Criterion, Source
from evaluator.rulebook.nodes import COMPARISONS as COMPARISONS
from evaluator.rulebook.nodes import OPERATIONS as OPERATIONS
from evaluator.rulebook.nodes import AllOf as AllOf
from evaluator.rulebook.nodes import AnyOf as AnyOf
from evaluator.rulebook.nodes import Arith as Arith
from evaluator.rulebook.nodes import Choose as Choose
from evaluator.rulebook.nodes import Compare as Compare
from evaluator.rulebook.nodes import Condition as Condition
from evaluator.rulebook.nodes import CriterionRef as CriterionRef
from evaluator.rulebook.nodes import Days as Days
from evaluator.rulebook.nodes import Each as Each
from evaluator.rulebook.nodes import Expr as Expr
from evaluator.rulebook.nodes import Extreme as Extreme
from evaluator.rulebook.nodes import FieldRef as FieldRef
from evaluator.rulebook.nodes import Known as Known
from evaluator.rulebook.nodes import Leaf as Leaf
from evaluator.rulebook.nodes import Member as Member
from evaluator.rulebook.nodes import MetricRef as MetricRef
from evaluator.rulebook.nodes import NotOf as NotOf
from evaluator.rulebook.nodes import Number as Number
from evaluator.rulebook.nodes import Op as Op
from evaluator.rulebook.nodes import Scale as Scale
from evaluator.rulebook.nodes import ScoreRef as ScoreRef
from evaluator.rulebook.nodes import Sum as Sum
from evaluator.rulebook.stage import DUE, STANDARD, Stage
from evaluator.values.units import Unit


class Effect(StrEnum):
    """What a breach means."""

    REJECT = "reject"
    REFER = "refer"
    ADVISE = "advise"


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
class Route:
    """审定层级: a body that concludes, within ``workdays`` where that is fixed. Never part of a verdict.

    ``when`` requires, as a rule, what holds for the projects it concludes on; None: for all. Several
    may apply, in their order.
    """

    id: str
    body: str
    workdays: int | None
    when: Rule | None
    basis: tuple[Basis, ...]
    note: str | None
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
    ``dropped`` are rules of layers below that a layer, named by its name, does without.
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
    scorecards: Mapping[str, Scorecard]
    accepted: tuple[Acceptance, ...] = ()
    stages: tuple[Stage, ...] = STANDARD
    routes: tuple[Route, ...] = ()
    staged: bool = False
    dropped: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Ruleset({self.profile_id}, {len(self.rules)} rules, {self.identity[:12]})"

    def in_force(self, day: dt.date) -> tuple[Rule, ...]:
        """The rules that count on ``day``, by id."""
        return tuple(r for r in self.rules.values() if r.in_force(day))
