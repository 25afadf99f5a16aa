"""Cases that are missing: for each slip that no case notices, a dossier that would tell.

A dossier close to the cases that are there is looked for first (``probes``): exactly on the
threshold, or one step beside it. Failing that the solver looks for any on which the rule and its
slip differ. Where there is none the slip means the same as the rule, and no case could tell them
apart: that is proven, not guessed. Slips of the effect need whole dossiers (``suggest_whole``).

What is proposed is what the rules say now. Whether they say the right thing is for a person to see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import z3

from evaluator.cases.book import SUBMITTED_ON, Cases
from evaluator.cases.layers import CaseLayers
from evaluator.cases.mutants import (
    CriterionMutant,
    RuleMutant,
    criterion_mutants,
    rule_mutants,
    with_criterion,
)
from evaluator.cases.mutation import Runner, step_of, users
from evaluator.cases.probes import Finder, Probe
from evaluator.cases.proposed import Proposed, Whole, spaced, yaml_of
from evaluator.cases.suggest_whole import whole_cases
from evaluator.dossier.dossier import Profile
from evaluator.dossier.fields import Registry
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.wording import show_value, with_unit
from evaluator.prove.compile import Compiler
from evaluator.prove.solve import Outcome, Question, Side, Space
from evaluator.rulebook import ast, worth
from evaluator.rulebook.criteria import INDUSTRY, Criterion, Row
from evaluator.rulebook.verdict import Status
from evaluator.values.numbers import shown

MAX_BASES = 12
ORDER = {Status.SATISFIED: 0, Status.VIOLATED: 1, Status.NOT_APPLICABLE: 2, Status.UNKNOWN: 3}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case to add. Without one: ``proven`` that the slip changes nothing, or not settled."""

    subject: str
    what: str
    case: Proposed | Whole | None
    proven: bool = False


def suggest_cases(
    ruleset: ast.Ruleset, cases: Cases, step: Callable[[int, int], None] = lambda *_: None
) -> Iterator[Suggestion]:
    """One case for each slip that neither ``cases`` nor a case suggested before notices.

    The cases must hold. ``step`` is told how many of how many rules and criteria were looked at.
    """
    suggester = _Suggester(ruleset, cases)
    layers = CaseLayers(ruleset)
    rules, here = layers.rules, layers.criteria
    # Values first: what stands exactly on one shows which side counts, too.
    values = [(id_, used) for id_, used in users(ruleset).items() if id_ in here]
    parts = (
        *(suggester.about_criterion(id_, used) for id_, used in values),
        *(suggester.about_rule(rule) for rule in rules),
        *(_whole(rule, ruleset, suggester.runner) for rule in rules),
    )
    for number, part in enumerate(parts):
        step(number, len(parts))
        yield from part


def suggest_values(ruleset: ast.Ruleset, cases: Cases, criterion: str) -> Iterator[Suggestion]:
    """The same for slips in the values of one criterion: what stands on them and just beside."""
    used = users(ruleset).get(criterion, [])
    yield from _Suggester(ruleset, cases).about_criterion(criterion, used)


def _whole(rule: ast.Rule, ruleset: ast.Ruleset, runner: Runner) -> Iterator[Suggestion]:
    for what, case, proven in whole_cases(rule, ruleset, runner):
        yield Suggestion(rule.id, what, case, proven)


def render(suggestions: Iterable[Suggestion], registry: Registry) -> str:
    """The suggested cases as the text of a case file."""
    return yaml_of((s.case for s in suggestions if s.case is not None), registry)


class _Suggester:
    def __init__(self, ruleset: ast.Ruleset, cases: Cases) -> None:
        self.ruleset = ruleset
        self.runner = Runner(ruleset, cases)
        self.engine = ReferenceEngine(ruleset)
        self.spaces: dict[dt.date, Space] = {}
        self.names: dict[tuple[str, str, str], int] = {}
        self.added: dict[str, list[tuple[Profile, dt.date]]] = {}
        lists = (c for x in ruleset.criteria.values() for p in x.periods for c in p.codes)
        profiles = [c.profile for c in cases.rules] + [c.profile for c in cases.dossiers]
        used = (p.values.get(INDUSTRY) for p in profiles)
        codes = (str(c) for c in (*used, *lists) if c is not None)
        self.known = tuple(dict.fromkeys(c for c in codes if len(c) == worth.WHOLE))

    def about_criterion(self, id_: str, rules: list[ast.Rule]) -> Iterator[Suggestion]:
        """Cases for slips in the values of a criterion that ``rules`` use."""
        step = step_of(self.ruleset, id_, rules)
        for mutant in criterion_mutants(self.ruleset.criteria[id_], step):
            if self.runner.criterion_killer(mutant, rules) is None:
                yield from self._for_criterion(mutant, rules)

    def about_rule(self, rule: ast.Rule) -> Iterator[Suggestion]:
        """Cases for slips in the conditions of a rule."""
        day = _day(rule, None)
        for mutant in rule_mutants(rule, self.ruleset):
            if mutant.kind != "effect" and self.runner.rule_killer(mutant) is None:
                yield from self._for_rule(mutant, day)

    # --- one slip ------------------------------------------------------------------------------

    def _for_rule(self, mutant: RuleMutant, day: dt.date) -> Iterator[Suggestion]:
        if mutant.mutant is None:
            return  # A rule without any case: that is reported as such.
        finder = self._finder(mutant.rule, mutant.mutant, self.engine, day)
        if self._noticed(finder):
            return
        probe = finder.nearest() or finder.nearest(2)
        if probe is not None:
            words = ("适用范围和取值", self._moved_words(probe), (0, 0))
            yield self._take(mutant.rule, mutant.what, finder, probe, words)
        else:
            yield self._by_solver(finder, mutant.what, self.ruleset)

    def _for_criterion(
        self, mutant: CriterionMutant, rules: list[ast.Rule]
    ) -> Iterator[Suggestion]:
        period = _changed_period(mutant.criterion, mutant.mutant)
        other = with_criterion(self.ruleset, mutant.mutant)
        changed = ReferenceEngine(other)
        left: list[Finder] = []
        for rule in rules:
            day = _day(rule, period)
            if not rule.in_force(day) or day < period[0]:
                continue
            finder = self._finder(rule, rule, changed, day)
            if self._noticed(finder):
                return
            probe = finder.at_row(mutant.criterion, mutant.row) if mutant.row else None
            row = mutant.row if probe else None
            probe = probe or finder.nearest()
            if probe is not None:
                words = self._table_words(mutant.criterion, row, probe, finder)
                yield self._take(rule, mutant.what, finder, probe, words)
                return
            left.append(finder)
        # More than one rule may use it: what one cannot show another may.
        answers = []
        for finder in left:
            answers.append(self._by_solver(finder, mutant.what, other))
            if answers[-1].case is not None:
                break
        if answers:
            yield answers[-1]

    def _finder(
        self, rule: ast.Rule, slip: ast.Rule, changed: ReferenceEngine, day: dt.date
    ) -> Finder:
        own = sorted(
            self.runner.own.get(rule.id, ()), key=lambda c: (not c.boundary, ORDER[c.expect])
        )
        bases = [c.profile for c in own] + [p for p, _ in self.added.get(rule.id, ())]
        return Finder(
            self.ruleset, rule, slip, self.engine, changed, day, bases[:MAX_BASES], self.known
        )

    def _noticed(self, finder: Finder) -> bool:
        return any(
            day == finder.day and finder.tell(profile) is not None
            for profile, day in self.added.get(finder.rule.id, ())
        )

    def _take(
        self,
        rule: ast.Rule,
        what: str,
        finder: Finder,
        probe: Probe,
        words: tuple[str, str, tuple[int, int]],
    ) -> Suggestion:
        group, name, order = words
        self.added.setdefault(rule.id, []).append((probe.profile, finder.day))
        as_of = finder.day if finder.day != SUBMITTED_ON else None
        group += f"（{as_of.isoformat()}）" if as_of else ""
        number = self.names[rule.id, group, name] = self.names.get((rule.id, group, name), 0) + 1
        name += f"之{number}" if number > 1 else ""
        case = Proposed(rule.id, group, name, probe.status.value, as_of, probe.profile, order)
        return Suggestion(rule.id, what, case)

    # --- in words ------------------------------------------------------------------------------

    def _moved_words(self, probe: Probe) -> str:
        registry = self.ruleset.registry
        moved = [n for n in probe.moved if n in probe.profile.values]
        return "，".join(
            f"{registry.label(n)}为{spaced(show_value(registry.references[n], probe.profile.values[n]))}"
            for n in moved
        )

    def _table_words(
        self, criterion: Criterion, row: Row | None, probe: Probe, finder: Finder
    ) -> tuple[str, str, tuple[int, int]]:
        """The group and the name of a case, and its place in the group."""
        if row is None:
            name = self._moved_words(probe)
            if len(probe.moved) == 1:
                name = str(probe.profile.values.get(probe.moved[0], name))
            return f"{criterion.title}逐项", name, (0, 0)
        keys = [self._key(d, row, probe.profile) for d in criterion.by]
        stands = _stands(finder, criterion, row, probe)
        value = with_unit(shown(row.value, 9), row.unit)
        words = f"恰为 {value}"
        if stands != row.value:
            side = "高于" if stands > row.value else "低于"
            words = (
                f"{with_unit(shown(stands, 9), row.unit if '%' in value else None)} {side} {value}"
            )
        name = "，".join([*(k for k in keys if k), words])
        return f"{criterion.title}：恰在界限和差一步", name, (row.number, stands != row.value)

    def _key(self, dimension: str, row: Row, profile: Profile) -> str:
        """What a row is chosen by, in words."""
        registry = self.ruleset.registry
        value = profile.values.get(dimension)
        if dimension == INDUSTRY:
            return str(value or "")
        if value is not None:
            return f"{registry.label(dimension)} {show_value(registry.fields[dimension], value)}"
        labels = next((f.keys for f in registry.fields.values() if f.key == dimension), {})
        words = [labels.get(w, w) for w in row.keys.get(dimension, ())]
        given = [
            labels[n.partition(".")[2]] for n in profile.values if n.partition(".")[2] in labels
        ]
        return "、".join(words if not labels else dict.fromkeys(w for w in given if w in words))

    # --- by the solver -------------------------------------------------------------------------

    def _side(self, day: dt.date) -> tuple[Space, Side]:
        space = self.spaces.get(day)
        if space is None:
            space = self.spaces[day] = Space((self.ruleset,), day)
        return space, space.sides[0]

    def _by_solver(self, finder: Finder, what: str, other: ast.Ruleset) -> Suggestion:
        rule = finder.rule
        space, side = self._side(finder.day)
        compiler = side.compiler if other is self.ruleset else Compiler(other, space.domain)
        own = side.rules.get(rule.id) or side.compiler.rule(rule)
        changed = compiler.rule(finder.slip)
        different = z3.Or(
            z3.Xor(own.violated, changed.violated),
            z3.Xor(own.satisfied, changed.satisfied),
            z3.Xor(own.not_applicable, changed.not_applicable),
        )
        fields = own.fields | changed.fields
        exact = own.exact and changed.exact

        def differs(profile: Profile) -> bool:
            return finder.tell(profile) is not None

        # A definite finding says more to whoever reads the case; any will do where there is none.
        for question in (z3.And(different, z3.Not(own.unknown)), different):
            reply = space.ask(Question(question, fields, differs, exact))
            if reply.outcome is Outcome.WITNESS and reply.witness is not None:
                witness = space.simpler(reply.witness, differs)
                status = side.status(rule, witness)
                moved = tuple(n for n in witness.values if n in fields)
                probe = Probe(witness, status, moved)
                words = ("其他", self._moved_words(probe), (0, 0))
                return self._take(rule, what, finder, probe, words)
        return Suggestion(rule.id, what, None, reply.outcome is Outcome.NONE)


def _stands(finder: Finder, criterion: Criterion, row: Row, probe: Probe) -> Fraction:
    """Where the probe stands: exactly on the row's value, or where the slip moved it."""
    (trace,) = finder.engine.assess_rules([finder.rule], probe.profile, finder.day)
    pairs: list[tuple[object, object]] = []
    for leaf in (*trace.applies_leaves, *trace.require_leaves):
        right = leaf.leaf.right if isinstance(leaf.leaf, ast.Compare) else None
        if not isinstance(right, ast.CriterionRef) or right.id == criterion.id:
            pairs.append((leaf.left, leaf.right))
        pairs += [(i.value, i.hit.row.value) for i in leaf.items if i.hit is not None]
    if any(isinstance(a, Fraction) and a == b for a, b in pairs):
        return row.value
    slipped = finder.changed.ruleset.criteria[criterion.id]
    return next(r.value for p in slipped.periods for r in p.rows if r.place == row.place)


def _day(rule: ast.Rule, within: tuple[dt.date, dt.date | None] | None) -> dt.date:
    """The usual day of cases, moved into the times in which rule and value are in force."""
    starts = [d for d in (rule.start, within[0] if within else None) if d is not None]
    ends = [d for d in (rule.end, within[1] if within else None) if d is not None]
    day = max([SUBMITTED_ON, *starts])
    return min([day, *ends])


def _changed_period(old: Criterion, new: Criterion) -> tuple[dt.date, dt.date | None]:
    for a, b in zip(old.periods, new.periods, strict=True):
        if a is not b:
            return a.start, a.end
    raise AssertionError("a mutant differs in some period")
