"""Asking the solver, and holding every answer against the evaluator.

A question is a condition over all dossiers. The answer is a witness that the reference engine
confirmed, the proof that there is none, or that it was not settled in time. A witness that the
reference engine does not confirm is a fault of the prover and never an answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

import z3

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.values import Item
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.engine.reference.traces import RuleTrace
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import DossierError
from evaluator.prove.compile import Compiled, Compiler, verdict_terms
from evaluator.prove.domain import Domain
from evaluator.rulebook.ast import Condition, Rule, Ruleset
from evaluator.rulebook.verdict import Status, Verdict

Bool = Any
Check = Callable[[Profile], bool]
TIMEOUT_MS = 10_000
FIXED = 100  # What denominators are tried at first: an area, a number of people.


class Outcome(StrEnum):
    """How a question was settled."""

    WITNESS = "witness"
    NONE = "none"
    UNDECIDED = "undecided"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome; ``witness`` and its ``model`` where there is one, ``why`` where not settled."""

    outcome: Outcome
    witness: Profile | None = None
    why: str = ""
    model: Any = None


@dataclass(frozen=True, slots=True)
class Question:
    """Is there a dossier with ``formula``? ``holds`` is the same question to the evaluator."""

    formula: Bool
    fields: frozenset[str]
    holds: Check
    exact: bool = True


class Side:
    """One ruleset on one day within a space of dossiers: its rules as formulas, and its engine."""

    def __init__(self, ruleset: Ruleset, domain: Domain) -> None:
        self.ruleset = ruleset
        self.domain = domain
        self.compiler = Compiler(ruleset, domain)
        self.engine = ReferenceEngine(ruleset)
        self.rules: Mapping[str, Compiled] = {
            rule.id: self.compiler.rule(rule) for rule in ruleset.in_force(domain.as_of)
        }

    @cached_property
    def verdicts(self) -> Mapping[str, Bool]:
        """The condition of each verdict."""
        return verdict_terms(self.rules)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every field that some rule in force reads."""
        return frozenset(f for c in self.rules.values() for f in c.fields)

    @cached_property
    def exact(self) -> bool:
        """Whether every rule could be compiled in full."""
        return all(c.exact for c in self.rules.values())

    def statuses(self, profile: Profile) -> Mapping[str, Status]:
        """The statuses by the reference engine."""
        return self.engine.statuses(profile, self.domain.as_of)

    def verdict(self, profile: Profile) -> Verdict:
        """The verdict by the reference engine."""
        return combine(self.ruleset, self.statuses(profile))

    def status(self, rule: Rule, profile: Profile) -> Status:
        """The status of one rule by the reference engine."""
        return self.trace(rule, profile).status

    def trace(self, rule: Rule, profile: Profile) -> RuleTrace:
        """Both halves of one rule by the reference engine."""
        (trace,) = self.engine.assess_rules([rule], profile, self.domain.as_of)
        return trace


class Space:
    """All dossiers as one or two rulesets see them on one day."""

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        as_of: dt.date,
        conditions: Iterable[Condition] = (),
        timeout_ms: int = TIMEOUT_MS,
    ) -> None:
        self.as_of = as_of
        self.timeout_ms = timeout_ms
        self.domain = Domain(rulesets, as_of, conditions)
        self.sides = tuple(Side(r, self.domain) for r in rulesets)
        self.questions = 0

    def solver(self, fields: Iterable[str]) -> Any:
        """A solver that knows what the registry says of ``fields``."""
        solver = z3.Solver()
        solver.set("timeout", self.timeout_ms)
        solver.set("random_seed", 0)
        for name in sorted({f.partition(".")[0] for f in fields}):
            solver.add(*self.domain.constraints(name))
        return solver

    def check(self, solver: Any, *assumptions: Bool) -> tuple[Any, Any]:
        """What a solver says, and the solver that knows the model or the core.

        Rarely z3 gives up at once, depending on what it did before: it is then asked again in a
        context of its own.
        """
        reply = solver.check(*assumptions)
        if reply == z3.unknown and "timeout" not in solver.reason_unknown():
            context = z3.Context()
            solver = solver.translate(context)
            solver.set("timeout", self.timeout_ms)
            reply = solver.check(*(a.translate(context) for a in assumptions))
        return reply, solver

    def ask(self, question: Question, solver: Any = None, *assumptions: Bool) -> Reply:
        """Settle one question."""
        self.questions += 1
        if solver is None:
            solver = self.solver(question.fields)
            solver.add(question.formula)
        for scored in () if question.exact else self._scored():
            solver.push()
            solver.add(scored)
            found, settled = self.check(solver, *assumptions)
            model = settled.model().translate(z3.main_ctx()) if found == z3.sat else None
            solver.pop()
            reply = None if model is None else self._confirm(question, model)
            if reply is not None and reply.outcome is Outcome.WITNESS:
                return reply
        reply, solver = self.check(solver, *assumptions)
        if reply == z3.unsat:
            return Reply(Outcome.NONE)
        if reply != z3.sat:
            why = "超时" if "timeout" in solver.reason_unknown() else "求解器未能判定"
            return Reply(Outcome.UNDECIDED, why=why)
        return self._confirm(question, solver.model().translate(z3.main_ctx()))

    def _scored(self) -> tuple[Bool, ...]:
        """Where to look for a witness first: where scores are numbers, and their terms linear."""
        complete = [c for side in self.sides for c in side.compiler.complete]
        if not complete:
            return ()
        divisors = sorted({d for side in self.sides for d in side.compiler.divisors})
        fixed = [self.domain.term(d) == FIXED for d in divisors]
        return z3.And(*complete, *fixed), z3.And(complete)

    def _confirm(self, question: Question, model: Any) -> Reply:
        profile = self.profile(model, question.fields)
        if profile is None:
            return Reply(Outcome.UNDECIDED, why="反例含无理数，写不成材料")
        if question.holds(profile):
            return Reply(Outcome.WITNESS, profile, model=model)
        if not question.exact:
            return Reply(Outcome.UNDECIDED, why="公式过大，未完整编译")
        return Reply(Outcome.FAULT, profile, "求解器给出的反例未被评估器证实")

    def profile(self, model: Any, fields: Iterable[str]) -> Profile | None:
        """The dossier of a model, read by the ordinary parser; None for an irrational number."""
        raw = self.domain.raw(model, fields)
        if raw is None:
            return None
        try:
            return make_profile(self.domain.registry, **raw)
        except DossierError as error:  # pragma: no cover - a model outside its own constraints
            raise AssertionError(str(error)) from error

    def simpler(self, profile: Profile, holds: Check) -> Profile:
        """The same witness with as few fields and as round numbers as keep it one."""
        names = [n for n in profile.values if "." not in n and not self.domain.field(n).required]
        for name in names:
            without = profile.with_value(name, None)
            if holds(without):
                profile = without
        for name in [n for n in names if n in profile.values]:
            value = profile.values[name]
            if isinstance(value, Fraction):
                profile = self._rounder(profile, name, value, holds)
            elif isinstance(value, tuple) and len(value) > 1:
                profile = self._shorter(profile, name, value, holds)
        return profile

    def _rounder(self, profile: Profile, name: str, value: Fraction, holds: Check) -> Profile:
        field = self.domain.field(name)
        guesses = [Fraction(g) for g in (0, 1, 100, 1000, 10_000, 100_000)]
        guesses += [Fraction(round(value, d)) for d in (-2, -1, 0, 1, 2, 3, 4)]
        for guess in guesses:
            if guess == value:
                return profile
            low, high = field.minimum, field.maximum
            if (low is not None and guess < low) or (high is not None and guess > high):
                continue
            changed = profile.with_value(name, guess)
            if holds(changed):
                return changed
        return profile

    def _shorter(
        self, profile: Profile, name: str, value: tuple[Any, ...], holds: Check
    ) -> Profile:
        kept = list(value)
        for entry in value:
            fewer = tuple(e for e in kept if e is not entry)
            if fewer and holds(self._with(profile, name, fewer)):
                kept.remove(entry)
        return self._with(profile, name, tuple(kept))

    def _with(self, profile: Profile, name: str, value: tuple[Any, ...]) -> Profile:
        if value and isinstance(value[0], Item) and not self.domain.field(name).keys:
            values = {**profile.values, name: value}
            return Profile(values)
        return profile.with_value(name, value)
