"""How a project would pass: the smallest changes, each judged again before it is shown.

Never proposes to change what cannot be changed (industry, history, names: ``changeable: false``),
and never proposes to mend a figure that is doubted: what the integrity rules found has to be
verified, not rewritten. What is missing is asked for, with the condition its answer has to meet
where that is settled; no number is invented for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field
from evaluator.dossier.values import Value
from evaluator.engine.reference.meaning import ZERO
from evaluator.judgement.dependence import Tokens, tokens
from evaluator.judgement.evaluate import Evaluation, combine
from evaluator.judgement.explain import left_open
from evaluator.judgement.remedy.candidates import Candidates, Limit, bounds
from evaluator.judgement.remedy.changes import Change, Counterfactual, Fill
from evaluator.rulebook import ast, walk
from evaluator.rulebook.reads import reads
from evaluator.rulebook.verdict import Status, Verdict

MAX_SINGLE = 6
# With more answers missing than this, that some set of answers passes says nothing.
MAX_COMPLETED = 12
# Answers tried for one missing field.
MAX_ANSWERS = 24
BAD = frozenset({Status.VIOLATED, Status.UNKNOWN})


def counterfactual(evaluation: Evaluation) -> Counterfactual:
    """How the dossier of ``evaluation`` would pass."""
    return _Search(evaluation).run()


class _Search:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.ruleset = evaluation.ruleset
        self.known = evaluation.ruleset.registry.references
        self.engine = evaluation.reference
        self.day = evaluation.as_of
        self.start = evaluation.profile
        self.candidates = Candidates(self.ruleset, self.engine, self.day)
        self.rules = {i: self.ruleset.rules[i] for i in evaluation.statuses}
        self.reads = reads(self.ruleset)
        self.dates = self.day, self.start.submitted_on
        self.readers = self._readers()
        # What answers may settle.
        self.open = {i for i in evaluation.blocking if self._lacking(i)}

    def run(self) -> Counterfactual:
        evaluation = self.evaluation
        if evaluation.verdict is Verdict.PASS:
            return Counterfactual("none", reaches=Verdict.PASS)
        if evaluation.disputed:
            return Counterfactual("not_found")
        violated = [i for i in evaluation.blocking if i not in self.open]
        unclear = {i for i in violated if evaluation.statuses[i] is Status.UNKNOWN}
        stuck = {i for i in violated if not any(map(self._may_change, self.reads[i]))}
        incurable = [i for i in violated if i in stuck - unclear and self._rejects(i)]
        if incurable:
            return Counterfactual("incurable", incurable=self._named(incurable))
        # A divisor of zero is a figure that cannot be right; without a standard nobody can judge.
        verify = [
            i
            for i in violated
            if self.rules[i].list == "integrity" or (i in unclear and self._by_zero(i))
        ]
        review = [i for i in violated if i in stuck | unclear and i not in verify]
        self.excused = {*verify, *review}
        todo = set(violated) - self.excused
        single = self._single(todo) if todo else ()
        joint = self._joint(todo) if todo and not single else ()
        mended = not todo or bool(single or joint)
        profile = self._apply(single[:1] or joint)
        open_fields, missing = self._missing()
        fill = tuple(self._fill(missing, profile))
        reaches = None
        if mended and not self.excused and len(fill) <= MAX_COMPLETED and self._completes(profile):
            reaches = Verdict.PASS
        outcome = (
            "single"
            if single
            else "joint"
            if joint
            else "not_found"
            if todo
            else "fill"
            if fill
            else "review"
            if self.excused
            else "not_found"
        )
        return Counterfactual(
            outcome,
            single,
            joint,
            fill,
            (),
            self._named(review),
            self._named(verify),
            open_fields,
            reaches,
        )

    def _named(self, ids: Iterable[str]) -> tuple[ast.Rule, ...]:
        return tuple(self.rules[i] for i in ids)

    def _rejects(self, rule_id: str) -> bool:
        return self.rules[rule_id].effect is ast.Effect.REJECT

    def _readers(self) -> Mapping[str, list[ast.Rule]]:
        """The rules in force that read each field."""
        found: dict[str, list[ast.Rule]] | None = self.engine.memory.get(("readers", self.day))
        if found is None:
            found = {}
            for rule_id, rule in self.rules.items():
                for name in self.reads[rule_id]:
                    found.setdefault(name, []).append(rule)
            self.engine.memory["readers", self.day] = found
        return found

    # --- judging ---------------------------------------------------------------------------------

    def _bad(self, rules: Iterable[ast.Rule], profile: Profile) -> set[str]:
        """Of ``rules``, those a change must not leave: breached, or open where they were not."""
        out: set[str] = set()
        for rule, status in self.engine.judge(rules, profile, self.day):
            if rule.effect is ast.Effect.ADVISE or rule.id in self.excused:
                continue
            if status in BAD and not self._may_stay(rule.id, status):
                out.add(rule.id)
        return out

    def _may_stay(self, rule_id: str, status: Status) -> bool:
        """Whether a rule is open, and no worse than it was: its answers are asked for as well."""
        was = self.evaluation.statuses.get(rule_id)
        return rule_id in self.open and (status is Status.UNKNOWN or was is Status.VIOLATED)

    def _after(self, profile: Profile, name: str, bad: set[str]) -> set[str]:
        """What is bad after a change of one field: only its readers are judged again."""
        affected = self.readers.get(name, [])
        return (bad - {r.id for r in affected}) | self._bad(affected, profile)

    def _apply(self, changes: Iterable[Change]) -> Profile:
        profile = self.start
        for change in changes:
            profile = profile.with_value(change.field.name, change.new)
        return profile

    def _may_change(self, name: str) -> bool:
        field = self.known.get(name)
        return field is not None and field.changeable and name in self.start.values

    def _missing(self) -> tuple[tuple[str, ...], tuple[Field, ...]]:
        """Fields that could still change the verdict, and all that open findings lack."""
        evaluation = self.evaluation
        settled = evaluation.verdict is Verdict.REJECT
        referred = len(self.open) < len(evaluation.blocking)
        open_fields: dict[str, None] = {}
        fill: dict[str, int] = {}
        for rule_id in evaluation.blocking:
            if rule_id not in self.open:
                continue
            names = self._lacking(rule_id)
            for name in names:
                fill[name] = fill.get(name, 0) + 1
            if not settled and (not referred or self.rules[rule_id].effect is ast.Effect.REJECT):
                open_fields.update(dict.fromkeys(names))
        # What opens the most findings first; the registry's order among equals.
        wanted = sorted(
            (f for n, f in self.known.items() if n in fill), key=lambda f: -fill[f.name]
        )
        return tuple(open_fields), tuple(wanted)

    def _lacking(self, rule_id: str) -> tuple[str, ...]:
        """The missing fields that leave a rule open, or that a breached one waits for."""
        evaluation = self.evaluation
        key = ("open", rule_id, *self._key(rule_id, evaluation.tokens))
        memory = self.engine.memory
        found: tuple[str, ...] | None = memory.get(key)
        if found is None:
            if evaluation.statuses[rule_id] is Status.VIOLATED:
                found = self._awaited(evaluation.ruleset.rules[rule_id])
            else:
                found = left_open(evaluation.assessment.traces[rule_id])[0]
            memory[key] = found
        return found

    def _by_zero(self, rule_id: str) -> bool:
        reasons = left_open(self.evaluation.assessment.traces[rule_id])[1]
        return any(reason.startswith(ZERO) for reason in reasons)

    def _awaited(self, rule: ast.Rule) -> tuple[str, ...]:
        """Fields that a breached rule asks to be filled in, where some answer mends it."""
        out = []
        for leaf in walk.leaves(rule.require, rule.applies_when):
            if not isinstance(leaf, ast.Known) or leaf.field in self.start.values:
                continue
            answers = self.candidates.answers(rule, self.known[leaf.field], self.start)
            for value in itertools.islice(answers, MAX_ANSWERS):
                changed = self.start.with_value(leaf.field, value)
                ((_, status),) = self.engine.judge((rule,), changed, self.day)
                if status not in BAD:
                    out.append(leaf.field)
                    break
        return tuple(dict.fromkeys(out))

    def _key(self, rule_id: str, known: Tokens) -> tuple[Hashable, ...]:
        """What the finding of a rule depends on: the dates and the fields it reads."""
        return *self.dates, *map(known.get, self.reads[rule_id])

    # --- changes to what is stated ---------------------------------------------------------------

    def _options(self, rule: ast.Rule, profile: Profile) -> Iterator[Change]:
        for name in sorted(filter(self._may_change, self.reads[rule.id])):
            old = self.start.values[name]
            for new in self.candidates.values(rule, self.known[name], profile, old):
                if new != profile.values.get(name):
                    yield Change(self.known[name], old, new)

    def _single(self, todo: set[str]) -> tuple[Change, ...]:
        """The smallest sufficient change for each field that suffices alone."""
        best: dict[str, Change] = {}
        tried: set[tuple[str, Value]] = set()
        shared = frozenset.intersection(*(self.reads[i] for i in todo))
        for rule_id in sorted(todo):
            for change in self._options(self.rules[rule_id], self.start):
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
        """Changes that suffice together, none of them superfluous; empty where none were found."""
        profile, bad = self.start, set(todo)
        changes: dict[str, Change] = {}
        for _ in range(2 * len(todo) + 4):
            if not bad:
                return self._pruned(changes)
            step = self._step(profile, bad)
            if step is None:
                return ()
            change, bad = step
            changes[change.field.name] = change
            profile = profile.with_value(change.field.name, change.new)
        return ()

    def _step(self, profile: Profile, bad: set[str]) -> tuple[Change, set[str]] | None:
        """The change that mends the first bad rule and leaves the fewest; the smallest of those."""
        rule_id = min(bad)
        best: tuple[tuple[int, float, str], Change, set[str]] | None = None
        for change in self._options(self.rules[rule_id], profile):
            name = change.field.name
            after = self._after(profile.with_value(name, change.new), name, bad)
            rank = (len(after), change.cost, name)
            if rule_id not in after and (best is None or rank < best[0]):
                best = rank, change, after
        return best and (best[1], best[2])

    def _pruned(self, changes: dict[str, Change]) -> tuple[Change, ...]:
        kept = dict(changes)
        for name in changes:
            rest = [c for n, c in kept.items() if n != name]
            if not self._bad(self.rules.values(), self._apply(rest)):
                del kept[name]
        return tuple(kept.values())

    # --- answers to what is missing --------------------------------------------------------------

    def _fill(self, missing: Iterable[Field], profile: Profile) -> Iterator[Fill]:
        """The missing fields, each with what its answer has to be."""
        # Only a rule that lacks nothing else says what the answer has to be.
        limiting: dict[str, list[ast.Rule]] = {}
        for rule_id in sorted(self.open):
            lacking = [
                n for n in self.reads[rule_id] if n in self.known and n not in profile.values
            ]
            if len(lacking) == 1:
                limiting.setdefault(lacking[0], []).append(self.rules[rule_id])
        known = self.evaluation.tokens if profile is self.start else tokens(profile)
        for field in missing:
            limits = [
                self._limit(rule, field, profile, known)
                for rule in limiting.get(field.name, ())
                # What would look plausible is not what a figure has to be: it would invite
                # made-up ones.
                if not (rule.list == "integrity" and field.numeric)
            ]
            yield Fill(field, self._bounds(field, limits))

    def _bounds(self, field: Field, limits: Sequence[Limit]) -> str | None:
        # By identity: limits are kept, and come back as the same objects.
        key = ("bounds", field.name, *map(id, limits))
        found: tuple[Sequence[Limit], str | None] | None = self.engine.memory.get(key)
        if found is None or any(a is not b for a, b in zip(found[0], limits, strict=True)):
            found = self.engine.memory[key] = limits, bounds(field, limits)
        return found[1]

    def _limit(self, rule: ast.Rule, field: Field, profile: Profile, known: Tokens) -> Limit:
        """Where a rule that lacks one field turns in it, and what it says of each value."""
        key = ("limit", rule.id, *self._key(rule.id, known))
        found: Limit | None = self.engine.memory.get(key)
        if found is None:
            values = tuple(self.candidates.values(rule, field, profile, None))
            found = self.engine.memory[key] = values, self._judge(rule, field, profile)
        return found

    def _judge(self, rule: ast.Rule, field: Field, profile: Profile) -> Callable[[Value], bool]:
        # Kept, so it must hold on to no more of this search than the rule reads.
        engine, day, read = self.engine, self.day, {"submitted_on", *self.reads[rule.id]}
        profile = Profile({n: v for n, v in profile.values.items() if n in read})
        known: dict[Value, bool] = {}

        def acceptable(value: Value) -> bool:
            answer = known.get(value)
            if answer is None:
                changed = profile.with_value(field.name, value)
                ((_, status),) = engine.judge((rule,), changed, day)
                answer = known[value] = status not in BAD
            return answer

        return acceptable

    def _completes(self, profile: Profile) -> bool:
        """Whether some answer to every missing field makes the project pass, by the engine."""
        for _ in range(2 * len(self.known)):
            statuses = self.engine.statuses(profile, self.day)
            if combine(self.ruleset, statuses) is Verdict.PASS:
                return True
            blocking = [
                i
                for i, s in statuses.items()
                if s in BAD and self.rules[i].effect is not ast.Effect.ADVISE
            ]
            best: tuple[int, Profile] | None = None
            for rule_id in blocking:
                best = self._answer(self.rules[rule_id], profile)
                if best is not None:
                    break
            if best is None:
                return False
            profile = best[1]
        return False

    def _answer(self, rule: ast.Rule, profile: Profile) -> tuple[int, Profile] | None:
        """The answer to one missing field of ``rule`` that leaves its readers best off."""
        best: tuple[int, Profile] | None = None
        for name in sorted(self.reads[rule.id]):
            field = self.known.get(name)
            if field is None or name in self.start.values:
                continue
            affected = self.readers.get(name, [])
            values = self.candidates.answers(rule, field, profile)
            for value in itertools.islice(values, MAX_ANSWERS):
                if value == profile.values.get(name):
                    continue
                changed = profile.with_value(name, value)
                found = {
                    r.id: status
                    for r, status in self.engine.judge(affected, changed, self.day)
                    if r.effect is not ast.Effect.ADVISE or r is rule
                }
                mine = found[rule.id]
                if mine is Status.VIOLATED or (mine is Status.UNKNOWN and name in profile.values):
                    continue
                counts = list(found.values())
                bad = 2 * counts.count(Status.VIOLATED) + counts.count(Status.UNKNOWN)
                if best is None or bad < best[0]:
                    best = bad, changed
        return best
