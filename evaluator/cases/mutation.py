"""Which slips in a rulebook its cases would notice.

A mutant is killed by a rule case whose status changes, or by a whole-dossier case whose verdict or
violated rules change. Only the cases that a mutant can touch are run again: those of its own rule,
or those whose lookup took the row that was moved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from evaluator.cases.book import SUBMITTED_ON, Cases, DossierCase, RuleCase
from evaluator.cases.card_mutants import CardMutant, card_mutants, with_card
from evaluator.cases.expected import differing
from evaluator.cases.layers import CaseLayers
from evaluator.cases.mutants import (
    CARDS,
    KINDS,
    CriterionMutant,
    RuleMutant,
    criterion_mutants,
    rule_mutants,
    smallest_step,
    with_criterion,
)
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.judgement.scores import grade_cards
from evaluator.judgement.wording import subject_name
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.due import at_stage, find_stage, not_due
from evaluator.rulebook.reads import criteria_of
from evaluator.rulebook.verdict import Status

NO_BREACH = (Status.SATISFIED, Status.NOT_APPLICABLE, Status.NOT_DUE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mutant; ``killed_by`` names the first case that notices, None where none does."""

    kind: str
    subject: str
    what: str
    place: Place
    killed_by: str | None


@dataclass(frozen=True)
class Mutation:
    """All mutants of a rulebook."""

    outcomes: tuple[Outcome, ...]

    def of(self, kind: str) -> tuple[Outcome, ...]:
        """The mutants of one kind."""
        return tuple(o for o in self.outcomes if o.kind == kind)

    def ratio(self, kind: str | None = None) -> float:
        """The share that is killed, 0 to 1; 1 where there is none."""
        outcomes = self.of(kind) if kind else self.outcomes
        killed = sum(o.killed_by is not None for o in outcomes)
        return killed / len(outcomes) if outcomes else 1.0

    @property
    def survivors(self) -> tuple[Outcome, ...]:
        """The mutants that no case notices."""
        return tuple(o for o in self.outcomes if o.killed_by is None)

    def render(self, ruleset: ast.Ruleset | None = None) -> str:
        """The report for a terminal: shares, then the survivors; ``ruleset`` gives titles."""
        lines = []
        for kind, title in KINDS.items():
            outcomes = self.of(kind)
            if kind in CARDS and not outcomes:
                continue
            killed = sum(o.killed_by is not None for o in outcomes)
            lines.append(f"{title}：{killed}/{len(outcomes)}（{self.ratio(kind):.1%}）")
        lines += [
            f"{o.place.label()}：{subject_name(o.subject, ruleset)}：{o.what}，没有案例发现"
            for o in self.survivors
        ]
        return "\n".join(lines)


def mutate(ruleset: ast.Ruleset, cases: Cases) -> Mutation:
    """Try every mutant of every rule, and of every criterion that a rule uses."""
    return Mutation(tuple(Runner(ruleset, cases).outcomes()))


class Runner:
    """Runs the cases that a mutant can touch."""

    def __init__(self, ruleset: ast.Ruleset, cases: Cases) -> None:
        self.ruleset = ruleset
        self.engine = ReferenceEngine(ruleset)
        self.own: dict[str, list[RuleCase]] = {}
        for case in cases.rules:
            self.own.setdefault(case.rule, []).append(case)
        # Cases that fail as they are say nothing about mutants.
        for rule, own in self.own.items():
            self.own[rule] = [
                c for c in own if self._now(c) is c.expect and self._as_scored(self.engine, c)
            ]
        self.whole: list[tuple[DossierCase, Mapping[str, Status]]] = []
        for whole in cases.dossiers:
            found = self.engine.statuses(whole.profile, whole.as_of)
            statuses = at_stage(found, self._later(whole))
            holds = combine(ruleset, statuses) is whole.verdict
            if holds and self._as_scored(self.engine, whole):
                self.whole.append((whole, statuses))

    def _now(self, case: RuleCase) -> Status:
        return self._status(self.engine, self.ruleset.rules[case.rule], case)

    def outcomes(self) -> Iterator[Outcome]:
        layers = CaseLayers(self.ruleset)
        for rule in layers.rules:
            for mutant in rule_mutants(rule, self.ruleset):
                yield Outcome(
                    mutant.kind, rule.id, mutant.what, mutant.place, self.rule_killer(mutant)
                )
        for card in layers.cards:
            for slip in card_mutants(card, self.ruleset, SUBMITTED_ON):
                killer = self.card_killer(slip)
                yield Outcome(slip.kind, card.rule_id, slip.what, slip.place, killer)
        here = layers.criteria
        for id_, rules in users(self.ruleset).items():
            if id_ not in here:
                continue
            criterion = self.ruleset.criteria[id_]
            for moved in criterion_mutants(criterion, step_of(self.ruleset, id_, rules)):
                killer = self.criterion_killer(moved, rules)
                yield Outcome(moved.kind, id_, moved.what, moved.place, killer)

    # --- one mutant ----------------------------------------------------------------------------

    def rule_killer(self, mutant: RuleMutant) -> str | None:
        """The name of the first case that notices a slip in a rule."""
        rule = mutant.rule
        if mutant.kind != "effect":
            for case in self.own.get(rule.id, ()):
                if self._status(self.engine, mutant.mutant, case) is not case.expect:
                    return f"{rule.id}“{case.name}”"
        ruleset = self.with_slip(mutant)
        for whole, statuses in self.whole:
            now = statuses.get(rule.id)
            if now is None or (mutant.kind == "effect" and now in NO_BREACH):
                continue
            changed = dict(statuses)
            if mutant.mutant is None:
                del changed[rule.id]
            else:
                changed[rule.id] = self._status(self.engine, mutant.mutant, whole)
            if self._differs(whole, changed, ruleset):
                return whole.name
        return None

    def with_slip(self, mutant: RuleMutant) -> ast.Ruleset:
        """The ruleset with the mutant in place of its rule."""
        if mutant.mutant is None:
            return self.ruleset
        rules = MappingProxyType({**self.ruleset.rules, mutant.rule.id: mutant.mutant})
        return dataclasses.replace(self.ruleset, rules=rules)

    def _status(
        self, engine: ReferenceEngine, rule: ast.Rule | None, case: RuleCase | DossierCase
    ) -> Status:
        if rule is None:
            return Status.NOT_APPLICABLE
        status = next(engine.judge([rule], case.profile, case.as_of))[1]
        return at_stage({rule.id: status}, self._later(case))[rule.id]

    def _later(self, case: RuleCase | DossierCase) -> frozenset[str]:
        return not_due(self.ruleset, find_stage(self.ruleset, case.stage))

    def _differs(
        self, whole: DossierCase, statuses: Mapping[str, Status], ruleset: ast.Ruleset
    ) -> bool:
        if combine(ruleset, statuses) is not whole.verdict:
            return True
        violated = frozenset(r for r, s in statuses.items() if s is Status.VIOLATED)
        return whole.violated is not None and violated != whole.violated

    def criterion_killer(self, mutant: CriterionMutant, rules: Iterable[ast.Rule]) -> str | None:
        """The name of the first case that notices a slip in a criterion."""
        changed = with_criterion(self.ruleset, mutant.mutant)
        return self._killer(changed, [rule.id for rule in rules])

    def card_killer(self, mutant: CardMutant) -> str | None:
        """The name of the first case that notices a slip in a card."""
        card, rules = mutant.card, self.ruleset.rules.values()
        comparing = [r.id for r in rules if card.id in walk.named("scorecard", *r.halves)]
        touched = dict.fromkeys((*card.rule_ids, *comparing))
        return self._killer(with_card(self.ruleset, mutant.mutant), list(touched))

    def _killer(self, changed: ast.Ruleset, touched: list[str]) -> str | None:
        """The first case that comes out otherwise under ``changed``, which judges ``touched`` anew."""
        engine = ReferenceEngine(changed)
        for id_ in touched:
            for case in self.own.get(id_, ()):
                status = self._status(engine, changed.rules.get(id_), case)
                if status is not case.expect or not self._as_scored(engine, case):
                    return f"{id_}“{case.name}”"
        for whole, statuses in self.whole:
            in_force = [
                r for i in touched if (r := changed.rules.get(i)) and r.in_force(whole.as_of)
            ]
            found = {r.id: s for r, s in engine.judge(in_force, whole.profile, whole.as_of)}
            anew = at_stage(found, self._later(whole))
            kept = {i: s for i, s in statuses.items() if i not in touched or i in anew}
            if self._differs(whole, {**kept, **anew}, changed):
                return whole.name
            if not self._as_scored(engine, whole):
                return whole.name
        return None

    def _as_scored(self, engine: ReferenceEngine, case: RuleCase | DossierCase) -> bool:
        """Whether the cards give what a case expects of them."""
        if not case.scores:
            return True
        return not differing(case.scores, grade_cards(engine, case.profile, case.as_of))


def users(ruleset: ast.Ruleset) -> dict[str, list[ast.Rule]]:
    """The rules that look a criterion up, through metrics too."""
    out: dict[str, list[ast.Rule]] = {}
    for rule in ruleset.rules.values():
        for name in sorted(criteria_of(rule, ruleset)):
            out.setdefault(name, []).append(rule)
    return out


def step_of(ruleset: ast.Ruleset, criterion: str, rules: Iterable[ast.Rule]) -> Fraction:
    """The smallest step of what is held against the criterion: a metric's digits, one for a count."""
    for rule in rules:
        for leaf in walk.leaves(rule.require):
            if isinstance(leaf, ast.Compare) and criterion in walk.named("criterion", leaf.right):
                return smallest_step(leaf, ruleset)
    return Fraction(1, 100)
