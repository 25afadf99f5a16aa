"""How a project would pass: the smallest changes, each judged again before it is shown.

Never proposes to change what cannot be changed (industry, history, names: ``changeable: false``),
and never proposes to mend a figure that is doubted: what the integrity rules found has to be
verified, not rewritten. A value that is missing may always be supplied.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from evaluator.changes import Change, Counterfactual
from evaluator.criteria import INDUSTRY
from evaluator.dossier import Item, Profile, Value
from evaluator.engine.reference import ReferenceEngine, RuleTrace
from evaluator.evaluate import Evaluation, combine
from evaluator.explain import explain
from evaluator.fields import Field, FieldType
from evaluator.polynomial import roots
from evaluator.rulebook.ast import (
    Compare,
    Each,
    Effect,
    Expr,
    Member,
    Rule,
    leaves,
)
from evaluator.rulebook.reads import fields_of
from evaluator.verdict import Status, Verdict

__all__ = ["counterfactual"]

MAX_SINGLE = 6
MAX_STEPS = 40
SEEDS = (Fraction(100), Fraction(1), Fraction(10000), Fraction(0))


def counterfactual(evaluation: Evaluation) -> Counterfactual:
    """How the dossier of ``evaluation`` would pass."""
    return _Search(evaluation).run()


class _Search:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.registry = evaluation.ruleset.registry
        self.engine = ReferenceEngine(evaluation.ruleset)
        self.day = evaluation.as_of
        self.start = evaluation.profile
        self.rules = {i: t.rule for i, t in evaluation.assessment.traces.items()}
        self.reads = {i: fields_of(r, evaluation.ruleset) for i, r in self.rules.items()}
        self.readers: dict[str, list[Rule]] = {}
        for rule_id, names in self.reads.items():
            for name in names:
                self.readers.setdefault(name, []).append(self.rules[rule_id])

    def run(self) -> Counterfactual:
        evaluation = self.evaluation
        if evaluation.verdict is Verdict.PASS:
            return Counterfactual("none", (), (), (), (), (), Verdict.PASS)
        open_fields = self._open_fields()
        blocking = set(evaluation.blocking)
        incurable = tuple(self.rules[i] for i in evaluation.blocking if self._incurable(i))
        verify = tuple(
            self.rules[i]
            for i in evaluation.blocking
            if self.rules[i].list == "integrity"
            and evaluation.statuses[i] is Status.VIOLATED
            and self.rules[i] not in incurable
        )
        if incurable:
            return Counterfactual("incurable", (), (), incurable, verify, open_fields, None)
        self.excused = {r.id for r in verify}
        todo = blocking - self.excused
        if not todo:
            return Counterfactual("verify", (), (), (), verify, open_fields, None)
        single = self._single(todo)
        if single:
            return Counterfactual(
                "single", single, (), (), verify, open_fields, self._reach(single[:1])
            )
        joint = self._joint(todo)
        if joint:
            return Counterfactual("joint", (), joint, (), verify, open_fields, self._reach(joint))
        return Counterfactual("not_found", (), (), (), verify, open_fields, None)

    # --- judging ---------------------------------------------------------------------------------

    def _blocks(self, trace: RuleTrace) -> bool:
        return (
            trace.status in (Status.VIOLATED, Status.UNKNOWN)
            and trace.rule.effect is not Effect.ADVISE
        )

    def _after(self, profile: Profile, name: str, blocking: set[str]) -> set[str]:
        """The blocking rules after a change of one field: only its readers are judged again."""
        affected = self.readers.get(name, [])
        traces = self.engine.assess_rules(affected, profile, self.day)
        changed = {t.rule.id for t in traces if self._blocks(t)} - self.excused
        return (blocking - {r.id for r in affected}) | changed

    def _reach(self, changes: tuple[Change, ...]) -> Verdict | None:
        """The verdict after the changes, by a full judgement; None unless it is pass."""
        profile = self._apply(changes)
        verdict = combine(self.ruleset, self.engine.statuses(profile, self.day))
        return verdict if verdict is Verdict.PASS else None

    def _apply(self, changes: tuple[Change, ...]) -> Profile:
        profile = self.start
        for change in changes:
            profile = profile.with_value(change.field.name, change.new)
        return profile

    def _incurable(self, rule_id: str) -> bool:
        if self.evaluation.statuses[rule_id] is not Status.VIOLATED:
            return False
        return not any(self._may_change(n, self.start) for n in self.reads[rule_id])

    def _may_change(self, name: str, profile: Profile) -> bool:
        field = self.registry.references.get(name)
        return field is not None and (field.changeable or name not in profile.values)

    def _open_fields(self) -> tuple[str, ...]:
        evaluation = self.evaluation
        if evaluation.verdict is Verdict.REJECT:
            return ()
        referred = any(evaluation.statuses[i] is Status.VIOLATED for i in evaluation.blocking)
        found: dict[str, None] = {}
        for rule_id in evaluation.blocking:
            rule = self.rules[rule_id]
            if evaluation.statuses[rule_id] is Status.UNKNOWN and (
                not referred or rule.effect is Effect.REJECT
            ):
                found.update(dict.fromkeys(explain(evaluation, rule_id).missing))
        return tuple(found)

    # --- candidates ------------------------------------------------------------------------------

    def _candidates(self, rule: Rule, profile: Profile) -> Iterator[Change]:
        """Changes of one field that may turn the rule, smallest first for each field."""
        for name in sorted(self.reads[rule.id]):
            field = self.registry.references.get(name)
            if field is None or not self._may_change(name, profile):
                continue
            old = profile.values.get(name)
            missing = name not in self.start.values
            for new, exact in self._values(rule, field, profile):
                if new != old:
                    yield Change(
                        field, None if missing else self.start.values.get(name), new, exact
                    )

    def _values(self, rule: Rule, field: Field, profile: Profile) -> Iterator[tuple[Value, bool]]:
        if field.type is FieldType.BOOL:
            yield from ((True, True), (False, True))
        elif field.type is FieldType.ENUM:
            yield from ((code, True) for code in field.values)
        elif field.numeric:
            yield from self._numbers(rule, field, profile)
        elif field.type is FieldType.RECORD and not field.keys:
            yield from self._items(rule, field, profile)
        elif field.name not in profile.values:
            # A word that is missing: some option that the rule names, or one that it does not.
            options = [
                o
                for leaf in leaves(rule.require)
                if isinstance(leaf, Member) and leaf.field == field.name
                for o in leaf.options
            ]
            yield from ((str(o), False) for o in options)
            if field.format is None:
                yield "其他", False
            elif field.name == INDUSTRY:
                yield "C39", False

    def _numbers(self, rule: Rule, field: Field, profile: Profile) -> Iterator[tuple[Value, bool]]:
        step = Fraction(1) if field.type is FieldType.INT else Fraction(1, 100)
        found: set[Fraction] = set()
        for condition in (rule.applies_when, rule.require):
            for leaf in leaves(condition):
                if isinstance(leaf, Compare):
                    for root in roots(
                        leaf, field.name, self.ruleset.metrics, self._value_of(profile)
                    ):
                        low, high = math.floor(root / step) * step, math.ceil(root / step) * step
                        found |= {low, high, low - step, high + step}
        good = [v for v in found if _possible(field, v)]
        old = self.start.values.get(field.name)
        base = old if isinstance(old, Fraction) else Fraction(0)
        yield from ((v, True) for v in sorted(good, key=lambda v: abs(v - base)))
        if not found and field.name not in self.start.values:
            yield from ((v, False) for v in SEEDS if _possible(field, v))

    def _items(self, rule: Rule, field: Field, profile: Profile) -> Iterator[tuple[Value, bool]]:
        items = profile.values.get(field.name)
        for leaf in leaves(rule.require):
            if not isinstance(leaf, Each) or not isinstance(items, tuple):
                continue
            fixed: list[Item] = []
            for item in items:
                assert isinstance(item, Item)
                limit = self.engine.item_limit(leaf, item, profile, self.day)
                fixed.append(item if limit is None else Item(item.key, limit, item.unit))
            yield tuple(fixed), True

    def _value_of(self, profile: Profile) -> Any:
        def value(expr: Expr) -> Fraction | None:
            return self.engine.value(expr, profile, self.day)

        return value

    # --- search ----------------------------------------------------------------------------------

    def _single(self, todo: set[str]) -> tuple[Change, ...]:
        """The smallest sufficient change for each field that suffices alone."""
        best: dict[str, Change] = {}
        tried: set[tuple[str, Value]] = set()
        shared = frozenset.intersection(*(self.reads[i] for i in todo))
        for rule_id in sorted(todo):
            for change in self._candidates(self.rules[rule_id], self.start):
                name = change.field.name
                if name not in shared or (name, change.new) in tried:
                    continue
                tried.add((name, change.new))
                if name in best and best[name].cost <= change.cost:
                    continue
                if not self._after(self.start.with_value(name, change.new), name, todo):
                    best[name] = change
        ranked = sorted(best.values(), key=lambda c: (c.cost, c.field.name))
        return tuple(ranked[:MAX_SINGLE])

    def _joint(self, todo: set[str]) -> tuple[Change, ...]:
        """Changes that suffice together, none of them superfluous."""
        profile, blocking = self.start, set(todo)
        changes: dict[str, Change] = {}
        for _ in range(MAX_STEPS):
            if not blocking:
                break
            step = self._best_step(profile, blocking)
            if step is None:
                return ()
            change, blocking = step
            changes[change.field.name] = change
            profile = profile.with_value(change.field.name, change.new)
        if blocking:
            return ()
        return self._pruned(changes, todo)

    def _best_step(self, profile: Profile, blocking: set[str]) -> tuple[Change, set[str]] | None:
        for rule_id in sorted(blocking):
            options: list[tuple[int, float, str, int, Change, set[str]]] = []
            fallback: list[tuple[int, float, str, int, Change, set[str]]] = []
            for i, change in enumerate(self._candidates(self.rules[rule_id], profile)):
                name = change.field.name
                after = self._after(profile.with_value(name, change.new), name, blocking)
                entry = (len(after), change.cost, name, i, change, after)
                if rule_id not in after:
                    options.append(entry)
                elif change.old is None and name not in profile.values:
                    fallback.append(entry)
            for entries in (options, fallback):
                if entries:
                    best = min(entries, key=lambda e: e[:4])
                    return best[4], best[5]
        return None

    def _pruned(self, changes: dict[str, Change], todo: set[str]) -> tuple[Change, ...]:
        kept = dict(changes)
        for name in list(kept):
            rest = tuple(c for n, c in kept.items() if n != name)
            if self._passes(rest):
                del kept[name]
        return tuple(kept.values()) if self._passes(tuple(kept.values())) and todo else ()

    def _passes(self, changes: tuple[Change, ...]) -> bool:
        traces = self.engine.assess(self._apply(changes), self.day).traces
        return not any(self._blocks(t) for i, t in traces.items() if i not in self.excused)


def _possible(field: Field, value: Fraction) -> bool:
    return (field.minimum is None or value >= field.minimum) and (
        field.maximum is None or value <= field.maximum
    )
