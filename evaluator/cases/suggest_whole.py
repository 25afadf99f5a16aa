"""Whole dossiers on which the effect of a rule decides: a good project with one thing wrong.

Only a verdict shows what a breach means. So a dossier that passes is changed in as few fields as it
takes to breach one rule and, where that can be, no other: what it then gets is what the rule's
effect says. Values are moved well past a threshold, so that the case still says the same when the
threshold is moved a little.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from evaluator.cases.book import SUBMITTED_ON, DossierCase
from evaluator.cases.mutants import RuleMutant, rule_mutants
from evaluator.cases.mutation import Runner
from evaluator.cases.proposed import Whole, fields_written
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Field, FieldType
from evaluator.dossier.values import Value
from evaluator.engine.breaks import boundaries
from evaluator.judgement.evaluate import combine
from evaluator.prove import compare
from evaluator.prove.report import State
from evaluator.rulebook import ast, worth
from evaluator.rulebook.reads import fields_of
from evaluator.rulebook.verdict import Status, Verdict

FACTORS = tuple(
    Fraction(f) for f in ("3/4", "5/4", "9/10", "11/10", "1/2", "3/2", "2", "99/100", "101/100")
)
Found = tuple[str, Whole | None, bool]


def whole_cases(rule: ast.Rule, ruleset: ast.Ruleset, runner: Runner) -> Iterator[Found]:
    """For each slip of the rule's effect that no case notices: the slip in words, a case.

    Without a case the last part says whether it is proven that no project's verdict depends on it.
    """
    bases = [c for c, _ in runner.whole if c.file is not None and c.verdict is Verdict.PASS]
    slips = [
        m
        for m in rule_mutants(rule, ruleset)
        if m.kind == "effect" and runner.rule_killer(m) is None
    ]
    while slips:
        found = _best(ruleset, runner, rule, slips, bases)
        if found is None:
            yield from ((m.what, None, _same_verdicts(ruleset, runner, m)) for m in slips)
            return
        change, case = found
        yield "；".join(m.what for m in slips if m in change.noticed), case, False
        slips = [m for m in slips if m not in change.noticed]


def _same_verdicts(ruleset: ast.Ruleset, runner: Runner, slip: RuleMutant) -> bool:
    """Whether no project at all gets another verdict by the slip, on any day on which things change."""
    slipped = runner.with_slip(slip)
    days = boundaries(ruleset, SUBMITTED_ON)
    reports = (compare(ruleset, slipped, day)[1] for day in days)
    return all(a.state is State.OK for report in reports for a in report.answers)


@dataclass(frozen=True)
class _Change:
    profile: Profile
    fields: tuple[str, ...]
    noticed: tuple[RuleMutant, ...]
    status: Status
    violated: tuple[str, ...]
    verdict: Verdict

    def cost(self) -> tuple[int, ...]:
        zeros = sum(self.profile.values.get(n) == 0 for n in self.fields)
        unclear = self.status is Status.UNKNOWN
        return (-len(self.noticed), unclear, zeros, len(self.violated), len(self.fields))


def _best(
    ruleset: ast.Ruleset,
    runner: Runner,
    rule: ast.Rule,
    slips: list[RuleMutant],
    bases: list[DossierCase],
) -> tuple[_Change, Whole] | None:
    best: tuple[_Change, DossierCase, dt.date] | None = None
    for base in bases:
        day = max([base.as_of, *([rule.start] if rule.start else [])])
        if not rule.in_force(day):
            continue
        if combine(ruleset, runner.engine.statuses(base.profile, day)) is not Verdict.PASS:
            continue
        for profile, fields in _changes(ruleset, runner, rule, base.profile, day):
            change = _judged(ruleset, runner, rule, slips, profile, fields, day)
            if change and (best is None or change.cost() < best[0].cost()):
                best = (change, base, day)
        if best and len(best[0].noticed) == len(slips) and best[0].violated == (rule.id,):
            break  # Nothing says it more plainly.
    if best is None:
        return None
    change, base, day = best
    return change, _case(ruleset, rule, change, base, day if day != base.as_of else None)


def _judged(
    ruleset: ast.Ruleset,
    runner: Runner,
    rule: ast.Rule,
    slips: list[RuleMutant],
    profile: Profile,
    fields: tuple[str, ...],
    day: dt.date,
) -> _Change | None:
    ((_, status),) = runner.engine.judge([rule], profile, day)
    if status not in (Status.VIOLATED, Status.UNKNOWN):
        return None
    statuses = runner.engine.statuses(profile, day)
    verdict = combine(ruleset, statuses)
    noticed = tuple(m for m in slips if combine(runner.with_slip(m), statuses) is not verdict)
    if not noticed:
        return None
    violated = tuple(sorted(i for i, s in statuses.items() if s is Status.VIOLATED))
    return _Change(profile, fields, noticed, status, violated, verdict)


def _changes(
    ruleset: ast.Ruleset, runner: Runner, rule: ast.Rule, base: Profile, day: dt.date
) -> Iterator[tuple[Profile, tuple[str, ...]]]:
    """The base with one field moved, with two, and with what a case of the rule says."""
    names = sorted(fields_of(rule, ruleset))
    yield from ((base.with_value(name, None), (name,)) for name in names)
    for name in names:
        for value in _values(ruleset, runner, rule, name, base, day):
            one = base.with_value(name, value)
            yield one, (name,)
            for other in names:
                if other != name:
                    for more in _values(ruleset, runner, rule, other, one, day):
                        yield one.with_value(other, more), (name, other)
    for case in runner.own.get(rule.id, ()):
        if case.expect is Status.VIOLATED:
            given = [n for n in case.profile.values if "." not in n]
            given = [n for n in given if not ruleset.registry.fields[n].required]
            profile = base
            for name in given:
                profile = profile.with_value(name, case.profile.values[name])
            yield profile, tuple(given)
            for name in given:
                less = tuple(n for n in given if n != name)
                yield profile.with_value(name, base.values.get(name)), less


def _values(
    ruleset: ast.Ruleset, runner: Runner, rule: ast.Rule, name: str, base: Profile, day: dt.date
) -> Iterator[Value]:
    field = ruleset.registry.references[name]
    if field.type in (FieldType.BOOL, FieldType.ENUM):
        yield from worth.choices(field)
    elif field.type is FieldType.STR:
        yield from (word for word, _ in worth.words(rule, field, ruleset, day))
    elif field.numeric:
        for turn in worth.turns(rule, field, ruleset, runner.engine.values(base, day)):
            yield from _beside(field, turn)
        yield Fraction(0)


def _beside(field: Field, turn: Fraction) -> Iterator[Fraction]:
    for factor in FACTORS:
        value = _round(turn * factor)
        if field.type is FieldType.INT:
            value = Fraction(math.floor(value))
        if value != turn and field.admits(value):
            yield value


def _round(value: Fraction) -> Fraction:
    """To two figures, so that it reads like a figure somebody gave."""
    if value == 0:
        return value
    digits = 1 - math.floor(math.log10(abs(value)))
    return Fraction(round(value * Fraction(10) ** digits)) / Fraction(10) ** digits


def _case(
    ruleset: ast.Ruleset, rule: ast.Rule, change: _Change, base: DossierCase, day: dt.date | None
) -> Whole:
    registry = ruleset.registry
    written = fields_written(change.profile, registry)
    before = fields_written(base.profile, registry)
    moved = {n: v for n, v in written.items() if before.get(n) != v}
    moved |= {n: "null" for n in before if n not in written}
    assert base.file is not None
    return Whole(base.file, rule.title, change.verdict.value, change.violated, day, moved)
