"""Cases that are missing: for each slip that no case notices, a dossier that would tell.

The solver looks for a dossier on which the rule and its mutant differ. Where there is none the
mutant means the same as the rule, and no case could tell them apart: that is proven, not guessed.
Effects are left out: a rule case says nothing of them.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass

import z3

from evaluator.casebook import SUBMITTED_ON, Cases
from evaluator.criteria import Criterion
from evaluator.dossier import Profile
from evaluator.engine.reference import ReferenceEngine
from evaluator.mutants import (
    CriterionMutant,
    RuleMutant,
    criterion_mutants,
    rule_mutants,
    with_criterion,
)
from evaluator.mutation import Runner, step_of, users
from evaluator.prove.compile import Compiled, Compiler
from evaluator.prove.solve import Outcome, Question, Side, Space
from evaluator.rulebook.ast import Compare, Rule, Ruleset
from evaluator.verdict import Status

__all__ = ["Suggestion", "suggest_cases"]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case to add, as YAML. Without one: ``proven`` that the slip changes nothing, or not settled."""

    subject: str
    what: str
    case: str | None
    proven: bool = False


def suggest_cases(ruleset: Ruleset, cases: Cases) -> Iterator[Suggestion]:
    """One case for each slip that neither ``cases`` nor a case suggested before notices."""
    yield from _Suggester(ruleset, cases).run()


class _Suggester:
    def __init__(self, ruleset: Ruleset, cases: Cases) -> None:
        self.ruleset = ruleset
        self.runner = Runner(ruleset, cases)
        self.spaces: dict[dt.date, Space] = {}
        self.names: dict[tuple[str, str], int] = {}
        self.added: dict[str, list[tuple[Profile, dt.date, Status]]] = {}

    def run(self) -> Iterator[Suggestion]:
        for rule in self.ruleset.rules.values():
            day = self._day(rule, None)
            for mutant in rule_mutants(rule, self.ruleset):
                if mutant.kind != "effect" and self.runner.rule(mutant) is None:
                    yield from self._for_rule(mutant, day)
        for id_, rules in users(self.ruleset).items():
            criterion = self.ruleset.criteria[id_]
            for found in criterion_mutants(criterion, step_of(self.ruleset, id_, rules)):
                if self.runner.criterion(found, rules) is None:
                    yield from self._for_criterion(found, rules)

    def _side(self, day: dt.date) -> tuple[Space, Side]:
        space = self.spaces.get(day)
        if space is None:
            space = self.spaces[day] = Space((self.ruleset,), day)
        return space, space.sides[0]

    def _day(self, rule: Rule, within: tuple[dt.date, dt.date | None] | None) -> dt.date:
        """The usual day of cases, moved into the times in which rule and value are in force."""
        starts = [d for d in (rule.start, within[0] if within else None) if d is not None]
        ends = [d for d in (rule.end, within[1] if within else None) if d is not None]
        day = max([SUBMITTED_ON, *starts])
        return min([day, *ends])

    def _for_rule(self, mutant: RuleMutant, day: dt.date) -> Iterator[Suggestion]:
        if mutant.mutant is None:
            return  # A rule without any case: that is reported as such.
        space, side = self._side(day)
        changed = side.compiler.rule(mutant.mutant)
        yield from self._suggest(space, side, mutant.rule, changed, side.engine, mutant.what)

    def _for_criterion(self, mutant: CriterionMutant, rules: list[Rule]) -> Iterator[Suggestion]:
        period = _changed_period(mutant.criterion, mutant.mutant)
        other = with_criterion(self.ruleset, mutant.mutant)
        found = None
        for rule in rules:
            day = self._day(rule, period)
            if not rule.in_force(day) or day < period[0]:
                continue
            space, side = self._side(day)
            changed = Compiler(other, space.domain).rule(rule)
            for found in self._suggest(
                space, side, rule, changed, ReferenceEngine(other), mutant.what
            ):
                if found.case is not None:
                    yield found
                    return
        if found is not None:
            yield found

    def _suggest(
        self, space: Space, side: Side, rule: Rule, changed: Compiled, engine: ReferenceEngine,
        what: str,
    ) -> Iterator[Suggestion]:  # fmt: skip
        def differs(profile: Profile) -> bool:
            (trace,) = engine.assess_rules([changed.rule], profile, space.as_of)
            return trace.status is not side.status(rule, profile)

        for profile, day, _ in self.added.get(rule.id, ()):
            if day == space.as_of and differs(profile):
                return
        own = side.rules.get(rule.id) or side.compiler.rule(rule)
        different = z3.Or(
            z3.Xor(own.violated, changed.violated), z3.Xor(own.satisfied, changed.satisfied),
            z3.Xor(own.not_applicable, changed.not_applicable),
        )  # fmt: skip
        fields = own.fields | changed.fields
        reply = space.ask(Question(different, fields, differs, own.exact and changed.exact))
        if reply.outcome is Outcome.NONE:
            yield Suggestion(rule.id, what, None, True)
        elif reply.outcome is Outcome.WITNESS and reply.witness is not None:
            witness = space.simpler(reply.witness, differs)
            status = side.status(rule, witness)
            self.added.setdefault(rule.id, []).append((witness, space.as_of, status))
            yield Suggestion(rule.id, what, self._case(side, rule, witness, space.as_of, what))
        else:
            yield Suggestion(rule.id, what, None)

    def _case(self, side: Side, rule: Rule, witness: Profile, day: dt.date, what: str) -> str:
        trace = side.trace(rule, witness)
        name = f"可发现：{what}" + (f"（{day.isoformat()}）" if day != SUBMITTED_ON else "")
        number = self.names[rule.id, name] = self.names.get((rule.id, name), 0) + 1
        name += f"之{number}" if number > 1 else ""
        parts = {"rule": rule.id, "name": name, "expect": trace.status.value}
        text = ", ".join(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in parts.items())
        if day != SUBMITTED_ON:
            text += f", as_of: {day.isoformat()}"
        exact = any(
            isinstance(leaf.leaf, Compare) and leaf.left is not None and leaf.left == leaf.right
            for leaf in trace.require_leaves
        )
        if exact and trace.status is not Status.UNKNOWN:
            text += ", boundary: true"
        values = witness.to_dict(self.ruleset.registry)
        for name in ("project_id", "project_name"):
            values.pop(name)
        if values["submitted_on"] == SUBMITTED_ON.isoformat():
            values.pop("submitted_on")
        return f"- {{{text}, dossier: {_flow(values)}}}"


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _changed_period(old: Criterion, new: Criterion) -> tuple[dt.date, dt.date | None]:
    for a, b in zip(old.periods, new.periods, strict=True):
        if a is not b:
            return a.start, a.end
    raise AssertionError("a mutant differs in one period")
